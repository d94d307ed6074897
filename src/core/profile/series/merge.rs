//! Two states of one series become one, as if the events of both had happened to one customer.

use super::{Buckets, Decayed, Distinct, Series, is_later};
use crate::core::catalog::schema::SeriesState;
use crate::core::time::UnixMs;

impl Series {
    /// Adds the events of `other`. A state of another kind than the schema's gives way to one that
    /// has it; where neither has, the own stays. `clock`: the profile's, not before either's.
    pub(in crate::core::profile) fn merge(
        &mut self,
        state: &SeriesState,
        other: &Self,
        clock: UnixMs,
    ) {
        match (&mut *self, other, *state) {
            (
                Self::Buckets(own),
                Self::Buckets(theirs),
                SeriesState::Buckets { bucket_ms, buckets_max },
            ) => own.absorb(bucket_ms, buckets_max, theirs, clock),
            (
                Self::Total { cell, latest_at },
                Self::Total { cell: theirs, latest_at: at },
                SeriesState::Total,
            ) => {
                cell.merge(theirs);
                *latest_at = (*latest_at).max(*at);
            }
            (Self::Decayed(own), Self::Decayed(theirs), SeriesState::Decayed { half_life_ms }) => {
                own.absorb(half_life_ms, theirs);
            }
            (Self::Last { value, at }, Self::Last { value: v, at: a }, SeriesState::Last) => {
                if is_later(*a, v, *at, value) {
                    *value = v.clone();
                    *at = *a;
                }
            }
            (Self::Last { at, .. }, Self::Last { at: theirs, .. }, SeriesState::First) => {
                *at = (*at).min(*theirs);
            }
            (Self::Distinct(own), Self::Distinct(theirs), SeriesState::Distinct { values_max }) => {
                own.absorb(values_max, theirs)
            }
            (own, theirs, state) => {
                if !own.fits(&state) && theirs.fits(&state) {
                    *own = theirs.clone();
                }
            }
        }
    }

    fn fits(&self, state: &SeriesState) -> bool {
        matches!(
            (self, state),
            (Self::Buckets(_), SeriesState::Buckets { .. })
                | (Self::Total { .. }, SeriesState::Total)
                | (Self::Decayed(_), SeriesState::Decayed { .. })
                | (Self::Last { .. }, SeriesState::Last | SeriesState::First)
                | (Self::Distinct(_), SeriesState::Distinct { .. })
        )
    }
}

impl Buckets {
    fn absorb(&mut self, width_ms: i64, buckets_max: u16, other: &Self, clock: UnixMs) {
        self.rescale(width_ms);
        let mut theirs = other.clone();
        theirs.rescale(width_ms);
        for bucket in theirs.cells {
            self.insert(bucket);
        }
        self.latest_at = self.latest_at.max(other.latest_at);
        self.prune(buckets_max, clock);
    }
}

impl Decayed {
    fn absorb(&mut self, half_life_ms: i64, other: &Self) {
        let at = self.at.max(other.at);
        let (own, theirs) = (self.at(at, half_life_ms), other.at(at, half_life_ms));
        *self = Self {
            count: super::narrow(own.0 + theirs.0),
            sum: super::narrow(own.1 + theirs.1),
            at,
        };
    }
}

impl Distinct {
    fn absorb(&mut self, values_max: u16, other: &Self) {
        for theirs in &other.values {
            self.put(values_max, *theirs);
        }
    }
}
