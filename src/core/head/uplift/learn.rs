//! How a trial changes what is believed.

use super::{EFFECT_VARIANCES, FORMS, MEAN_VARIANCE, Own, Uplift};
use crate::core::feature::FeatureVector;
use crate::core::propensity::weight::{LOGIT_MAX, Step, logit, moderation, sigmoid};
use crate::core::propensity::{Candidate, Dense, Dot};

/// What a variance regains at each trial: next to nothing, against rounding.
const DRIFT: f64 = 1e-10;
/// Most offers of one trial.
const OFFERS_MAX: usize = 64;

/// The bias of what the propensity missed.
pub(super) const BASE_BIAS: Dot = Dot { slot: 0, x: 1.0 };
/// The bias of an effect: a slot's prior variance is 1, so its amount is a standard deviation.
pub(super) const EFFECT_BIAS: Dot = Dot { slot: 0, x: 0.316_227_77 };
const _: () = assert!(MEAN_VARIANCE == 0.1, "the square of the bias");

/// Something that could have been shown to a customer, and what came of it. Chance decided whether
/// it was: that is what makes the difference between customers the effect of the offer.
#[derive(Clone, Copy, Debug)]
pub struct Trial<'a> {
    /// What was known of customer and moment.
    pub features: &'a FeatureVector,
    /// The offers that could have been shown: one, or several of which at most one was.
    pub candidates: &'a [Candidate],
    /// Which was shown; `None`: none.
    pub shown: Option<usize>,
    /// Probability of the positive outcome by the propensity model, whatever was shown.
    pub probability: f64,
    /// What came of it: 0 not, 1 positive.
    pub label: f64,
}

/// The logit of a probability, kept finite.
pub(super) fn offset(probability: f64) -> f64 {
    let probability = if probability.is_nan() { 0.5 } else { probability };
    logit(probability.clamp(1e-6, 1.0 - 1e-6))
}

/// The inputs of an effect in one form: the bias alone where it is the same for all customers.
pub(super) fn effect_dots(form: usize, customer: &[Dot], brought: &[Dot]) -> Vec<Dot> {
    let mut dots = vec![EFFECT_BIAS];
    if EFFECT_VARIANCES.get(form).is_some_and(|variance| *variance > 0.0) {
        dots.extend_from_slice(customer);
        dots.extend_from_slice(brought);
    }
    dots
}

/// A regression's part in a trial: `P x`, and mean and variance of `x' w`.
struct Part {
    gain: Vec<f32>,
    mean: f64,
    variance: f64,
}

impl Part {
    fn of(dense: &mut Dense, slots: usize, dots: &[Dot]) -> Self {
        dense.fit(slots);
        let mut gain = Vec::with_capacity(dense.slots());
        dense.gain(dots, &mut gain);
        let sum = dense.sum(dots, &gain);
        Self { gain, mean: sum.mean, variance: sum.variance }
    }
}

impl Uplift {
    /// Learns from a trial. Anything that is not a number teaches nothing.
    pub fn learn(&mut self, trial: &Trial<'_>) {
        let candidates = trial.candidates.get(..OFFERS_MAX).unwrap_or(trial.candidates);
        if trial.label.is_nan() || candidates.is_empty() {
            return;
        }
        let label = trial.label.clamp(0.0, 1.0);
        self.inputs.admit(trial.features, candidates);
        for candidate in candidates {
            self.offers.entry(candidate.offer, || Own::new(self.evidence.start()));
        }
        let customer = self.inputs.customer(trial.features);
        let coefficients: Vec<f64> = candidates
            .iter()
            .enumerate()
            .map(|(number, candidate)| {
                let shown = f64::from(u8::from(trial.shown == Some(number)));
                shown - self.offers.get(candidate.offer).map_or(0.5, Own::share)
            })
            .collect();
        let mut found = [0.0; FORMS];
        for (number, found) in found.iter_mut().enumerate() {
            let told = (trial.probability, label);
            *found = self.learn_form(number, &customer, candidates, &coefficients, told);
        }
        self.count(candidates, trial.shown, found);
    }

    /// One form takes in the trial; the log likelihood that it gave to the label.
    fn learn_form(
        &mut self,
        number: usize,
        customer: &[Dot],
        candidates: &[Candidate],
        coefficients: &[f64],
        (probability, label): (f64, f64),
    ) -> f64 {
        let tells_offers = self.tells_offers();
        let slots = if number > 0 { self.inputs.slots() } else { 1 };
        let all_slots = self.inputs.slots();
        let Some(form) = self.forms.get_mut(number) else { return 0.0 };
        let mut base_dots = vec![BASE_BIAS];
        base_dots.extend_from_slice(customer);
        let mut shared: Vec<Dot> = Vec::new();
        let mut owns: Vec<(Candidate, Vec<Dot>)> = Vec::new();
        for (position, candidate) in candidates.iter().enumerate() {
            let brought = self.inputs.candidate(candidate);
            if position == 0 {
                base_dots.extend_from_slice(&brought);
            }
            let coefficient = coefficients.get(position).copied().unwrap_or(0.0) as f32;
            let mut dots = effect_dots(number, customer, &brought);
            dots.iter_mut().for_each(|dot| dot.x *= coefficient);
            shared.extend_from_slice(&dots);
            owns.push((*candidate, dots));
        }
        let base = Part::of(&mut form.base, all_slots, &base_dots);
        let effect = Part::of(&mut form.effect, slots, &shared);
        let mut own_parts: Vec<(Candidate, Part)> = Vec::new();
        for (candidate, dots) in owns.iter().filter(|_| tells_offers) {
            let own = self.offers.entry(candidate.offer, || Own::new(self.evidence.start())).0;
            if let Some(dense) = own.effects.get_mut(number) {
                own_parts.push((*candidate, Part::of(dense, slots, dots)));
            }
        }
        let parts = || [&base, &effect].into_iter().chain(own_parts.iter().map(|(_, part)| part));
        let mean = offset(probability) + parts().map(|part| part.mean).sum::<f64>();
        let mean = mean.clamp(-LOGIT_MAX, LOGIT_MAX);
        let variance = parts().map(|part| part.variance).sum::<f64>().max(0.0);
        let step = Step::new(mean, variance, label, 1.0);
        form.base.update(&base.gain, &step, DRIFT);
        form.effect.update(&effect.gain, &step, DRIFT);
        for (candidate, part) in &own_parts {
            let own = self.offers.entry(candidate.offer, || Own::new(self.evidence.start())).0;
            if let Some(dense) = own.effects.get_mut(number) {
                dense.update(&part.gain, &step, DRIFT);
            }
        }
        let p = sigmoid(mean * moderation(variance)).clamp(1e-9, 1.0 - 1e-9);
        label * libm::log(p) + (1.0 - label) * libm::log(1.0 - p)
    }

    fn count(&mut self, candidates: &[Candidate], shown: Option<usize>, found: [f64; FORMS]) {
        self.evidence.note(found);
        match shown {
            Some(_) => self.shown += 1.0,
            None => self.withheld += 1.0,
        }
        for (number, candidate) in candidates.iter().enumerate() {
            let (own, _) = self.offers.entry(candidate.offer, || Own::new(Default::default()));
            own.trials += 1.0;
            own.shown += f64::from(u8::from(shown == Some(number)));
            // What concerned other offers as much says little of how this one's effect varies.
            if shown == Some(number) || candidates.len() == 1 {
                own.evidence.note(found);
            }
        }
    }
}
