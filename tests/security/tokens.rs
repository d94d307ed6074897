use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arbitra::api::ApiConfig;
use arbitra::api::auth::jwt::{ALGORITHMS, Grants, JwtConfig, KeySource};
use arbitra::api::auth::{NewKey, Role};
use arbitra::api::wire::v1;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use crate::support::eventually;
use crate::support::service::{Service, decide};

/// Signs tokens, as the company's own service for identities would.
struct Signer {
    pair: EcdsaKeyPair,
    id: &'static str,
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Signer {
    fn new(id: &'static str) -> Self {
        let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap();
        Self { pair, id }
    }

    fn set(&self) -> String {
        let point = self.pair.public_key().as_ref();
        let (x, y) = (encoded(&point[1..33]), encoded(&point[33..]));
        let jwk = json!({"kty": "EC", "crv": "P-256", "kid": self.id, "x": x, "y": y});
        json!({ "keys": [jwk] }).to_string()
    }

    fn token(&self, audience: &str, subject: &str, roles: &[&str]) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let header = json!({"alg": "ES256", "kid": self.id});
        let claims = json!({
            "iss": "https://id.bank.example", "aud": audience, "sub": subject,
            "exp": now + 600, "roles": roles,
        });
        let part = |value: &Value| encoded(value.to_string().as_bytes());
        let message = format!("{}.{}", part(&header), part(&claims));
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", encoded(signature.as_ref()))
    }
}

fn issuer(keys: KeySource, audience: &str, grants: Grants) -> JwtConfig {
    JwtConfig {
        keys,
        issuer: "https://id.bank.example".into(),
        audience: audience.into(),
        algorithms: ALGORITHMS.to_vec(),
        skew: Duration::from_secs(30),
        grants,
        rate: None,
    }
}

fn roles() -> Grants {
    Grants::Roles { claim: "roles".into() }
}

fn config(jwt: Vec<JwtConfig>) -> ApiConfig {
    let quick = Duration::from_millis(20);
    ApiConfig { jwt, reload_interval: quick, jwks_spacing: quick, ..ApiConfig::default() }
}

fn with<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

fn reason(status: &Status) -> String {
    status.get_error_details().error_info().unwrap().reason.clone()
}

#[tokio::test]
async fn a_token_opens_what_its_roles_name_beside_keys() {
    let folder = tempfile::tempdir().unwrap();
    let (signer, path) = (Signer::new("a"), folder.path().join("jwks.json"));
    std::fs::write(&path, signer.set()).unwrap();
    let key = NewKey::draw("shop", &[Role::Decide]).unwrap();
    let keys = folder.path().join("keys");
    std::fs::write(&keys, &key.line).unwrap();
    let jwt = vec![issuer(KeySource::File(path), "arbitra", roles())];
    let service = Service::with(ApiConfig { api_keys: Some(keys), ..config(jwt) }).await;
    let mut decisions = service.decisions();
    let good = signer.token("arbitra", "crm", &["arbitra:decide"]);
    decisions.decide(with(&good, decide("ana", &["web"]))).await.unwrap();
    decisions.decide(with(&key.key, decide("ana", &["web"]))).await.unwrap();
    let erase = v1::EraseProfileRequest { customer_id: "ana".into(), ..Default::default() };
    let erased = service.profiles().erase_profile(with(&good, erase)).await.unwrap_err();
    assert_eq!((erased.code(), reason(&erased)), (Code::PermissionDenied, "ROLE_MISSING".into()));
    for (token, why) in [
        (signer.token("billing", "crm", &["arbitra:decide"]), "TOKEN_WRONG_AUDIENCE"),
        (Signer::new("a").token("arbitra", "crm", &["arbitra:decide"]), "TOKEN_BAD_SIGNATURE"),
        (Signer::new("b").token("arbitra", "crm", &["arbitra:decide"]), "TOKEN_UNKNOWN_KEY"),
        ("a.b.c".to_owned(), "TOKEN_MALFORMED"),
        ("arb_guess".to_owned(), "UNKNOWN_KEY"),
    ] {
        let refused = decisions.decide(with(&token, decide("ana", &["web"]))).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused)), (Code::Unauthenticated, why.to_owned()));
        assert!(!refused.message().contains(&token));
    }
    service.stopped().await;
}

