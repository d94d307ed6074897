//! How surprised a predictor was, and how much less than one that knows only the rate so far.

use super::{Predicted, count};

/// Probabilities are taken into `[CLIP, 1 - CLIP]`, so that one certain mistake stays finite.
const CLIP: f64 = 1e-6;

/// Mean log loss in nats; `None` when empty.
#[must_use]
pub fn log_loss(predictions: &[Predicted]) -> Option<f64> {
    mean(predictions.iter().map(|p| loss(p.probability, p.positive)))
}

/// Mean log loss in nats of always predicting the rate so far: after `n` outcomes with `k`
/// positives, Laplace's (k + 1) / (n + 2). `None` when empty.
#[must_use]
pub fn base_log_loss(predictions: &[Predicted]) -> Option<f64> {
    let (mut seen, mut positives) = (0_usize, 0_usize);
    mean(predictions.iter().map(|p| {
        let rate = (count(positives) + 1.0) / (count(seen) + 2.0);
        seen += 1;
        positives += usize::from(p.positive);
        loss(rate, p.positive)
    }))
}

/// Relative information gain: the share of the base's loss that the predictor saves; 0 is no
/// better, 1 is perfect (He et al. 2014, "Practical Lessons from Predicting Clicks on Ads at
/// Facebook", section 2).
#[must_use]
pub fn relative_information_gain(log_loss: f64, base_log_loss: f64) -> f64 {
    1.0 - log_loss / base_log_loss
}

fn loss(probability: f64, positive: bool) -> f64 {
    let p = probability.clamp(CLIP, 1.0 - CLIP);
    -(if positive { p } else { 1.0 - p }).ln()
}

fn mean(losses: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut items) = (0.0, 0);
    for loss in losses {
        sum += loss;
        items += 1;
    }
    (items > 0).then(|| sum / count(items))
}
