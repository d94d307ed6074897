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
const GROUP: u64 = 9 << 40;

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

/// The input that a candidate's group is to what all offers share.
#[must_use]
pub fn group_input(candidate: &Candidate) -> Active {
    let name = candidate.group;
    Active { id: id(GROUP, name, 0), x: 1.0, name, token: true }
}
