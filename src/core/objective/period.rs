//! The time over which a line is summed up: a period of the calendar, or one span.

use crate::core::time::UnixMs;
use crate::core::zone::{Period as Calendar, Zone};

/// How long, and where its days begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Period {
    /// Anew in every period of the calendar of that zone.
    Each(Calendar, Zone),
    /// Once, from one moment until another.
    Span(UnixMs, UnixMs),
}

impl Period {
    /// Start (included) and end (excluded) of the period that holds `now`; a span's own, whether it
    /// holds `now` or not.
    #[must_use]
    pub fn around(&self, now: UnixMs) -> (UnixMs, UnixMs) {
        match self {
            Self::Each(period, zone) => period.around(now, zone),
            Self::Span(from, until) => (*from, *until),
        }
    }
}
