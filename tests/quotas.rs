//! Quotas on a real Redis, by several engines at once: never one too many, and nearly nothing left.

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
use arbitra::core::time::{DAY_MS, MINUTE_MS, UnixMs};
use arbitra::engine::{
    Clock, DecideCall, Engine, EngineConfig, EngineError, FixedClock, OutcomeCall, Running, prove,
};
use support::engines;
use support::redis_server::RedisServer;

const NOW: UnixMs = UnixMs(1_760_000_000_000);

fn rules(quotas: &str) -> Vec<(String, Vec<u8>)> {
    let files = [
        ("schema.yaml", "attributes: {}\n".to_owned()),
        ("arbitration.yaml", "default: propensity\n".to_owned()),
        (
            "channels.yaml",
            "channels:\n  email: { contact: decision, locales: [en], placements: { letter: { slots: 1 } } }\n  web: { locales: [en], placements: { page: { slots: 1 } } }\n"
                .to_owned(),
        ),
        (
            "offers/all.yaml",
            "groups: { gifts: {} }\noffers:\n  - id: gift\n    name: Gift\n    group: gifts\n    kind: sell\n    attributes: { cost: 2.5 }\n    treatments:\n      - { channel: email, content: { title: A gift } }\n      - { channel: web, content: { title: A gift } }\n"
                .to_owned(),
        ),
        ("policies/quotas.yaml", format!("quotas:\n{quotas}")),
    ];
    files.map(|(path, text)| (path.to_owned(), text.into_bytes())).to_vec()
}

async fn replica(
    server: &RedisServer,
    quotas: &str,
    clock: Arc<dyn Clock>,
) -> (Arc<Engine>, Running) {
    let proved = prove(&rules(quotas)).unwrap_or_else(|error| panic!("{error}"));
    engines::replica(server, proved, clock, EngineConfig::default()).await
}

fn call(engine: &Engine, customer: &str, channel: &str) -> DecideCall {
    let channel = engine.snapshot().catalog.channel_by_name(channel).unwrap();
    engines::call(engine, customer, channel, 1)
}

/// The id of the decision, where the gift was offered.
async fn offered(engine: &Engine, customer: &str, channel: &str) -> Option<u64> {
    let decided = engine.decide(call(engine, customer, channel)).await.unwrap();
    let placements = &decided.decision.channels[0].placements;
    (!placements[0].offers.is_empty()).then(|| decided.decision.id.low())
}

async fn outcome(
    engine: &Engine,
    customer: &str,
    decision: Option<u64>,
    kind: OutcomeKind,
) -> Result<(), Arc<EngineError>> {
    let outcome = Outcome {
        id: id64(&format!("{customer} {decision:?} {kind:?}")),
        decision,
        offer: Key::of("gift"),
        group: Key::of("gifts"),
        treatment: Key::default(),
        channel: Key::of("web"),
        kind,
        interaction: None,
        reason: Key::default(),
        value: None,
        order: None,
        at: engine.now(),
    };
    let call = OutcomeCall { customer: customer.to_owned(), outcome, context: vec![] };
    engine.record_outcomes(vec![call]).await.remove(0).map(drop)
}

