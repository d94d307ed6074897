//! Replicas on one Redis: their models at the same position of the learning log are the same
//! bytes, however the outcomes came in, and a replica that starts later catches up to them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may end at the first fault"
)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use arbitra::core::catalog::Catalog;
use arbitra::core::interaction::{Outcome, OutcomeKind};
use arbitra::core::key::{Key, id64};
use arbitra::core::time::UnixMs;
use arbitra::engine::{
    DecideCall, Engine, EngineConfig, FixedClock, OutcomeCall, Proved, Running, prove, read_folder,
};
use support::engines;
use support::redis_server::RedisServer;

const NOW: UnixMs = UnixMs(1_760_000_000_000);

fn rules() -> Proved {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/coupons/rules");
    prove(&read_folder(&root).unwrap()).unwrap()
}

async fn replica(server: &RedisServer) -> (Arc<Engine>, Running) {
    let clock = Arc::new(FixedClock::new(NOW));
    let config = EngineConfig {
        checkpoint_interval: Duration::from_millis(50),
        log_kept_max: 20,
        ..EngineConfig::default()
    };
    engines::replica(server, rules(), clock, config).await
}

fn call(engine: &Engine, customer: usize) -> DecideCall {
    engines::call(engine, &format!("customer {customer}"), 0, 5)
}

fn answer(catalog: &Catalog, number: usize, decision: u64, offer: u32) -> OutcomeCall {
    let offer = &catalog.offers[offer as usize];
    let kind = if number.is_multiple_of(3) { OutcomeKind::Accept } else { OutcomeKind::Reject };
    OutcomeCall {
        customer: format!("customer {}", number % 17),
        outcome: Outcome {
            id: id64(&format!("outcome {number}")),
            decision: Some(decision),
            offer: offer.key,
            group: catalog.groups[usize::from(offer.group)].key,
            treatment: Key::default(),
            channel: catalog.channels[0].key,
            kind,
            interaction: None,
            reason: Key::default(),
            value: None,
            order: None,
            // After an erasure at NOW, a customer of that name is a new one.
            at: UnixMs(NOW.0 + i64::try_from(number).unwrap()),
        },
        context: Vec::new(),
    }
}

