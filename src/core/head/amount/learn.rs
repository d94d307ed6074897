//! How an amount changes what is believed: the filter's step to the mode of the posterior, found on a
//! line as in [`crate::core::propensity::weight`], with the gamma quasi-likelihood in the logistic's
//! place: score `(y / μ - 1) / φ`, information `1 / φ`.

use super::{Amounts, BIAS, FORMS, INPUT_VARIANCES, LOG_MAX, OFFER_VARIANCE, Own};
use crate::core::feature::FeatureVector;
use crate::core::propensity::weight::Step;
use crate::core::propensity::{Candidate, Dot};

/// What a variance regains at each amount: worlds change.
const DRIFT: f64 = 1e-6;
/// Amounts that the dispersion of 1 that is supposed at first is worth.
const DISPERSION_EVIDENCE: f64 = 5.0;
const DISPERSION_MIN: f64 = 1e-3;
const DISPERSION_MAX: f64 = 100.0;
/// A squared distance that a single amount may teach the dispersion.
const SQUARE_MAX: f64 = 100.0;

/// The inputs of one form: the bias alone where inputs do not count.
pub(super) fn dots(form: usize, customer: &[Dot], brought: &[Dot]) -> Vec<Dot> {
    let mut dots = vec![BIAS];
    if INPUT_VARIANCES.get(form).is_some_and(|variance| *variance > 0.0) {
        dots.extend_from_slice(customer);
        dots.extend_from_slice(brought);
    }
    dots
}

impl Amounts {
    /// Learns an amount that came with a positive outcome of `candidate`. What is no finite number
    /// above 0 teaches nothing.
    pub fn learn(&mut self, features: &FeatureVector, candidate: &Candidate, amount: f64) {
        if !amount.is_finite() || amount <= 0.0 {
            return;
        }
        if self.count == 0 {
            self.start = libm::log(amount);
        }
        let log = (libm::log(amount) - self.start).clamp(-LOG_MAX, LOG_MAX);
        let before = self.prepare(features);
        let foretold = self.answer(&before, candidate, false).mean / libm::exp(self.start);
        self.inputs.admit(features, std::slice::from_ref(candidate));
        let customer = self.inputs.customer(features);
        let brought = self.inputs.candidate(candidate);
        let mut found = [0.0; FORMS];
        for (number, found) in found.iter_mut().enumerate() {
            let inputs = dots(number, &customer, &brought);
            *found = self.learn_form(number, &inputs, candidate, log);
        }
        self.evidence.note(found);
        self.offers.entry(candidate.offer, Own::default).0.count += 1;
        // The ratio of sums is about what the regressions say, without the level put on them.
        self.foretold += foretold / self.level();
        self.observed += libm::exp(log);
        self.count += 1;
    }

    /// One form takes in the logarithm of an amount; the log likelihood that it gave to it.
    fn learn_form(
        &mut self,
        number: usize,
        inputs: &[Dot],
        candidate: &Candidate,
        log: f64,
    ) -> f64 {
        let slots = if number > 0 { self.inputs.slots() } else { 1 };
        let seen = self.count as f64;
        let Some(form) = self.forms.get_mut(number) else { return 0.0 };
        let (own, _) = self.offers.entry(candidate.offer, Own::default);
        let Some(part) = own.parts.get_mut(number) else { return 0.0 };
        form.dense.fit(slots);
        let mut gain = Vec::with_capacity(form.dense.slots());
        form.dense.gain(inputs, &mut gain);
        let sum = form.dense.sum(inputs, &gain);
        let variance = sum.variance + OFFER_VARIANCE * f64::from(part.spread);
        let mean = (sum.mean + f64::from(part.mean)).clamp(-LOG_MAX, LOG_MAX);
        let dispersion = form.dispersion;
        let likelihood = log_density(log, mean, dispersion + variance);
        let step = step(mean, variance, log, dispersion);
        form.dense.update(&gain, &step, DRIFT);
        part.update(1.0, OFFER_VARIANCE, &step, DRIFT);
        let square = (libm::exp((log - mean).min(3.0)) - 1.0).powi(2).min(SQUARE_MAX);
        // Of the distance, the part that is not ignorance of the mean.
        let own = square * dispersion / (dispersion + variance);
        let share = 1.0 / (seen + 1.0 + DISPERSION_EVIDENCE);
        form.dispersion =
            (dispersion + share * (own - dispersion)).clamp(DISPERSION_MIN, DISPERSION_MAX);
        likelihood
    }
}

/// The step towards an amount with logarithm `log`, where the belief of the mean's logarithm has
/// `mean` and `variance`. The mode solves `a = mean + variance (e^(log - a) - 1) / dispersion`, which
/// has one root, between `mean` and `log`.
fn step(mean: f64, variance: f64, log: f64, dispersion: f64) -> Step {
    let pull = variance / dispersion;
    let (mut low, mut high) = if log < mean { (log, mean) } else { (mean, log) };
    let mut at = mean;
    for _ in 0..40 {
        let ratio = libm::exp(log - at);
        let excess = at - mean - pull * (ratio - 1.0);
        if excess > 0.0 {
            high = at;
        } else {
            low = at;
        }
        let newton = at - excess / (1.0 + pull * ratio);
        let next = if newton >= low && newton <= high { newton } else { 0.5 * (low + high) };
        let moved = (next - at).abs();
        at = next;
        if moved < 1e-9 {
            break;
        }
    }
    let information = 1.0 / dispersion;
    Step {
        gradient: (libm::exp(log - at) - 1.0) / dispersion,
        information: information / (1.0 + information * variance),
    }
}

/// Log density of a gamma variable of mean `e^mean` and squared coefficient of variation
/// `dispersion`, at `e^log`, per unit of the logarithm.
fn log_density(log: f64, mean: f64, dispersion: f64) -> f64 {
    let shape = 1.0 / dispersion.max(DISPERSION_MIN);
    let distance = (log - mean).clamp(-LOG_MAX, LOG_MAX);
    shape * (libm::log(shape) + distance - libm::exp(distance)) - libm::lgamma(shape)
}
