//! Distinct values, by hash, with the time each was last seen.

use super::Observation;
use crate::core::key::Key;
use crate::core::profile::codec::value_to_bytes;
use crate::core::profile::limits::{DISTINCT_MAX, ceil_to};
use crate::core::time::{MINUTE_MS, UnixMs};
use crate::core::value::Value;

/// A value that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    /// When last, rounded up to the minute.
    pub at: UnixMs,
    /// 32-bit hash of the value; for text its [`Key`].
    pub value: Key,
}

/// Values, least recently seen first; over the limit the first is forgotten.
#[derive(Clone, Debug, PartialEq)]
pub struct Distinct {
    /// Sorted by time, then value; at most [`DISTINCT_MAX`].
    pub values: Vec<Seen>,
}

fn hash(value: Option<&Value>) -> Key {
    match value {
        None => Key(0),
        Some(Value::String(text)) => Key::of(text),
        #[expect(clippy::cast_possible_truncation, reason = "the low half is the key")]
        Some(other) => Key(xxhash_rust::xxh3::xxh3_64(&value_to_bytes(other)) as u32),
    }
}

impl Distinct {
    pub(super) fn start(seen: &Observation<'_>) -> Self {
        Self { values: vec![Seen { at: ceil_to(seen.at, MINUTE_MS), value: hash(seen.value) }] }
    }

    pub(super) fn add(&mut self, values_max: u16, seen: &Observation<'_>) {
        self.put(values_max, Seen { at: ceil_to(seen.at, MINUTE_MS), value: hash(seen.value) });
    }

    /// Adds a value, or that it was seen later.
    pub(super) fn put(&mut self, values_max: u16, mut new: Seen) {
        if let Some(place) = self.values.iter().rposition(|v| v.value == new.value) {
            let known = self.values.remove(place);
            new.at = new.at.max(known.at);
        }
        let place = self.values.partition_point(|v| *v < new);
        self.values.insert(place, new);
        let max = usize::from(values_max).clamp(1, DISTINCT_MAX);
        let excess = self.values.len().saturating_sub(max);
        self.values.drain(..excess);
    }

    /// How many were seen within `window_ms` before `now` (`None`: ever), to the minute.
    pub(super) fn within(&self, window_ms: Option<i64>, now: UnixMs) -> usize {
        self.values.len() - self.before(window_ms, now)
    }

    /// Forgets what was last seen before every window that reads it.
    pub(in crate::core::profile) fn prune(&mut self, window_ms: i64, clock: UnixMs) {
        let gone = self.before(Some(window_ms), clock);
        self.values.drain(..gone);
    }

    fn before(&self, window_ms: Option<i64>, now: UnixMs) -> usize {
        let horizon = window_ms.map_or(i64::MIN, |window| now.0.saturating_sub(window));
        self.values.partition_point(|v| v.at.0 <= horizon)
    }

    pub(super) fn latest_at(&self) -> UnixMs {
        self.values.last().map_or(UnixMs(i64::MIN), |v| v.at)
    }
}