async fn reach(engine: &Engine, position: u64) {
    let mut learned = engine.watch_learned();
    let wait = learned.wait_for(|learned| *learned >= position);
    tokio::time::timeout(Duration::from_secs(20), wait).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_at_the_same_position_hold_the_same_bytes() {
    let server = RedisServer::start();
    let (first, first_running) = replica(&server).await;
    let (second, second_running) = replica(&server).await;
    let mut last = 0;
    for number in 0..120 {
        // Decided by one replica, answered at the other: the join goes through the store.
        let (decides, records) =
            if number % 2 == 0 { (&first, &second) } else { (&second, &first) };
        let decided = decides.decide(call(decides, number % 17)).await.unwrap();
        let placed = &decided.decision.channels[0].placements[0].offers;
        assert!(!placed.is_empty());
        let offer = placed[number % placed.len()].offer;
        let low = decided.decision.id.low();
        let outcome = answer(&decided.snapshot.catalog, number, low, offer);
        let again = records.record_outcomes(vec![outcome.clone()]).await;
        let recorded = again.into_iter().next().unwrap().unwrap();
        last = last.max(recorded.log_position);
        // A retry, at the other replica, changes nothing.
        let retried = decides.record_outcomes(vec![outcome]).await;
        assert_eq!(retried[0].as_ref().unwrap().log_position, 0);
    }
    reach(&first, last).await;
    reach(&second, last).await;
    let digest = |engine: &Engine| {
        let snapshot = engine.snapshot();
        (snapshot.models.position(), snapshot.models.counts, snapshot.models.digest())
    };
    assert_eq!(digest(&first), digest(&second));
    assert_eq!(digest(&first).1.outcomes, 120);

    // One that starts now has the checkpoint and the rest of the log.
    let (third, third_running) = replica(&server).await;
    assert_eq!(digest(&third), digest(&first));
    first_running.stop(&first).await;
    second_running.stop(&second).await;
    third_running.stop(&third).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn affinity_is_solved_alike_on_every_replica_and_kept_for_the_next_start() {
    let server = RedisServer::start();
    let (first, first_running) = replica(&server).await;
    let (second, second_running) = replica(&server).await;
    let catalog = first.snapshot().catalog.clone();
    let mut last = 0;
    for number in 0..80_usize {
        // Each customer takes two offers that go together.
        let customer = number / 2;
        let offer = (customer + number % 2) % catalog.offers.len();
        let mut call = answer(&catalog, 0, 0, u32::try_from(offer).unwrap());
        call.customer = format!("customer {customer}");
        call.outcome.id = id64(&format!("accepted {number}"));
        call.outcome.decision = None;
        let recorded = first.record_outcomes(vec![call]).await;
        last = last.max(recorded[0].as_ref().unwrap().log_position);
    }
    reach(&first, last).await;
    reach(&second, last).await;
    let solved = async |engine: &Engine| {
        support::eventually("weights are solved", async || {
            engine.snapshot().models.affinity.weights().cloned()
        })
        .await
    };
    let weights = solved(&first).await;
    assert_eq!(weights.observed(), 64);
    assert_eq!(*weights, *solved(&second).await);
    assert_eq!(first.snapshot().models.digest(), second.snapshot().models.digest());
    first_running.stop(&first).await;
    second_running.stop(&second).await;

    // One that starts now need not solve first.
    let (third, third_running) = replica(&server).await;
    assert_eq!(third.snapshot().models.affinity.weights(), Some(&weights));
    let (offer, other) = (catalog.offers[0].item, catalog.offers[1].item);
    let score = third.snapshot().models.affinity.score(&[(offer, 1.0)], other);
    assert!(score.unwrap() > 0.0);
    third_running.stop(&third).await;
}

/// `count` outcomes from `first` on, decided by one replica and recorded at the other; the last
/// position.
async fn load(first: usize, count: usize, (decides, records): (&Engine, &Engine)) -> u64 {
    let mut last = 0;
    for number in first..first + count {
        let decided = decides.decide(call(decides, number % 17)).await.unwrap();
        let placed = &decided.decision.channels[0].placements[0].offers;
        let offer = placed[number % placed.len()].offer;
        let low = decided.decision.id.low();
        let outcome = answer(&decided.snapshot.catalog, number, low, offer);
        let recorded = records.record_outcomes(vec![outcome]).await;
        last = last.max(recorded[0].as_ref().unwrap().log_position);
    }
    last
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_replicas_under_load_agree_through_restarts_and_an_erasure() {
    let server = RedisServer::start();
    let (first, first_running) = replica(&server).await;
    let (second, second_running) = replica(&server).await;
    let (third, third_running) = replica(&server).await;
    let (a, b, c) = tokio::join!(
        load(0, 60, (&first, &second)),
        load(1_000, 60, (&second, &third)),
        load(2_000, 60, (&third, &first)),
    );
    // One stops in order, one as if it had died; the third goes on, and a customer is erased.
    second_running.stop(&second).await;
    drop((third, third_running));
    let d = load(3_000, 60, (&first, &first)).await;
    assert_eq!(first.erase_profile("customer 3").await.unwrap().profiles, 1);
    let ((second, second_running), (third, third_running)) =
        tokio::join!(replica(&server), replica(&server));
    let (e, f, g) = tokio::join!(
        load(4_000, 60, (&first, &second)),
        load(5_000, 60, (&second, &third)),
        load(6_000, 60, (&third, &first)),
    );
    let last = [a, b, c, d, e, f, g].into_iter().max().unwrap();
    for engine in [&first, &second, &third] {
        reach(engine, last).await;
    }
    let state = |engine: &Engine| {
        let models = engine.snapshot().models.clone();
        (models.position(), models.counts, models.digest())
    };
    assert_eq!(state(&first), state(&second));
    assert_eq!(state(&second), state(&third));
    assert_eq!(state(&first).1.outcomes, 7 * 60);
    for (engine, running) in
        [(first, first_running), (second, second_running), (third, third_running)]
    {
        running.stop(&engine).await;
    }
}
