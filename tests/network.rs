//! A bad network between a replica and Redis: delays, resets, black holes, loss in one direction. What
//! was acknowledged is never lost and never counted twice, answers stay within their deadlines, and
//! all is well again soon after.

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

use arbitra::core::interaction::{Outcome, OutcomeKind};
use arbitra::core::key::{Key, id64};
use arbitra::core::time::UnixMs;
use arbitra::engine::{Engine, EngineConfig, FixedClock, OutcomeCall, prove, read_folder};
use support::proxy::{Network, Proxy};
use support::redis_server::RedisServer;
use support::{engines, eventually};

const NOW: UnixMs = UnixMs(1_760_000_000_000);
/// The deadline of a decision here, and patience with a busy machine.
const DEADLINE: Duration = Duration::from_millis(200);
const PATIENCE: Duration = Duration::from_millis(500);

fn outcome(engine: &Engine, number: usize) -> OutcomeCall {
    let catalog = engine.snapshot().catalog.clone();
    let offer = &catalog.offers[number % catalog.offers.len()];
    let outcome = Outcome {
        id: id64(&format!("outcome {number}")),
        decision: None,
        offer: offer.key,
        group: catalog.groups[usize::from(offer.group)].key,
        treatment: Key::default(),
        channel: catalog.channels[0].key,
        kind: OutcomeKind::Accept,
        interaction: None,
        reason: Key::default(),
        value: None,
        order: None,
        at: NOW,
    };
    OutcomeCall { customer: format!("customer {}", number % 7), outcome, context: Vec::new() }
}

/// Decides within the deadline; whether the store was there.
async fn decide(engine: &Engine, number: usize) -> bool {
    let mut call = engines::call(engine, &format!("customer {}", number % 7), 0, 3);
    let asked = Instant::now();
    call.deadline = asked + DEADLINE;
    let decided = engine.decide(call).await.unwrap();
    let took = asked.elapsed();
    assert!(took < DEADLINE + PATIENCE, "an answer took {took:?}");
    decided.degradations.is_empty()
}

/// Records until it is acknowledged, as a client does; how often it had to ask.
async fn record(engine: &Engine, number: usize) -> usize {
    let mut attempts = 1;
    while engine.record_outcomes(vec![outcome(engine, number)]).await[0].is_err() {
        attempts += 1;
        assert!(attempts < 1_000, "never acknowledged");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    attempts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_counted_twice_on_a_bad_network() {
    let server = RedisServer::start_durable();
    let proxy = Proxy::before(server.port()).await;
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/coupons/rules");
    let files = read_folder(&root).unwrap();
    let mut engines = Vec::new();
    // One behind the bad network, one with a good one.
    for url in [proxy.url(), server.url()] {
        let clock = Arc::new(FixedClock::new(NOW));
        let proved = prove(&files).unwrap();
        engines.push(engines::replica_at(&url, proved, clock, EngineConfig::default()).await);
    }
    let (engine, witness) = (engines[0].0.clone(), engines[1].0.clone());
    let mut number = 0;
    for network in [
        Network::Slow(Duration::from_millis(15)),
        Network::Resets,
        Network::LosesRequests,
        Network::LosesAnswers,
        Network::BlackHole,
        Network::Slow(Duration::from_millis(300)),
        Network::LosesAnswers,
    ] {
        assert_eq!(record(&engine, number).await, 1, "the network is good");
        // Callers in progress when it turns bad.
        let callers: Vec<_> = (number + 1..number + 9)
            .map(|number| {
                let engine = engine.clone();
                tokio::spawn(async move { record(&engine, number).await })
            })
            .collect();
        tokio::task::yield_now().await;
        proxy.becomes(network);
        let mut degraded = 0;
        for asked in 0..6 {
            degraded += u32::from(!decide(&engine, asked).await);
        }
        if network != Network::Slow(Duration::from_millis(15)) {
            assert!(degraded > 0, "{network:?}: answers say that the store is missing");
        }
        proxy.becomes(Network::Good);
        let healed = Instant::now();
        for caller in callers {
            caller.await.unwrap();
        }
        eventually("decisions are whole again", async || decide(&engine, 0).await.then_some(()))
            .await;
        println!("{network:?}: {degraded} of 6 degraded; well after {:?}", healed.elapsed());
        assert!(healed.elapsed() < Duration::from_secs(5), "{:?}", healed.elapsed());
        number += 9;
    }
    let last = {
        let store = &witness;
        let recorded = store.record_outcomes(vec![outcome(store, number)]).await.remove(0).unwrap();
        recorded.log_position
    };
    for engine in [&engine, &witness] {
        let mut learned = engine.watch_learned();
        let wait = learned.wait_for(|learned| *learned >= last);
        tokio::time::timeout(Duration::from_secs(20), wait).await.unwrap().unwrap();
        assert_eq!(engine.snapshot().models.counts.outcomes, number as u64 + 1, "each once");
    }
    assert_eq!(engine.snapshot().models.digest(), witness.snapshot().models.digest());
    for (engine, running) in engines {
        running.stop(&engine).await;
    }
}
