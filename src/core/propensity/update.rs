//! How an outcome changes the model. Each learner takes it in apart; then the blend learns which
//! of them had foretold it.

use std::sync::Arc;

use super::blend;
use super::block::Block;
use super::candidate::Candidate;
use super::dense::{Dense, Dot};
use super::encode::{candidate_inputs, group_input};
use super::model::{Prepared, Propensity, Said, own_inputs};
use super::numeric::Numeric;
use super::trust::Trust;
use super::weight::{LOGIT_MAX, Step};
use crate::core::feature::FeatureVector;
use crate::core::time::UnixMs;

/// Most an outcome may weigh.
const OUTCOME_WEIGHT_MAX: f64 = 100.0;
/// What a variance of the settled regression regains: next to nothing, against rounding.
const SETTLED_DRIFT: f64 = 1e-10;

/// An outcome, checked.
#[derive(Clone, Copy)]
struct Outcome {
    label: f64,
    weight: f64,
    /// The logit it begins from.
    prior: f64,
}

impl Propensity {
    /// Learns that `candidate`, shown to a customer with `features`, had the outcome `label`
    /// (0 not, 1 positive; in between is allowed), which counts `weight` times (0 to 100).
    /// Anything that is not a number teaches nothing.
    pub fn learn(
        &mut self,
        features: &FeatureVector,
        candidate: &Candidate,
        label: f64,
        weight: f64,
        at: UnixMs,
    ) {
        let prepared = self.prepare(features);
        self.learn_prepared(prepared, features, candidate, (label, weight), at);
    }

    /// As [`Propensity::learn`], from what [`Propensity::prepare`] made of the same features; the
    /// model must not have learned since.
    pub fn learn_prepared(
        &mut self,
        prepared: Prepared,
        features: &FeatureVector,
        candidate: &Candidate,
        (label, weight): (f64, f64),
        at: UnixMs,
    ) {
        if label.is_nan() || weight.is_nan() || weight <= 0.0 {
            return;
        }
        let outcome = Outcome {
            label: label.clamp(0.0, 1.0),
            weight: weight.min(OUTCOME_WEIGHT_MAX),
            prior: self.start(candidate),
        };
        let more = self.admit(&prepared, candidate);
        let prepared = if more { self.prepare(features) } else { prepared };
        self.learned += 1;
        self.latest_at = self.latest_at.max(at);
        let said = self.said(&prepared, candidate, self.offers.get(candidate.offer));
        let stage = blend::stage(said.own.is_some());
        let Said { parts, dots, blocks, wide, .. } = said;
        let offset = outcome.prior + self.blend.offset(stage, &parts);
        self.update_regressions(&prepared, &dots, outcome);
        self.plain.learn(
            &prepared.plain_inputs,
            outcome.prior + prepared.plain,
            outcome.label,
            outcome.weight,
        );
        self.deep.learn(
            &prepared.deep_inputs,
            outcome.prior + prepared.deep,
            outcome.label,
            outcome.weight,
        );
        self.update_wide(&prepared, &dots, wide, outcome);
        let mean = (offset + blocks.mean).clamp(-LOGIT_MAX, LOGIT_MAX);
        let step = Step::new(mean, blocks.variance.max(0.0), outcome.label, outcome.weight);
        self.update_blocks(&prepared, candidate, &step, outcome.weight);
        self.update_own(&prepared, candidate, &dots, outcome);
        self.blend.learn(stage, &parts, outcome.prior, outcome.label, outcome.weight);
        if let Some(score) = self.score(candidate) {
            let (declared, score_logit) = (candidate.prior.logit_mean(), f64::from(score.logit));
            let (trust, _) = self.trusts.entry(score.name, Trust::default);
            trust.learn(declared, score_logit, outcome.label, outcome.weight);
        }
        for (name, number) in features.numeric() {
            self.numerics.entry(*name, Numeric::default).0.observe(*number, self.spec.bins);
        }
    }

