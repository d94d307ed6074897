//! What a policy would have earned, told from what another one did.

use super::{Interval, Z95};

/// A row of history in which the policy would have done what was done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Matched {
    /// Probability with which history did it.
    pub propensity: f64,
    /// What came of it.
    pub reward: f64,
}

/// Self-normalised inverse propensity score: Σ w r / Σ w over the rows where policy and history
/// agree, w = 1 / propensity, with a 95 % interval by the delta method (Swaminathan, Joachims 2015,
/// "The Self-Normalized Estimator for Counterfactual Learning", NeurIPS, equation 9; Owen, "Monte
/// Carlo theory, methods and examples", 9.2). Rows without a positive propensity are left out;
/// `None` when none is left.
#[must_use]
pub fn snips(matched: &[Matched]) -> Option<Interval> {
    let weighted = || {
        matched
            .iter()
            .filter(|row| row.propensity > 0.0)
            .map(|row| (1.0 / row.propensity, row.reward))
    };
    let total: f64 = weighted().map(|(weight, _)| weight).sum();
    if total <= 0.0 {
        return None;
    }
    let value = weighted().map(|(weight, reward)| weight * reward).sum::<f64>() / total;
    let spread: f64 = weighted().map(|(weight, reward)| (weight * (reward - value)).powi(2)).sum();
    let half = Z95 * spread.sqrt() / total;
    Some(Interval { value, lower: value - half, upper: value + half })
}
