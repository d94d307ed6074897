//! How a trial changes what is believed.

use super::{EFFECT_VARIANCES, FORMS, MEAN_VARIANCE, Own, Uplift};
use crate::core::feature::FeatureVector;
use crate::core::propensity::weight::{LOGIT_MAX, Step, logit, moderation, sigmoid};
use crate::core::propensity::{Candidate, Dense, Dot};

/// What a variance regains at each trial: next to nothing, against rounding.
const DRIFT: f64 = 1e-10;

/// The bias of what the propensity missed.
pub(super) const BASE_BIAS: Dot = Dot { slot: 0, x: 1.0 };
/// The bias of an effect: a slot's prior variance is 1, so its amount is a standard deviation.
pub(super) const EFFECT_BIAS: Dot = Dot { slot: 0, x: 0.316_227_77 };
const _: () = assert!(MEAN_VARIANCE == 0.1, "the square of the bias");

/// An offer that could have been shown to a customer, and what came of it. Chance decided whether it
/// was: that is what makes the difference between customers the effect of the offer.
#[derive(Clone, Copy, Debug)]
pub struct Trial<'a> {
    /// What was known of customer and moment.
    pub features: &'a FeatureVector,
    /// The offer that could have been shown.
    pub candidate: &'a Candidate,
    /// Whether it was.
    pub shown: bool,
    /// Probability of the positive outcome with the contact, by the propensity model.
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

    /// The gain of inputs that count `centred` times.
    fn along(&self, centred: f64) -> Vec<f32> {
        self.gain.iter().map(|gain| gain * centred as f32).collect()
    }
}

impl Uplift {
    /// Learns from a trial. A label that is not a number teaches nothing.
    pub fn learn(&mut self, trial: &Trial<'_>) {
        if trial.label.is_nan() {
            return;
        }
        let offer = trial.candidate.offer;
        self.inputs.admit(trial.features, std::slice::from_ref(trial.candidate));
        let customer = self.inputs.customer(trial.features);
        let start = self.evidence.start();
        let (own, _) = self.offers.entry(offer, || Own::new(start));
        let centred = f64::from(u8::from(trial.shown)) - own.share();
        let mut found = [0.0; FORMS];
        for (number, found) in found.iter_mut().enumerate() {
            *found = self.learn_form(number, &customer, trial, centred);
        }
        self.evidence.note(found);
        let (own, _) = self.offers.entry(offer, || Own::new(start));
        own.evidence.note(found);
        own.trials += 1.0;
        if trial.shown {
            own.shown += 1.0;
            self.shown += 1.0;
        } else {
            self.withheld += 1.0;
        }
    }

    /// One form takes in the trial; the log likelihood that it gave to the label.
    fn learn_form(
        &mut self,
        number: usize,
        customer: &[Dot],
        trial: &Trial<'_>,
        centred: f64,
    ) -> f64 {
        let tells_offers = self.tells_offers();
        let all_slots = self.inputs.slots();
        let slots = if number > 0 { all_slots } else { 1 };
        let brought = self.inputs.candidate(trial.candidate);
        let Some(form) = self.forms.get_mut(number) else { return 0.0 };
        let mut base_dots = vec![BASE_BIAS];
        base_dots.extend_from_slice(customer);
        base_dots.extend_from_slice(&brought);
        let dots = effect_dots(number, customer, &brought);
        let base = Part::of(&mut form.base, all_slots, &base_dots);
        let effect = Part::of(&mut form.effect, slots, &dots);
        let (own, _) = self.offers.entry(trial.candidate.offer, || Own::new(<_>::default()));
        let dense = own.effects.get_mut(number).filter(|_| tells_offers);
        let mut own = dense.map(|dense| (Part::of(dense, slots, &dots), dense));
        let own_part = own.as_ref().map_or((0.0, 0.0), |(part, _)| (part.mean, part.variance));
        let tau = effect.mean + own_part.0;
        let withheld = if trial.shown { 0.0 } else { tau };
        let mean = (offset(trial.probability) + base.mean - withheld).clamp(-LOGIT_MAX, LOGIT_MAX);
        let variance = base.variance + centred * centred * (effect.variance + own_part.1);
        let label = trial.label.clamp(0.0, 1.0);
        let step = Step::new(mean, variance.max(0.0), label, 1.0);
        form.base.update(&base.gain, &step, DRIFT);
        form.effect.update(&effect.along(centred), &step, DRIFT);
        if let Some((part, dense)) = &mut own {
            dense.update(&part.along(centred), &step, DRIFT);
        }
        let p = sigmoid(mean * moderation(variance)).clamp(1e-9, 1.0 - 1e-9);
        label * libm::log(p) + (1.0 - label) * libm::log(1.0 - p)
    }
}
