//! The store and the service under real Sentinels: the primary dies, and its replica takes over.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may end at the first fault"
)]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use arbitra::api::ApiConfig;
use arbitra::store::{RedisConfig, RedisStore, Store};
use support::eventually;
use support::redis_cluster::{RedisSentinels, caught_up};
use support::service::{Service, decide, offers, steady};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_primary_dies_and_every_decision_is_answered_in_time() {
    let mut servers = RedisSentinels::start();
    let config = RedisConfig::new(servers.url().parse().unwrap());
    let store: Arc<dyn Store> = Arc::new(RedisStore::new(&config).unwrap());
    let service = Service::on(ApiConfig::default(), |_| store).await;
    service.profiles().update_profile(steady("ana")).await.unwrap();
    caught_up(&servers.primary, &servers.replica);
    servers.primary.kill();
    let started = Instant::now();
    let mut degraded = 0;
    loop {
        assert!(started.elapsed() < Duration::from_secs(30), "the replica does not take over");
        let asked = Instant::now();
        let decided = service.decisions().decide(decide("ana", &["web"])).await.unwrap();
        // The budget of a decision is 200 ms; the rest is patience with a busy machine.
        assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
        let decision = decided.into_inner().decision.unwrap();
        if decision.degradations.is_empty() && !offers(&decision).is_empty() {
            break;
        }
        degraded += 1;
    }
    let recovered = started.elapsed();
    assert!(degraded > 0, "they say that the store is missing");
    println!("recovered after {recovered:?}; {degraded} degraded answers");
    eventually("ana can be written to", async || {
        service.profiles().update_profile(steady("ana")).await.ok()
    })
    .await;
    service.stopped().await;
}
