//! The state behind aggregates: what a profile keeps of past events. One file a kind of state;
//! [`Series`] is any of them. Every state is independent of the order in which events arrive (the
//! decayed ones within single precision), as long as no bound is reached.

mod buckets;
mod cell;
mod decayed;
mod distinct;
mod merge;
mod read;

use std::cmp::Ordering;

pub use buckets::{Bucket, Buckets};
pub use cell::Cell;
pub use decayed::Decayed;
pub(in crate::core) use decayed::decay;
use decayed::narrow;
pub use distinct::{Distinct, Seen};
pub(super) use read::read;

use super::codec::value_to_bytes;
use super::limits::{SERIES_MAX, ceil_to, check_value};
use crate::core::catalog::schema::{SeriesSpec, SeriesState};
use crate::core::key::Key;
use crate::core::time::{SECOND_MS, UnixMs};
use crate::core::value::Value;

/// What a profile keeps for one series.
#[derive(Clone, Debug, PartialEq)]
pub enum Series {
    /// Time buckets.
    Buckets(Buckets),
    /// All time.
    Total {
        /// What was counted.
        cell: Cell,
        /// Time of the latest event, rounded up to the second.
        latest_at: UnixMs,
    },
    /// Exponentially decayed.
    Decayed(Decayed),
    /// The latest value, by time of the event; or the time of the first, where that is kept.
    Last {
        /// The value; null when the series has no field.
        value: Value,
        /// When, to the millisecond.
        at: UnixMs,
    },
    /// Distinct values.
    Distinct(Distinct),
}

/// What an event brings to a series.
#[derive(Clone, Copy, Debug)]
pub(super) struct Observation<'a> {
    /// The field's value; `None` when the series has no field.
    pub(super) value: Option<&'a Value>,
    /// The same as a finite number; 0 when the series has no field.
    pub(super) number: f64,
    /// When, not after `clock`.
    pub(super) at: UnixMs,
    /// The profile's clock.
    pub(super) clock: UnixMs,
}

impl<'a> Observation<'a> {
    /// What an event with this frame brings to the series of `spec`; `None` when its field is
    /// missing, or is not what the state can hold (a finite number, a storable value).
    pub(super) fn of(
        spec: &SeriesSpec,
        frame: &'a [Option<Value>],
        at: UnixMs,
        clock: UnixMs,
    ) -> Option<Self> {
        let mut seen = Self { value: None, number: 0.0, at, clock };
        let Some(slot) = spec.field else {
            return Some(seen);
        };
        let value = frame.get(slot.0 as usize)?.as_ref()?;
        seen.value = Some(value);
        match spec.state {
            SeriesState::Last | SeriesState::Distinct { .. } => {
                check_value(value).ok()?;
            }
            _ => seen.number = value.as_f64().filter(|number| number.is_finite())?,
        }
        Some(seen)
    }
}

impl Series {
    /// The state after its first event; `None` when the event is too old to count.
    pub(super) fn start(state: &SeriesState, seen: &Observation<'_>) -> Option<Self> {
        let latest_at = ceil_to(seen.at, SECOND_MS);
        Some(match *state {
            SeriesState::Buckets { bucket_ms, buckets_max } => {
                let mut buckets = Buckets::new(bucket_ms, latest_at);
                if !buckets.add(bucket_ms, buckets_max, seen) {
                    return None;
                }
                Self::Buckets(buckets)
            }
            SeriesState::Total => Self::Total { cell: Cell::of(seen.number), latest_at },
            SeriesState::Decayed { .. } => Self::Decayed(Decayed::start(seen)),
            SeriesState::Last => {
                Self::Last { value: seen.value.cloned().unwrap_or(Value::Null), at: seen.at }
            }
            SeriesState::First => Self::Last { value: Value::Null, at: seen.at },
            SeriesState::Distinct { .. } => Self::Distinct(Distinct::start(seen)),
        })
    }

    /// Adds an event. A state of another kind than the schema's starts anew.
    pub(super) fn add(&mut self, state: &SeriesState, seen: &Observation<'_>) {
        match (&mut *self, *state) {
            (Self::Buckets(buckets), SeriesState::Buckets { bucket_ms, buckets_max }) => {
                buckets.add(bucket_ms, buckets_max, seen);
            }
            (Self::Total { cell, latest_at }, SeriesState::Total) => {
                cell.merge(&Cell::of(seen.number));
                *latest_at = (*latest_at).max(ceil_to(seen.at, SECOND_MS));
            }
            (Self::Decayed(decayed), SeriesState::Decayed { half_life_ms }) => {
                decayed.add(half_life_ms, seen);
            }
            (Self::Last { value, at }, SeriesState::Last) => {
                let new = seen.value.unwrap_or(&Value::Null);
                if is_later(seen.at, new, *at, value) {
                    *value = new.clone();
                    *at = seen.at;
                }
            }
            (Self::Last { at, .. }, SeriesState::First) => *at = (*at).min(seen.at),
            (Self::Distinct(distinct), SeriesState::Distinct { values_max }) => {
                distinct.add(values_max, seen);
            }
            _ => {
                if let Some(fresh) = Self::start(state, seen) {
                    *self = fresh;
                }
            }
        }
    }

    /// Time of the latest event, rounded up to what the state keeps (a second; `Last`: exact;
    /// `Distinct`: a minute).
    #[must_use]
    pub fn latest_at(&self) -> UnixMs {
        match self {
            Self::Buckets(buckets) => buckets.latest_at,
            Self::Total { latest_at, .. } => *latest_at,
            Self::Decayed(decayed) => decayed.at,
            Self::Last { at, .. } => *at,
            Self::Distinct(distinct) => distinct.latest_at(),
        }
    }
}

/// Whether the first is later. Of two different values at the same millisecond the one with the
/// greater stored bytes counts as later, whichever arrived first.
fn is_later(at: UnixMs, value: &Value, known_at: UnixMs, known: &Value) -> bool {
    match at.cmp(&known_at) {
        Ordering::Greater => true,
        Ordering::Less => false,
        Ordering::Equal => value != known && value_to_bytes(value) > value_to_bytes(known),
    }
}

/// Feeds one series of a profile's sorted list; `false` when the list is full.
pub(super) fn feed(
    series: &mut Vec<(Key, Series)>,
    spec: &SeriesSpec,
    seen: &Observation<'_>,
) -> bool {
    match series.binary_search_by_key(&spec.key, |entry| entry.0) {
        Ok(place) => {
            if let Some((_, state)) = series.get_mut(place) {
                state.add(&spec.state, seen);
            }
        }
        Err(_) if series.len() >= SERIES_MAX => return false,
        Err(place) => {
            if let Some(state) = Series::start(&spec.state, seen) {
                series.insert(place, (spec.key, state));
            }
        }
    }
    true
}
