//! Whether what is called 30 % happens in 30 of 100 cases.

use super::{Predicted, count};

/// Expected calibration error over `bins` bins of equal width: the mean distance between predicted
/// and observed rate, weighted by the bins' sizes (Naeini, Cooper, Hauskrecht 2015, AAAI). `None`
/// when empty.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "probabilities times a small number of bins; out of range saturates and is capped"
)]
pub fn calibration_error(predictions: &[Predicted], bins: usize) -> Option<f64> {
    if predictions.is_empty() || bins == 0 {
        return None;
    }
    let mut sums = vec![(0.0, 0.0); bins];
    for p in predictions {
        let bin = ((p.probability * count(bins)) as usize).min(bins - 1);
        if let Some((predicted, observed)) = sums.get_mut(bin) {
            *predicted += p.probability;
            *observed += f64::from(u8::from(p.positive));
        }
    }
    let gaps: f64 =
        sums.iter().map(|(predicted, observed): &(f64, f64)| (predicted - observed).abs()).sum();
    Some(gaps / count(predictions.len()))
}
