//! Outcomes that use a unit up and for which none is held any more.

use super::claim::awaited;
use super::{Ledger, named, ttl};
use crate::core::catalog::Catalog;
use crate::core::interaction::{Outcome, OutcomeKind};
use crate::core::policy::QuotaSpec;
use crate::core::time::UnixMs;

/// Far beyond any limit, and still a whole number to every store.
const OVERDRAWN_MAX: u64 = 1 << 52;

impl Ledger {
    /// Whether an outcome may be recorded: one within the hold of its decision (made at `decided`)
    /// has its unit; a later one takes a unit now. Answers the id of the quota that has none left
    /// for an acceptance or conversion. An impression has happened: it is counted beyond what there is,
    /// so that nothing more is lent before as much has been given back.
    pub(in crate::engine) async fn admit(
        &self,
        catalog: &Catalog,
        outcome: &Outcome,
        decided: Option<UnixMs>,
        now: UnixMs,
    ) -> Result<(), std::sync::Arc<str>> {
        let Some(offer) = catalog.offer_by_key(outcome.offer) else { return Ok(()) };
        let mut channels = (0_u16..).zip(&catalog.channels);
        let found = channels.find(|(_, channel)| channel.key == outcome.channel);
        let Some((index, channel)) = found else { return Ok(()) };
        let bit = 1_u64.checked_shl(u32::from(index)).unwrap_or(0);
        for quota in &catalog.policy.spec().quotas {
            let awaits = awaited(quota, channel.contact).unwrap_or(0);
            if !quota.binds(offer, bit) || awaits & outcome.kind.bit() == 0 {
                continue;
            }
            let held = |decided: UnixMs| now.since(decided) <= quota.hold_ms;
            if decided.is_some_and(held) || self.take_now(quota, quota.cost(offer), now).await {
                continue;
            }
            metrics::counter!("arbitra_quota_late_total").increment(1);
            if outcome.kind != OutcomeKind::Impression {
                return Err(quota.id.clone());
            }
            self.overdraw(quota, quota.cost(offer), now).await;
        }
        Ok(())
    }

    /// Counts units beyond the largest number.
    async fn overdraw(&self, quota: &QuotaSpec, units: u64, now: UnixMs) {
        let Some((name, end)) = named(quota, now) else { return };
        if let Err(error) = self.store.lease(&name, units, OVERDRAWN_MAX, ttl(end, now)).await {
            tracing::warn!(quota = name, %error, "a late impression could not be counted");
        }
    }

    async fn take_now(&self, quota: &QuotaSpec, units: u64, now: UnixMs) -> bool {
        let Some((name, end)) = named(quota, now) else { return false };
        self.lease((&name, end), quota.max, units, now).await;
        self.books().pools.get_mut(&name).is_some_and(|pool| pool.take(units, now))
    }
}
