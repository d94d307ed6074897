use std::sync::Arc;

use arbitra::api::ApiConfig;
use arbitra::api::wire::v1;
use arbitra::store::{RedisConfig, RedisStore, Store};

use crate::support::redis_server::RedisServer;
use crate::support::service::{Service, decide, offers, steady};

async fn replica(server: &RedisServer) -> Service {
    let config = RedisConfig::new(server.url().parse().unwrap());
    let store: Arc<dyn Store> = Arc::new(RedisStore::new(&config).unwrap());
    Service::on(ApiConfig::default(), |_| store).await
}

/// The example bank allows two offers a week by e-mail, and the decision is the contact: however
/// many ask at once, wherever, two are sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contact_limit_holds_over_replicas_that_decide_at_once() {
    let server = RedisServer::start();
    let (one, two) = (replica(&server).await, replica(&server).await);
    one.profiles().update_profile(steady("ana")).await.unwrap();
    let consent = v1::SetConsentRequest {
        customer_id: "ana".into(),
        consents: vec![v1::Consent {
            purpose: "marketing".into(),
            state: v1::ConsentState::Granted.into(),
            ..v1::Consent::default()
        }],
        ..v1::SetConsentRequest::default()
    };
    // Given at one replica, in force at the other.
    two.profiles().set_consent(consent).await.unwrap();

    let asked: Vec<_> = (0..40)
        .map(|number| {
            let mut decisions = if number % 2 == 0 { one.decisions() } else { two.decisions() };
            tokio::spawn(async move { decisions.decide(decide("ana", &["email"])).await })
        })
        .collect();
    let mut sent = Vec::new();
    for answer in asked {
        let decision = answer.await.unwrap().unwrap().into_inner().decision.unwrap();
        sent.extend(offers(&decision));
    }
    assert_eq!(sent.len(), 2, "{sent:?}");
    one.stopped().await;
    two.stopped().await;
}
