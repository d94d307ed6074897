//! Weighted goals: Σ over the goals k of `w_k × E(goal_k)`, as decision managers of the RTD kind
//! rank. `E(goal_k)` is propensity × what the offer contributes to the goal.

use crate::core::catalog::Offer;
use crate::core::expression::{EvalError, Frame, Program};

/// Weights of the goals for some customers.
#[derive(Clone, Debug)]
pub struct GoalWeights {
    /// For whom; `None`: for all.
    pub when: Option<Program>,
    /// Weight by index of the objective.
    pub weights: Vec<f64>,
}

/// Σ over the goals of weight × propensity × contribution. The contributions are the offer's own,
/// not yet weighted as `objectives.yaml` does.
///
/// # Errors
/// When a contribution that weighs anything cannot be computed.
pub fn weighted(
    weights: &[f64],
    propensity: f64,
    offer: &Offer,
    frame: &Frame,
) -> Result<f64, EvalError> {
    let mut sum = 0.0;
    for (objective, contribution) in &offer.contributions {
        let weight = weights.get(usize::from(*objective)).copied().unwrap_or(0.0);
        if weight != 0.0 {
            sum += weight * propensity * contribution.eval(frame)?;
        }
    }
    Ok(sum)
}
