//! How much: a positive number that comes with a positive outcome, such as its value or the time it
//! took. The mean is `e^(o + β x + offer)`: a Bayesian regression with a logarithmic link, where the
//! standard deviation is in proportion to the mean (gamma quasi-likelihood: McCullagh, Nelder 1989,
//! "Generalized Linear Models", 8.2, 9.2), learned one amount at a time (`learn`). How much amounts
//! vary with the inputs is not known beforehand: three forms, from not at all to freely, are believed
//! as their evidence says.

mod learn;
mod state;

use crate::core::codec::cow::{CowMap, Ranked};
use crate::core::feature::FeatureVector;
use crate::core::head::Evidence;
use crate::core::key::Key;
use crate::core::propensity::weight::Weight;
use crate::core::propensity::{Candidate, Dense, Dot, Inputs};

/// Prior variance of what an input adds to the logarithm, by form; 0: inputs do not count.
const INPUT_VARIANCES: [f64; FORMS] = [0.0, 0.01, 0.1];
const FORMS: usize = 3;
/// The bias: a slot's prior variance is 1, so its amount is a standard deviation, of the logarithm
/// around that of the first amount.
const BIAS: Dot = Dot { slot: 0, x: 2.0 };
/// Prior variance of what an offer adds to the logarithm.
const OFFER_VARIANCE: f64 = 0.5;
/// Most offers with a part of their own.
const OFFERS_MAX: usize = 4_096;
/// Bounds of the logarithm around that of the first amount.
const LOG_MAX: f64 = 20.0;

/// The model.
#[derive(Clone, Debug)]
pub struct Amounts {
    inputs: Inputs,
    forms: [Form; FORMS],
    offers: CowMap<Own>,
    evidence: Evidence<FORMS>,
    count: u64,
    /// Logarithm of the first amount: what the regressions start from.
    start: f64,
    /// Sums of amounts and of what was foretold, in units of the first amount.
    observed: f64,
    foretold: f64,
}

#[derive(Clone, Debug, PartialEq)]
struct Form {
    dense: Dense,
    /// Squared coefficient of variation around the mean.
    dispersion: f64,
}

/// What is known of one offer: its part in each form.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Own {
    count: u64,
    parts: [Weight; FORMS],
}

impl Ranked for Own {
    fn rank(&self) -> u64 {
        self.count
    }
}

/// An amount that is expected.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Expected {
    /// Its mean, > 0, in the unit that was learned.
    pub mean: f64,
    /// Standard deviation of the belief in the mean, not of single amounts; 0 where it was not asked.
    pub deviation: f64,
    /// Amounts learned of the offer.
    pub evidence: u64,
}

impl Expected {
    /// The probability that what takes this long on average happens within `time` (same unit), where
    /// its hazard is constant: `1 - e^(-time / mean)`, the exponential distribution.
    #[must_use]
    pub fn within(&self, time: f64) -> f64 {
        if time <= 0.0 { 0.0 } else { 1.0 - libm::exp(-time / self.mean.max(f64::MIN_POSITIVE)) }
    }
}

/// What the candidates of one decision share.
#[derive(Clone, Debug, Default)]
pub struct Prepared {
    dots: Vec<Dot>,
    means: [f64; FORMS],
}

impl Default for Amounts {
    fn default() -> Self {
        let form = |variance: f64| Form { dense: Dense::new(variance.max(1e-9)), dispersion: 1.0 };
        Self {
            inputs: Inputs::default(),
            forms: INPUT_VARIANCES.map(form),
            offers: CowMap::new(OFFERS_MAX),
            evidence: Evidence::default(),
            count: 0,
            start: 0.0,
            observed: 0.0,
            foretold: 0.0,
        }
    }
}

impl Amounts {
    /// Amounts learned.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Amounts learned of `offer`.
    #[must_use]
    pub fn count_of(&self, offer: Key) -> u64 {
        self.offers.get(offer).map_or(0, |own| own.count)
    }

    /// How much each form is believed, from amounts alike for all to such that vary freely.
    #[must_use]
    pub fn beliefs(&self) -> [f64; 3] {
        self.evidence.weights()
    }

    /// Does once what the candidates of a decision share.
    #[must_use]
    pub fn prepare(&self, features: &FeatureVector) -> Prepared {
        let dots = self.inputs.customer(features);
        let means = self.forms.each_ref().map(|form| form.dense.mean(&dots));
        Prepared { dots, means }
    }

    /// What comes with a positive outcome of `candidate`; `None` before the first amount.
    #[must_use]
    pub fn expect(&self, prepared: &Prepared, candidate: &Candidate) -> Option<Expected> {
        (self.count > 0).then(|| self.answer(prepared, candidate, false))
    }

    /// As [`Amounts::expect`], with the deviation.
    #[must_use]
    pub fn belief(&self, prepared: &Prepared, candidate: &Candidate) -> Option<Expected> {
        (self.count > 0).then(|| self.answer(prepared, candidate, true))
    }

    fn answer(&self, prepared: &Prepared, candidate: &Candidate, exact: bool) -> Expected {
        let own = self.offers.get(candidate.offer).copied().unwrap_or_default();
        let brought = self.inputs.candidate(candidate);
        let level = libm::exp(self.start) * self.level();
        let weights = self.evidence.weights();
        let (mut mean, mut squares) = (0.0, 0.0);
        let parts = weights.iter().zip(&self.forms).zip(own.parts).zip(prepared.means);
        for (number, (((weight, form), own), shared)) in parts.enumerate() {
            let mut log = form.dense.mean(&[BIAS]) + f64::from(own.mean);
            if number > 0 {
                log += shared + form.dense.mean(&brought);
            }
            let one = level * libm::exp(log.clamp(-LOG_MAX, LOG_MAX));
            mean += weight * one;
            if exact {
                let dots = learn::dots(number, &prepared.dots, &brought);
                let variance = form.dense.quadratic(&dots) + OFFER_VARIANCE * f64::from(own.spread);
                squares += weight * one * one * (1.0 + variance);
            }
        }
        let deviation = if exact { (squares - mean * mean).max(0.0).sqrt() } else { 0.0 };
        Expected { mean, deviation, evidence: own.count }
    }

    /// What puts the sum of what is foretold right: the ratio of the sums so far, with some twenty
    /// amounts of the usual size supposed on both sides.
    fn level(&self) -> f64 {
        let supposed = 20.0 * (self.observed / self.count.max(1) as f64);
        if supposed <= 0.0 {
            return 1.0;
        }
        ((self.observed + supposed) / (self.foretold + supposed)).clamp(0.5, 2.0)
    }
}

#[cfg(test)]
mod tests;
