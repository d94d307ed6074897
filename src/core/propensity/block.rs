//! The weights of one offer or group, side by side in memory: a small open-addressed table with
//! exact ids, so that what was never seen keeps its prior, and predicting for one more offer
//! touches one block and nothing else.

use super::table::{decode_weight, encode_weight};
use super::weight::Weight;
use crate::core::learn::bytes::{CodecError, Reader, Writer};
use crate::core::learn::cow::Ranked;

/// A weight lies at most this many slots from its home.
const WINDOW: usize = 8;
const SLOTS_MIN: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Slot {
    /// 0 is a free slot.
    id: u32,
    weight: Weight,
}

const FREE: Slot = Slot { id: 0, weight: Weight::PRISTINE };

/// The block.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Outcomes seen (sum of their weights).
    pub evidence: f64,
    /// When it last learned, as a count of all the model's updates.
    pub learned_at: u64,
    /// The bias of the offer or group.
    pub bias: Weight,
    slots: Vec<Slot>,
}

impl Default for Block {
    fn default() -> Self {
        Self { evidence: 0.0, learned_at: 0, bias: Weight::PRISTINE, slots: Vec::new() }
    }
}

impl Ranked for Block {
    fn rank(&self) -> u64 {
        self.learned_at
    }
}

impl Block {
    /// The weight of `id` (not 0), when something has been learned of it.
    #[inline]
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "masked to the slots, which are a power of two")]
    pub fn get(&self, id: u32) -> Option<Weight> {
        if self.slots.is_empty() {
            return None;
        }
        let mask = self.slots.len() - 1;
        for step in 0..WINDOW {
            let slot = &self.slots[(id as usize + step) & mask];
            if slot.id == id {
                return Some(slot.weight);
            }
            if slot.id == 0 {
                return None;
            }
        }
        None
    }

    /// The weight of `id` (not 0) for change. The block grows up to `slots_max` (a power of two);
    /// once it is full, the weight that knows least within the window makes room.
    #[expect(clippy::indexing_slicing, reason = "`place` answers a slot of the block")]
    pub fn get_mut(&mut self, id: u32, slots_max: usize) -> &mut Weight {
        if self.slots.is_empty() {
            self.slots = vec![FREE; SLOTS_MIN];
        }
        let at = loop {
            match place(&self.slots, id) {
                Some(at) => break at,
                None if self.slots.len() < slots_max => self.grow(slots_max),
                None => break least_known(&self.slots, id),
            }
        };
        if self.slots[at].id != id {
            self.slots[at] = Slot { id, weight: Weight::PRISTINE };
        }
        &mut self.slots[at].weight
    }

    /// Doubles the block until every weight finds a place (or `slots_max` is reached, where those
    /// that find none are dropped).
    #[expect(clippy::indexing_slicing, reason = "`place` answers a slot of the block")]
    fn grow(&mut self, slots_max: usize) {
        let mut size = self.slots.len() * 2;
        'sizes: loop {
            let mut slots = vec![FREE; size];
            for slot in self.slots.iter().filter(|slot| slot.id != 0) {
                match place(&slots, slot.id) {
                    Some(at) => slots[at] = *slot,
                    None if size < slots_max => {
                        size *= 2;
                        continue 'sizes;
                    }
                    None => {}
                }
            }
            self.slots = slots;
            return;
        }
    }

    /// Whether every weight is sound.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let sound = |slot: &Slot| slot.weight.is_sound();
        self.evidence.is_finite() && self.bias.is_sound() && self.slots.iter().all(sound)
    }

    /// Appends the block, slot by slot as it lies in memory.
    pub fn encode(&self, out: &mut Writer) {
        out.f64(self.evidence);
        out.u64(self.learned_at);
        encode_weight(&self.bias, out);
        out.varint(self.slots.len() as u64);
        out.varint(self.slots.iter().filter(|slot| slot.id != 0).count() as u64);
        let mut previous = 0;
        for (at, slot) in self.slots.iter().enumerate().filter(|(_, slot)| slot.id != 0) {
            out.varint((at - previous) as u64);
            previous = at;
            out.u32(slot.id);
            encode_weight(&slot.weight, out);
        }
    }

    /// Takes a block of at most `slots_max` slots.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no block.
    pub fn decode(slots_max: usize, input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut block = Self {
            evidence: input.finite("evidence")?,
            learned_at: input.u64()?,
            bias: decode_weight(input)?,
            slots: Vec::new(),
        };
        let size = usize::try_from(input.varint()?).unwrap_or(usize::MAX);
        if size > slots_max || (size != 0 && (!size.is_power_of_two() || size < WINDOW)) {
            return Err(CodecError::Invalid("size of a block"));
        }
        let used = input.count(size, 13, "number of weights")?;
        block.slots = vec![FREE; size];
        let mut at = 0_usize;
        for _ in 0..used {
            at = at.saturating_add(usize::try_from(input.varint()?).unwrap_or(usize::MAX));
            let slot = block.slots.get_mut(at).ok_or(CodecError::Invalid("slot"))?;
            *slot = Slot { id: input.u32()?, weight: decode_weight(input)? };
        }
        Ok(block)
    }
}

/// The slot of `id`, or the free slot it would take; `None` when its window is full.
#[expect(clippy::indexing_slicing, reason = "masked to the slots, which are a power of two")]
fn place(slots: &[Slot], id: u32) -> Option<usize> {
    let mask = slots.len() - 1;
    (0..WINDOW)
        .map(|step| (id as usize + step) & mask)
        .find(|at| slots[*at].id == id || slots[*at].id == 0)
}

/// The slot in the window of `id` whose weight knows least, the first of equals.
#[expect(clippy::indexing_slicing, reason = "masked to the slots, which are a power of two")]
fn least_known(slots: &[Slot], id: u32) -> usize {
    let mask = slots.len() - 1;
    let mut least = id as usize & mask;
    for step in 1..WINDOW {
        let at = (id as usize + step) & mask;
        if slots[at].weight.spread > slots[least].weight.spread {
            least = at;
        }
    }
    least
}
