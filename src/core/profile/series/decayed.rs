//! Exponentially decayed count and sum: forward decay to a moving reference time (Cormode,
//! Shkapenyuk, Srivastava, Xu: Forward Decay, ICDE 2009, §III).

use super::Observation;
use crate::core::profile::limits::ceil_to;
use crate::core::time::{SECOND_MS, UnixMs};

/// Decayed state as of `at`, in single precision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decayed {
    /// Decayed number of events.
    pub count: f32,
    /// Decayed sum.
    pub sum: f32,
    /// The reference: time of the latest event, rounded up to the second.
    pub at: UnixMs,
}

/// 2^(-elapsed / half-life), in (0, 1]; 1 when nothing has elapsed.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of ten thousand years fit 53 bits")]
pub(in crate::core) fn decay(elapsed_ms: i64, half_life_ms: i64) -> f64 {
    if elapsed_ms <= 0 {
        return 1.0;
    }
    libm::exp2(-(elapsed_ms as f64) / half_life_ms.max(1) as f64)
}

impl Decayed {
    pub(super) fn start(seen: &Observation<'_>) -> Self {
        Self { count: 1.0, sum: narrow(seen.number), at: ceil_to(seen.at, SECOND_MS) }
    }

    pub(super) fn add(&mut self, half_life_ms: i64, seen: &Observation<'_>) {
        let event_at = ceil_to(seen.at, SECOND_MS);
        let at = self.at.max(event_at);
        let old = decay(at.since(self.at), half_life_ms);
        let new = decay(at.since(event_at), half_life_ms);
        self.count = narrow(f64::from(self.count) * old + new);
        self.sum = narrow(f64::from(self.sum) * old + seen.number * new);
        self.at = at;
    }

    /// Count and sum as of `now`.
    #[must_use]
    pub fn at(&self, now: UnixMs, half_life_ms: i64) -> (f64, f64) {
        let factor = decay(now.since(self.at), half_life_ms);
        (f64::from(self.count) * factor, f64::from(self.sum) * factor)
    }
}

/// To single precision, saturating; negative zero becomes zero.
#[expect(clippy::cast_possible_truncation, reason = "clamped")]
pub(super) fn narrow(number: f64) -> f32 {
    number.clamp(f64::from(-f32::MAX), f64::from(f32::MAX)) as f32 + 0.0
}