/// Serves what is in the place, as an OpenID provider serves its keys.
async fn provider(set: Arc<Mutex<String>>) -> String {
    let serve = move || {
        let set = set.lock().unwrap().clone();
        async move { set }
    };
    let app = axum::Router::new()
        .route("/jwks", axum::routing::get(serve))
        .route("/moved", axum::routing::get(|| async { axum::response::Redirect::to("/jwks") }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}")
}

#[tokio::test]
async fn keys_at_a_url_are_rotated_and_kept_while_they_cannot_be_had() {
    let (old, new) = (Signer::new("old"), Signer::new("new"));
    let set = Arc::new(Mutex::new(old.set()));
    let url = provider(set.clone()).await;
    let keys = KeySource::Url(format!("{url}/jwks"));
    let service = Service::with(config(vec![issuer(keys, "arbitra", roles())])).await;
    let asks = |token: String| {
        let mut decisions = service.decisions();
        async move { decisions.decide(with(&token, decide("ana", &["web"]))).await.map(|_| ()) }
    };
    let [first, second] =
        [&old, &new].map(|signer| signer.token("arbitra", "crm", &["arbitra:decide"]));
    eventually("the first keys", || async { asks(first.clone()).await.ok() }).await;
    assert_eq!(reason(&asks(second.clone()).await.unwrap_err()), "TOKEN_UNKNOWN_KEY");
    // Nonsense and huge answers leave what is.
    *set.lock().unwrap() = "nonsense".into();
    asks(second.clone()).await.unwrap_err();
    *set.lock().unwrap() = format!("{{\"keys\":[],\"x\":\"{}\"}}", "x".repeat(1 << 20));
    asks(second.clone()).await.unwrap_err();
    asks(first.clone()).await.unwrap();
    *set.lock().unwrap() = new.set();
    eventually("the new keys", || async { asks(second.clone()).await.ok() }).await;
    assert_eq!(reason(&asks(first.clone()).await.unwrap_err()), "TOKEN_UNKNOWN_KEY");
    service.stopped().await;
    // Whoever moves the keys elsewhere says so in the configuration.
    let keys = KeySource::Url(format!("{url}/moved"));
    let service = Service::with(config(vec![issuer(keys, "arbitra", roles())])).await;
    for _ in 0..5 {
        let request = with(&second, decide("ana", &["web"]));
        assert_eq!(
            reason(&service.decisions().decide(request).await.unwrap_err()),
            "TOKEN_UNKNOWN_KEY"
        );
        tokio::task::yield_now().await;
    }
    service.stopped().await;
}

#[tokio::test]
async fn a_page_has_its_own_customers_offers_and_nobody_elses() {
    let folder = tempfile::tempdir().unwrap();
    let (signer, path) = (Signer::new("page"), folder.path().join("jwks.json"));
    std::fs::write(&path, signer.set()).unwrap();
    let service =
        Service::with(config(vec![issuer(KeySource::File(path), "page", Grants::Customer)])).await;
    let ana = signer.token("page", "ana", &["arbitra:admin"]);
    let mut decisions = service.decisions();
    decisions.decide(with(&ana, decide("ana", &["web"]))).await.unwrap();
    let unnamed = decisions.decide(with(&ana, decide("", &["web"]))).await.unwrap().into_inner();
    assert_eq!(unnamed.decision.unwrap().customer_id, "ana");
    let identity = v1::Identity { r#type: "email".into(), id: "bob@bank.example".into() };
    let attached =
        v1::DecideRequest { identities: vec![identity.clone()], ..decide("ana", &["web"]) };
    for (request, why) in [
        (decide("bob", &["web"]), "NOT_YOURS"),
        (attached, "NOT_YOURS"),
        (v1::DecideRequest { dry_run: true, ..decide("ana", &["web"]) }, "NOT_FOR_BROWSERS"),
        (
            v1::DecideRequest { view: v1::DecisionView::Full.into(), ..decide("ana", &["web"]) },
            "NOT_FOR_BROWSERS",
        ),
    ] {
        let refused = decisions.decide(with(&ana, request)).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused)), (Code::PermissionDenied, why.to_owned()));
        assert!(!format!("{refused:?}").contains("bob"));
    }
    // One item about another refuses the whole call: nothing of it is stored.
    let event = |customer: &str| v1::Event {
        customer_id: customer.into(),
        r#type: "login".into(),
        fields: [("device".to_owned(), crate::support::service::value("phone"))].into(),
        ..v1::Event::default()
    };
    let both = v1::RecordEventsRequest { events: vec![event("ana"), event("bob")] };
    let refused = service.interactions().record_events(with(&ana, both)).await.unwrap_err();
    assert_eq!(reason(&refused), "NOT_YOURS");
    let own = v1::RecordEventsRequest { events: vec![event("")] };
    let told = service.interactions().record_events(with(&ana, own)).await.unwrap().into_inner();
    assert_eq!(told.results[0].customer_id, "ana");
    let outcome = v1::Outcome {
        customer_id: "bob".into(),
        offer_id: "gold_card".into(),
        kind: v1::OutcomeKind::Accept.into(),
        ..v1::Outcome::default()
    };
    let outcomes = v1::RecordOutcomesRequest { outcomes: vec![outcome] };
    let refused = service.interactions().record_outcomes(with(&ana, outcomes)).await.unwrap_err();
    assert_eq!(reason(&refused), "NOT_YOURS");
    // Streams, profiles and figures are closed, `admin` or not.
    let profile = v1::GetProfileRequest { customer_id: "ana".into(), ..Default::default() };
    let refused = service.profiles().get_profile(with(&ana, profile)).await.unwrap_err();
    assert_eq!(reason(&refused), "NOT_FOR_BROWSERS");
    let stream = tokio_stream::iter([v1::DecideStreamRequest::default()]);
    let refused = decisions.decide_stream(with(&ana, stream)).await.unwrap_err();
    assert_eq!(reason(&refused), "NOT_FOR_BROWSERS");
    service.stopped().await;
}

