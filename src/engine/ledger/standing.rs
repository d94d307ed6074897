//! Where quotas stand, over all replicas.

use std::sync::Arc;

use super::{Ledger, named};
use crate::core::policy::QuotaSpec;
use crate::core::time::UnixMs;
use crate::store::StoreError;

/// Where a quota stands in its present period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its id.
    pub id: Arc<str>,
    /// Units used, or held for outcomes to come; by all replicas, and what others have leased and
    /// not used yet is among them.
    pub used: u64,
    /// Units that this replica has leased and not used.
    pub idle: u64,
    /// Units in the period.
    pub max: u64,
    /// Whether units are money, in [`crate::core::policy::MONEY_UNITS`]ths.
    pub money: bool,
    /// When the period began; `None`: it has no beginning.
    pub period_start: Option<UnixMs>,
    /// When it ends; `None`: it has no end.
    pub period_end: Option<UnixMs>,
}

impl Standing {
    /// Units left.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.max.saturating_sub(self.used)
    }
}

impl Ledger {
    /// Where each of `quotas` stands; those outside of their campaign are left out.
    pub(in crate::engine) async fn standings(
        &self,
        quotas: &[QuotaSpec],
        now: UnixMs,
    ) -> Result<Vec<Standing>, StoreError> {
        let mut standings = Vec::with_capacity(quotas.len());
        for quota in quotas {
            let Some((_, period_start, period_end)) = quota.period(now) else { continue };
            let Some((name, _)) = named(quota, now) else { continue };
            let leased = self.store.leased(&name).await?;
            let idle = self.books().pools.get(&name).map_or(0, |pool| pool.idle);
            standings.push(Standing {
                id: quota.id.clone(),
                used: leased.saturating_sub(idle),
                idle,
                max: quota.max,
                money: quota.is_money(),
                period_start,
                period_end,
            });
        }
        Ok(standings)
    }
}
