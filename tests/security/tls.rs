use std::time::Duration;

use arbitra::api::ApiConfig;
use arbitra::api::tls::TlsConfig;
use arbitra::api::wire::v1::catalog_service_client::CatalogServiceClient;
use arbitra::api::wire::v1::{GetCatalogRequest, ListCatalogVersionsRequest};
use tonic::Code;
use tonic::transport::{Channel, ClientTlsConfig};

use crate::support::authority::Authority;
use crate::support::eventually;
use crate::support::service::Service;

fn config(tls: TlsConfig) -> ApiConfig {
    let reload_interval = Duration::from_millis(20);
    ApiConfig { tls: Some(tls), reload_interval, ..ApiConfig::default() }
}

/// Whether a caller with these certificates gets an answer.
async fn asks(service: &Service, tls: ClientTlsConfig) -> Result<(), String> {
    let endpoint = Channel::from_shared(format!("https://{}", service.address)).unwrap();
    let channel = endpoint.tls_config(tls.domain_name("localhost")).unwrap().connect().await;
    let channel = channel.map_err(|error| format!("{error:?}"))?;
    let asked = CatalogServiceClient::new(channel).get_catalog(GetCatalogRequest::default()).await;
    asked.map(|_| ()).map_err(|status| format!("{status:?}"))
}

#[tokio::test]
async fn only_those_who_speak_tls_and_trust_the_authority_get_in() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let [cert, key, _] = authority.write(folder.path(), "localhost");
    let service = Service::with(config(TlsConfig { cert, key, client_ca: None })).await;
    let trusting = ClientTlsConfig::new().ca_certificate(authority.trusted());
    asks(&service, trusting).await.unwrap();
    let stranger = ClientTlsConfig::new().ca_certificate(Authority::new().trusted());
    assert!(asks(&service, stranger).await.unwrap_err().contains("InvalidCertificate"));
    let request = ListCatalogVersionsRequest::default();
    let plain = service.catalogs().list_catalog_versions(request).await.unwrap_err();
    assert!(matches!(plain.code(), Code::Unavailable | Code::Unknown), "{plain:?}");
    service.stopped().await;
}

#[tokio::test]
async fn with_client_authorities_a_caller_must_show_their_certificate() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let [cert, key, ca] = authority.write(folder.path(), "localhost");
    let service = Service::with(config(TlsConfig { cert, key, client_ca: Some(ca) })).await;
    let trusting = || ClientTlsConfig::new().ca_certificate(authority.trusted());
    asks(&service, trusting().identity(authority.identity("web"))).await.unwrap();
    asks(&service, trusting()).await.unwrap_err();
    let forged = Authority::new().identity("web");
    asks(&service, trusting().identity(forged)).await.unwrap_err();
    service.stopped().await;
}

#[tokio::test]
async fn new_certificates_are_taken_while_it_runs_and_bad_ones_are_not() {
    let (folder, old, new) = (tempfile::tempdir().unwrap(), Authority::new(), Authority::new());
    let [cert, key, _] = old.write(folder.path(), "localhost");
    let service =
        Service::with(config(TlsConfig { cert: cert.clone(), key, client_ca: None })).await;
    let trusting =
        |authority: &Authority| ClientTlsConfig::new().ca_certificate(authority.trusted());
    asks(&service, trusting(&old)).await.unwrap();
    asks(&service, trusting(&new)).await.unwrap_err();
    std::fs::write(&cert, "no certificate").unwrap();
    asks(&service, trusting(&old)).await.unwrap();
    new.write(folder.path(), "localhost");
    eventually("the new certificate", || async { asks(&service, trusting(&new)).await.ok() }).await;
    asks(&service, trusting(&old)).await.unwrap_err();
    service.stopped().await;
}

#[tokio::test]
async fn a_caller_that_never_shakes_hands_hinders_no_other() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let [cert, key, _] = authority.write(folder.path(), "localhost");
    let service = Service::with(config(TlsConfig { cert, key, client_ca: None })).await;
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(tokio::net::TcpStream::connect(service.address).await.unwrap());
    }
    let trusting = ClientTlsConfig::new().ca_certificate(authority.trusted());
    asks(&service, trusting).await.unwrap();
    drop(silent);
    service.stopped().await;
}
