//! One run.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arbitra::core::catalog::schema::Origin;
use arbitra::core::key::mix64;
use arbitra::core::learn::Tally as Learned;
use arbitra::core::value::Value;
use arbitra::engine::{ByHand, Engine};

use super::caller::{Caller, Replicas, Tally};
use super::chance::Chance;
use super::replica::Replica;
use super::rules::{GIFTS_MAX, LETTERS_MAX, rules};
use super::store::Depot;

const CUSTOMERS: [&str; 2] = ["ana", "bob"];
const CALLERS: u64 = 3;
const TURNS: u64 = 6;
/// One world in so many saves its models and compares them to the byte; the others compare what the
/// models have counted.
const THOROUGH: u64 = 10;

/// Runs the world of `seed`; a digest of what happened.
pub fn run(seed: u64) -> u64 {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(live(seed))
}

async fn live(seed: u64) -> u64 {
    let thorough = seed.is_multiple_of(THOROUGH);
    let chance = Arc::new(Chance::new(seed));
    let depot = Arc::new(Depot::new(chance.clone()));
    let mut list = Vec::new();
    for _ in 0..2 + chance.below(2) {
        let mut replica = Replica::new(depot.clone(), chance.clone(), thorough);
        replica.start().await;
        list.push(replica);
    }
    let replicas: Replicas = Arc::new(tokio::sync::Mutex::new(list));
    depot.lose_once_in(4 + chance.below(40));
    let tally = Arc::new(Mutex::new(Tally::default()));
    let callers: Vec<_> = (0..CALLERS)
        .map(|name| {
            let caller = Caller {
                customer: CUSTOMERS[name as usize % CUSTOMERS.len()],
                name,
                replicas: replicas.clone(),
                chance: chance.clone(),
                tally: tally.clone(),
                seen: 0,
            };
            tokio::spawn(caller.run(TURNS))
        })
        .collect();
    let trouble = tokio::spawn(trouble(replicas.clone(), chance.clone()));
    for caller in callers {
        caller.await.unwrap();
    }
    trouble.abort();
    let _ended = trouble.await;
    calm(&replicas, &depot).await;
    let mut replicas = replicas.lock().await;
    let tally = std::mem::take(&mut *tally.lock().unwrap());
    check(&mut replicas, &tally, &depot, thorough).await
}

/// Kills and starts replicas, cuts their lines, sets their clocks.
async fn trouble(replicas: Replicas, chance: Arc<Chance>) {
    loop {
        tokio::time::sleep(chance.ms(1_500)).await;
        let mut replicas = replicas.lock().await;
        let one = chance.below(replicas.len() as u64) as usize;
        let replica = &mut replicas[one];
        match chance.below(5) {
            0 => replica.kill(),
            1 => replica.line.cut.store(true, Ordering::Relaxed),
            2 => replica.line.cut.store(false, Ordering::Relaxed),
            3 => {
                let off = chance.below(240_000) as i64 - 120_000;
                replica.clock.off_ms.store(off, Ordering::Relaxed);
            }
            _ => replica.start().await,
        }
    }
}

/// The weather clears; everybody is there again, and hears of everything.
async fn calm(replicas: &Replicas, depot: &Depot) {
    depot.lose_once_in(0);
    let mut replicas = replicas.lock().await;
    for replica in replicas.iter_mut() {
        replica.line.cut.store(false, Ordering::Relaxed);
        replica.start().await;
    }
    tokio::time::sleep(Duration::from_secs(10)).await;
}

async fn check(replicas: &mut [Replica], tally: &Tally, depot: &Arc<Depot>, thorough: bool) -> u64 {
    let end = depot.log().len() as u64;
    let mut learned = Vec::new();
    for replica in replicas.iter_mut() {
        let (engine, mut hand) = replica.settle().await.unwrap();
        learned.push(caught_up(&engine, &mut hand, end, thorough).await);
        counts(&engine, tally).await;
    }
    // One that starts now, from the last checkpoint and the log behind it.
    let (engine, mut hand) = replicas[0].by_hand().await.unwrap();
    learned.push(caught_up(&engine, &mut hand, end, thorough).await);
    assert!(learned.windows(2).all(|two| two[0] == two[1]), "replicas differ: {learned:?}");
    assert_eq!(engine.snapshot().models.counts.outcomes, tally.accepts, "outcomes learned");
    for (customer, letters) in &tally.letters {
        assert!(letters.len() <= LETTERS_MAX, "{customer} got {} letters", letters.len());
    }
    let catalog = rules().catalog;
    let gift = catalog.offers.iter().position(|offer| &*offer.id == "gift").unwrap();
    let letters = tally.letters.values().flatten();
    let gifts = letters.filter(|offer| **offer as usize == gift).count();
    assert!(gifts <= GIFTS_MAX, "{gifts} gifts");
    let version = engine.profile(CUSTOMERS[0]).await.unwrap().version;
    mix64(mix64(tally.trace, version), end)
}

/// What an engine has learned when it has read all.
async fn caught_up(engine: &Engine, hand: &mut ByHand, end: u64, thorough: bool) -> (Learned, u64) {
    hand.learn().await;
    assert!(engine.learned_position() >= end, "{} of {end}", engine.learned_position());
    let models = engine.snapshot().models.clone();
    (models.tallies.overall.clone(), if thorough { hand.digest() } else { 0 })
}

/// Every acknowledged purchase is in the profile, once.
async fn counts(engine: &Engine, tally: &Tally) {
    let snapshot = engine.snapshot();
    let schema = &snapshot.catalog.schema;
    let (slot, index) = schema
        .slots
        .iter()
        .find_map(|spec| match spec.origin {
            Origin::Aggregate(index) => Some((spec, index)),
            _ => None,
        })
        .unwrap();
    for customer in CUSTOMERS {
        let view = engine.profile(customer).await.unwrap();
        let count = view.profile.aggregate(schema, index, &slot.ty, engine.now());
        let told = tally.purchases.get(customer).copied().unwrap_or(0);
        assert_eq!(count, Some(Value::Int(told as i64)), "purchases of {customer}");
    }
}
