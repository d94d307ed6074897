//! The interval of a rate.

use super::{Interval, Z95, count};

/// The rate `positives / trials` with its 95 % score interval: Wilson (1927), "Probable inference,
/// the law of succession, and statistical inference", JASA 22. `None` without trials.
#[must_use]
pub fn wilson(positives: usize, trials: usize) -> Option<Interval> {
    if trials == 0 {
        return None;
    }
    let n = count(trials);
    let rate = count(positives) / n;
    let z2 = Z95 * Z95;
    let centre = (rate + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z95 / (1.0 + z2 / n) * (rate * (1.0 - rate) / n + z2 / (4.0 * n * n)).sqrt();
    Some(Interval { value: rate, lower: (centre - half).max(0.0), upper: (centre + half).min(1.0) })
}
