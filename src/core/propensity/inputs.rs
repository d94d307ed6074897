//! A dense core of inputs for the models that stand beside the propensity (uplift, amounts): the same
//! features, encoded the same way, with slots and moments of their own, so that what those models
//! learned keeps its meaning whichever propensity model serves.

use super::Candidate;
use super::dense::Dot;
use super::encode::{Active, candidate_inputs, encode, group_input};
use super::numeric::Numeric;
use super::slots::Slots;
use crate::core::codec::bytes::{CodecError, Reader, Writer};
use crate::core::codec::cow::{CowMap, decode_map, encode_map};
use crate::core::feature::FeatureVector;

/// Most inputs, the bias included.
pub const INPUTS_MAX: usize = 64;
const NUMERICS_MAX: usize = 256;
const BINS: usize = 5;

/// Which features have which slots, and how numbers are distributed.
#[derive(Clone, Debug)]
pub struct Inputs {
    slots: Slots,
    numerics: CowMap<Numeric>,
}

impl Default for Inputs {
    fn default() -> Self {
        Self { slots: Slots::new(INPUTS_MAX), numerics: CowMap::new(NUMERICS_MAX) }
    }
}

impl Inputs {
    /// How many slots are taken, the bias included.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.slots.len()
    }

    /// The inputs of a customer and moment; not the bias.
    #[must_use]
    pub fn customer(&self, features: &FeatureVector) -> Vec<Dot> {
        self.dots(&encode(features, &self.numerics))
    }

    /// The inputs that a candidate brings: channel, placement, group.
    #[must_use]
    pub fn candidate(&self, candidate: &Candidate) -> Vec<Dot> {
        self.dots(&brought(candidate))
    }

    /// Gives what is new a slot, while there are any, and takes in the numbers; what
    /// [`Inputs::customer`] answers afterwards is what is to be learned from.
    pub fn admit(&mut self, features: &FeatureVector, candidates: &[Candidate]) {
        for (name, number) in features.numeric() {
            self.numerics.entry(*name, Numeric::default).0.observe(*number, BINS);
        }
        if self.slots.is_full() {
            return;
        }
        for one in candidates.iter().flat_map(brought) {
            self.place(&one);
        }
        let active = encode(features, &self.numerics);
        // Numbers first: each is one input; then values and bins.
        for numbers in [true, false] {
            for one in active.iter().filter(|one| one.token != numbers) {
                self.place(one);
            }
        }
    }

    fn place(&mut self, one: &Active) {
        if self.slots.get(one.id).is_none() {
            self.slots.admit(one.id, one.name);
        }
    }

    fn dots(&self, active: &[Active]) -> Vec<Dot> {
        let dot = |one: &Active| self.slots.get(one.id).map(|slot| Dot { slot, x: one.x });
        active.iter().filter_map(dot).collect()
    }

    /// Whether every number is one that may be held.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.numerics.iter().all(|(_, numeric)| numeric.is_sound())
    }

    /// Appends the state.
    pub fn encode(&self, out: &mut Writer) {
        self.slots.encode(out);
        encode_map(&self.numerics, Numeric::encode, out);
    }

    /// Takes a state.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no such state.
    pub fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut inputs = Self { slots: Slots::decode(INPUTS_MAX, input)?, ..Self::default() };
        decode_map(&mut inputs.numerics, Numeric::decode, input)?;
        Ok(inputs)
    }
}

fn brought(candidate: &Candidate) -> [Active; 3] {
    let [channel, placement, _, _] = candidate_inputs(candidate);
    [channel, placement, group_input(candidate)]
}
