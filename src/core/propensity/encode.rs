//! From features to active inputs of the model: an id, an amount, and whose it is.

use super::numeric::{Numeric, Z_MAX};
use crate::core::codec::cow::CowMap;
use crate::core::feature::FeatureVector;
use crate::core::key::{Key, mix64};
use crate::core::propensity::Candidate;

/// Most inputs of one decision; what comes after is left out.
pub const ACTIVE_MAX: usize = 512;

const CATEGORY: u64 = 1 << 40;
const LINEAR: u64 = 2 << 40;
const BIN: u64 = 3 << 40;
const CHANNEL: u64 = 4 << 40;
const PLACEMENT: u64 = 5 << 40;
const TREATMENT: u64 = 6 << 40;
const AFFINITY: u64 = 7 << 40;
const AFFINITY_MISSING: u64 = 8 << 40;

/// One input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Active {
    /// Hash of what it is; never 0.
    pub id: u32,
    /// Amount: 1 for a token, the scaled standardised value for a number.
    pub x: f32,
    /// The attribute (or offer, channel ...) it belongs to.
    pub name: Key,
    /// Whether it is a token, which may be crossed.
    pub token: bool,
}

fn id(kind: u64, name: Key, value: u32) -> u32 {
    // The low half of a mixed word; 0 stands for a free slot.
    (mix64(kind | u64::from(name.0), u64::from(value)) as u32).max(1)
}

/// The inputs of a feature vector: a token for each category; for each number its standardised
/// value (scaled to ±2) and the token of its bin.
#[must_use]
pub fn encode(features: &FeatureVector, numerics: &CowMap<Numeric>) -> Vec<Active> {
    let mut active = Vec::with_capacity(features.len() + features.numeric().len());
    for (name, token) in features.categorical().iter().take(ACTIVE_MAX) {
        active.push(Active { id: id(CATEGORY, *name, *token), x: 1.0, name: *name, token: true });
    }
    for (name, number) in features.numeric() {
        let Some(numeric) = numerics.get(*name) else {
            continue;
        };
        let x = (numeric.standardised(*number) * (2.0 / Z_MAX)) as f32;
        active.push(Active { id: id(LINEAR, *name, 0), x, name: *name, token: false });
        if let Some(bin) = numeric.bin(*number) {
            active.push(Active { id: id(BIN, *name, bin), x: 1.0, name: *name, token: true });
        }
    }
    active.truncate(ACTIVE_MAX);
    active
}

/// The inputs a candidate itself brings: channel, placement, affinity, treatment. The first
/// three matter to every offer; a treatment to its own alone.
#[must_use]
pub fn candidate_inputs(candidate: &Candidate) -> [Active; 4] {
    let token = |kind, name: Key| Active { id: id(kind, name, 0), x: 1.0, name, token: true };
    let affinity = match candidate.affinity.filter(|affinity| affinity.is_finite()) {
        Some(affinity) => {
            Active { x: affinity.clamp(0.0, 1.0) * 2.0 - 1.0, ..token(AFFINITY, affinity_name()) }
        }
        None => token(AFFINITY_MISSING, affinity_name()),
    };
    [
        token(CHANNEL, candidate.channel),
        token(PLACEMENT, candidate.placement),
        affinity,
        token(TREATMENT, candidate.treatment),
    ]
}

/// Under which name affinity is explained.
#[must_use]
pub fn affinity_name() -> Key {
    Key::of("affinity")
}

/// Ids of the crosses of two tokens of different attributes, at most `pairs_max`.
pub fn pairs(
    active: &[Active],
    pairs_max: usize,
) -> impl Iterator<Item = (&Active, &Active, u32)> + '_ {
    let tokens = |from: usize| active.iter().skip(from).filter(|one| one.token);
    (0..active.len())
        .filter_map(|at| active.get(at).filter(|one| one.token).map(|one| (at, one)))
        .flat_map(move |(at, a)| tokens(at + 1).map(move |b| (a, b)))
        .filter(|(a, b)| a.name != b.name)
        .take(pairs_max)
        .map(|(a, b)| (a, b, pair_id(a.id, b.id)))
}

#[inline]
fn pair_id(a: u32, b: u32) -> u32 {
    // Two odd multipliers and a fold: cheaper than a full mix, and ids are mixed already.
    let word = u64::from(a).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ u64::from(b).wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
    ((word >> 32) as u32 ^ (word >> 11) as u32).max(1)
}
