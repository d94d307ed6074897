//! What waits for an answer: questions, each of a contact and a model, in order of when silence
//! becomes the answer. Bounded; over it, the oldest close early, which later answers correct as
//! they do any silence.

use std::collections::{BTreeMap, HashMap};

use super::packed::{Packed, PackedReader, PackedWriter, Shapes};
use crate::core::codec::bytes::{CodecError, Reader, Writer};
use crate::core::time::UnixMs;

/// Most questions that wait.
pub const PENDING_MAX: usize = 200_000;
/// Most bytes that they take in a checkpoint.
pub const PENDING_BYTES_MAX: usize = 32 << 20;
/// The model that every contact asks: of the positive outcome.
pub(super) const MAIN: u8 = 0;

/// What became of contacts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PendingCounts {
    /// Contacts that began to wait.
    pub shown: u64,
    /// Of them, answered while they waited.
    pub answered: u64,
    /// Of them, closed by silence.
    pub closed: u64,
    /// Of those closed, before their time, for want of room.
    pub closed_early: u64,
    /// Of those closed, answered after all: the negative was corrected.
    pub corrected: u64,
}

/// When a question closes, of which contact, for which model.
pub(super) type Place = (UnixMs, u64, u8);

/// The queue.
#[derive(Clone, Debug, Default)]
pub struct Pending {
    queue: BTreeMap<Place, Packed>,
    /// When the question of a contact and a model closes. Never iterated.
    closes: HashMap<(u64, u8), UnixMs>,
    shapes: Shapes,
    bytes: usize,
    /// The latest time that the log told.
    clock: UnixMs,
    /// What became of contacts.
    pub counts: PendingCounts,
}

impl Pending {
    /// Its counts and its clock, with nothing that waits.
    #[must_use]
    pub fn without_queue(&self) -> Self {
        Self { clock: self.clock, counts: self.counts, ..Self::default() }
    }

    /// The latest time that the log told.
    #[must_use]
    pub fn clock(&self) -> UnixMs {
        self.clock
    }

    /// How many questions wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// When the next question closes.
    #[must_use]
    pub fn next_closes_at(&self) -> Option<UnixMs> {
        self.queue.first_key_value().map(|((at, ..), _)| *at)
    }

    /// The shapes in use, to pack with.
    pub(super) fn shapes(&self) -> &Shapes {
        &self.shapes
    }

    /// Counts time on; it never runs backwards.
    pub(super) fn advance(&mut self, at: UnixMs) {
        self.clock = self.clock.max(at);
    }

    /// Lets a question wait; of one that waits already nothing changes. `false`: there is no room
    /// for what is so unlike the rest.
    pub(super) fn ask(&mut self, touch: u64, model: u8, closes_at: UnixMs, packed: Packed) -> bool {
        if self.closes.contains_key(&(touch, model)) {
            return true;
        }
        if !self.shapes.count(&packed) {
            return false;
        }
        self.closes.insert((touch, model), closes_at);
        self.bytes += packed.bytes();
        self.queue.insert((closes_at, touch, model), packed);
        true
    }

    /// Takes a question that waits.
    pub(super) fn take(&mut self, touch: u64, model: u8) -> Option<Packed> {
        let closes_at = self.closes.remove(&(touch, model))?;
        let packed = self.queue.remove(&(closes_at, touch, model))?;
        self.forget(&packed);
        Some(packed)
    }

    /// Takes the next question whose time has come.
    pub(super) fn take_due(&mut self) -> Option<(Place, Packed)> {
        let next = self.next_closes_at()?;
        (next <= self.clock).then(|| self.take_first()).flatten()
    }

    /// Takes the next question when more waits than there is room for.
    pub(super) fn take_over(&mut self) -> Option<(Place, Packed)> {
        let over = self.queue.len() > PENDING_MAX || self.bytes > PENDING_BYTES_MAX;
        over.then(|| self.take_first()).flatten()
    }

    fn take_first(&mut self) -> Option<(Place, Packed)> {
        let (place, packed) = self.queue.pop_first()?;
        self.closes.remove(&(place.1, place.2));
        self.forget(&packed);
        Some((place, packed))
    }

    /// Drops what waits of a customer, as if it had never begun.
    pub(super) fn forget_customer(&mut self, customer: u64) {
        let own = self.queue.iter().filter(|(_, packed)| packed.customer() == customer);
        let own: Vec<Place> = own.map(|(place, _)| *place).collect();
        for (_, touch, model) in own {
            let _dropped = self.take(touch, model);
        }
    }

    fn forget(&mut self, packed: &Packed) {
        self.bytes -= packed.bytes();
        self.shapes.release(packed);
    }

    /// Appends the queue.
    pub fn encode(&self, out: &mut Writer) {
        out.signed(self.clock.0);
        let PendingCounts { shown, answered, closed, closed_early, corrected } = self.counts;
        for count in [shown, answered, closed, closed_early, corrected] {
            out.varint(count);
        }
        out.varint(self.queue.len() as u64);
        let mut writer = PackedWriter::default();
        let mut before = 0_i64;
        for ((closes_at, touch, model), packed) in &self.queue {
            out.signed(closes_at.0.wrapping_sub(before));
            before = closes_at.0;
            out.u64(*touch);
            out.u8(*model);
            writer.put(packed, out);
        }
    }

    /// Takes a queue.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no queue.
    pub fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut pending = Self { clock: UnixMs(input.signed()?), ..Self::default() };
        pending.counts = PendingCounts {
            shown: input.varint()?,
            answered: input.varint()?,
            closed: input.varint()?,
            closed_early: input.varint()?,
            corrected: input.varint()?,
        };
        let count = input.count(PENDING_MAX, 1, "contacts that wait")?;
        let mut reader = PackedReader::default();
        let mut before = 0_i64;
        for _ in 0..count {
            before = before.wrapping_add(input.signed()?);
            let (touch, model) = (input.u64()?, input.u8()?);
            let packed = reader.take(&pending.shapes, input)?;
            let known = pending.closes.contains_key(&(touch, model));
            if known || !pending.ask(touch, model, UnixMs(before), packed) {
                return Err(CodecError::Invalid("contacts that wait"));
            }
        }
        Ok(pending)
    }
}
