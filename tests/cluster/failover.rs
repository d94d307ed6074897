//! A master dies and its replica takes over: the service answers all the while.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arbitra::api::ApiConfig;
use arbitra::store::{RedisConfig, RedisStore, Store};

use crate::support::eventually;
use crate::support::redis_cluster::{RedisCluster, caught_up};
use crate::support::service::{Service, decide, offers, steady};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_dies_and_every_decision_is_answered_in_time() {
    let mut cluster = RedisCluster::start(3, 1);
    let config = RedisConfig::new(cluster.url().parse().unwrap());
    let store: Arc<dyn Store> = Arc::new(RedisStore::new(&config).unwrap());
    let service = Service::on(ApiConfig::default(), |_| store).await;
    let victim = cluster.master_of("arbitra:{ana}");
    let others = (0..).map(|number| format!("customer-{number}"));
    let mut others =
        others.filter(|name| cluster.master_of(&format!("arbitra:{{{name}}}")) != victim);
    let bob = others.next().unwrap();
    for customer in ["ana", &bob] {
        service.profiles().update_profile(steady(customer)).await.unwrap();
    }
    caught_up(&cluster.nodes[victim], &cluster.nodes[victim + 3]);
    cluster.nodes[victim].kill();
    let (mut degraded, mut whole_for_bob) = (0, 0);
    let started = Instant::now();
    'down: loop {
        assert!(started.elapsed() < Duration::from_secs(30), "ana's node has no successor");
        for customer in ["ana", &bob] {
            let asked = Instant::now();
            let decided = service.decisions().decide(decide(customer, &["web"])).await.unwrap();
            // The budget of a decision is 200 ms; the rest is patience with a busy machine.
            assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
            let decision = decided.into_inner().decision.unwrap();
            let is_whole = decision.degradations.is_empty() && !offers(&decision).is_empty();
            if customer == "ana" && is_whole {
                break 'down;
            }
            degraded += u32::from(!is_whole);
            whole_for_bob += u32::from(is_whole && customer == bob);
        }
    }
    let recovered = started.elapsed();
    assert!(degraded > 0 && whole_for_bob > 0, "others are not held up: {whole_for_bob} whole");
    println!("recovered after {recovered:?}; {degraded} degraded, {whole_for_bob} whole for bob");
    // Written to again.
    eventually("ana can be written to", async || {
        service.profiles().update_profile(steady("ana")).await.ok()
    })
    .await;
    service.stopped().await;
}
