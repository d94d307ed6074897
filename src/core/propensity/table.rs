//! The shared weights: a hashed table in shared chunks. Cloning copies pointers; learning after a
//! clone copies only the chunks it touches. Features that collide share a weight, which costs
//! accuracy, never safety.

use std::sync::Arc;

use super::weight::Weight;
use crate::core::codec::bytes::{CodecError, Reader, Writer};

const CHUNK_BITS: u32 = 8;
const CHUNK: usize = 1 << CHUNK_BITS;
type Chunk = [Weight; CHUNK];

/// A table of 2^bits weights.
#[derive(Clone, Debug)]
pub struct Table {
    chunks: Vec<Arc<Chunk>>,
    mask: u32,
}

impl Table {
    /// A table nothing has been learned in; `bits` from 8 to 24. All chunks are one in memory.
    #[must_use]
    pub fn new(bits: u8) -> Self {
        let bits = u32::from(bits).clamp(CHUNK_BITS, 24);
        let pristine = Arc::new([Weight::PRISTINE; CHUNK]);
        Self { chunks: vec![pristine; 1 << (bits - CHUNK_BITS)], mask: (1 << bits) - 1 }
    }

    /// The weight of `id`.
    #[inline]
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "masked to the table's size")]
    pub fn get(&self, id: u32) -> Weight {
        let at = (id & self.mask) as usize;
        self.chunks[at >> CHUNK_BITS][at & (CHUNK - 1)]
    }

    /// The weight of `id`, for change.
    #[inline]
    #[expect(clippy::indexing_slicing, reason = "masked to the table's size")]
    pub fn get_mut(&mut self, id: u32) -> &mut Weight {
        let at = (id & self.mask) as usize;
        &mut Arc::make_mut(&mut self.chunks[at >> CHUNK_BITS])[at & (CHUNK - 1)]
    }

    /// Whether every weight is sound.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.chunks.iter().all(|chunk| chunk.iter().all(Weight::is_sound))
    }

    /// Appends the touched chunks: for each the distance from the last, a bitmap of its touched
    /// weights, and these.
    pub fn encode(&self, out: &mut Writer) {
        let touched = |chunk: &Arc<Chunk>| chunk.iter().any(|w| *w != Weight::PRISTINE);
        let count = self.chunks.iter().filter(|chunk| touched(chunk)).count();
        out.varint(count as u64);
        let mut previous = 0;
        for (at, chunk) in self.chunks.iter().enumerate().filter(|(_, chunk)| touched(chunk)) {
            out.varint((at - previous) as u64);
            previous = at;
            for eight in chunk.chunks(8) {
                let bit = |(k, w): (usize, &Weight)| u8::from(*w != Weight::PRISTINE) << k;
                out.u8(eight.iter().enumerate().map(bit).sum());
            }
            for weight in chunk.iter().filter(|weight| **weight != Weight::PRISTINE) {
                encode_weight(weight, out);
            }
        }
    }

    /// Takes the chunks of a table of 2^bits weights.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no table of that size.
    pub fn decode(bits: u8, input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut table = Self::new(bits);
        let count = input.count(table.chunks.len(), 1, "number of chunks")?;
        let mut at = 0_usize;
        for _ in 0..count {
            at = at.saturating_add(usize::try_from(input.varint()?).unwrap_or(usize::MAX));
            let chunk = table.chunks.get_mut(at).ok_or(CodecError::Invalid("chunk"))?;
            let bitmap = input.take(CHUNK / 8)?;
            let bits = bitmap.iter().flat_map(|byte| (0..8).map(move |k| byte >> k & 1 == 1));
            for (weight, touched) in Arc::make_mut(chunk).iter_mut().zip(bits) {
                if touched {
                    *weight = decode_weight(input)?;
                }
            }
        }
        Ok(table)
    }
}

/// Appends a weight: eight bytes.
pub fn encode_weight(weight: &Weight, out: &mut Writer) {
    out.f32(weight.mean);
    out.f32(weight.spread);
}

/// Takes a weight.
///
/// # Errors
/// [`CodecError`] when the bytes are short or the weight is not sound.
pub fn decode_weight(input: &mut Reader<'_>) -> Result<Weight, CodecError> {
    let weight = Weight { mean: input.f32()?, spread: input.f32()? };
    weight.is_sound().then_some(weight).ok_or(CodecError::Invalid("weight"))
}
