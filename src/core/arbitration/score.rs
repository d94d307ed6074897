//! Schemes: how propensity, affinity, value, context and levers become one score.

use std::cell::RefCell;

use super::constrained::adjusted;
use super::formula::{first_match, matching};
use super::goals::weighted;
use super::marketer::{MarketerRule, interest, judged};
use crate::core::catalog::schema::builtin;
use crate::core::catalog::{Offer, Scheme, SchemeFormula};
use crate::core::expression::{EvalError, Frame, Program, Slot};
use crate::core::propensity::{Estimate, Prior};
use crate::core::value::Value;

/// What a score is made of.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Factors {
    /// Probability of the positive outcome as the scheme counts it, in (0, 1).
    pub propensity: f64,
    /// Standard deviation of the propensity's logit, ≥ 0.
    pub uncertainty: f64,
    /// What the behaviour of others says, in [0, 1]; `None` when nothing is known.
    pub affinity: Option<f64>,
    /// Worth of a positive outcome, in the organisation's money.
    pub value: f64,
    /// Worth of the contact itself, whatever comes of it, in the organisation's money.
    pub contact_value: f64,
    /// What the offer costs at the shadow prices, in the organisation's money; 0 where the scheme
    /// does not ask.
    pub cost: f64,
    /// Levers of offer and group together, > 0.
    pub lever: f64,
    /// Relevance in the moment.
    pub context_weight: f64,
    /// Declared priority.
    pub priority: i32,
    /// What the customer's earlier answers do to it: 1 + Σ percent, ≥ 0; 1 when nothing does.
    pub influence: f64,
    /// What objections within this interaction do to it: 1 + Σ percent, ≥ 0; 1 when nothing does.
    pub objection: f64,
    /// What the contact adds to the probability of the positive outcome, in (-1, 1); `None` when
    /// nobody asks or nothing is known.
    pub uplift: Option<f64>,
    /// Standard deviation of the belief in the uplift; 0 where it was not asked for.
    pub uplift_deviation: f64,
    /// What a positive outcome brings, by what was learned, in the organisation's money; `None` when
    /// nobody asks or nothing is known.
    pub expected_amount: Option<f64>,
    /// Days from the decision to a positive outcome; `None` when nobody asks or nothing is known.
    pub expected_days: Option<f64>,
}

impl Factors {
    /// The chance that a scheme counts: the propensity, or what the contact adds to it (the
    /// propensity, while nothing is known of that).
    #[must_use]
    pub fn chance(&self, scheme: &Scheme) -> f64 {
        if scheme.by_uplift { self.uplift.unwrap_or(self.propensity) } else { self.propensity }
    }
}

/// A scheme made ready for the offers of one placement: conditions on the customer are asked once.
#[derive(Debug)]
pub struct Ranking<'a> {
    /// The scheme.
    pub scheme: &'a Scheme,
    goals: Option<&'a [f64]>,
    judgements: Vec<&'a MarketerRule>,
    failures: Vec<(String, String)>,
}

impl<'a> Ranking<'a> {
    /// Makes `scheme` ready for the customer and placement of `frame`.
    #[must_use]
    pub fn new(scheme: &'a Scheme, frame: &Frame) -> Self {
        let failures: RefCell<Vec<(String, String)>> = RefCell::default();
        let holds = |when: &Option<Program>| match when {
            None => true,
            Some(program) => match program.eval_bool(frame) {
                Ok(holds) => holds,
                Err(EvalError::Missing(_)) => false,
                Err(EvalError::Failed(why)) => {
                    failures.borrow_mut().push((program.source().to_owned(), why));
                    false
                }
            },
        };
        let (mut goals, mut judgements) = (None, Vec::new());
        match &scheme.formula {
            SchemeFormula::WeightedObjectives(entries) => {
                let entry = entries.iter().find(|entry| holds(&entry.when));
                goals = entry.map(|entry| entry.weights.as_slice());
            }
            SchemeFormula::MarketerScore(scores) => {
                judgements.extend(scores.rules.iter().filter(|rule| holds(&rule.when)));
            }
            _ => {}
        }
        Self { scheme, goals, judgements, failures: failures.into_inner() }
    }

    /// The propensity that the scheme counts: the model's, or mixed with the declared one by their
    /// evidence, p' = (n p + n0 p0) / (n + n0), where the scheme smooths.
    #[must_use]
    pub fn propensity(&self, estimate: &Estimate, prior: &Prior) -> f64 {
        if self.scheme.smoothing {
            smoothed(estimate.probability, estimate.evidence, prior)
        } else {
            estimate.probability
        }
    }

    /// Weight and marketer's score of an offer; `None` where the scheme has none.
    #[must_use]
    pub fn judgement(&self, offer: u32) -> Option<(f64, f64)> {
        match &self.scheme.formula {
            SchemeFormula::MarketerScore(_) => Some(judged(self.judgements.iter().copied(), offer)),
            _ => None,
        }
    }

    /// Number of the formula that matches an offer, from 1; `None` where the scheme has not several.
    #[must_use]
    pub fn formula(&self, offer: u32, frame: &Frame) -> Option<u32> {
        let SchemeFormula::FirstMatch(clauses) = &self.scheme.formula else { return None };
        let (number, _) = matching(clauses, offer, frame).ok()??;
        u32::try_from(number + 1).ok()
    }

