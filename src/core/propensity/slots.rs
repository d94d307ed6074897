//! Which inputs have a place in the dense core: the first ones met, except that values of one
//! attribute must show themselves the more often the more of its values are in already, so that an
//! identifier cannot fill the core with customers who never come back.

use crate::core::codec::bytes::{CodecError, Reader, Writer};
use crate::core::key::Key;

/// Values of an attribute that are admitted at first sight.
const FREE_VALUES: u32 = 6;
/// Places of the table that counts what waits for admission.
const WAITING: usize = 1024;

/// The assignment of ids to slots.
#[derive(Clone, Debug, PartialEq)]
pub struct Slots {
    max: usize,
    /// Ids by slot; slot 0 is the bias, id 0.
    ids: Vec<u32>,
    /// Open addressing over slots, 0 for free: four times as many places as slots.
    places: Vec<u16>,
    /// Values admitted by attribute, in order of arrival.
    attributes: Vec<(Key, u32)>,
    /// Id and sightings of what waits.
    waiting: Vec<(u32, u32)>,
}

#[expect(clippy::indexing_slicing, reason = "places are masked; slots are below the ids' number")]
impl Slots {
    /// No input has a slot yet; at most `max` ever have.
    #[must_use]
    pub fn new(max: usize) -> Self {
        let places = (max * 4).next_power_of_two();
        Self {
            max,
            ids: vec![0],
            places: vec![0; places],
            attributes: Vec::new(),
            waiting: vec![(0, 0); WAITING],
        }
    }

    /// How many slots are taken, the bias included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// The slot of `id` (not 0).
    #[must_use]
    #[inline]
    pub fn get(&self, id: u32) -> Option<u16> {
        let mask = self.places.len() - 1;
        let mut at = id as usize & mask;
        loop {
            let slot = self.places[at];
            if slot == 0 {
                return None;
            }
            if self.ids[usize::from(slot)] == id {
                return Some(slot);
            }
            at = (at + 1) & mask;
        }
    }

    /// Whether no slot is left.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.ids.len() >= self.max
    }

    /// Sees `id` (not 0), a value of `attribute`, which has no slot; whether it now has one.
    pub fn admit(&mut self, id: u32, attribute: Key) -> bool {
        if self.is_full() {
            return false;
        }
        let known = self.attributes.iter().position(|(name, _)| *name == attribute);
        let values = known.map_or(0, |at| self.attributes[at].1);
        // The seventh value needs 2 sightings, the eighth 4, the ninth 6 ...
        let needed = values.saturating_sub(FREE_VALUES - 1) * 2;
        if needed > 1 && self.sighted(id) < needed {
            return false;
        }
        match known {
            Some(at) => self.attributes[at].1 += 1,
            None => self.attributes.push((attribute, 1)),
        }
        self.place(id);
        true
    }

    fn sighted(&mut self, id: u32) -> u32 {
        let waiting = &mut self.waiting[id as usize % WAITING];
        if waiting.0 == id {
            waiting.1 += 1;
        } else if waiting.1 > 1 {
            // What is there pays for staying.
            waiting.1 -= 1;
            return 1;
        } else {
            *waiting = (id, 1);
        }
        waiting.1
    }

    fn place(&mut self, id: u32) {
        let mask = self.places.len() - 1;
        let mut at = id as usize & mask;
        while self.places[at] != 0 {
            at = (at + 1) & mask;
        }
        self.places[at] = self.ids.len() as u16;
        self.ids.push(id);
    }

    /// Appends the assignment.
    pub fn encode(&self, out: &mut Writer) {
        out.varint(self.ids.len() as u64);
        self.ids.iter().for_each(|id| out.u32(*id));
        out.varint(self.attributes.len() as u64);
        for (name, values) in &self.attributes {
            out.key(*name);
            out.varint(u64::from(*values));
        }
        let waits = self.waiting.iter().enumerate().filter(|(_, waiting)| waiting.1 > 0);
        out.varint(waits.clone().count() as u64);
        for (at, (id, sightings)) in waits {
            out.varint(at as u64);
            out.u32(*id);
            out.varint(u64::from(*sightings));
        }
    }

    /// Takes an assignment of at most `max` slots.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no such assignment.
    pub fn decode(max: usize, input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut slots = Self::new(max);
        let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        for slot in 0..input.count(max, 4, "slots")? {
            let id = input.u32()?;
            if slot > 0 {
                if id == 0 || slots.get(id).is_some() {
                    return Err(CodecError::Invalid("id of a slot"));
                }
                slots.place(id);
            }
        }
        for _ in 0..input.count(max, 5, "attributes")? {
            let name = input.key()?;
            slots.attributes.push((name, number(input.varint()?)));
        }
        for _ in 0..input.count(WAITING, 3, "waiting inputs")? {
            let at = usize::try_from(input.varint()?).unwrap_or(usize::MAX);
            let waiting = slots.waiting.get_mut(at).ok_or(CodecError::Invalid("waiting"))?;
            *waiting = (input.u32()?, number(input.varint()?));
        }
        Ok(slots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_does_not_fill_the_core() {
        let mut slots = Slots::new(64);
        for row in 1..10_000_u32 {
            slots.admit(row * 7919, Key::of("customer_id"));
            for value in [1, 2, 3] {
                if slots.get(value).is_none() {
                    slots.admit(value, Key::of("city"));
                }
            }
        }
        assert!((1..=3).all(|value| slots.get(value).is_some()));
        assert!(slots.len() < 16, "{}", slots.len());
    }

    #[test]
    fn what_comes_often_gets_in_until_the_core_is_full() {
        let mut slots = Slots::new(32);
        for row in 0..5_000_u32 {
            let id = row % 40 + 1;
            if slots.get(id).is_none() {
                slots.admit(id, Key::of("product"));
            }
        }
        assert!(slots.is_full());
        let mut out = Writer::default();
        slots.encode(&mut out);
        assert_eq!(Slots::decode(32, &mut Reader::new(&out.0)).unwrap(), slots);
    }
}
