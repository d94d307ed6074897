//! Taking units from the store, and what is left to a decision.

use std::time::Instant;

use super::pool::Pool;
use super::{Ledger, STRIPES, named, ttl};
use crate::core::key::{Key, id64};
use crate::core::policy::{QuotaSpec, Supply};
use crate::core::time::UnixMs;

/// How long a quota of which nothing was left is not asked for again: others may give back.
const CLOSED_MS: i64 = 200;

impl Ledger {
    /// What is left of `quotas` to a decision on the channels of `mask`: what is held here, after
    /// leasing more where too little is. What is held for `customer` already counts as left, where
    /// one is named. Without an answer of the store by `deadline`: what is held.
    pub(in crate::engine) async fn supply(
        &self,
        quotas: &[QuotaSpec],
        (mask, customer): (u64, Option<&str>),
        now: UnixMs,
        deadline: Instant,
    ) -> Supply {
        let mut left = Vec::with_capacity(quotas.len());
        for quota in quotas {
            left.push(match named(quota, now) {
                Some(pool) if quota.channel_mask & mask != 0 => {
                    let own = customer.map_or(0, |customer| self.own(&pool.0, customer));
                    let need = quota.cost_max().min(quota.max);
                    let need = if own > 0 { 0 } else { need };
                    let idle = self.on_hand(pool, quota.max, need, now, deadline).await;
                    idle.saturating_add(own)
                }
                _ => 0,
            });
        }
        Supply::Held(left.into())
    }

    /// Units of a pool that are held for this very customer, who may be shown the offer again.
    fn own(&self, pool: &str, customer: &str) -> u64 {
        let books = self.books();
        if books.holds.is_empty() {
            return 0;
        }
        let key = |offer| (pool.to_owned(), customer.to_owned(), Key(offer));
        let own = books.holds.range(key(0)..=key(u32::MAX));
        own.map(|(_, hold)| hold.units).sum()
    }

    /// What is left of `quotas`, without taking anything: for what-ifs.
    pub(in crate::engine) async fn outlook(&self, quotas: &[QuotaSpec], now: UnixMs) -> Supply {
        let mut left = Vec::with_capacity(quotas.len());
        for quota in quotas {
            let Some((name, _)) = named(quota, now) else {
                left.push(0);
                continue;
            };
            let leased = self.store.leased(&name).await.unwrap_or(u64::MAX);
            let idle = self.books().pools.get(&name).map_or(0, |pool| pool.idle);
            left.push(quota.max.saturating_sub(leased).saturating_add(idle).min(quota.max));
        }
        Supply::Held(left.into())
    }

    /// Units of a pool that are free here; leases when there are fewer than `need`.
    async fn on_hand(
        &self,
        (name, end): (String, Option<UnixMs>),
        max: u64,
        need: u64,
        now: UnixMs,
        deadline: Instant,
    ) -> u64 {
        if let Some(idle) = self.enough((&name, end), max, need, now) {
            return idle;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let leased = tokio::time::timeout(left, self.lease((&name, end), max, need, now)).await;
        if leased.is_err() {
            tracing::warn!(quota = name, "the store did not lease in time");
        }
        self.books().pools.get(&name).map_or(0, |pool| pool.idle)
    }

    /// What is free, where it is enough or asking for more is of no use now.
    fn enough(
        &self,
        (name, end): (&str, Option<UnixMs>),
        max: u64,
        need: u64,
        now: UnixMs,
    ) -> Option<u64> {
        let mut books = self.books();
        if !books.pools.contains_key(name) {
            books.pools.insert(name.to_owned(), Pool::new(max, end, now));
        }
        let pool = books.pools.get_mut(name)?;
        // The rules may have changed it.
        pool.max = max;
        pool.wanted = pool.wanted.saturating_add(need);
        (pool.idle >= need || now < pool.closed_until).then_some(pool.idle)
    }

    pub(super) async fn lease(
        &self,
        (name, end): (&str, Option<UnixMs>),
        max: u64,
        need: u64,
        now: UnixMs,
    ) {
        let stripe = usize::try_from(id64(name) % STRIPES as u64).unwrap_or(0);
        let _turn = match self.leasing.get(stripe) {
            Some(stripe) => Some(stripe.lock().await),
            None => None,
        };
        // Another may have leased while this one waited.
        if self.enough((name, end), max, need, now).is_some() {
            return;
        }
        let want = self.books().pools.get_mut(name).map_or(need, |pool| pool.chunk(need));
        let granted = self.store.lease(name, want, max, ttl(end, now)).await;
        let leased = match &granted {
            Ok(_) => self.store.leased(name).await.ok(),
            Err(error) => {
                tracing::warn!(quota = name, %error, "units of a quota could not be leased");
                None
            }
        };
        let granted = granted.unwrap_or(0);
        metrics::counter!("arbitra_quota_leases_total").increment(1);
        if let Some(pool) = self.books().pools.get_mut(name) {
            pool.idle = pool.idle.saturating_add(granted);
            pool.leased = leased.unwrap_or(pool.leased);
            if granted > 0 {
                pool.used_at = now;
            }
            if pool.idle < need {
                pool.closed_until = UnixMs(now.0.saturating_add(CLOSED_MS));
            }
        }
    }
}
