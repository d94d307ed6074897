//! What an offer changes: the probability of the positive outcome with the contact less that
//! without, learned from trials in which chance decided who is contacted (`learn`).
//!
//! The logit of the outcome is `o + b(x)` with the contact and `o + b(x) - τ(x)` without: `o` what the
//! propensity says of those who are contacted, `b` what it missed, `τ` the effect. What is learned of
//! the effect goes along `t - e`, whether it was shown less the share in which it is: errors in the
//! other two then stay out of the effect (the orthogonal score of Robinson 1988; Nie, Wager 2021,
//! "Quasi-oracle estimation of heterogeneous treatment effects", eq. 1; here on the logit, where
//! effects vary less). An effect is that of all offers plus the offer's own, each a Bayesian
//! regression with a prior that shrinks it to a constant. How much effects vary among customers is
//! not known beforehand: three forms, from not at all to freely, are believed as their evidence says.

mod learn;
mod state;

pub use learn::Trial;

use crate::core::codec::cow::{CowMap, Ranked};
use crate::core::feature::FeatureVector;
use crate::core::head::Evidence;
use crate::core::key::Key;
use crate::core::propensity::weight::sigmoid;
use crate::core::propensity::{Candidate, Dense, Dot, Inputs};

/// Prior variance of what a feature adds to an effect, in squared logits, by form. The first has
/// no features: 0 stands for that.
const EFFECT_VARIANCES: [f64; FORMS] = [0.0, 0.003, 0.015];
const FORMS: usize = 3;
/// Prior variance of the effect of all offers, and of what an offer's own adds, in squared logits.
const MEAN_VARIANCE: f64 = 0.1;
/// Prior variance of a feature's part in what the propensity missed.
const BASE_VARIANCE: f64 = 0.05;
/// Most offers with an effect of their own; those with the most trials are kept.
const OFFERS_MAX: usize = 256;
/// Trials of each kind, shown and withheld, before an effect is told.
pub const TRIALS_MIN: f64 = 30.0;

/// The model. A clone shares the offers with its origin until one of them learns.
#[derive(Clone, Debug)]
pub struct Uplift {
    inputs: Inputs,
    forms: [Form; FORMS],
    offers: CowMap<Own>,
    evidence: Evidence<FORMS>,
    /// Trials in which something was shown, and in which nothing was.
    shown: f64,
    withheld: f64,
}

/// What all offers share, in one form.
#[derive(Clone, Debug, PartialEq)]
struct Form {
    base: Dense,
    effect: Dense,
}

/// What is known of one offer.
#[derive(Clone, Debug, PartialEq)]
struct Own {
    trials: f64,
    shown: f64,
    evidence: Evidence<FORMS>,
    effects: [Dense; FORMS],
}

impl Ranked for Own {
    fn rank(&self) -> u64 {
        self.trials as u64
    }
}

impl Own {
    fn new(evidence: Evidence<FORMS>) -> Self {
        Self { trials: 0.0, shown: 0.0, evidence, effects: regressions() }
    }

    /// Share of its trials in which it was shown, with one of each kind supposed.
    fn share(&self) -> f64 {
        (self.shown + 1.0) / (self.trials + 2.0)
    }
}

fn regressions() -> [Dense; FORMS] {
    EFFECT_VARIANCES.map(|variance| Dense::new(variance.max(1e-9)))
}

/// What an offer changes.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Effect {
    /// Probability of the positive outcome without the contact, in (0, 1).
    pub without: f64,
    /// What the contact adds to it, in (-1, 1).
    pub effect: f64,
    /// Standard deviation of the belief in `effect`, ≥ 0; 0 where it was not asked for.
    pub deviation: f64,
}

/// What the candidates of one decision share.
#[derive(Clone, Debug, Default)]
pub struct Prepared {
    dots: Vec<Dot>,
    /// Mean effects without the candidate's inputs, by form.
    effect: [f64; FORMS],
}

impl Default for Uplift {
    fn default() -> Self {
        let form = |effect| Form { base: Dense::new(BASE_VARIANCE), effect };
        Self {
            inputs: Inputs::default(),
            forms: regressions().map(form),
            offers: CowMap::new(OFFERS_MAX),
            evidence: Evidence::default(),
            shown: 0.0,
            withheld: 0.0,
        }
    }
}

impl Uplift {
    /// Trials learned from: in which something was shown, and in which nothing was.
    #[must_use]
    pub fn trials(&self) -> (f64, f64) {
        (self.shown, self.withheld)
    }

