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

use arbitra::core::decide::{ChannelRequest, PlacementRequest, Request};
use arbitra::core::interaction::{Outcome, OutcomeKind};
use arbitra::core::key::{Key, id64};
use arbitra::core::policy::Supply;
use arbitra::core::time::{DAY_MS, MINUTE_MS, UnixMs};
use arbitra::engine::{
    Clock, DecideCall, Engine, EngineConfig, EngineError, FixedClock, OutcomeCall, Running, prove,
};
use arbitra::store::{RedisConfig, RedisStore, Store};
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
    let config = RedisConfig::new(server.url().parse().unwrap());
    let store: Arc<dyn Store> = Arc::new(RedisStore::new(&config).unwrap());
    let proved = prove(&rules(quotas)).unwrap_or_else(|error| panic!("{error}"));
    Engine::start(store, proved, clock, EngineConfig::default()).await.unwrap()
}

fn call(engine: &Engine, customer: &str, channel: &str) -> DecideCall {
    let snapshot = engine.snapshot();
    let placement = PlacementRequest { placement: 0, slots: 1, only: vec![], without: vec![] };
    let channel = ChannelRequest {
        channel: snapshot.catalog.channel_by_name(channel).unwrap(),
        locale: None,
        placements: vec![placement],
        scheme: None,
    };
    DecideCall {
        customer: customer.to_owned(),
        request_id: None,
        request: Request {
            channels: vec![channel],
            supply: Supply::Unavailable,
            ..Request::default()
        },
        snapshot,
        dry_run: false,
        as_of: None,
        seed: None,
        assume_consent: false,
        deadline: Instant::now() + Duration::from_secs(60),
    }
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