#[tokio::test]
async fn whoever_calls_too_often_is_told_when_to_try_again_and_no_other_is_hindered() {
    let folder = tempfile::tempdir().unwrap();
    let [busy, calm] = ["busy", "calm"].map(|name| NewKey::draw(name, &[Role::Decide]).unwrap());
    let keys = folder.path().join("keys");
    std::fs::write(&keys, format!("{} rate=3/m\n{}", busy.line, calm.line)).unwrap();
    let (signer, path) = (Signer::new("page"), folder.path().join("jwks.json"));
    std::fs::write(&path, signer.set()).unwrap();
    let page = JwtConfig {
        rate: Some("2/m".parse().unwrap()),
        ..issuer(KeySource::File(path), "page", Grants::Customer)
    };
    let service = Service::with(ApiConfig { api_keys: Some(keys), ..config(vec![page]) }).await;
    let asks = |key: String, customer: &'static str| {
        let mut decisions = service.decisions();
        async move { decisions.decide(with(&key, decide(customer, &["web"]))).await.map(|_| ()) }
    };
    for _ in 0..3 {
        asks(busy.key.clone(), "ana").await.unwrap();
    }
    let refused = asks(busy.key.clone(), "ana").await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused)),
        (Code::ResourceExhausted, "RATE_LIMITED".into())
    );
    let after = refused.get_error_details().retry_info().unwrap().retry_delay.unwrap();
    assert!(after > Duration::from_secs(1) && after <= Duration::from_secs(20), "{after:?}");
    for _ in 0..10 {
        asks(calm.key.clone(), "ana").await.unwrap();
    }
    // Of a page, each customer is counted apart, whichever token it shows.
    for customer in ["ana", "bob"] {
        for _ in 0..2 {
            asks(signer.token("page", customer, &[]), customer).await.unwrap();
        }
        let refused = asks(signer.token("page", customer, &[]), customer).await.unwrap_err();
        assert_eq!(reason(&refused), "RATE_LIMITED");
    }
    service.stopped().await;
}
