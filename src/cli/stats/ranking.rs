//! How well probabilities order outcomes.

use super::{Predicted, count};

/// Area under the ROC curve, ties counted half: the Mann-Whitney statistic by mean ranks (Hanley,
/// McNeil 1982, Radiology 143). `None` unless both kinds of outcome are there.
#[must_use]
pub fn auc(predictions: &[Predicted]) -> Option<f64> {
    let mut sorted = predictions.to_vec();
    sorted.sort_by(|a, b| a.probability.total_cmp(&b.probability));
    let positives = sorted.iter().filter(|p| p.positive).count();
    let negatives = sorted.len() - positives;
    if positives == 0 || negatives == 0 {
        return None;
    }
    let mut rank_sum = 0.0;
    let mut before = 0;
    for tied in sorted.chunk_by(|a, b| a.probability == b.probability) {
        let rank = count(before) + (count(tied.len()) + 1.0) / 2.0;
        rank_sum += rank * count(tied.iter().filter(|p| p.positive).count());
        before += tied.len();
    }
    let (p, n) = (count(positives), count(negatives));
    Some((rank_sum - p * (p + 1.0) / 2.0) / (p * n))
}
