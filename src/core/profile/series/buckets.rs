//! Rolling windows: a sparse ring of time buckets, pruned as it is written.

use super::{Cell, Observation};
use crate::core::profile::limits::{BUCKETS_MAX, ceil_to};
use crate::core::time::{MINUTE_MS, SECOND_MS, UnixMs};

/// The events of `[index × width, (index + 1) × width)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Which.
    pub index: i64,
    /// What happened in it.
    pub cell: Cell,
}

/// Buckets with events, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Buckets {
    /// Width of a bucket, ms.
    pub width_ms: i64,
    /// Time of the latest event, rounded up to the second.
    pub latest_at: UnixMs,
    /// Sorted by index, at most [`BUCKETS_MAX`].
    pub cells: Vec<Bucket>,
}

impl Buckets {
    /// No events yet.
    pub(super) fn new(width_ms: i64, latest_at: UnixMs) -> Self {
        Self { width_ms: width_ms.max(1), latest_at, cells: Vec::new() }
    }

    /// Adds an event to the bucket of its time; `false` when it is older than the ring.
    pub(super) fn add(&mut self, width_ms: i64, buckets_max: u16, seen: &Observation<'_>) -> bool {
        self.rescale(width_ms);
        let oldest = self.prune(buckets_max, seen.clock);
        let index = seen.at.0.div_euclid(self.width_ms);
        if index < oldest {
            return false;
        }
        self.latest_at = self.latest_at.max(ceil_to(seen.at, SECOND_MS));
        let cell = Cell::of(seen.number);
        match self.cells.last_mut() {
            Some(last) if last.index == index => last.cell.merge(&cell),
            Some(last) if last.index > index => self.insert(Bucket { index, cell }),
            _ => self.cells.push(Bucket { index, cell }),
        }
        true
    }

    /// Drops the buckets that have left the ring; answers the oldest index that is still in it.
    pub(in crate::core::profile) fn prune(&mut self, buckets_max: u16, clock: UnixMs) -> i64 {
        let kept = usize::from(buckets_max).clamp(1, BUCKETS_MAX);
        #[expect(clippy::cast_possible_wrap, reason = "at most BUCKETS_MAX")]
        let oldest = clock.0.div_euclid(self.width_ms) + 1 - kept as i64;
        let gone = self.cells.partition_point(|bucket| bucket.index < oldest);
        if gone > 0 {
            self.cells.drain(..gone);
        }
        oldest
    }

    /// All events of the buckets that are not entirely older than `window_ms` before `now`
    /// (`None`: of all buckets): exact to one bucket, never less than the window.
    pub(super) fn within(&self, window_ms: Option<i64>, now: UnixMs) -> Option<Cell> {
        let horizon = window_ms.map_or(i64::MIN, |window| now.0.saturating_sub(window));
        let start = self.cells.partition_point(|bucket| {
            let end = bucket.index.saturating_add(1).saturating_mul(self.width_ms);
            end <= horizon
        });
        let mut cells = self.cells.get(start..)?.iter();
        let mut all = cells.next()?.cell;
        for bucket in cells {
            all.merge(&bucket.cell);
        }
        Some(all)
    }

    pub(super) fn insert(&mut self, bucket: Bucket) {
        match self.cells.binary_search_by_key(&bucket.index, |b| b.index) {
            Ok(place) => {
                if let Some(known) = self.cells.get_mut(place) {
                    known.cell.merge(&bucket.cell);
                }
            }
            Err(place) => self.cells.insert(place, bucket),
        }
    }

    /// Moves the buckets to another width (the rules changed the window): each goes where it
    /// starts, so that nothing counts as younger than it is.
    pub(super) fn rescale(&mut self, width_ms: i64) {
        let width_ms = width_ms.max(1);
        if width_ms == self.width_ms {
            return;
        }
        let old = std::mem::take(&mut self.cells);
        for bucket in old {
            let start = bucket.index.saturating_mul(self.width_ms);
            let index = start.div_euclid(width_ms);
            self.insert(Bucket { index, ..bucket });
        }
        self.width_ms = width_ms;
    }

    /// The width in minutes where it is whole minutes: what the stored form writes.
    pub(in crate::core::profile) fn width_minutes(&self) -> Option<i64> {
        (self.width_ms % MINUTE_MS == 0).then_some(self.width_ms / MINUTE_MS)
    }
}
