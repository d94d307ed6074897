//! How far traffic strays from what is usual: in bursts and lulls, and over the day so far.
//!
//! Decisions that come one by one, each on its own, would hardly stray. Those that come in bursts do:
//! what deviates now is like what deviates a while later, so over a long time T the sum has a
//! variance of `2·E[x²]·τ·T`, where x is the deviation of the rate and τ the time over which it is
//! correlated (the integral time scale; Cox, Lewis, "The Statistical Analysis of Series of Events",
//! 1966, ch. 4, the variance-time curve).

use serde::{Deserialize, Serialize};

use crate::core::time::{DAY_MS, UnixMs};

/// Over how long deviations are averaged, ms.
const WINDOW_MS: f64 = 21_600_000.0;
/// For how long a deviation is taken to be like itself, ms.
const CORRELATED_MS: f64 = 900_000.0;

/// What strayed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Unrest {
    /// Mean square of the rate less the usual rate, (decisions a ms)².
    square: f64,
    /// Time that the mean is over, ms.
    ms: f64,
    /// The day (from 1970, UTC) that `excess` is of.
    day: i64,
    /// Decisions of that day beyond what was said of the time observed.
    excess: f64,
}

impl Unrest {
    /// Takes in that for `ms` the rate was off by `off`, and that until `at` there were `excess`
    /// decisions more than was said.
    pub(super) fn observe(&mut self, off: f64, excess: f64, ms: f64, at: UnixMs) {
        self.ms = self.ms * libm::exp(-ms / WINDOW_MS) + ms;
        self.square += (ms / self.ms).min(1.0) * (off * off - self.square);
        let day = at.0.div_euclid(DAY_MS);
        if day != self.day {
            (self.day, self.excess) = (day, 0.0);
        }
        self.excess += excess;
    }

    /// Decisions beyond what was said, in the day of `at` so far.
    pub(super) fn excess(&self, at: UnixMs) -> f64 {
        if at.0.div_euclid(DAY_MS) == self.day { self.excess } else { 0.0 }
    }

    /// Variance of the number of decisions within `ms`.
    pub(super) fn variance(&self, ms: f64) -> f64 {
        2.0 * self.square * CORRELATED_MS * ms.max(0.0)
    }
}
