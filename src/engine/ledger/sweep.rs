//! What is idle goes back; what was held and is not used any more is free again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::hold::{Hold, HoldKey};
use super::{Ledger, doubt};
use crate::core::profile::Profile;
use crate::core::time::UnixMs;
use crate::engine::state::Engine;

/// How often it is looked.
const INTERVAL: Duration = Duration::from_millis(250);
/// Units that nobody took for this long go back.
const IDLE_MS: i64 = 1_000;
/// After its end a hold is left alone this long: an outcome acknowledged at the last moment, by
/// another clock, must have reached the store.
const GRACE_MS: i64 = 30_000;
/// Holds looked at in one read.
const BATCH: usize = 64;

/// Sweeps until the task is ended.
pub(in crate::engine) async fn run(engine: Arc<Engine>) {
    let mut tick = tokio::time::interval(INTERVAL);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        once(&engine).await;
    }
}

/// Sweeps once.
pub(in crate::engine) async fn once(engine: &Engine) {
    let now = engine.now();
    doubt::resolve(engine).await;
    engine.ledger.give_back_idle(now, IDLE_MS).await;
    engine.ledger.lapse(now).await;
    engine.write_arms().await;
}

impl Ledger {
    /// Gives back what nobody took for `idle_ms`, and forgets pools that are over.
    pub(in crate::engine) async fn give_back_idle(&self, now: UnixMs, idle_ms: i64) {
        let mut back = Vec::new();
        self.books().pools.retain(|name, pool| {
            let over = pool.end.is_some_and(|end| now >= end);
            if pool.idle > 0 && (over || now.since(pool.used_at) >= idle_ms) {
                back.push((name.clone(), std::mem::take(&mut pool.idle)));
            }
            !over || pool.held > 0
        });
        for (name, units) in back {
            if let Err(error) = self.store.give_back(&name, units).await {
                // Perhaps given back, perhaps not: never offered again from here.
                tracing::warn!(quota = name, units, %error, "units of a quota may be lost");
                metrics::counter!("arbitra_quota_units_lost_total").increment(units);
            }
        }
    }

    /// Looks at the holds that have lapsed: what the customer's history shows to be used is used,
    /// the rest is free again.
    async fn lapse(&self, now: UnixMs) {
        let due: Vec<(HoldKey, Hold)> = {
            let books = self.books();
            let lapsed = books.holds.iter();
            let lapsed = lapsed.filter(|(_, hold)| now.since(hold.until) > GRACE_MS);
            lapsed.take(BATCH).map(|(key, hold)| (key.clone(), hold.clone())).collect()
        };
        if due.is_empty() {
            return;
        }
        let customers: Vec<&str> = due.iter().map(|((_, customer, _), _)| &**customer).collect();
        let Ok(found) = self.store.load(&customers).await else {
            // Looked at again later; until then they stay held.
            return;
        };
        let mut used = BTreeMap::new();
        for ((key, hold), found) in due.iter().zip(found) {
            let profile = found.map(|found| Profile::decode(&found.record));
            let is_used = match profile {
                None => false,
                // What cannot be read may have been used.
                Some(Err(_)) => true,
                Some(Ok(profile)) => hold.is_used(key.2, &profile),
            };
            used.insert(key, is_used);
        }
        let mut books = self.books();
        for (key, is_used) in used {
            let renewed = books.holds.get(key).is_none_or(|hold| now.since(hold.until) <= GRACE_MS);
            if renewed {
                continue;
            }
            let Some(hold) = books.holds.remove(key) else { continue };
            if let Some(pool) = books.pools.get_mut(&key.0) {
                pool.held = pool.held.saturating_sub(hold.units);
                if !is_used {
                    pool.idle = pool.idle.saturating_add(hold.units);
                    pool.used_at = now;
                }
            }
        }
    }
}
