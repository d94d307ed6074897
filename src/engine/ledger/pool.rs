//! What is held of one quota in one period.

use crate::core::time::UnixMs;

/// Units on hand.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    /// Units in all, of all replicas.
    pub(super) max: u64,
    /// When the period ends.
    pub(super) end: Option<UnixMs>,
    /// Units leased and free.
    pub(super) idle: u64,
    /// Units held for outcomes to come.
    pub(super) held: u64,
    /// Units that the store said all replicas had leased, when last asked.
    pub(super) leased: u64,
    /// Units asked for since the last lease.
    pub(super) wanted: u64,
    /// When a unit was last taken or leased.
    pub(super) used_at: UnixMs,
    /// Not asked for more before this moment: there was nothing left.
    pub(super) closed_until: UnixMs,
}

impl Pool {
    pub(super) fn new(max: u64, end: Option<UnixMs>, now: UnixMs) -> Self {
        let (idle, held, leased, wanted) = (0, 0, 0, 0);
        Self { max, end, idle, held, leased, wanted, used_at: now, closed_until: UnixMs(i64::MIN) }
    }

    pub(super) fn take(&mut self, units: u64, now: UnixMs) -> bool {
        match self.idle.checked_sub(units) {
            Some(rest) => {
                self.idle = rest;
                self.used_at = now;
                true
            }
            None => false,
        }
    }

    /// How much to lease next, with `need` units needed now: what was asked for lately, but a small
    /// part of what seems left, so that leases shrink as the limit nears, down to what is needed.
    pub(super) fn chunk(&mut self, need: u64) -> u64 {
        /// Part of what is left that is leased in any case, and at most.
        const PART_MIN: u64 = 32;
        const PART_MAX: u64 = 4;
        let left = self.max.saturating_sub(self.leased);
        let wanted = std::mem::take(&mut self.wanted);
        wanted.min(left / PART_MAX).max((left / PART_MIN).min(need * PART_MIN)).max(need)
    }
}
