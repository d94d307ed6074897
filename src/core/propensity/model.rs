//! The model: what it believes of a candidate.
//!
//! The logit of a candidate is the logit of its offer's declared prior plus what seven learners say,
//! each learning apart from the same outcomes, blended by how well they did (`blend`):
//!
//! - two regressions with full covariance over a dense core of inputs (`dense`), one settled, one
//!   that drifts: what is known of such customers, whatever the offer;
//! - slopes and pairs of attributes, with careful steps (`plain`);
//! - every single input with a belief of its own (`wide`): identifiers;
//! - crosses of up to six attributes, with bold steps (`deep`);
//! - biases of group and offer, and the effect of each feature on them (`block`): what an offer has
//!   not taught comes from its group, what the group has not taught from all;
//! - a regression of the offer's own, for those with the most outcomes (`own`).
//!
//! An unseen offer starts from its declared prior, moved by what is known of such customers.

use std::cell::Cell;
use std::sync::Arc;

use smallvec::SmallVec;

use super::blend::{self, Blend, place};
use super::block::Block;
use super::candidate::{Candidate, Estimate, Score};
use super::crosses::{Crosses, Input};
use super::deep::Deep;
use super::dense::{Dense, Dot, Sum};
use super::encode::{Active, candidate_inputs, encode, group_input};
use super::mixer::Parts;
use super::numeric::Numeric;
use super::own::{Own, Owns};
use super::plain::Plain;
use super::slots::Slots;
use super::spec::PropensitySpec;
use super::trust::{TRUSTS_MAX, Trust};
use super::weight::{LOGIT_MAX, Weight, logit, moderation};
use super::wide::Wide;
use crate::core::codec::cow::CowMap;
use crate::core::feature::FeatureVector;
use crate::core::key::Key;
use crate::core::time::UnixMs;

/// The propensity model. A clone shares most with its origin until one of them learns.
#[derive(Clone, Debug)]
pub struct Propensity {
    pub(super) spec: PropensitySpec,
    pub(super) slots: Slots,
    pub(super) steady: Dense,
    pub(super) drifting: Dense,
    pub(super) crosses: Arc<Crosses>,
    pub(super) plain: Plain,
    pub(super) deep: Deep,
    pub(super) wide: Wide,
    pub(super) blend: Blend,
    pub(super) owns: Owns,
    pub(super) groups: CowMap<Block>,
    pub(super) offers: CowMap<Block>,
    pub(super) numerics: CowMap<Numeric>,
    /// By name of the score.
    pub(super) trusts: CowMap<Trust>,
    pub(super) learned: u64,
    pub(super) latest_at: UnixMs,
}

/// What one decision's candidates share: made once, then used for each, on one thread (it keeps
/// the sums of groups it has met). Belongs to the model that made it; another model's answers
/// would be meaningless.
pub struct Prepared {
    pub(super) active: Vec<Active>,
    pub(super) dots: Vec<Dot>,
    /// Of the settled regression: belief of the shared inputs, and `P x` of them.
    pub(super) steady: Sum,
    pub(super) steady_gain: Vec<f32>,
    pub(super) drifting: Sum,
    pub(super) drifting_gain: Vec<f32>,
    pub(super) plain_inputs: Vec<Input>,
    pub(super) plain: f64,
    pub(super) deep_inputs: Vec<Input>,
    pub(super) deep: f64,
    /// Mean and variance without the bias.
    pub(super) wide: (f64, f64),
    /// Groups met so far in this decision.
    groups: Cell<Vec<(Key, Sum)>>,
}

/// The inputs that a candidate brings to the dense core: bias, channel, placement, affinity and
/// group.
pub(super) type CandidateDots = SmallVec<[Dot; 5]>;

/// What the learners say of one candidate.
pub(super) struct Said<'a> {
    pub(super) parts: Parts,
    pub(super) dots: CandidateDots,
    /// Of the settled regression, customer and candidate together.
    pub(super) steady: Sum,
    pub(super) blocks: Sum,
    pub(super) own: Option<&'a Own>,
    /// Mean and variance of the single inputs, bias included.
    pub(super) wide: (f64, f64),
}

