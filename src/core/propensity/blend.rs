//! The last word: two mixtures of the learners, one that settles and one that stays alert, beside
//! the strongest learners alone, averaged as probabilities by how well each foretold so far with a
//! small share for those that lost (Herbster, Warmuth 1998, "Tracking the best expert", fixed
//! share): never much worse than the best of them, from the first rows on. Offers with
//! a regression of their own are blended apart from those without.

use super::mixer::{EXPERTS, Mixer, Parts};
use super::weight::sigmoid;
use crate::core::codec::bytes::{CodecError, Reader, Writer};

/// Places of the learners in [`Parts`].
pub mod place {
    /// Full covariance, settled.
    pub const STEADY: usize = 0;
    /// Full covariance, drifting.
    pub const DRIFTING: usize = 1;
    /// Slopes and pairs.
    pub const PLAIN: usize = 2;
    /// Crosses of many attributes.
    pub const DEEP: usize = 3;
    /// Biases and effects of group and offer.
    pub const BLOCKS: usize = 4;
    /// The offer's own regression.
    pub const OWN: usize = 5;
    /// Single inputs with a belief each.
    pub const WIDE: usize = 6;
}

const MEMBERS: usize = 6;
/// What the losers share of each member's weight at each row.
const SHARE: f64 = 1e-4;
/// Drift of the mixtures' weights: settled, alert.
const DRIFTS: [f64; 2] = [1e-7, 1e-5];
/// Offers without a regression of their own, and with one.
const STAGES: usize = 2;
const PART_MAX: f64 = 12.0;

/// One stage's blend.
#[derive(Clone, Debug, PartialEq)]
struct Stage {
    mixers: [Mixer; 2],
    /// Weights of: settled mixture, alert mixture, steady, drifting, wide, own.
    members: [f64; MEMBERS],
}

/// The blend.
#[derive(Clone, Debug, PartialEq)]
pub struct Blend {
    stages: [Stage; STAGES],
}

/// The stage of an offer.
#[must_use]
pub fn stage(has_own: bool) -> usize {
    usize::from(has_own)
}

impl Stage {
    fn new(stage: usize) -> Self {
        let weights: Parts = match stage {
            0 => [0.4, 0.15, 0.15, 0.15, 1.0, 0.0, 0.15],
            _ => [0.1, 0.02, 0.03, 0.02, 0.2, 0.8, 0.03],
        };
        let members = match stage {
            0 => [0.2, 0.2, 0.2, 0.2, 0.2, 0.0],
            _ => [0.2, 0.2, 0.1, 0.05, 0.05, 0.4],
        };
        Self { mixers: DRIFTS.map(|drift| Mixer::new(weights, drift)), members }
    }

    fn logits(&self, parts: &Parts, prior: f64) -> [f64; MEMBERS] {
        let [settled, alert] = &self.mixers;
        let [steady, drifting, _, _, blocks, own, wide] = parts;
        [
            prior + settled.mean(parts),
            prior + alert.mean(parts),
            prior + steady + blocks,
            prior + drifting + blocks,
            prior + wide + blocks,
            prior + own,
        ]
    }
}

impl Default for Blend {
    fn default() -> Self {
        Self { stages: std::array::from_fn(Stage::new) }
    }
}

fn bounded(parts: &Parts) -> Parts {
    parts.map(|part| part.clamp(-PART_MAX, PART_MAX))
}

#[expect(clippy::indexing_slicing, reason = "a stage is below their number")]
impl Blend {
    /// The probability that the learners' `parts` and the declared prior's logit make.
    #[must_use]
    pub fn probability(&self, stage: usize, parts: &Parts, prior: f64) -> f64 {
        let stage = &self.stages[stage.min(STAGES - 1)];
        let logits = stage.logits(&bounded(parts), prior);
        let members = stage.members.iter().zip(logits).filter(|(weight, _)| **weight > 0.0);
        members.map(|(weight, logit)| weight * sigmoid(logit)).sum()
    }

    /// The part of the logit that the settled mixture makes of all but the blocks: where these
    /// begin.
    #[must_use]
    pub fn offset(&self, stage: usize, parts: &Parts) -> f64 {
        let mut parts = bounded(parts);
        parts[place::BLOCKS] = 0.0;
        self.stages[stage.min(STAGES - 1)].mixers[0].mean(&parts)
    }

    /// By how much each learner's part counts in the blended logit, to first order.
    #[must_use]
    pub fn shares(&self, stage: usize) -> Parts {
        let stage = &self.stages[stage.min(STAGES - 1)];
        let [settled, alert, steady, drifting, wide, own] = stage.members;
        let mut shares: Parts = std::array::from_fn(|at| {
            settled * stage.mixers[0].weights()[at] + alert * stage.mixers[1].weights()[at]
        });
        shares[place::STEADY] += steady;
        shares[place::DRIFTING] += drifting;
        shares[place::WIDE] += wide;
        shares[place::BLOCKS] += steady + drifting + wide;
        shares[place::OWN] += own;
        shares
    }

    /// Learns an outcome.
    pub fn learn(&mut self, stage: usize, parts: &Parts, prior: f64, label: f64, weight: f64) {
        let apart = stage == 0;
        let stage = &mut self.stages[stage.min(STAGES - 1)];
        let parts = bounded(parts);
        let logits = stage.logits(&parts, prior);
        let active = if apart { MEMBERS - 1 } else { MEMBERS };
        let mut total = 0.0;
        for (member, logit) in stage.members.iter_mut().zip(logits).take(active) {
            *member *= likelihood(sigmoid(logit), label, weight);
            total += *member;
        }
        if total > 0.0 {
            for member in stage.members.iter_mut().take(active) {
                *member = *member / total * (1.0 - SHARE) + SHARE / active as f64;
            }
        } else {
            stage.members = Stage::new(usize::from(!apart)).members;
        }
        stage.mixers.iter_mut().for_each(|mixer| mixer.learn(&parts, prior, label, weight));
    }

    /// Whether every number is finite.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.stages.iter().all(|stage| {
            stage.members.iter().all(|member| member.is_finite())
                && stage.mixers.iter().all(Mixer::is_sound)
        })
    }

    /// Appends the state.
    pub fn encode(&self, out: &mut Writer) {
        for stage in &self.stages {
            stage.mixers.iter().for_each(|mixer| mixer.encode(out));
            stage.members.iter().for_each(|member| out.f64(*member));
        }
    }

    /// Takes a state.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or hold no finite numbers.
    pub fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut blend = Self::default();
        for stage in &mut blend.stages {
            for (mixer, drift) in stage.mixers.iter_mut().zip(DRIFTS) {
                *mixer = Mixer::decode(drift, input)?;
            }
            for member in &mut stage.members {
                *member = input.finite("member")?.clamp(0.0, 1.0);
            }
        }
        Ok(blend)
    }
}

/// The probability of what happened; a label in between and a weight count in the exponent.
fn likelihood(probability: f64, label: f64, weight: f64) -> f64 {
    let p = probability.clamp(1e-9, 1.0 - 1e-9);
    if weight == 1.0 && label == 1.0 {
        p
    } else if weight == 1.0 && label == 0.0 {
        1.0 - p
    } else {
        let loss = label * libm::log(p) + (1.0 - label) * libm::log(1.0 - p);
        libm::exp((weight * loss).max(-300.0))
    }
}
const _: () = assert!(EXPERTS == place::WIDE + 1);
