//! Solved weights as bytes.

use std::sync::Arc;

use super::weights::{Chosen, Weights};
use crate::core::codec::bytes::{CodecError, Reader, Writer};

/// Most weights of any kind.
const WEIGHTS_MAX: usize = 1 << 26;
/// Most items.
const ITEMS_MAX: usize = 1 << 20;
/// Most factors of an item.
const RANK_MAX: usize = 1 << 10;

impl Weights {
    /// Appends the weights.
    pub fn encode(&self, out: &mut Writer) {
        let chosen = &self.chosen;
        for number in [chosen.ridge, chosen.dropout, chosen.blend, chosen.ndcg, chosen.dropped] {
            out.f64(number);
        }
        out.varint(chosen.rank as u64);
        out.varint(self.observed);
        out.f32(self.cosine);
        out.varint(self.items.len() as u64);
        self.items.iter().for_each(|item| out.key(*item));
        for list in [&self.solved, &self.numbers, &self.starts, &self.targets] {
            out.varint(list.len() as u64);
            list.iter().for_each(|number| out.varint(u64::from(*number)));
        }
        for list in [&self.dense, &self.weights, &self.factors, &self.scales] {
            out.varint(list.len() as u64);
            list.iter().for_each(|number| out.f32(*number));
        }
    }

    /// Takes weights that stand alone.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short, too long or no such weights.
    pub fn from_bytes(bytes: &[u8]) -> Result<Arc<Self>, CodecError> {
        let mut input = Reader::new(bytes);
        let all = Self::decode(&mut input)?;
        if !input.rest().is_empty() {
            return Err(CodecError::Invalid("end of weights"));
        }
        all.is_sound().then(|| Arc::new(all)).ok_or(CodecError::Invalid("weights"))
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let chosen = Chosen {
            ridge: input.finite("ridge")?,
            dropout: input.finite("dropout")?,
            blend: input.finite("blend")?,
            ndcg: input.finite("quality")?,
            dropped: input.finite("loss")?,
            rank: input.count(RANK_MAX, 0, "rank")?,
        };
        let mut all = Self { chosen, observed: input.varint()?, ..Self::default() };
        all.cosine = input.finite32("cosine")?;
        for _ in 0..input.count(ITEMS_MAX, 4, "number of items")? {
            all.items.push(input.key()?);
        }
        for list in [&mut all.solved, &mut all.numbers, &mut all.starts, &mut all.targets] {
            for _ in 0..input.count(WEIGHTS_MAX, 1, "number of places")? {
                let number = u32::try_from(input.varint()?);
                list.push(number.map_err(|_| CodecError::Invalid("place"))?);
            }
        }
        for list in [&mut all.dense, &mut all.weights, &mut all.factors, &mut all.scales] {
            for _ in 0..input.count(WEIGHTS_MAX, 4, "number of weights")? {
                list.push(input.finite32("weight")?);
            }
        }
        Ok(all)
    }

    /// Whether the lists fit each other and every number is finite.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let (items, solved) = (self.items.len(), self.solved.len());
        let inside = |list: &[u32]| list.iter().all(|place| (*place as usize) < items);
        let numbers = [&self.dense, &self.weights, &self.factors, &self.scales];
        self.items.is_sorted_by(|a, b| a < b)
            && self.numbers.len() == items
            && inside(&self.solved)
            && inside(&self.targets)
            && self.starts.is_sorted()
            && self.targets.len() == self.weights.len()
            && (self.dense.is_empty() || self.dense.len() == items * items)
            && (self.factors.is_empty() || self.factors.len() == solved * self.chosen.rank)
            && (self.scales.is_empty() || self.scales.len() == solved)
            && numbers.iter().all(|list| list.iter().all(|number| number.is_finite()))
    }
}