impl Propensity {
    /// A model that has learned nothing. The spec is bounded first.
    #[must_use]
    pub fn new(spec: PropensitySpec) -> Self {
        let spec = spec.bounded();
        Self {
            slots: Slots::new(spec.dense_max),
            steady: Dense::new(spec.dense_variance),
            drifting: Dense::new(spec.dense_variance),
            crosses: Arc::default(),
            plain: Plain::new(spec.plain_bits),
            deep: Deep::new(spec.deep_bits),
            wide: Wide::new(spec.plain_bits, spec.wide_variance),
            blend: Blend::default(),
            owns: Owns::new(spec.owns_max),
            groups: CowMap::new(spec.groups_max),
            offers: CowMap::new(spec.offers_max),
            numerics: CowMap::new(spec.numerics_max),
            trusts: CowMap::new(TRUSTS_MAX),
            learned: 0,
            latest_at: UnixMs::default(),
            spec,
        }
    }

    /// Readies what was learned for a clone by pointers: without it a clone copies what was learned
    /// since the last.
    pub fn settle(&mut self) {
        self.plain.settle();
        self.deep.settle();
        self.wide.settle();
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
        let mut active = encode(features, &self.numerics);
        if !self.spec.without.is_empty() {
            active.retain(|one| self.spec.without.binary_search(&one.name).is_err());
        }
        let dot = |one: &Active| {
            // The core sees numbers in standard deviations.
            let x = if one.token { one.x } else { one.x * 2.0 };
            self.slots.get(one.id).map(|slot| Dot { slot, x })
        };
        let dots: Vec<Dot> = active.iter().filter_map(dot).collect();
        let shared = |dense: &Dense| {
            let mut gain = Vec::with_capacity(dense.slots());
            dense.gain(&dots, &mut gain);
            (dense.sum(&dots, &gain), gain)
        };
        let (mut steady, steady_gain) = shared(&self.steady);
        if !self.slots.is_full() {
            // What may yet have a say, and has none.
            steady.variance += self.spec.dense_variance * (active.len() - dots.len()) as f64;
        }
        let (drifting, drifting_gain) = shared(&self.drifting);
        let (plain_inputs, deep_inputs) = self.crosses.inputs(&active);
        Prepared {
            plain: self.plain.sum(&plain_inputs),
            deep: self.deep.sum(&deep_inputs),
            wide: self.wide.sum(plain_inputs.get(..active.len()).unwrap_or_default()),
            active,
            dots,
            steady,
            steady_gain,
            drifting,
            drifting_gain,
            plain_inputs,
            deep_inputs,
            groups: Cell::default(),
        }
    }

    /// Estimates the probability of the positive outcome of `candidate`. The variance of an offer
    /// with a regression of its own is its usual one; [`Propensity::belief`] has the exact one.
    #[must_use]
    pub fn predict(&self, prepared: &Prepared, candidate: &Candidate) -> Estimate {
        let offer = self.offers.get(candidate.offer);
        let said = self.said(prepared, candidate, offer);
        let own_variance = said.own.map(|own| own.variance);
        self.estimate(&said, candidate, offer, own_variance)
    }

    /// As [`Propensity::predict`], with the exact variance, for sampling and for reasons.
    #[must_use]
    pub fn belief(&self, prepared: &Prepared, candidate: &Candidate) -> Estimate {
        let offer = self.offers.get(candidate.offer);
        let said = self.said(prepared, candidate, offer);
        let own_variance = said.own.map(|own| {
            let inputs: Vec<Dot> = own_inputs(&prepared.dots, &said.dots).collect();
            own.variance(&inputs, &mut Vec::new())
        });
        self.estimate(&said, candidate, offer, own_variance)
    }

