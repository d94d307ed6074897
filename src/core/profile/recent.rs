//! The ids already applied: what makes a retry change nothing.

use super::limits::{RECENT_IDS_MAX, RECENT_IDS_MS, ceil_to};
use crate::core::key::mix64;
use crate::core::time::{MINUTE_MS, UnixMs};

/// What an id names; the same id may name an event and an outcome.
#[derive(Clone, Copy, Debug)]
pub(super) enum IdSpace {
    Event = 1,
    Outcome = 2,
    Request = 3,
    Order = 4,
}

/// An id and when it arrived, rounded up to the minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RecentId {
    pub(super) id: u64,
    pub(super) at: UnixMs,
}

/// Ids in order of arrival.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct RecentIds(pub(super) Vec<RecentId>);

impl RecentIds {
    /// Whether `id` was applied within the window.
    pub(super) fn contains(&self, space: IdSpace, id: u64) -> bool {
        let id = mix64(id, space as u64);
        self.0.iter().rev().any(|recent| recent.id == id)
    }

    /// Remembers `id`, arrived at `now`, and forgets what left the window.
    pub(super) fn push(&mut self, space: IdSpace, id: u64, now: UnixMs) {
        let id = mix64(id, space as u64);
        let at = ceil_to(now, MINUTE_MS);
        self.0.push(RecentId { id, at });
        self.prune(now);
    }

    /// Forgets what left the window of [`RECENT_IDS_MS`] or exceeds [`RECENT_IDS_MAX`].
    pub(super) fn prune(&mut self, now: UnixMs) {
        let horizon = UnixMs(now.0.saturating_sub(RECENT_IDS_MS));
        let old = self.0.partition_point(|recent| recent.at < horizon);
        let excess = self.0.len().saturating_sub(RECENT_IDS_MAX);
        let gone = old.max(excess);
        if gone > 0 {
            self.0.drain(..gone.min(self.0.len()));
        }
    }
}
