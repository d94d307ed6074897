//! A hashed table of cells of `N` numbers in chunks. A chunk that was learned in is the table's own
//! until [`Cells::share`]; a clone copies pointers to what is shared, and learning after it copies
//! only the chunks it touches. Inputs that collide share a cell, which costs accuracy, never safety.

use std::sync::Arc;

use crate::core::codec::bytes::{CodecError, Reader, Writer};

const CHUNK_BITS: u32 = 6;
const CHUNK: usize = 1 << CHUNK_BITS;
type Numbers<const N: usize> = [[f32; N]; CHUNK];

/// A chunk: changed without asking who else reads it, or shared with clones.
#[derive(Clone, Debug)]
enum Chunk<const N: usize> {
    Own(Box<Numbers<N>>),
    Shared(Arc<Numbers<N>>),
}

impl<const N: usize> Chunk<N> {
    #[inline]
    fn get(&self) -> &Numbers<N> {
        match self {
            Self::Own(numbers) => numbers,
            Self::Shared(numbers) => numbers,
        }
    }

    #[inline]
    fn get_mut(&mut self) -> &mut Numbers<N> {
        if let Self::Shared(numbers) = self {
            *self = Self::Own(Box::new(**numbers));
        }
        match self {
            Self::Own(numbers) => numbers,
            Self::Shared(numbers) => Arc::make_mut(numbers),
        }
    }
}

/// A table of 2^bits cells; a cell nothing was learned in is zero.
#[derive(Clone, Debug)]
pub struct Cells<const N: usize> {
    chunks: Vec<Chunk<N>>,
    mask: u32,
}

#[expect(clippy::indexing_slicing, reason = "masked to the table's size")]
impl<const N: usize> Cells<N> {
    /// An empty table; `bits` from 8 to 24. All chunks are one in memory.
    #[must_use]
    pub fn new(bits: u8) -> Self {
        let bits = u32::from(bits).clamp(8, 24);
        let empty = Arc::new([[0.0; N]; CHUNK]);
        let chunks = vec![Chunk::Shared(empty); 1 << (bits - CHUNK_BITS)];
        Self { chunks, mask: (1 << bits) - 1 }
    }

    /// Makes all chunks such that a clone takes a pointer of each.
    pub fn share(&mut self) {
        for chunk in &mut self.chunks {
            if let Chunk::Own(numbers) = chunk {
                *chunk = Chunk::Shared(Arc::new(**numbers));
            }
        }
    }

    /// The cell of `id`.
    #[inline]
    #[must_use]
    pub fn get(&self, id: u32) -> [f32; N] {
        let at = (id & self.mask) as usize;
        self.chunks[at >> CHUNK_BITS].get()[at & (CHUNK - 1)]
    }

    /// The cell of `id`, for change.
    #[inline]
    pub fn get_mut(&mut self, id: u32) -> &mut [f32; N] {
        let at = (id & self.mask) as usize;
        &mut self.chunks[at >> CHUNK_BITS].get_mut()[at & (CHUNK - 1)]
    }

    /// Whether every number is finite.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.chunks.iter().flat_map(|chunk| chunk.get().iter()).flatten().all(|n| n.is_finite())
    }

    /// Appends the touched chunks: for each the distance from the last, a bitmap of its touched
    /// cells, and these.
    pub fn encode(&self, out: &mut Writer) {
        let empty = [0.0; N];
        let touched = |chunk: &Chunk<N>| chunk.get().iter().any(|cell| *cell != empty);
        let count = self.chunks.iter().filter(|chunk| touched(chunk)).count();
        out.varint(count as u64);
        let mut previous = 0;
        for (at, chunk) in self.chunks.iter().enumerate().filter(|(_, chunk)| touched(chunk)) {
            out.varint((at - previous) as u64);
            previous = at;
            for eight in chunk.get().chunks(8) {
                let bit = |(k, cell): (usize, &[f32; N])| u8::from(*cell != empty) << k;
                out.u8(eight.iter().enumerate().map(bit).sum());
            }
            for cell in chunk.get().iter().filter(|cell| **cell != empty) {
                cell.iter().for_each(|number| out.f32(*number));
            }
        }
    }

    /// Takes the chunks of a table of 2^bits cells.
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
            for (cell, touched) in chunk.get_mut().iter_mut().zip(bits) {
                if touched {
                    for number in cell {
                        *number = input.finite32("cell")?;
                    }
                }
            }
        }
        Ok(table)
    }
}
