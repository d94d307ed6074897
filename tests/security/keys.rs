use std::path::Path;
use std::time::Duration;

use arbitra::api::ApiConfig;
use arbitra::api::auth::{NewKey, Role};
use arbitra::api::tls::TlsConfig;
use arbitra::api::wire::v1;
use arbitra::api::wire::v1::catalog_service_client::CatalogServiceClient;
use tonic::transport::{Channel, ClientTlsConfig};
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;

use crate::support::authority::Authority;
use crate::support::eventually;
use crate::support::service::{Service, decide};

fn config(file: &Path, lines: &[&str]) -> ApiConfig {
    std::fs::write(file, lines.join("\n")).unwrap();
    ApiConfig {
        api_keys: Some(file.to_owned()),
        reload_interval: Duration::from_millis(20),
        ..ApiConfig::default()
    }
}

fn with<T>(key: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
    request
}

fn reason(status: &Status) -> String {
    status.get_error_details().error_info().unwrap().reason.clone()
}

#[tokio::test]
async fn a_key_opens_what_its_roles_name_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let web = NewKey::draw("web", &[Role::Decide]).unwrap();
    let service = Service::with(config(&folder.path().join("keys"), &[&web.line])).await;
    let mut decisions = service.decisions();
    let nobody = decisions.decide(decide("ana", &["web"])).await.unwrap_err();
    assert_eq!((nobody.code(), reason(&nobody)), (Code::Unauthenticated, "NO_CREDENTIAL".into()));
    let wrong = decisions.decide(with("arb_guess", decide("ana", &["web"]))).await.unwrap_err();
    assert_eq!((wrong.code(), reason(&wrong)), (Code::Unauthenticated, "UNKNOWN_KEY".into()));
    assert!(!wrong.message().contains("arb_guess"));
    decisions.decide(with(&web.key, decide("ana", &["web"]))).await.unwrap();
    let erase = v1::EraseProfileRequest { customer_id: "ana".into(), ..Default::default() };
    let erased = service.profiles().erase_profile(with(&web.key, erase)).await.unwrap_err();
    assert_eq!((erased.code(), reason(&erased)), (Code::PermissionDenied, "ROLE_MISSING".into()));
    let info = erased.get_error_details().error_info().unwrap().metadata.clone();
    assert_eq!(info["role"], "profile.erase");
    let health = HealthCheckRequest { service: String::new() };
    HealthClient::new(service.channel.clone()).check(health).await.unwrap();
    service.stopped().await;
}

#[tokio::test]
async fn keys_are_given_and_taken_away_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys");
    let old = NewKey::draw("old", &[Role::Decide]).unwrap();
    let new = NewKey::draw("new", &[Role::Admin]).unwrap();
    let service = Service::with(config(&file, &[&old.line])).await;
    let asks = |key: String| {
        let mut decisions = service.decisions();
        async move { decisions.decide(with(&key, decide("ana", &["web"]))).await.map(|_| ()) }
    };
    asks(old.key.clone()).await.unwrap();
    asks(new.key.clone()).await.unwrap_err();
    std::fs::write(&file, &new.line).unwrap();
    eventually("the new key", || async { asks(new.key.clone()).await.ok() }).await;
    assert_eq!(asks(old.key.clone()).await.unwrap_err().code(), Code::Unauthenticated);
    service.stopped().await;
}

#[tokio::test]
async fn a_certificate_has_the_roles_of_its_name() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let [cert, key, ca] = authority.write(folder.path(), "localhost");
    let line = "crm catalog.read cert:crm.bank.example";
    let config = ApiConfig {
        tls: Some(TlsConfig { cert, key, client_ca: Some(ca) }),
        ..config(&folder.path().join("keys"), &[line])
    };
    let service = Service::with(config).await;
    for (name, read, rolled_back) in [
        ("crm.bank.example", None, "ROLE_MISSING"),
        ("shop.bank.example", Some("UNKNOWN_CERTIFICATE"), "UNKNOWN_CERTIFICATE"),
    ] {
        let tls = ClientTlsConfig::new()
            .ca_certificate(authority.trusted())
            .identity(authority.identity(name))
            .domain_name("localhost");
        let endpoint = Channel::from_shared(format!("https://{}", service.address)).unwrap();
        let channel = endpoint.tls_config(tls).unwrap().connect().await.unwrap();
        let mut catalogs = CatalogServiceClient::new(channel);
        let answer = catalogs.get_catalog(v1::GetCatalogRequest::default()).await;
        assert_eq!(answer.err().map(|status| reason(&status)).as_deref(), read);
        let request = v1::RollbackCatalogRequest::default();
        let refused = catalogs.rollback_catalog(request).await.unwrap_err();
        assert_eq!(reason(&refused), rolled_back);
    }
    service.stopped().await;
}
