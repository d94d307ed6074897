//! The weights of one offer or group, side by side in memory: a small hash table of buckets, each
//! one cache line, with exact ids, so that what was never seen keeps its prior, and predicting
//! for one more offer touches one block and nothing else.

use super::weight::{Weight, decode_weight, encode_weight};
use crate::core::codec::bytes::{CodecError, Reader, Writer};
use crate::core::codec::cow::Ranked;

/// Slots of a bucket: as many as fit 64 bytes.
const SLOTS: usize = 5;
/// What lies in one bucket may overflow into the next.
const WINDOW: usize = 2;
const BUCKETS_MIN: usize = 4;

/// Ids, means and spreads of five weights; id 0 is a free slot, and free slots come last.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(64))]
struct Bucket {
    ids: [u32; SLOTS],
    means: [f32; SLOTS],
    spreads: [f32; SLOTS],
}

const FREE: Bucket = Bucket { ids: [0; SLOTS], means: [0.0; SLOTS], spreads: [1.0; SLOTS] };

impl Bucket {
    /// The slot of `id`, found without a branch for each slot.
    #[inline]
    fn slot(&self, id: u32) -> Option<usize> {
        let mut found = 0_u32;
        for (slot, held) in self.ids.iter().enumerate() {
            found |= u32::from(*held == id) << slot;
        }
        (found != 0).then(|| (found.trailing_zeros() as usize).min(SLOTS - 1))
    }
}

/// The block.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Outcomes seen (sum of their weights).
    pub evidence: f64,
    /// When it last learned, as a count of all the model's updates.
    pub learned_at: u64,
    /// The bias of the offer or group.
    pub bias: Weight,
    buckets: Vec<Bucket>,
}

impl Default for Block {
    fn default() -> Self {
        Self { evidence: 0.0, learned_at: 0, bias: Weight::PRISTINE, buckets: Vec::new() }
    }
}

impl Ranked for Block {
    fn rank(&self) -> u64 {
        self.learned_at
    }
}

#[expect(clippy::indexing_slicing, reason = "buckets are masked to their number, a power of two")]
impl Block {
    /// The weight of `id` (not 0); the pristine one when nothing has been learned of it.
    #[inline]
    #[must_use]
    pub fn get(&self, id: u32) -> Weight {
        if self.buckets.is_empty() {
            return Weight::PRISTINE;
        }
        let mask = self.buckets.len() - 1;
        let home = &self.buckets[id as usize & mask];
        if let Some(slot) = home.slot(id) {
            return Weight { mean: home.means[slot], spread: home.spreads[slot] };
        }
        if home.ids[SLOTS - 1] != 0 {
            let next = &self.buckets[(id as usize + 1) & mask];
            if let Some(slot) = next.slot(id) {
                return Weight { mean: next.means[slot], spread: next.spreads[slot] };
            }
        }
        Weight::PRISTINE
    }

    /// Reads a word of each input's bucket, which lets the processor fetch them all at once;
    /// what follows then finds them near. The sum has no meaning.
    #[inline]
    #[must_use]
    pub fn touch(&self, ids: impl Iterator<Item = u32>) -> u32 {
        let mask = self.buckets.len().wrapping_sub(1);
        if self.buckets.is_empty() {
            return 0;
        }
        ids.fold(0, |sum, id| sum ^ self.buckets[id as usize & mask].ids[0])
    }

    /// Changes the weight of `id` (not 0). The block grows up to `weights_max`; once it is full,
    /// the weight that knows least among the neighbours makes room.
    pub fn change(&mut self, id: u32, weights_max: usize, change: impl FnOnce(&mut Weight)) {
        if self.buckets.is_empty() {
            self.buckets = vec![FREE; BUCKETS_MIN];
        }
        let home = id as usize & (self.buckets.len() - 1);
        let (bucket, slot) = match self.buckets[home].slot(id) {
            Some(slot) => (home, slot),
            None => self.room(id, weights_max),
        };
        let bucket = &mut self.buckets[bucket];
        if bucket.ids[slot] != id {
            bucket.ids[slot] = id;
            bucket.means[slot] = 0.0;
            bucket.spreads[slot] = 1.0;
        }
        let mut weight = Weight { mean: bucket.means[slot], spread: bucket.spreads[slot] };
        change(&mut weight);
        bucket.means[slot] = weight.mean;
        bucket.spreads[slot] = weight.spread;
    }

