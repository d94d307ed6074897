//! Schemes: how propensity, affinity, value, context and levers become one score.

use crate::core::catalog::schema::builtin;
use crate::core::catalog::{Scheme, SchemeFormula};
use crate::core::expression::{EvalError, Slot};
use crate::core::value::Value;

/// What a score is made of.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Factors {
    /// Probability of the positive outcome, in (0, 1).
    pub propensity: f64,
    /// Standard deviation of the propensity's logit, ≥ 0.
    pub uncertainty: f64,
    /// What the behaviour of others says, in [0, 1]; `None` when nothing is known.
    pub affinity: Option<f64>,
    /// Worth of a positive outcome, in the organisation's money.
    pub value: f64,
    /// Offer's lever × group's, > 0.
    pub lever: f64,
    /// Relevance in the moment.
    pub context_weight: f64,
    /// Declared priority.
    pub priority: i32,
}

/// The score of an offer; higher is better.
///
/// - `priority`: priority + propensity (priorities are whole numbers and propensity is below 1, so
///   propensity only breaks ties);
/// - `propensity`: P;
/// - `expected_value`: P × V × L;
/// - `pcvl`: P^a × C^b × V^c × L^d, negative factors counting as 0;
/// - a custom formula over the frame, into which the factors are written first.
///
/// # Errors
/// When a custom formula has no value, or the score is not finite.
pub fn score(
    scheme: &Scheme,
    factors: &Factors,
    offer: u32,
    frame: &mut [Option<Value>],
) -> Result<f64, EvalError> {
    let score = match &scheme.formula {
        SchemeFormula::Priority => f64::from(factors.priority) + factors.propensity,
        SchemeFormula::Propensity => factors.propensity,
        SchemeFormula::ExpectedValue => factors.propensity * factors.value * factors.lever,
        SchemeFormula::Pcvl(exponents) => {
            power(factors.propensity, exponents.propensity)
                * power(factors.context_weight, exponents.context)
                * power(factors.value, exponents.value)
                * power(factors.lever, exponents.lever)
        }
        SchemeFormula::Custom { programs, by_offer, .. } => {
            write(factors, frame);
            let index = by_offer.get(offer as usize).map_or(0, |index| *index as usize);
            let program = programs.get(index).ok_or_else(|| {
                EvalError::Failed("the scheme has no formula for this offer".to_owned())
            })?;
            program.eval_f64(frame)?
        }
    };
    if score.is_finite() {
        Ok(score)
    } else {
        Err(EvalError::Failed(format!("the score is not a finite number: {score}")))
    }
}

fn power(base: f64, exponent: f64) -> f64 {
    // By far the commonest exponents need no `pow`.
    if exponent == 1.0 {
        base.max(0.0)
    } else if exponent == 0.0 {
        1.0
    } else {
        libm::pow(base.max(0.0), exponent)
    }
}

fn write(factors: &Factors, frame: &mut [Option<Value>]) {
    let mut set = |slot: Slot, value: Value| {
        if let Some(place) = frame.get_mut(slot.0 as usize) {
            *place = Some(value);
        }
    };
    set(builtin::PROPENSITY, Value::Double(factors.propensity));
    set(builtin::UNCERTAINTY, Value::Double(factors.uncertainty));
    set(builtin::AFFINITY, Value::Double(factors.affinity.unwrap_or(0.0)));
    set(builtin::VALUE, Value::Double(factors.value));
    set(builtin::LEVER, Value::Double(factors.lever));
    set(builtin::CONTEXT_WEIGHT, Value::Double(factors.context_weight));
    set(builtin::PRIORITY, Value::Int(i64::from(factors.priority)));
}