    /// Gives new inputs their places in the core and new attributes their crosses; whether
    /// anything changed that was prepared.
    fn admit(&mut self, prepared: &Prepared, candidate: &Candidate) -> bool {
        let mut more = false;
        if !self.slots.is_full() {
            let [channel, placement, affinity, _] = candidate_inputs(candidate);
            let own = [channel, placement, affinity, group_input(candidate)];
            // Numbers first: each is one input; then values and bins.
            let numbers = prepared.active.iter().filter(|one| !one.token);
            let tokens = prepared.active.iter().filter(|one| one.token);
            for one in own.iter().chain(numbers).chain(tokens) {
                if self.slots.get(one.id).is_none() {
                    more |= self.slots.admit(one.id, one.name);
                }
            }
            self.steady.fit(self.slots.len());
            self.drifting.fit(self.slots.len());
        }
        if let Some(crosses) = self.crosses.with(&prepared.active, &self.spec) {
            self.crosses = Arc::new(crosses);
            more = true;
        }
        more
    }

    fn update_regressions(&mut self, prepared: &Prepared, dots: &[Dot], outcome: Outcome) {
        let drift = self.spec.dense_drift;
        update(
            &mut self.steady,
            (&prepared.dots, dots),
            &prepared.steady_gain,
            outcome,
            SETTLED_DRIFT,
        );
        update(&mut self.drifting, (&prepared.dots, dots), &prepared.drifting_gain, outcome, drift);
    }

    fn update_wide(
        &mut self,
        prepared: &Prepared,
        dots: &[Dot],
        (mean, variance): (f64, f64),
        outcome: Outcome,
    ) {
        let bias = dots.first().map_or(0.0, |dot| f64::from(dot.x));
        let inputs = prepared.plain_inputs.get(..prepared.active.len()).unwrap_or_default();
        self.wide.learn(
            (bias, inputs),
            (outcome.prior + mean, variance),
            (outcome.label, outcome.weight),
            self.spec.drift,
        );
    }

    fn update_own(
        &mut self,
        prepared: &Prepared,
        candidate: &Candidate,
        dots: &[Dot],
        outcome: Outcome,
    ) {
        if !self.tells_offers() {
            return;
        }
        let evidence = self.evidence(candidate.offer);
        let slots = self.slots.len();
        let drift = self.spec.own_drift;
        if let Some(own) = self.owns.entry(candidate.offer, evidence, self.spec.own_variance) {
            let inputs: Vec<Dot> = own_inputs(&prepared.dots, dots).collect();
            own.learn(&inputs, slots, (outcome.prior, outcome.label, outcome.weight), drift);
        }
    }

    fn update_blocks(
        &mut self,
        prepared: &Prepared,
        candidate: &Candidate,
        step: &Step,
        weight: f64,
    ) {
        let tells_offers = self.tells_offers();
        let tells_groups = tells_offers && self.groups.len() > 1;
        let has_own = self.owns.get(candidate.offer).is_some();
        let spec = &self.spec;
        let inputs = candidate_inputs(candidate);
        let (group, _) = self.groups.entry(candidate.group, Block::default);
        let (offer, _) = self.offers.entry(candidate.offer, Block::default);
        let prior = candidate.prior.logit_variance();
        for block in [&mut *group, &mut *offer] {
            block.evidence += weight;
            block.learned_at = self.learned;
        }
        if !tells_offers {
            return;
        }
        group.bias.update(1.0, spec.bias_variance, step, spec.drift);
        offer.bias.update(1.0, prior, step, spec.drift);
        for one in prepared.active.iter().filter(|_| tells_groups) {
            group.change(one.id, spec.group_weights_max, |weight| {
                weight.update(f64::from(one.x), spec.group_variance, step, spec.drift);
            });
        }
        for one in prepared.active.iter().filter(|_| !has_own).chain(&inputs) {
            offer.change(one.id, spec.offer_weights_max, |weight| {
                weight.update(f64::from(one.x), spec.offer_variance, step, spec.drift);
            });
        }
    }
}

/// One regression takes in an outcome through the shared inputs, whose `P x` is known, and the
/// candidate's.
fn update(
    dense: &mut Dense,
    (shared, own): (&[Dot], &[Dot]),
    shared_gain: &[f32],
    outcome: Outcome,
    drift: f64,
) {
    let mut gain = shared_gain.to_vec();
    dense.gain(own, &mut gain);
    let (first, second) = (dense.sum(shared, &gain), dense.sum(own, &gain));
    let mean = outcome.prior + first.mean + second.mean;
    let variance = first.variance + second.variance;
    let step = Step::new(
        mean.clamp(-LOGIT_MAX, LOGIT_MAX),
        variance.max(0.0),
        outcome.label,
        outcome.weight,
    );
    dense.update(&gain, &step, drift);
}
