//! Formulas of custom schemes: one program for all offers, or one for each set of offers whose own
//! facts make it the same; and the formula that is taken first.

use std::sync::Arc;

use crate::core::expression::{EvalError, Frame, Program, Slot};
use crate::core::policy::Bitset;

/// An expression over an offer's facts, compiled.
#[derive(Clone, Debug)]
pub struct ByOffer {
    /// As written.
    pub text: Arc<str>,
    /// Distinct programs.
    pub programs: Vec<Program>,
    /// Offer index → program index; empty when there is one program for all.
    pub by_offer: Vec<u32>,
}

impl ByOffer {
    /// The program for the offer with that index.
    #[must_use]
    pub fn program(&self, offer: u32) -> Option<&Program> {
        let index = self.by_offer.get(offer as usize).map_or(0, |index| *index as usize);
        self.programs.get(index)
    }

    /// Whether it reads `slot` for any offer.
    #[must_use]
    pub fn reads(&self, slot: Slot) -> bool {
        self.programs.iter().any(|program| program.slots().contains(&slot))
    }

    /// The number for the offer, within `cost_max` of work.
    ///
    /// # Errors
    /// When the formula has no value.
    pub fn number(&self, offer: u32, frame: &Frame, cost_max: u32) -> Result<f64, EvalError> {
        match self.program(offer) {
            Some(program) => program.eval_f64_within(frame, cost_max),
            None => Err(EvalError::Failed("the scheme has no formula for this offer".to_owned())),
        }
    }
}

/// One formula of several.
#[derive(Clone, Debug)]
pub struct Clause {
    /// For which offers; `None`: all.
    pub offers: Option<Bitset>,
    /// When it is taken; `None`: always.
    pub when: Option<ByOffer>,
    /// What it gives.
    pub formula: ByOffer,
}

/// The number of the first clause that fits the offer and whose condition holds; a condition that
/// is unknown does not hold.
///
/// # Errors
/// When a condition fails, the formula has no value, or no clause fits.
pub fn first_match(
    clauses: &[Clause],
    offer: u32,
    frame: &Frame,
    cost_max: u32,
) -> Result<f64, EvalError> {
    match matching(clauses, offer, frame)? {
        Some((_, clause)) => clause.formula.number(offer, frame, cost_max),
        None => Err(EvalError::Failed("no formula of the scheme matches".to_owned())),
    }
}

/// The first clause that fits, with its place among them.
///
/// # Errors
/// When a condition fails.
pub fn matching<'c>(
    clauses: &'c [Clause],
    offer: u32,
    frame: &Frame,
) -> Result<Option<(usize, &'c Clause)>, EvalError> {
    for (number, clause) in clauses.iter().enumerate() {
        if clause.offers.as_ref().is_some_and(|offers| !offers.contains(offer)) {
            continue;
        }
        let holds = match clause.when.as_ref().and_then(|when| when.program(offer)) {
            None => true,
            Some(program) => match program.eval_bool(frame) {
                Ok(holds) => holds,
                Err(EvalError::Missing(_)) => false,
                Err(error) => return Err(error),
            },
        };
        if holds {
            return Ok(Some((number, clause)));
        }
    }
    Ok(None)
}
