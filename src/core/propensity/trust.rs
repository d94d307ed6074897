//! How far a probability from outside (the score of another model) is to be believed where it stands
//! in for the declared prior: the logit begins at `d + b + a (s - d)`, `d` the declared prior's logit,
//! `s` the score's. That is the recalibration of Cox 1958, "Two further applications of a model for
//! binary regression" (intercept and slope of a forecast's logit), about the declared prior, so that
//! a score that says nothing (`a` = 0) leaves what was declared. Belief begins at `a` = 1, `b` = 0:
//! the score as it is; outcomes move it by the filter of `weight`, apart from what the learners say.

use super::weight::{LOGIT_MAX, Step};
use crate::core::codec::bytes::{CodecError, Reader, Writer};
use crate::core::codec::cow::Ranked;

/// Most scores whose trust is kept; those with the most outcomes are.
pub const TRUSTS_MAX: usize = 64;
/// Prior variances of `b` and `a`.
const VARIANCES: [f64; 2] = [0.25, 0.5];
/// What each regains at an outcome: scores are replaced, and grow old.
const DRIFT: f64 = 1e-6;
const WEIGHT_MAX: f64 = 4.0;

/// Belief in one score.
#[derive(Clone, Debug, PartialEq)]
pub struct Trust {
    /// `b`, `a`.
    mean: [f64; 2],
    /// Variances of `b` and `a`, and their covariance.
    variance: [f64; 2],
    covariance: f64,
    outcomes: u64,
}

impl Default for Trust {
    fn default() -> Self {
        Self { mean: [0.0, 1.0], variance: VARIANCES, covariance: 0.0, outcomes: 0 }
    }
}

impl Ranked for Trust {
    fn rank(&self) -> u64 {
        self.outcomes
    }
}

impl Trust {
    /// Where the logit of an offer begins whose declared prior has the logit `declared`.
    #[must_use]
    pub fn start(&self, declared: f64, score: f64) -> f64 {
        let [b, a] = self.mean;
        (declared + b + a * (score - declared)).clamp(-LOGIT_MAX, LOGIT_MAX)
    }

    /// Takes in an outcome, 0 to 1, of `weight`.
    pub fn learn(&mut self, declared: f64, score: f64, label: f64, weight: f64) {
        let x = score - declared;
        let [vb, va] = self.variance;
        let gain = [vb + self.covariance * x, self.covariance + va * x];
        let variance = (gain[0] + gain[1] * x).max(0.0);
        let step = Step::new(self.start(declared, score), variance, label, weight);
        for (mean, gain) in self.mean.iter_mut().zip(gain) {
            *mean = (*mean + gain * step.gradient).clamp(-WEIGHT_MAX, WEIGHT_MAX);
        }
        for ((variance, gain), most) in self.variance.iter_mut().zip(gain).zip(VARIANCES) {
            *variance = (*variance - step.information * gain * gain + DRIFT).clamp(1e-9, most);
        }
        // Kept a covariance, whatever the bounds of the variances did.
        let most = 0.999 * (self.variance[0] * self.variance[1]).sqrt();
        let covariance = self.covariance - step.information * gain[0] * gain[1];
        self.covariance = covariance.clamp(-most, most);
        self.outcomes += 1;
    }

    /// Whether every number is one that may be held.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let numbers = self.mean.iter().chain(&self.variance).chain([&self.covariance]);
        numbers.copied().all(f64::is_finite) && self.variance.iter().all(|v| *v > 0.0)
    }

    /// Appends the state.
    pub fn encode(&self, out: &mut Writer) {
        let numbers = self.mean.iter().chain(&self.variance).chain([&self.covariance]);
        numbers.for_each(|number| out.f64(*number));
        out.varint(self.outcomes);
    }

    /// Takes a state.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no such state.
    pub fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut number = || input.finite("trust in a score");
        let (mean, variance) = ([number()?, number()?], [number()?, number()?]);
        let covariance = number()?;
        let trust = Self { mean, variance, covariance, outcomes: input.varint()? };
        trust.is_sound().then_some(trust).ok_or(CodecError::Invalid("trust in a score"))
    }
}
