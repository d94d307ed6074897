//! Applying outcomes and contacts.

use super::history::{Contact, Response};
use super::limits::{CONTACTS_MAX, RESPONSES_MAX, TIME_MIN_MS, ceil_to};
use super::recent::IdSpace;
use super::{Applied, Profile};
use crate::core::interaction::{Outcome, OutcomeKind};
use crate::core::key::Key;
use crate::core::time::{MINUTE_MS, SECOND_MS, UnixMs};

/// What came of applying an outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutcomeApplied {
    /// It had been applied before: nothing changed.
    pub duplicate: bool,
    /// The contact it made or answered, as it stands now; `None` when none is known.
    pub contact: Option<Contact>,
    /// Bits of the outcomes that contact had before; see [`OutcomeKind::bit`].
    pub before: u8,
}

impl OutcomeApplied {
    /// Whether the contact had none of `kinds` (bits) before: the first positive one teaches.
    #[must_use]
    pub fn is_first_of(&self, kinds: u8) -> bool {
        !self.duplicate && self.before & kinds == 0
    }
}

impl Profile {
    /// Applies an outcome once. `is_contact`: it is the contact itself (an impression on a channel
    /// that counts impressions); every such outcome with an id of its own is a contact, also a
    /// second one of the same decision.
    ///
    /// Any other outcome marks the contact it answers: the latest of its decision and offer, else
    /// the latest of its offer and channel that names no decision. All are recorded as responses.
    pub fn apply_outcome(
        &mut self,
        outcome: &Outcome,
        is_contact: bool,
        now: UnixMs,
    ) -> OutcomeApplied {
        if self.recent.contains(IdSpace::Outcome, outcome.id) {
            return OutcomeApplied { duplicate: true, ..OutcomeApplied::default() };
        }
        let at = self.advance(now, outcome.at);
        self.recent.push(IdSpace::Outcome, outcome.id, self.updated_at);
        self.add_answer(outcome, at);
        self.add_response(Response {
            offer: outcome.offer,
            kind: outcome.kind,
            reason: outcome.reason,
            at: ceil_to(at, MINUTE_MS),
            count: 1,
        });
        if is_contact {
            let contact = Contact {
                offer: outcome.offer,
                treatment: outcome.treatment,
                channel: outcome.channel,
                decision: outcome.decision.unwrap_or_default(),
                at: ceil_to(at, SECOND_MS),
                outcomes: outcome.kind.bit(),
            };
            let contact = self.add_contact(contact);
            return OutcomeApplied { duplicate: false, contact: Some(contact), before: 0 };
        }
        let Some(contact) = self.answered(outcome) else {
            return OutcomeApplied::default();
        };
        let before = contact.outcomes;
        // The bit of `Sent` says what made the contact.
        if outcome.kind != OutcomeKind::Sent {
            contact.outcomes |= outcome.kind.bit();
        }
        OutcomeApplied { duplicate: false, contact: Some(*contact), before }
    }

    /// Records the contacts that a decision itself makes (channels that count decisions), once per
    /// request (hash of the request's id).
    pub fn commit_contacts(&mut self, request: u64, contacts: &[Contact], now: UnixMs) -> Applied {
        if self.recent.contains(IdSpace::Request, request) {
            return Applied { duplicate: true, ..Applied::default() };
        }
        self.advance(now, now);
        self.recent.push(IdSpace::Request, request, self.updated_at);
        for contact in contacts {
            let at = self.advance(now, contact.at);
            self.add_response(Response {
                offer: contact.offer,
                kind: OutcomeKind::Sent,
                reason: Key(0),
                at: ceil_to(at, MINUTE_MS),
                count: 1,
            });
            self.add_contact(Contact {
                at: ceil_to(at, SECOND_MS),
                outcomes: contact.outcomes | OutcomeKind::Sent.bit(),
                ..*contact
            });
        }
        Applied::default()
    }

    /// The contact that an outcome answers.
    fn answered(&mut self, outcome: &Outcome) -> Option<&mut Contact> {
        let offered = |c: &Contact| c.offer == outcome.offer;
        let decision = outcome.decision.filter(|decision| *decision != 0);
        let exact = decision.and_then(|decision| {
            let same = |c: &Contact| c.decision == decision && offered(c);
            self.contacts.iter().rposition(same)
        });
        let place = exact.or_else(|| {
            self.contacts.iter().rposition(|c| {
                let open = decision.is_none() || c.decision == 0;
                offered(c) && c.channel == outcome.channel && open
            })
        })?;
        self.contacts.get_mut(place)
    }

    /// Inserts a contact by time; the oldest one too many is forgotten (its response stays). One
    /// with the same offer on the same channel in the same second stands a second earlier, so that
    /// each has a time, and with it a name in the learning log, of its own.
    pub(super) fn add_contact(&mut self, mut contact: Contact) -> Contact {
        let taken = |profile: &Self, own: &Contact| {
            profile
                .contacts
                .iter()
                .any(|c| c.at == own.at && c.offer == own.offer && c.channel == own.channel)
        };
        while contact.at.0 - SECOND_MS >= TIME_MIN_MS && taken(self, &contact) {
            contact.at = UnixMs(contact.at.0 - SECOND_MS);
        }
        let place = self.contacts.partition_point(|c| c.at <= contact.at);
        self.contacts.insert(place, contact);
        if self.contacts.len() > CONTACTS_MAX {
            self.contacts.remove(0);
        }
        self.forget_decisions();
        contact
    }

    pub(super) fn add_response(&mut self, response: Response) {
        let order = |r: &Response| (r.offer, r.kind, r.reason);
        let found = self.responses.binary_search_by_key(&order(&response), order);
        match found {
            Ok(place) => {
                if let Some(known) = self.responses.get_mut(place) {
                    known.at = known.at.max(response.at);
                    known.count = known.count.saturating_add(response.count);
                }
            }
            Err(place) => {
                self.responses.insert(place, response);
                if self.responses.len() > RESPONSES_MAX {
                    self.forget_response();
                }
            }
        }
    }

    /// Forgets the oldest response; a rejection only when there is nothing else, since an offer may
    /// rest for ever after it.
    fn forget_response(&mut self) {
        let oldest = self
            .responses
            .iter()
            .enumerate()
            .min_by_key(|(_, r)| (r.kind == OutcomeKind::Reject, r.at));
        if let Some((place, _)) = oldest {
            self.responses.remove(place);
        }
    }
}
