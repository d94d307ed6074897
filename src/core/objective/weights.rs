//! The worth of a positive outcome of an offer, as the weighted sum of its contributions to the
//! objectives, or as the offer states it.

use super::Rates;
use crate::core::catalog::{Catalog, Number, Offer};
use crate::core::expression::{EvalError, Frame};

/// The weights of all objectives for one customer on one channel, in the catalog's order. An
/// objective whose weight cannot be computed counts nothing, and says why.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights {
    /// Weight by objective index; money per unit of contribution.
    pub by_objective: Vec<f64>,
    /// Objectives left out: index and why.
    pub failed: Vec<(u16, EvalError)>,
}

impl Weights {
    /// Computes the weights from a decision's frame.
    #[must_use]
    pub fn of(catalog: &Catalog, frame: &Frame) -> Self {
        let mut weights = Self::default();
        for (index, objective) in (0_u16..).zip(&catalog.objectives) {
            match objective.weight.eval(frame) {
                Ok(weight) => weights.by_objective.push(weight),
                Err(error) => {
                    weights.by_objective.push(0.0);
                    weights.failed.push((index, error));
                }
            }
        }
        weights
    }

    /// Weighted contribution of `offer` to each objective it serves, with a positive outcome and what
    /// comes with it at `rates`.
    ///
    /// # Errors
    /// When a contribution cannot be computed.
    pub fn contributions(
        &self,
        offer: &Offer,
        frame: &Frame,
        rates: &Rates,
    ) -> Result<Vec<(u16, f64)>, EvalError> {
        let mut contributions = Vec::with_capacity(offer.contributions.len());
        for (objective, number) in &offer.contributions {
            contributions.push((*objective, self.of_objective(*objective) * number.eval(frame)?));
        }
        for (objective, measure) in &offer.contributions_beyond {
            let beyond = self.of_objective(*objective) * measure.positive(rates, frame)?;
            match contributions.iter_mut().find(|(known, _)| known == objective) {
                Some((_, amount)) => *amount += beyond,
                None => contributions.push((*objective, beyond)),
            }
        }
        Ok(contributions)
    }

    /// Weighted contributions of `offer` with the contact itself, all objectives together.
    ///
    /// # Errors
    /// When a contribution cannot be computed.
    pub fn of_contact(&self, offer: &Offer, frame: &Frame) -> Result<f64, EvalError> {
        let mut sum = 0.0;
        for (objective, measure) in &offer.contributions_beyond {
            sum += self.of_objective(*objective) * measure.contact(frame)?;
        }
        Ok(sum)
    }

    fn of_objective(&self, objective: u16) -> f64 {
        self.by_objective.get(usize::from(objective)).copied().unwrap_or(0.0)
    }
}

impl Number {
    /// The number, from a decision's frame.
    ///
    /// # Errors
    /// When the expression has no value, or the value is not finite.
    pub fn eval(&self, frame: &Frame) -> Result<f64, EvalError> {
        let number = match self {
            Self::Constant(number) => *number,
            Self::Program(program) => program.eval_f64(frame)?,
        };
        if number.is_finite() {
            Ok(number)
        } else {
            Err(EvalError::Failed(format!("the result is not a finite number: {number}")))
        }
    }
}