    fn estimate(
        &self,
        said: &Said<'_>,
        candidate: &Candidate,
        offer: Option<&Block>,
        own_variance: Option<f64>,
    ) -> Estimate {
        let prior = self.start(candidate);
        let stage = blend::stage(said.own.is_some());
        let probability = self.blend.probability(stage, &said.parts, prior);
        let variance = own_variance.unwrap_or(said.steady.variance + said.blocks.variance);
        let probability = probability.clamp(1e-12, 1.0 - 1e-12);
        Estimate {
            probability,
            logit_mean: logit(probability).clamp(-LOGIT_MAX, LOGIT_MAX),
            logit_variance: variance.max(0.0),
            evidence: offer.map_or(0.0, |block| block.evidence),
        }
    }

    /// The score that a candidate begins from, where this model may see it.
    pub(super) fn score(&self, candidate: &Candidate) -> Option<Score> {
        candidate.score.filter(|score| self.spec.without.binary_search(&score.name).is_err())
    }

    /// Where a candidate's logit begins: at the declared prior, or at the score from outside as far as
    /// that one has been found to hold.
    pub(super) fn start(&self, candidate: &Candidate) -> f64 {
        let declared = candidate.prior.logit_mean();
        let Some(score) = self.score(candidate) else { return declared };
        match self.trusts.get(score.name) {
            Some(trust) => trust.start(declared, f64::from(score.logit)),
            None => f64::from(score.logit),
        }
    }

    /// What each learner says, moderated by its own uncertainty (see [`moderation`]), so that
    /// ignorance answers what was declared.
    pub(super) fn said(
        &self,
        prepared: &Prepared,
        candidate: &Candidate,
        offer: Option<&Block>,
    ) -> Said<'_> {
        let dots = self.candidate_dots(candidate);
        let steady = self.steady_sum(prepared, &dots);
        let drifting_mean = prepared.drifting.mean + self.drifting.mean(&dots);
        let own = self.owns.get(candidate.offer);
        let blocks = self.blocks(prepared, candidate, offer, own.is_some());
        let kept = moderation(steady.variance);
        let mut parts = [0.0; super::mixer::EXPERTS];
        parts[place::STEADY] = kept * steady.mean;
        parts[place::DRIFTING] = kept * drifting_mean;
        parts[place::PLAIN] = prepared.plain;
        parts[place::DEEP] = prepared.deep;
        let wide = self.wide_sum(prepared, &dots);
        parts[place::WIDE] = moderation(wide.1) * wide.0;
        parts[place::BLOCKS] = moderation(blocks.variance) * blocks.mean;
        if let Some(own) = own {
            let inputs = dots.iter().take(OWN_DOTS);
            let mean = own.dense.mean(&prepared.dots)
                + inputs.map(|dot| f64::from(own.dense.weight(dot.slot) * dot.x)).sum::<f64>();
            parts[place::OWN] = moderation(own.variance) * mean;
        }
        Said { parts, dots, steady, blocks, own, wide }
    }

    fn wide_sum(&self, prepared: &Prepared, dots: &[Dot]) -> (f64, f64) {
        let bias = dots.first().map_or(0.0, |dot| f64::from(dot.x));
        let own = &self.wide.bias;
        let (mean, variance) = prepared.wide;
        (mean + f64::from(own.mean) * bias, variance + f64::from(own.spread) * bias * bias)
    }

    fn steady_sum(&self, prepared: &Prepared, dots: &[Dot]) -> Sum {
        let gain = |dot: &Dot| prepared.steady_gain.get(usize::from(dot.slot)).copied();
        let crossed: f32 = dots.iter().filter_map(|dot| gain(dot).map(|gain| gain * dot.x)).sum();
        let own = self.steady.quadratic(dots);
        Sum {
            mean: prepared.steady.mean + self.steady.mean(dots),
            variance: (prepared.steady.variance + 2.0 * f64::from(crossed) + own).max(0.0),
        }
    }

    /// The candidate's inputs that have slots. The bias is as large as the declared prior is vague:
    /// a prior worth many outcomes is hard to move.
    pub(super) fn candidate_dots(&self, candidate: &Candidate) -> CandidateDots {
        let [channel, placement, affinity, _] = candidate_inputs(candidate);
        let bias = candidate.prior.logit_variance().sqrt() as f32;
        let mut dots = CandidateDots::new();
        dots.push(Dot { slot: 0, x: bias });
        for one in [channel, placement, affinity, group_input(candidate)] {
            // A place is kept for each, so that an offer's own regression can leave out the group.
            let slot = self.slots.get(one.id).unwrap_or(u16::MAX);
            dots.push(Dot { slot, x: one.x });
        }
        dots
    }

    fn blocks(
        &self,
        prepared: &Prepared,
        candidate: &Candidate,
        offer: Option<&Block>,
        has_own: bool,
    ) -> Sum {
        if !self.tells_offers() {
            return Sum::default();
        }
        let inputs = candidate_inputs(candidate);
        let group = self.group_sum(prepared, candidate.group);
        let features = if has_own { &[] } else { &*prepared.active };
        let variances = (candidate.prior.logit_variance(), self.spec.offer_variance);
        let own = block_sum(offer, features.iter().chain(&inputs), variances);
        Sum { mean: group.mean + own.mean, variance: group.variance + own.variance }
    }

    /// Whether there are several offers to tell apart: while there is one, what it teaches is what
    /// all share.
    pub(super) fn tells_offers(&self) -> bool {
        self.offers.len() > 1
    }

    fn group_sum(&self, prepared: &Prepared, group: Key) -> Sum {
        let mut met = prepared.groups.take();
        let sum = met.iter().find(|(key, _)| *key == group).map(|(_, sum)| *sum);
        let sum = sum.unwrap_or_else(|| {
            let block = self.groups.get(group);
            let features = if self.groups.len() > 1 { &*prepared.active } else { &[] };
            let variances = (self.spec.bias_variance, self.spec.group_variance);
            let sum = block_sum(block, features.iter(), variances);
            met.push((group, sum));
            sum
        });
        prepared.groups.set(met);
        sum
    }

    /// Whether every number of the state is one a model may hold: finite means, variances in
    /// (0, prior], finite moments. Holds after any input; tests and restores check it.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.steady.is_sound()
            && self.drifting.is_sound()
            && self.plain.is_sound()
            && self.deep.is_sound()
            && self.wide.is_sound()
            && self.blend.is_sound()
            && self.owns.is_sound()
            && self.groups.iter().all(|(_, block)| block.is_sound())
            && self.offers.iter().all(|(_, block)| block.is_sound())
            && self.numerics.iter().all(|(_, numeric)| numeric.is_sound())
            && self.trusts.iter().all(|(_, trust)| trust.is_sound())
    }
}

