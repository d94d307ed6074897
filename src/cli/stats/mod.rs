//! The statistics that reports are made of, each a small file with its source. Pure: numbers in,
//! numbers out. Predictions are progressive: made first, learned from after.

pub mod amount;
pub mod brier;
pub mod calibration;
pub mod log_loss;
pub mod off_policy;
pub mod policy;
pub mod ranking;
pub mod uplift;
pub mod wilson;

/// One prediction with what came of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Predicted {
    /// Probability of the positive outcome that was served.
    pub probability: f64,
    /// Whether the outcome was positive.
    pub positive: bool,
}

/// A number with its interval.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Interval {
    /// The best estimate.
    pub value: f64,
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

/// Quantile of the standard normal distribution for a two-sided interval of 95 %.
pub const Z95: f64 = 1.959_963_984_540_054;

/// A count as a double.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
pub fn count(items: usize) -> f64 {
    items as f64
}

#[cfg(test)]
mod tests;