/// Decides for `customers` at once on all engines; how often the gift was offered.
async fn at_once(engines: &[(Arc<Engine>, Running)], customers: usize, round: usize) -> u64 {
    let tasks: Vec<_> = (0..customers)
        .map(|number| {
            let engine = engines[number % engines.len()].0.clone();
            let customer = format!("customer-{round}-{number}");
            tokio::spawn(async move { offered(&engine, &customer, "email").await })
        })
        .collect();
    let mut count = 0;
    for task in tasks {
        count += u64::from(task.await.unwrap().is_some());
    }
    count
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_decisions_at_once_on_three_engines_keep_a_limit_to_the_unit() {
    let server = RedisServer::start();
    for limit in [1_u64, 10, 1_000] {
        let quota = format!("  - {{ id: volume-{limit}, max: {limit}, per: day }}\n");
        let clock = Arc::new(FixedClock::new(NOW));
        let mut engines = Vec::new();
        for _ in 0..3 {
            engines.push(replica(&server, &quota, clock.clone()).await);
        }
        let mut given = 0;
        for round in 0..4 {
            given += at_once(&engines, 1_000, round).await;
            // What one holds and does not use is free for the others a second later.
            clock.advance(1_001);
            for (engine, _) in &engines {
                support::eventually("idle units are given back", || async {
                    let standing = engine.quota_standings().await.unwrap();
                    (standing[0].idle == 0).then_some(())
                })
                .await;
            }
        }
        assert_eq!(given, limit, "all of them, and not one more");
        let standing = engines[0].0.quota_standings().await.unwrap();
        assert_eq!((standing[0].used, standing[0].remaining()), (limit, 0));
        // One ends without a word; a new day begins, and only then is there more.
        engines.truncate(2);
        assert_eq!(at_once(&engines, 50, 9).await, 0);
        clock.advance(DAY_MS);
        assert_eq!(at_once(&engines, 20, 10).await, limit.min(20));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_is_spent_to_what_one_costs_and_no_further() {
    let server = RedisServer::start();
    let quota = "  - { id: budget, cost: offer.cost, max: 26, per: campaign, campaign: spring }\n";
    let clock = Arc::new(FixedClock::new(NOW));
    let engines = [
        replica(&server, quota, clock.clone()).await,
        replica(&server, quota, clock.clone()).await,
    ];
    let mut given = at_once(&engines, 60, 0).await;
    clock.advance(1_001);
    for (engine, _) in &engines {
        support::eventually("idle units are given back", || async {
            (engine.quota_standings().await.unwrap()[0].idle == 0).then_some(())
        })
        .await;
    }
    given += at_once(&engines, 60, 1).await;
    assert_eq!(given, 10, "ten at 2.50 are 25 of 26");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stock_is_held_from_the_decision_to_the_yes() {
    let server = RedisServer::start();
    let quota = "  - { id: stock, counts: accept, max: 2, per: ever, hold: 10m }\n";
    let clock = Arc::new(FixedClock::new(NOW));
    let (one, _one) = replica(&server, quota, clock.clone()).await;
    let (two, _two) = replica(&server, quota, clock.clone()).await;
    let ana = offered(&one, "ana", "web").await.expect("there are two");
    // Shown again, the unit held for ana serves.
    assert!(offered(&one, "ana", "web").await.is_some());
    let bob = offered(&two, "bob", "web").await.expect("there is another");
    assert!(offered(&one, "eve", "web").await.is_none(), "both are held");
    // Ana says yes at the other replica.
    outcome(&two, "ana", Some(ana), OutcomeKind::Impression).await.unwrap();
    outcome(&two, "ana", Some(ana), OutcomeKind::Accept).await.unwrap();
    // Bob goes away: after its time what was held for him is free again; ana's is not.
    clock.advance(11 * MINUTE_MS);
    let eve = support::eventually("what bob left is free", || async {
        clock.advance(201);
        offered(&one, "eve", "web").await
    })
    .await;
    assert!(offered(&two, "dan", "web").await.is_none());
    // Bob's yes comes late, and eve's in time.
    let late = outcome(&two, "bob", Some(bob), OutcomeKind::Accept).await;
    assert!(
        matches!(&*late.unwrap_err(), EngineError::QuotaExhausted { quota } if &**quota == "stock")
    );
    outcome(&one, "eve", Some(eve), OutcomeKind::Accept).await.unwrap();
    assert_eq!(one.quota_standings().await.unwrap()[0].remaining(), 0);
}

/// How often the gift is offered on the web to so many customers at once, whatever else fails.
fn on_the_web(
    engines: &[(Arc<Engine>, Running)],
    customers: usize,
    round: usize,
) -> Vec<tokio::task::JoinHandle<u64>> {
    let ask = |number: usize| {
        let engine = engines[number % engines.len()].0.clone();
        tokio::spawn(async move {
            let mut call = call(&engine, &format!("visitor-{round}-{number}"), "web");
            call.deadline = Instant::now() + Duration::from_secs(1);
            let Ok(decided) = engine.decide(call).await else { return 0 };
            decided.decision.channels[0].placements[0].offers.len() as u64
        })
    };
    (0..customers).map(ask).collect()
}

async fn sum(tasks: Vec<tokio::task::JoinHandle<u64>>) -> u64 {
    let mut sum = 0;
    for task in tasks {
        sum += task.await.unwrap();
    }
    sum
}

/// The store dies in mid-traffic, twice, and comes back with what it had on disk. Meanwhile only what
/// replicas hold is given; in the end no more than there is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_killed_in_mid_traffic_lets_no_more_out() {
    let mut server = RedisServer::start_durable();
    let quota = "  - { id: volume, max: 150, per: day, hold: 1d }\n";
    let clock = Arc::new(FixedClock::new(NOW));
    let mut engines = Vec::new();
    for _ in 0..2 {
        engines.push(replica(&server, quota, clock.clone()).await);
    }
    let mut given = sum(on_the_web(&engines, 20, 0)).await;
    assert_eq!(given, 20);
    for round in 1..3 {
        let running = on_the_web(&engines, 60, 2 * round);
        server.kill();
        let without = on_the_web(&engines, 60, 2 * round + 1);
        given += sum(running).await + sum(without).await;
        assert!(given <= 150, "{given} given while the store is down");
        server.restart();
        for (engine, _) in &engines {
            support::eventually("the store is back", || async {
                clock.advance(201);
                engine.quota_standings().await.ok()
            })
            .await;
        }
    }
    for round in 6..12 {
        clock.advance(1_001);
        given += sum(on_the_web(&engines, 100, round)).await;
    }
    let standing = engines[0].0.quota_standings().await.unwrap();
    assert!((60..=150).contains(&given), "{given} given");
    assert!(standing[0].used >= given && standing[0].used + standing[0].idle <= 150);
}

/// A replica that dies takes what it had leased with it: nobody is granted that again, until the
/// period ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_replica_had_leased_is_never_granted_twice() {
    let server = RedisServer::start();
    let quota = "  - { id: volume, max: 640, per: day }\n";
    let clock = Arc::new(FixedClock::new(NOW));
    let server = Arc::new(server);
    // With a runtime of its own, whose end is the end of all it does.
    let process = tokio::runtime::Runtime::new().unwrap();
    let (its_server, its_clock) = (server.clone(), clock.clone());
    let life = process.spawn(async move {
        let (engine, _running) = replica(&its_server, quota, its_clock).await;
        let own = offered(&engine, "ana", "email").await.map_or(0, |_| 1);
        (own, engine.quota_standings().await.unwrap()[0].idle)
    });
    let (own, leased) = life.await.unwrap();
    process.shutdown_background();
    assert!(own == 1 && leased > 0, "it has {leased} more on hand");
    let engines = [replica(&server, quota, clock.clone()).await];
    let mut given = own;
    for round in 0..4 {
        given += at_once(&engines, 400, round).await;
        clock.advance(1_001);
    }
    assert!(given <= 640 - leased, "{given} given, {leased} are lost");
    clock.advance(DAY_MS);
    assert!(offered(&engines[0].0, "bob", "email").await.is_some(), "a new day has all again");
}

/// An impression that comes after its hold has happened, too: it is counted beyond what there is, and
/// nothing more is lent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_impression_after_its_hold_is_counted_and_closes_the_quota() {
    let server = RedisServer::start();
    let quota = "  - { id: shown, counts: impression, max: 1, per: ever, hold: 1m }\n";
    let clock = Arc::new(FixedClock::new(NOW));
    let (one, _one) = replica(&server, quota, clock.clone()).await;
    let ana = offered(&one, "ana", "web").await.expect("there is one");
    clock.advance(3 * MINUTE_MS);
    let bob = support::eventually("what ana left is free", || async {
        clock.advance(201);
        offered(&one, "bob", "web").await
    })
    .await;
    outcome(&one, "ana", Some(ana), OutcomeKind::Impression).await.unwrap();
    outcome(&one, "bob", Some(bob), OutcomeKind::Impression).await.unwrap();
    assert_eq!(one.quota_standings().await.unwrap()[0].used, 2, "both were seen");
    clock.advance(3 * MINUTE_MS);
    assert!(offered(&one, "eve", "web").await.is_none());
}

/// A quota with a price: it lasts, and what the price is moved by is what the ledger has counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paced_quota_lasts_and_is_counted_by_the_ledger() {
    const ROUNDS: usize = 40;
    let mut server = RedisServer::start();
    let given = |paced: bool| {
        let mut files = rules("  - { id: volume, max: 100, per: day, zone: UTC }\n");
        files.retain(|(path, _)| path != "arbitration.yaml");
        files.push(("arbitration.yaml".into(), b"default: constrained\n".to_vec()));
        for (path, text) in &mut files {
            if path == "offers/all.yaml" {
                let own = String::from_utf8_lossy(text)
                    .replace("kind: sell", "kind: sell\n    value: 10");
                *text = own.into_bytes();
            }
        }
        let pace = if paced { "pace: [volume]\n" } else { "" };
        let objectives = format!("objectives: {{}}\n{pace}traffic: {{ per_day: 7200 }}\n");
        files.push(("objectives.yaml".into(), objectives.into_bytes()));
        prove(&files).unwrap_or_else(|error| panic!("{error}"))
    };
    let mut counts = Vec::new();
    for paced in [false, true] {
        server.command(&[b"FLUSHALL"]);
        let clock = Arc::new(FixedClock::new(NOW));
        let config = EngineConfig::default();
        let (engine, running) =
            engines::replica(&server, given(paced), clock.clone(), config).await;
        let mut count = 0;
        for round in 0..ROUNDS {
            for number in 0..5 {
                let customer = format!("customer {round} {number}");
                count += u64::from(offered(&engine, &customer, "email").await.is_some());
            }
            clock.advance(MINUTE_MS);
            engine.pace().await.unwrap();
        }
        let counted = engine.quota_standings().await.unwrap();
        assert_eq!(counted[0].used, count);
        if paced {
            let line = engine.pacing_standing().lines.remove(0);
            let standing = line.standing.unwrap();
            assert!(standing.price > 0.0, "{standing:?}");
            assert!((standing.attained - count as f64).abs() <= 5.0, "{standing:?} {count}");
            // Without the store the last prices serve.
            let prices = engine.snapshot().prices.clone();
            server.kill();
            assert!(engine.pace().await.is_err());
            assert_eq!(*engine.snapshot().prices, *prices);
        } else {
            running.stop(&engine).await;
        }
        counts.push(count);
    }
    assert_eq!(counts[0], 100, "without a price all is gone within the hour");
    assert!(counts[1] > 0 && counts[1] < 50, "with one it lasts: {counts:?}");
}