/// How many of the candidate's inputs its own regression sees: all but the group.
const OWN_DOTS: usize = 4;

/// The inputs of an offer's own regression.
pub(super) fn own_inputs<'a>(shared: &'a [Dot], dots: &'a [Dot]) -> impl Iterator<Item = Dot> + 'a {
    shared.iter().chain(dots.iter().take(OWN_DOTS)).copied().filter(|dot| dot.slot != u16::MAX)
}

/// The sum over a block; where there is none, the prior's.
fn block_sum<'a>(
    block: Option<&Block>,
    inputs: impl Iterator<Item = &'a Active> + Clone,
    (bias_variance, variance): (f64, f64),
) -> Sum {
    let mut sum = Sum::default();
    let mut add = |weight: Weight, x: f64, prior: f64| {
        sum.mean += f64::from(weight.mean) * x;
        sum.variance += f64::from(weight.spread) * prior * x * x;
    };
    add(block.map_or(Weight::PRISTINE, |block| block.bias), 1.0, bias_variance);
    // Kept from being optimised away: its reads are what it is for.
    std::hint::black_box(block.map(|block| block.touch(inputs.clone().map(|one| one.id))));
    for one in inputs {
        let weight = block.map_or(Weight::PRISTINE, |block| block.get(one.id));
        add(weight, f64::from(one.x), variance);
    }
    sum
}
