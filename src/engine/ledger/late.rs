//! Outcomes that use a unit up and for which none is held any more.

use super::claim::awaited;
use super::{Ledger, named};
use crate::core::catalog::Catalog;
use crate::core::interaction::{Outcome, OutcomeKind};
use crate::core::policy::QuotaSpec;
use crate::core::time::UnixMs;

impl Ledger {
    /// Whether an outcome may be recorded: one within the hold of its decision (made at `decided`)
    /// has its unit; a later one takes a unit now. Answers the id of the quota that has none left
    /// for an acceptance or conversion; an impression has happened, and is counted as late.
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
        }
        Ok(())
    }

    async fn take_now(&self, quota: &QuotaSpec, units: u64, now: UnixMs) -> bool {
        let Some((name, end)) = named(quota, now) else { return false };
        self.lease((&name, end), quota.max, units, now).await;
        self.books().pools.get_mut(&name).is_some_and(|pool| pool.take(units, now))
    }
}
