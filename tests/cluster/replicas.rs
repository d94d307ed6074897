//! Ten replicas on three masters: limits exact, models identical, reads see writes.

use std::sync::Arc;

use arbitra::core::interaction::{Outcome, OutcomeKind};
use arbitra::core::key::{Key, id64};
use arbitra::core::time::UnixMs;
use arbitra::engine::{Engine, EngineConfig, FixedClock, OutcomeCall, Running, prove, read_folder};

use crate::support::redis_cluster::RedisCluster;
use crate::support::{engines, eventually};

const REPLICAS: usize = 10;
const NOW: UnixMs = UnixMs(1_760_000_000_000);

async fn replicas(url: &str, rules: &[(String, Vec<u8>)]) -> Vec<(Arc<Engine>, Running)> {
    let clock = Arc::new(FixedClock::new(NOW));
    let mut engines = Vec::new();
    for _ in 0..REPLICAS {
        let proved = prove(rules).unwrap_or_else(|error| panic!("{error}"));
        let config = EngineConfig::default();
        engines.push(engines::replica_at(url, proved, clock.clone(), config).await);
    }
    engines
}

fn outcome(engine: &Engine, number: usize, decision: u64, offer: u32) -> OutcomeCall {
    let catalog = engine.snapshot().catalog.clone();
    let offer = &catalog.offers[offer as usize];
    let kind = if number.is_multiple_of(3) { OutcomeKind::Accept } else { OutcomeKind::Reject };
    let outcome = Outcome {
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
        at: NOW,
    };
    OutcomeCall { customer: format!("customer {}", number % 17), outcome, context: Vec::new() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_replicas_learn_the_same_and_see_what_others_wrote() {
    const OUTCOMES: usize = 200;
    let cluster = RedisCluster::start(3, 0);
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/coupons/rules");
    let engines = replicas(&cluster.url(), &read_folder(&root).unwrap()).await;
    let mut last = 0;
    for number in 0..OUTCOMES {
        let (decides, records) =
            (&engines[number % REPLICAS].0, &engines[(7 * number + 3) % REPLICAS].0);
        let call = engines::call(decides, &format!("customer {}", number % 17), 0, 5);
        let decided = decides.decide(call).await.unwrap();
        let placed = &decided.decision.channels[0].placements[0].offers;
        let offer = placed[number % placed.len()].offer;
        let call = outcome(decides, number, decided.decision.id.low(), offer);
        let recorded = records.record_outcomes(vec![call.clone()]).await.remove(0).unwrap();
        last = last.max(recorded.log_position);
        // A third replica sees it at once: the retry there changes nothing.
        let third = &engines[(number + 5) % REPLICAS].0;
        let retried = third.record_outcomes(vec![call]).await.remove(0).unwrap();
        assert_eq!(retried.log_position, 0, "the write of another replica was not seen");
    }
    let mut states = Vec::new();
    for (engine, _) in &engines {
        let mut learned = engine.watch_learned();
        let wait = learned.wait_for(|learned| *learned >= last);
        tokio::time::timeout(std::time::Duration::from_secs(20), wait).await.unwrap().unwrap();
        let models = engine.snapshot().models.clone();
        assert_eq!(models.counts.outcomes, OUTCOMES as u64, "each once");
        states.push((models.position(), models.digest()));
    }
    states.dedup();
    assert_eq!(states.len(), 1, "ten replicas hold the same bytes");
    for (engine, running) in engines {
        running.stop(&engine).await;
    }
}

fn limited(limit: u64) -> Vec<(String, Vec<u8>)> {
    let quota = format!("quotas:\n  - {{ id: volume, max: {limit}, per: day }}\n");
    let files = [
        ("schema.yaml", "attributes: {}\n"),
        ("arbitration.yaml", "default: propensity\n"),
        (
            "channels.yaml",
            "channels:\n  email: { contact: decision, locales: [en], placements: { letter: { slots: 1 } } }\n",
        ),
        (
            "offers/all.yaml",
            "groups: { gifts: {} }\noffers:\n  - id: gift\n    name: Gift\n    group: gifts\n    kind: sell\n    treatments:\n      - { channel: email, content: { title: A gift } }\n",
        ),
        ("policies/quotas.yaml", &quota),
    ];
    files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).to_vec()
}

/// Decisions of the test of limits: 20,000, or as many as `ARBITRA_TEST_DECISIONS` says.
fn decisions() -> usize {
    let told = std::env::var("ARBITRA_TEST_DECISIONS").ok();
    told.map_or(20_000, |told| told.parse().unwrap())
}

/// Decisions by ten replicas at once under one limit; how often the gift was given.
async fn give(engines: &[(Arc<Engine>, Running)], name: &str, count: usize) -> u64 {
    const CALLERS: usize = 16;
    let callers = engines.iter().enumerate().map(|(index, (engine, _))| {
        let callers = (0..CALLERS).map(move |caller| {
            let (engine, name) = (engine.clone(), name.to_owned());
            tokio::spawn(async move {
                let mut given = 0;
                for number in (caller..count / REPLICAS).step_by(CALLERS) {
                    let customer = format!("{name} {index} {number}");
                    let call = engines::call(&engine, &customer, 0, 1);
                    let decided = engine.decide(call).await.unwrap();
                    given += decided.decision.channels[0].placements[0].offers.len() as u64;
                }
                given
            })
        });
        futures::future::join_all(callers)
    });
    let given = futures::future::join_all(callers).await;
    given.into_iter().flatten().map(Result::unwrap).sum()
}

/// Limits of 1, 10, 1,000 and half of all decisions (50,000 of 100,000). In the end what was idle is
/// given back, and all of a limit has been given, to the unit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_replicas_keep_limits_to_the_unit() {
    let cluster = RedisCluster::start(3, 0);
    let all = decisions();
    for limit in [1, 10, 1_000, all as u64 / 2] {
        let started = std::time::Instant::now();
        for node in &cluster.nodes {
            node.command(&[b"FLUSHALL"]);
        }
        let engines = replicas(&cluster.url(), &limited(limit)).await;
        let given = give(&engines, "customer", all).await;
        assert!(given <= limit, "{given} of {limit} given");
        let under = limit - given;
        // What others hold goes back when they stop; the last one gives it.
        let mut engines = engines;
        let last = engines.pop().unwrap();
        for (engine, running) in engines {
            running.stop(&engine).await;
        }
        eventually("all is given back", async || {
            let standing = last.0.quota_standings().await.unwrap();
            (standing[0].used <= given).then_some(())
        })
        .await;
        let mut more = 0;
        for number in 0..=under {
            let call = engines::call(&last.0, &format!("late {number}"), 0, 1);
            let decided = last.0.decide(call).await.unwrap();
            more += decided.decision.channels[0].placements[0].offers.len() as u64;
        }
        println!(
            "limit {limit}: {given} given in {all} decisions at once, {under} ({:.2} %) left with \
             leases, {more} of them given afterwards; {:?}",
            100.0 * under as f64 / limit as f64,
            started.elapsed()
        );
        assert_eq!(given + more, limit, "all of them, and not one more");
        last.1.stop(&last.0).await;
    }
}
