//! Contacts that the learning log was told of: those that an outcome can be attributed to.

use super::Profile;
use super::history::Contact;
use crate::core::interaction::OutcomeKind;
use crate::core::key::{Key, mix64};
use crate::core::time::UnixMs;

/// Bit of a contact's outcomes: the learning log was told of it, and waits for its answer. No
/// [`OutcomeKind`] has it.
pub const TOLD: u8 = 1 << 7;

impl Contact {
    /// Whether the learning log was told of it.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.outcomes & TOLD != 0
    }

    /// Its name in the learning log: of the customer with hash `customer`.
    #[must_use]
    pub fn touch(&self, customer: u64) -> u64 {
        let what = u64::from(self.offer.0) << 32 | u64::from(self.channel.0);
        mix64(mix64(customer, what), self.at.0 as u64)
    }
}

impl Profile {
    /// The contacts with `offer` that the log was told of, on `channel` (0: any), oldest first, with
    /// their places.
    pub fn told(&self, offer: Key, channel: Key) -> impl Iterator<Item = (usize, &Contact)> {
        let any = channel == Key::default();
        self.contacts.iter().enumerate().filter(move |(_, contact)| {
            contact.is_told() && contact.offer == offer && (any || contact.channel == channel)
        })
    }

    /// Whether the log was told of a contact with the offer by that decision.
    #[must_use]
    pub fn has_told(&self, decision: u64, offer: Key) -> bool {
        let own = |contact: &Contact| contact.decision == decision && contact.offer == offer;
        decision != 0 && self.contacts.iter().any(|contact| contact.is_told() && own(contact))
    }

    /// Notes that the log was told of `contact`.
    pub fn tell(&mut self, contact: &Contact) {
        let found = self.contacts.iter().rposition(|own| own == contact);
        if let Some(own) = found.and_then(|place| self.contacts.get_mut(place)) {
            own.outcomes |= TOLD;
        }
    }

    /// Notes what came of the contact at `place`.
    pub fn answer_at(&mut self, place: usize, kind: OutcomeKind) {
        if let Some(contact) = self.contacts.get_mut(place)
            && kind != OutcomeKind::Sent
        {
            contact.outcomes |= kind.bit();
        }
    }

    /// Notes that an order (hash of its number and of what it was) was told; whether it had been
    /// within the time in which ids are remembered.
    pub fn note_order(&mut self, order: u64, now: UnixMs) -> bool {
        let known = self.knows_order(order);
        if !known {
            self.advance(now, now);
            self.recent.push(super::recent::IdSpace::Order, order, self.updated_at);
        }
        known
    }

    /// Whether an order was told within the time in which ids are remembered.
    #[must_use]
    pub fn knows_order(&self, order: u64) -> bool {
        self.recent.contains(super::recent::IdSpace::Order, order)
    }
}