    /// Where `id`, which is not in its home bucket, is or goes.
    fn room(&mut self, id: u32, weights_max: usize) -> (usize, usize) {
        loop {
            match place(&self.buckets, id) {
                Some(at) => return at,
                None if self.buckets.len() * 2 * SLOTS <= weights_max => self.grow(),
                None => return least_known(&self.buckets, id),
            }
        }
    }

    /// Doubles the number of buckets. What overflowed one bucket of `n` had two to go to; in `2n`
    /// buckets these two part into four, so everything finds a place but for rare pile-ups, of
    /// which the least known weight is dropped.
    fn grow(&mut self) {
        let mut buckets = vec![FREE; self.buckets.len() * 2];
        for from in &self.buckets {
            for slot in (0..SLOTS).filter(|slot| from.ids[*slot] != 0) {
                let id = from.ids[slot];
                let (bucket, free) =
                    place(&buckets, id).unwrap_or_else(|| least_known(&buckets, id));
                let into = &mut buckets[bucket];
                if into.ids[free] == 0 || into.spreads[free] > from.spreads[slot] {
                    into.ids[free] = id;
                    into.means[free] = from.means[slot];
                    into.spreads[free] = from.spreads[slot];
                }
            }
        }
        self.buckets = buckets;
    }

    /// Whether every weight is sound.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let sound = |bucket: &Bucket| {
            (0..SLOTS).all(|slot| {
                Weight { mean: bucket.means[slot], spread: bucket.spreads[slot] }.is_sound()
            })
        };
        self.evidence.is_finite() && self.bias.is_sound() && self.buckets.iter().all(sound)
    }

    /// Appends the block, slot by slot as it lies in memory.
    pub fn encode(&self, out: &mut Writer) {
        out.f64(self.evidence);
        out.u64(self.learned_at);
        encode_weight(&self.bias, out);
        out.varint(self.buckets.len() as u64);
        for bucket in &self.buckets {
            let used = bucket.ids.iter().take_while(|id| **id != 0).count();
            out.u8(used as u8);
            for slot in 0..used {
                out.u32(bucket.ids[slot]);
                let weight = Weight { mean: bucket.means[slot], spread: bucket.spreads[slot] };
                encode_weight(&weight, out);
            }
        }
    }

    /// Takes a block of at most `weights_max` weights.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no block.
    pub fn decode(weights_max: usize, input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut block = Self {
            evidence: input.finite("evidence")?,
            learned_at: input.u64()?,
            bias: decode_weight(input)?,
            buckets: Vec::new(),
        };
        let size = input.count(weights_max / SLOTS, 1, "size of a block")?;
        if size != 0 && (!size.is_power_of_two() || size < BUCKETS_MIN) {
            return Err(CodecError::Invalid("size of a block"));
        }
        block.buckets = vec![FREE; size];
        for bucket in &mut block.buckets {
            let used = usize::from(input.u8()?);
            if used > SLOTS {
                return Err(CodecError::Invalid("bucket"));
            }
            for slot in 0..used {
                bucket.ids[slot] = input.u32()?.max(1);
                let weight = decode_weight(input)?;
                bucket.means[slot] = weight.mean;
                bucket.spreads[slot] = weight.spread;
            }
        }
        Ok(block)
    }
}

/// Bucket and slot of `id`, or the free slot it would take; `None` when its window is full.
#[expect(clippy::indexing_slicing, reason = "masked to the buckets, which are a power of two")]
fn place(buckets: &[Bucket], id: u32) -> Option<(usize, usize)> {
    let mask = buckets.len() - 1;
    (0..WINDOW).find_map(|step| {
        let bucket = (id as usize + step) & mask;
        let slot = buckets[bucket].ids.iter().position(|held| *held == id || *held == 0);
        slot.map(|slot| (bucket, slot))
    })
}

/// Bucket and slot within the window of `id` whose weight knows least, the first of equals.
#[expect(clippy::indexing_slicing, reason = "masked to the buckets, which are a power of two")]
fn least_known(buckets: &[Bucket], id: u32) -> (usize, usize) {
    let mask = buckets.len() - 1;
    let mut least = (id as usize & mask, 0);
    for step in 0..WINDOW {
        let bucket = (id as usize + step) & mask;
        for slot in 0..SLOTS {
            if buckets[bucket].spreads[slot] > buckets[least.0].spreads[least.1] {
                least = (bucket, slot);
            }
        }
    }
    least
}
