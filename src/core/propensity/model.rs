//! The model: what it believes of a candidate, and how an outcome changes that.
//!
//! The logit of a candidate is the logit of its offer's declared prior plus a sum of weights:
//! an intercept; the effect of each feature on every offer (and of crosses of two features); the
//! bias of the group and the effect of each feature on its offers; the bias of the offer and the
//! effect of each feature on it. What an offer has not taught comes from its group, what the
//! group has not taught from all: an unseen offer starts from its declared prior, moved by what
//! is known of such customers.

use std::cell::Cell;

use super::block::Block;
use super::candidate::{Candidate, Estimate};
use super::encode::{Active, candidate_inputs, encode, pairs};
use super::numeric::Numeric;
use super::spec::PropensitySpec;
use super::table::Table;
use super::weight::{LOGIT_MAX, Step, Weight, moderation, sigmoid};
use crate::core::codec::cow::CowMap;
use crate::core::feature::FeatureVector;
use crate::core::key::Key;
use crate::core::time::UnixMs;

/// Most an outcome may weigh.
const OUTCOME_WEIGHT_MAX: f64 = 100.0;

/// The propensity model. A clone shares everything with its origin until one of them learns.
#[derive(Clone, Debug)]
pub struct Propensity {
    pub(super) spec: PropensitySpec,
    pub(super) intercept: Weight,
    pub(super) table: Table,
    pub(super) groups: CowMap<Block>,
    pub(super) offers: CowMap<Block>,
    pub(super) numerics: CowMap<Numeric>,
    pub(super) learned: u64,
    pub(super) latest_at: UnixMs,
}

/// A Gaussian belief of a sum of weights.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    pub(super) mean: f64,
    pub(super) variance: f64,
}

impl Sum {
    #[inline]
    fn add(&mut self, weight: Weight, x: f64, prior: f64) {
        self.mean += f64::from(weight.mean) * x;
        self.variance += f64::from(weight.spread) * prior * x * x;
    }

    fn plus(self, other: Self) -> Self {
        Self { mean: self.mean + other.mean, variance: self.variance + other.variance }
    }
}

/// What one decision's candidates share: made once, then used for each, on one thread (it keeps
/// the sums of groups it has met). Belongs to the model that made it; another model's answers
/// would be meaningless.
pub struct Prepared {
    pub(super) active: Vec<Active>,
    shared: Sum,
    /// Groups met so far in this decision.
    groups: Cell<Vec<(Key, Sum)>>,
}

impl Propensity {
    /// A model that has learned nothing. The spec is bounded first.
    #[must_use]
    pub fn new(spec: PropensitySpec) -> Self {
        let spec = spec.bounded();
        Self {
            intercept: Weight::PRISTINE,
            table: Table::new(spec.table_bits),
            groups: CowMap::new(spec.groups_max),
            offers: CowMap::new(spec.offers_max),
            numerics: CowMap::new(spec.numerics_max),
            learned: 0,
            latest_at: UnixMs::default(),
            spec,
        }
    }

    /// The settings, as bounded.
    #[must_use]
    pub fn spec(&self) -> &PropensitySpec {
        &self.spec
    }

    /// How many outcomes have been learned from.
    #[must_use]
    pub fn learned(&self) -> u64 {
        self.learned
    }

    /// Time of the latest outcome learned from.
    #[must_use]
    pub fn latest_at(&self) -> UnixMs {
        self.latest_at
    }

    /// Outcomes seen of `offer` (sum of their weights).
    #[must_use]
    pub fn evidence(&self, offer: Key) -> f64 {
        self.offers.get(offer).map_or(0.0, |block| block.evidence)
    }

    /// Does once what all candidates of a decision share.
    #[must_use]
    pub fn prepare(&self, features: &FeatureVector) -> Prepared {
        let active = encode(features, &self.numerics);
        let mut shared = Sum::default();
        shared.add(self.intercept, 1.0, self.spec.bias_variance);
        for one in &active {
            shared.add(self.table.get(one.id), f64::from(one.x), self.spec.main_variance);
        }
        for (_, _, id) in pairs(&active, self.spec.pairs_max) {
            shared.add(self.table.get(id), 1.0, self.spec.pair_variance);
        }
        Prepared { active, shared, groups: Cell::default() }
    }

    /// Estimates the probability of the positive outcome of `candidate`.
    ///
    /// The uncertain sum of weights is moderated before it moves the declared prior:
    /// `p = σ(logit(p0) + κ(s²) m)`, MacKay's output (see [`moderation`]) with the declared
    /// probability in the place of 1/2, so that ignorance answers what was declared.
    #[must_use]
    pub fn predict(&self, prepared: &Prepared, candidate: &Candidate) -> Estimate {
        let offer = self.offers.get(candidate.offer);
        let sum = self.belief(prepared, candidate, offer);
        let prior = candidate.prior.logit_mean();
        let variance = sum.variance.max(0.0);
        let moved = prior + moderation(variance) * sum.mean;
        Estimate {
            probability: sigmoid(moved),
            logit_mean: (prior + sum.mean).clamp(-LOGIT_MAX, LOGIT_MAX),
            logit_variance: variance,
            evidence: offer.map_or(0.0, |block| block.evidence),
        }
    }

