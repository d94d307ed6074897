//! How far probabilities are from what happened, squared.

use super::{Predicted, count};

/// Mean squared distance of the predicted probability from the outcome, 0 or 1 (Brier 1950,
/// "Verification of forecasts expressed in terms of probability"). `None` when empty.
#[must_use]
pub fn brier(predictions: &[Predicted]) -> Option<f64> {
    let squared = |p: &Predicted| (p.probability - f64::from(u8::from(p.positive))).powi(2);
    let sum: f64 = predictions.iter().map(squared).sum();
    (!predictions.is_empty()).then(|| sum / count(predictions.len()))
}
