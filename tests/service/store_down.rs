use std::sync::Arc;

use arbitra::api::ApiConfig;
use arbitra::api::wire::v1;
use arbitra::engine::Readiness;
use arbitra::store::{RedisConfig, RedisStore, Store};
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::redis_server::RedisServer;
use crate::support::service::{Service, decide, offers, steady, value};

#[tokio::test]
async fn without_its_store_it_decides_degraded_and_acknowledges_nothing() {
    let mut server = RedisServer::start_durable();
    let config = RedisConfig::new(server.url().parse().unwrap());
    let store: Arc<dyn Store> = Arc::new(RedisStore::new(&config).unwrap());
    let service = Service::on(ApiConfig::default(), |_| store).await;
    service.profiles().update_profile(steady("ana")).await.unwrap();
    server.kill();

    let decided = service.decisions().decide(decide("ana", &["web", "email"])).await.unwrap();
    let decision = decided.into_inner().decision.unwrap();
    assert_eq!(decision.degradations[0].component(), v1::Component::Store);
    assert!(decision.channels[1].placements.iter().all(|placement| placement.offers.is_empty()));

    let event = |id: &str| v1::Event {
        event_id: id.into(),
        customer_id: "ana".into(),
        r#type: "login".into(),
        fields: [("device".to_owned(), value("phone"))].into(),
        ..v1::Event::default()
    };
    let request = v1::RecordEventsRequest { events: vec![event("e1"), event("e2")] };
    let refused = service.interactions().record_events(request.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    assert!(refused.get_error_details().retry_info().is_some());
    let port = server.port().to_string();
    assert!(!refused.message().contains(&port), "{}", refused.message());
    let get = v1::GetProfileRequest { customer_id: "ana".into(), ..Default::default() };
    let refused = service.profiles().get_profile(get.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);

    server.restart();
    let mut readiness = service.engine.watch_readiness();
    readiness.wait_for(|readiness| *readiness == Readiness::Ready).await.unwrap();
    let results = service.interactions().record_events(request).await.unwrap().into_inner().results;
    for result in results {
        assert_eq!(result.status(), v1::RecordStatus::Applied, "nothing had been stored");
    }
    let decided = service.decisions().decide(decide("ana", &["web"])).await.unwrap().into_inner();
    assert!(!offers(&decided.decision.unwrap()).is_empty());
    service.stopped().await;
}
