//! How much to trust each learner: a logistic regression over their logits, learned by the
//! extended Kalman filter. Mixing in the logistic domain: Mattern 2013, "Linear and geometric
//! mixtures: analysis"; the filter as in `dense`, here in double precision.

use super::weight::{LOGIT_MAX, Step};
use crate::core::codec::bytes::{CodecError, Reader, Writer};

/// Learners that are mixed.
pub const EXPERTS: usize = 7;
/// Prior variance of a learner's weight.
const VARIANCE: f64 = 0.1;
const VARIANCE_MIN: f64 = 1e-9;

/// What learners say: parts of a logit, beside the declared prior.
pub type Parts = [f64; EXPERTS];

/// The mixture.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixer {
    weights: Parts,
    covariance: [Parts; EXPERTS],
    /// What a variance regains at each row.
    drift: f64,
}

fn dot(a: &Parts, b: &Parts) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl Mixer {
    /// A mixture that begins with `weights`.
    #[must_use]
    pub fn new(weights: Parts, drift: f64) -> Self {
        let mut covariance = [[0.0; EXPERTS]; EXPERTS];
        for (at, row) in covariance.iter_mut().enumerate() {
            if let Some(variance) = row.get_mut(at) {
                *variance = VARIANCE;
            }
        }
        Self { weights, covariance, drift }
    }

    /// The weights.
    #[must_use]
    pub fn weights(&self) -> &Parts {
        &self.weights
    }

    /// The mixed part of the logit.
    #[must_use]
    #[inline]
    pub fn mean(&self, parts: &Parts) -> f64 {
        dot(&self.weights, parts)
    }

    /// Learns an outcome where the declared prior's logit was `prior`.
    pub fn learn(&mut self, parts: &Parts, prior: f64, label: f64, weight: f64) {
        let gain = self.covariance.map(|row| dot(&row, parts));
        let variance = dot(&gain, parts).max(0.0);
        let mean = (prior + self.mean(parts)).clamp(-LOGIT_MAX, LOGIT_MAX);
        let step = Step::new(mean, variance, label, weight);
        for (weight, gain) in self.weights.iter_mut().zip(&gain) {
            *weight = (*weight + gain * step.gradient).clamp(-4.0, 4.0);
        }
        for (row, own) in self.covariance.iter_mut().zip(&gain) {
            for (covariance, other) in row.iter_mut().zip(&gain) {
                *covariance -= step.information * own * other;
            }
        }
        for (at, row) in self.covariance.iter_mut().enumerate() {
            if let Some(variance) = row.get_mut(at) {
                *variance = (*variance + self.drift).clamp(VARIANCE_MIN, VARIANCE);
            }
        }
    }

    /// Whether every number is finite.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.weights.iter().chain(self.covariance.iter().flatten()).all(|n| n.is_finite())
    }

    /// Appends the state.
    pub fn encode(&self, out: &mut Writer) {
        self.weights.iter().chain(self.covariance.iter().flatten()).for_each(|n| out.f64(*n));
    }

    /// Takes the state of one that was made with `drift`.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or hold no finite numbers.
    pub fn decode(drift: f64, input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut mixer = Self::new([0.0; EXPERTS], drift);
        for number in mixer.weights.iter_mut().chain(mixer.covariance.iter_mut().flatten()) {
            *number = input.finite("weight of a learner")?;
        }
        Ok(mixer)
    }
}
