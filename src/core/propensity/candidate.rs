//! What is estimated, and the estimate.

use super::weight::{logit, sigmoid};
use crate::core::feature::FeatureVector;
use crate::core::key::Key;

/// What is believed of an offer before anything is seen of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prior {
    /// Declared probability of the positive outcome, in (0, 1).
    pub probability: f64,
    /// How many outcomes that belief is worth, at least 0.
    pub evidence: f64,
}

impl Default for Prior {
    fn default() -> Self {
        Self { probability: 0.5, evidence: 1.0 }
    }
}

impl Prior {
    /// Mean of the prior logit: `ln(p0 / (1 - p0))`, with `p0` kept in [1e-6, 1 - 1e-6].
    #[must_use]
    pub fn logit_mean(&self) -> f64 {
        logit(self.bounded_probability())
    }

    /// Variance of the prior logit: `1 / ((n0 + 1) p0 (1 - p0))`, that of the logit of a
    /// Beta(n0 p0, n0 (1 - p0)) by the delta method (the Beta's variance `p0 (1 - p0) / (n0 + 1)`
    /// over the squared slope `p0 (1 - p0)` of the sigmoid), kept in [1e-4, 4].
    #[must_use]
    pub fn logit_variance(&self) -> f64 {
        let p0 = self.bounded_probability();
        let evidence = if self.evidence.is_nan() { 0.0 } else { self.evidence.max(0.0) };
        (1.0 / ((evidence + 1.0) * p0 * (1.0 - p0))).clamp(1e-4, 4.0)
    }

    fn bounded_probability(&self) -> f64 {
        if self.probability.is_nan() { 0.5 } else { self.probability.clamp(1e-6, 1.0 - 1e-6) }
    }
}

/// One way to use a slot: an offer, as one of its treatments, in a place.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Candidate {
    /// The offer.
    pub offer: Key,
    /// The offer's group.
    pub group: Key,
    /// The treatment.
    pub treatment: Key,
    /// The channel.
    pub channel: Key,
    /// The placement.
    pub placement: Key,
    /// The offer's declared prior.
    pub prior: Prior,
    /// Affinity of the customer to the offer, 0 to 1; `None` when nothing is known.
    pub affinity: Option<f32>,
    /// What another model says of it, to begin from in place of the declared prior; `None` where
    /// none is declared or none is known of this customer.
    pub score: Option<Score>,
}

/// A probability from outside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// The attribute or context entry that holds it.
    pub name: Key,
    /// Its logit.
    pub logit: f32,
}

impl Score {
    /// The score of that name among what models see of a customer; `None` where it is missing.
    #[must_use]
    pub fn of(name: Key, features: &FeatureVector) -> Option<Self> {
        let numbers = features.numeric();
        let at = numbers.binary_search_by_key(&name, |(name, _)| *name).ok()?;
        numbers.get(at).map(|(name, logit)| Self { name: *name, logit: *logit })
    }
}

impl Candidate {
    /// What is believed before anything is learned: the score, else the declared prior, worth the
    /// evidence that was declared.
    #[must_use]
    pub fn belief(&self) -> Prior {
        let probability =
            self.score.map_or(self.prior.probability, |score| sigmoid(f64::from(score.logit)));
        Prior { probability, ..self.prior }
    }
}

/// A probability and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Estimate {
    /// Probability of the positive outcome, strictly between 0 and 1.
    pub probability: f64,
    /// Mean of the logit's belief; a sampler of logits starts here.
    pub logit_mean: f64,
    /// Variance of the logit's belief, at least 0.
    pub logit_variance: f64,
    /// Outcomes seen of the offer (sum of their weights).
    pub evidence: f64,
}

impl Estimate {
    /// Probabilities `z` standard deviations of the logit below and above its mean; `z` 1.96
    /// gives the central 95 % of the belief.
    #[must_use]
    pub fn interval(&self, z: f64) -> (f64, f64) {
        let half = z.abs() * self.logit_variance.sqrt();
        (sigmoid(self.logit_mean - half), sigmoid(self.logit_mean + half))
    }

    /// The probability at a standard normal draw `z`: Thompson sampling of this candidate.
    #[must_use]
    pub fn sample(&self, z: f64) -> f64 {
        sigmoid(self.logit_mean + z * self.logit_variance.sqrt())
    }
}