    fn belief(&self, prepared: &Prepared, candidate: &Candidate, offer: Option<&Block>) -> Sum {
        let inputs = candidate_inputs(candidate);
        let mut sum = prepared.shared.plus(self.group_sum(prepared, candidate.group));
        for one in inputs.iter().take(3) {
            sum.add(self.table.get(one.id), f64::from(one.x), self.spec.main_variance);
        }
        sum.plus(block_sum(
            offer,
            prepared.active.iter().chain(&inputs),
            candidate.prior.logit_variance(),
            self.spec.offer_variance,
        ))
    }

    fn group_sum(&self, prepared: &Prepared, group: Key) -> Sum {
        let mut met = prepared.groups.take();
        let sum = met.iter().find(|(key, _)| *key == group).map(|(_, sum)| *sum);
        let sum = sum.unwrap_or_else(|| {
            let block = self.groups.get(group);
            let variance = (self.spec.bias_variance, self.spec.group_variance);
            let sum = block_sum(block, prepared.active.iter(), variance.0, variance.1);
            met.push((group, sum));
            sum
        });
        prepared.groups.set(met);
        sum
    }

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
        if label.is_nan() || weight.is_nan() || weight <= 0.0 {
            return;
        }
        let (label, weight) = (label.clamp(0.0, 1.0), weight.min(OUTCOME_WEIGHT_MAX));
        let prepared = self.prepare(features);
        let sum = self.belief(&prepared, candidate, self.offers.get(candidate.offer));
        let mean = (candidate.prior.logit_mean() + sum.mean).clamp(-LOGIT_MAX, LOGIT_MAX);
        let step = Step::new(mean, sum.variance.max(0.0), label, weight);
        self.learned += 1;
        self.latest_at = self.latest_at.max(at);
        self.update_shared(&prepared.active, candidate, &step);
        self.update_blocks(&prepared.active, candidate, &step, weight);
        for (name, number) in features.numeric() {
            self.numerics.entry(*name, Numeric::default).0.observe(*number, self.spec.bins);
        }
    }

    fn update_shared(&mut self, active: &[Active], candidate: &Candidate, step: &Step) {
        let spec = &self.spec;
        self.intercept.update(1.0, spec.bias_variance, step, spec.drift);
        for one in active.iter().chain(candidate_inputs(candidate).iter().take(3)) {
            let weight = self.table.get_mut(one.id);
            weight.update(f64::from(one.x), spec.main_variance, step, spec.drift);
        }
        for (_, _, id) in pairs(active, spec.pairs_max) {
            self.table.get_mut(id).update(1.0, spec.pair_variance, step, spec.drift);
        }
    }

    fn update_blocks(
        &mut self,
        active: &[Active],
        candidate: &Candidate,
        step: &Step,
        weight: f64,
    ) {
        let spec = &self.spec;
        let inputs = candidate_inputs(candidate);
        let (group, _) = self.groups.entry(candidate.group, Block::default);
        let (offer, _) = self.offers.entry(candidate.offer, Block::default);
        let prior = candidate.prior.logit_variance();
        group.bias.update(1.0, spec.bias_variance, step, spec.drift);
        offer.bias.update(1.0, prior, step, spec.drift);
        for block in [&mut *group, &mut *offer] {
            block.evidence += weight;
            block.learned_at = self.learned;
        }
        for one in active {
            group.change(one.id, spec.group_weights_max, |weight| {
                weight.update(f64::from(one.x), spec.group_variance, step, spec.drift);
            });
        }
        for one in active.iter().chain(&inputs) {
            offer.change(one.id, spec.offer_weights_max, |weight| {
                weight.update(f64::from(one.x), spec.offer_variance, step, spec.drift);
            });
        }
    }

    /// Whether every number of the state is one a model may hold: finite means, variances in
    /// (0, prior], finite moments. Holds after any input; tests and restores check it.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.intercept.is_sound()
            && self.table.is_sound()
            && self.groups.iter().all(|(_, block)| block.is_sound())
            && self.offers.iter().all(|(_, block)| block.is_sound())
            && self.numerics.iter().all(|(_, numeric)| numeric.is_sound())
    }
}

/// The sum over a block; where there is none, the prior's.
fn block_sum<'a>(
    block: Option<&Block>,
    inputs: impl Iterator<Item = &'a Active> + Clone,
    bias_variance: f64,
    variance: f64,
) -> Sum {
    let mut sum = Sum::default();
    let bias = block.map_or(Weight::PRISTINE, |block| block.bias);
    sum.add(bias, 1.0, bias_variance);
    // Kept from being optimised away: its reads are what it is for.
    std::hint::black_box(block.map(|block| block.touch(inputs.clone().map(|one| one.id))));
    for one in inputs {
        let weight = block.map_or(Weight::PRISTINE, |block| block.get(one.id));
        sum.add(weight, f64::from(one.x), variance);
    }
    sum
}