    /// The score of an offer; higher is better.
    ///
    /// - `priority`: priority + propensity (priorities are whole numbers and propensity is below 1,
    ///   so propensity only breaks ties);
    /// - `propensity`: P;
    /// - `expected_value`: (P × V + V₀) × L, V₀ what the contact itself is worth;
    /// - `pcvl`: P^a × C^b × V^c × L^d, negative factors counting as 0;
    /// - `constrained`: (P × V + V₀) × L less the cost at the shadow prices;
    /// - `weighted_objectives`: Σ_k w_k × P × contribution_k;
    /// - `marketer_score`: weight × score × interest;
    /// - a custom formula, or the first that matches, over the frame, into which the factors are
    ///   written first.
    ///
    /// P is the propensity, or the uplift where the scheme's basis is that.
    ///
    /// A positive score is then multiplied by the factors `influence` and `objection`, unless the
    /// formula reads them itself; under `priority` they only move the propensity.
    ///
    /// # Errors
    /// When a custom formula has no value, or the score is not finite.
    pub fn score(
        &self,
        factors: &Factors,
        index: u32,
        offer: &Offer,
        frame: &mut [Option<Value>],
    ) -> Result<f64, EvalError> {
        let scheme = self.scheme;
        let factors = &Factors { propensity: factors.chance(scheme), ..*factors };
        let moved = self.moved_by(factors);
        let score = match &scheme.formula {
            SchemeFormula::Priority => {
                // Below 1, so that it never outweighs a step of priority.
                let tie = if moved == 1.0 {
                    factors.propensity
                } else {
                    (factors.propensity * moved).clamp(0.0, 1.0 - f64::EPSILON)
                };
                return Ok(f64::from(factors.priority) + tie);
            }
            SchemeFormula::Propensity => factors.propensity,
            SchemeFormula::ExpectedValue => {
                (factors.propensity * factors.value + factors.contact_value) * factors.lever
            }
            SchemeFormula::Pcvl(exponents) => {
                power(factors.propensity, exponents.propensity)
                    * power(factors.context_weight, exponents.context)
                    * power(factors.value, exponents.value)
                    * power(factors.lever, exponents.lever)
            }
            SchemeFormula::Constrained => adjusted(factors),
            SchemeFormula::Custom(formula) => {
                write(factors, frame);
                formula.number(index, frame, scheme.cost_max)?
            }
            SchemeFormula::FirstMatch(clauses) => {
                write(factors, frame);
                first_match(clauses, index, frame, scheme.cost_max)?
            }
            SchemeFormula::WeightedObjectives(_) => {
                let goals = self.goals.ok_or_else(|| {
                    EvalError::Failed("no goals of the scheme are for this customer".to_owned())
                })?;
                weighted(goals, factors.propensity, offer, frame)?
            }
            SchemeFormula::MarketerScore(scores) => {
                let (weight, score) = judged(self.judgements.iter().copied(), index);
                weight * score * interest(scores.interest, factors)
            }
        };
        let score = if moved != 1.0 && score > 0.0 { score * moved } else { score };
        if score.is_finite() {
            Ok(score)
        } else {
            Err(EvalError::Failed(format!("the score is not a finite number: {score}")))
        }
    }

    fn moved_by(&self, factors: &Factors) -> f64 {
        let influence = if self.scheme.reads_influence { 1.0 } else { factors.influence };
        let objection = if self.scheme.reads_objection { 1.0 } else { factors.objection };
        influence * objection
    }

    /// Conditions that failed while the scheme was made ready: text and why.
    #[must_use]
    pub fn failures(&self) -> &[(String, String)] {
        &self.failures
    }
}

/// Smoothing by starting evidence: the mean of the learned propensity `p` from `n` outcomes and the
/// declared `p0`, which is worth `n0`: (n p + n0 p0) / (n + n0). That is the mean of a beta
/// distribution with n0 prior observations (Gelman et al., Bayesian Data Analysis, §2.4).
#[must_use]
pub fn smoothed(p: f64, n: f64, prior: &Prior) -> f64 {
    let (n, n0) = (n.max(0.0), prior.evidence.max(0.0));
    if n + n0 > 0.0 { (n * p + n0 * prior.probability) / (n + n0) } else { p }
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
    set(builtin::CONTACT_VALUE, Value::Double(factors.contact_value));
    set(builtin::COST, Value::Double(factors.cost));
    set(builtin::LEVER, Value::Double(factors.lever));
    set(builtin::CONTEXT_WEIGHT, Value::Double(factors.context_weight));
    set(builtin::PRIORITY, Value::Int(i64::from(factors.priority)));
    set(builtin::INFLUENCE, Value::Double(factors.influence));
    set(builtin::OBJECTION, Value::Double(factors.objection));
    let uplift = factors.uplift.unwrap_or(factors.propensity);
    set(builtin::UPLIFT, Value::Double(uplift));
    set(builtin::EXPECTED_AMOUNT, Value::Double(factors.expected_amount.unwrap_or(factors.value)));
    set(builtin::EXPECTED_DAYS, Value::Double(factors.expected_days.unwrap_or(0.0)));
}