    /// Whether enough was tried to tell effects.
    #[must_use]
    pub fn tells(&self) -> bool {
        self.shown >= TRIALS_MIN && self.withheld >= TRIALS_MIN
    }

    /// How much each form is believed, from effects equal for all to such that vary freely.
    #[must_use]
    pub fn beliefs(&self) -> [f64; 3] {
        self.evidence.weights()
    }

    /// Does once what the candidates of a decision share.
    #[must_use]
    pub fn prepare(&self, features: &FeatureVector) -> Prepared {
        let dots = self.inputs.customer(features);
        let effect = self.forms.each_ref().map(|form| form.effect.mean(&dots));
        Prepared { dots, effect }
    }

    /// What showing `candidate` changes, where the propensity model says `probability`; `None`
    /// before enough was tried (see [`TRIALS_MIN`]).
    #[must_use]
    pub fn effect(
        &self,
        prepared: &Prepared,
        candidate: &Candidate,
        probability: f64,
    ) -> Option<Effect> {
        self.tells().then(|| self.answer(prepared, candidate, probability, false))
    }

    /// As [`Uplift::effect`], with the deviation: for reasons and for drawing.
    #[must_use]
    pub fn belief(
        &self,
        prepared: &Prepared,
        candidate: &Candidate,
        probability: f64,
    ) -> Option<Effect> {
        self.tells().then(|| self.answer(prepared, candidate, probability, true))
    }

    fn answer(
        &self,
        prepared: &Prepared,
        candidate: &Candidate,
        probability: f64,
        exact: bool,
    ) -> Effect {
        let own = self.offers.get(candidate.offer);
        let weights = own.map_or(self.evidence.start(), |own| own.evidence).weights();
        let brought = self.inputs.candidate(candidate);
        let offset = learn::offset(probability);
        let mut sum = Effect { without: 0.0, effect: 0.0, deviation: 0.0 };
        let mut squares = 0.0;
        for number in 0..FORMS {
            let Some((form, weight)) = self.forms.get(number).zip(weights.get(number)) else {
                continue;
            };
            let tau = self.tau(prepared, own, &brought, number, form);
            // What the propensity missed while this was learned it has learned since.
            let (low, high) = (sigmoid(offset - tau), sigmoid(offset));
            sum.without += weight * low;
            sum.effect += weight * (high - low);
            if exact {
                let variance = self.variance(prepared, own, &brought, number, form);
                let slope = low * (1.0 - low);
                squares += weight * ((high - low) * (high - low) + slope * slope * variance);
            }
        }
        if exact {
            sum.deviation = (squares - sum.effect * sum.effect).max(0.0).sqrt();
        }
        sum
    }

    /// The effect's mean on the logit.
    fn tau(
        &self,
        prepared: &Prepared,
        own: Option<&Own>,
        brought: &[Dot],
        number: usize,
        form: &Form,
    ) -> f64 {
        let mut tau = form.effect.mean(&[learn::EFFECT_BIAS]);
        let own = own.filter(|_| self.tells_offers()).and_then(|own| own.effects.get(number));
        if let Some(own) = own {
            tau += own.mean(&[learn::EFFECT_BIAS]);
        }
        if number > 0 {
            tau += prepared.effect.get(number).copied().unwrap_or(0.0) + form.effect.mean(brought);
            tau += own.map_or(0.0, |own| own.mean(&prepared.dots) + own.mean(brought));
        }
        tau
    }

    fn variance(
        &self,
        prepared: &Prepared,
        own: Option<&Own>,
        brought: &[Dot],
        number: usize,
        form: &Form,
    ) -> f64 {
        let dots = learn::effect_dots(number, &prepared.dots, brought);
        let quadratic = |dense: &Dense| dense.quadratic(&dots);
        let own = own.filter(|_| self.tells_offers()).and_then(|own| own.effects.get(number));
        quadratic(&form.effect) + own.map_or(0.0, quadratic)
    }

    /// Whether there are several offers to tell apart.
    fn tells_offers(&self) -> bool {
        self.offers.len() > 1
    }

    /// Trials of `offer`: all, and those in which it was shown.
    #[must_use]
    pub fn trials_of(&self, offer: Key) -> (f64, f64) {
        self.offers.get(offer).map_or((0.0, 0.0), |own| (own.trials, own.shown))
    }
}

#[cfg(test)]
mod tests;
