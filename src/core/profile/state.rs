//! The profile itself: its parts and how they are read.

use super::answer::Answer;
use super::attribute::Attribute;
use super::history::{Consent, ConsentState, Contact, Interest, Response};
use super::limits::{CONSENTS_MAX, PAST_CONSENTS_MAX, ceil_to, clamp_time};
use super::moved::{Absorbed, Moved};
use super::recent::RecentIds;
use super::series::Series;
use super::{ProfileError, codec};
use crate::core::interaction::OutcomeKind;
use crate::core::key::Key;
use crate::core::time::{SECOND_MS, UnixMs};

/// The channel key of a consent for all channels.
pub const ALL_CHANNELS: Key = Key(0);

/// The purpose key that stands for being contacted at all: denied, it is the flag 'do not contact'.
pub const DO_NOT_CONTACT: Key = Key(0);

/// What is known of one customer.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    pub(super) created_at: UnixMs,
    pub(super) updated_at: UnixMs,
    /// Sorted by name.
    pub(super) attributes: Vec<Attribute>,
    /// Sorted by key.
    pub(super) series: Vec<(Key, Series)>,
    /// Oldest first.
    pub(super) contacts: Vec<Contact>,
    /// Sorted by (offer, kind, reason).
    pub(super) responses: Vec<Response>,
    /// Least recently shown first.
    pub(super) items: Vec<Interest>,
    /// Sorted by (purpose, channel).
    pub(super) consents: Vec<Consent>,
    /// In the order in which they were replaced.
    pub(super) past_consents: Vec<Consent>,
    pub(super) recent: RecentIds,
    /// Oldest first.
    pub(super) answers: Vec<Answer>,
    /// Where the record went.
    pub(super) moved: Option<Moved>,
    /// Customers that were taken in, in that order.
    pub(super) absorbed: Vec<Absorbed>,
    /// Sections that a newer version wrote, sorted by tag.
    pub(super) unknown: Vec<(u8, Box<[u8]>)>,
}

impl Profile {
    /// A customer of whom nothing is known.
    #[must_use]
    pub fn new(now: UnixMs) -> Self {
        let now = clamp_time(now);
        Self {
            created_at: ceil_to(now, SECOND_MS),
            updated_at: now,
            attributes: Vec::new(),
            series: Vec::new(),
            contacts: Vec::new(),
            responses: Vec::new(),
            items: Vec::new(),
            consents: Vec::new(),
            past_consents: Vec::new(),
            recent: RecentIds::default(),
            answers: Vec::new(),
            moved: None,
            absorbed: Vec::new(),
            unknown: Vec::new(),
        }
    }

    /// When the customer was first heard of, rounded up to the second.
    #[must_use]
    pub fn created_at(&self) -> UnixMs {
        self.created_at
    }

    /// Time of the latest change; never runs backwards.
    #[must_use]
    pub fn updated_at(&self) -> UnixMs {
        self.updated_at
    }

    /// The kept contacts, oldest first; times rounded up to the second.
    #[must_use]
    pub fn contacts(&self) -> &[Contact] {
        &self.contacts
    }

    /// The contacts at or after `since`, oldest first. Contacts of a rolling window are those since
    /// `now - window + 1 ms`.
    #[must_use]
    pub fn contacts_since(&self, since: UnixMs) -> &[Contact] {
        let start = self.contacts.partition_point(|c| c.at < since);
        self.contacts.get(start..).unwrap_or_default()
    }

    /// The latest of every kind of outcome and reason on every offer, contacts included, sorted by
    /// (offer, kind, reason); times rounded up to the minute.
    #[must_use]
    pub fn responses(&self) -> &[Response] {
        &self.responses
    }

    /// When `offer` last had an outcome of one of `kinds` (bits of [`OutcomeKind`]) with one of
    /// `reasons` (empty: any), if ever.
    #[must_use]
    pub fn latest_outcome(&self, offer: Key, kinds: u8, reasons: &[Key]) -> Option<UnixMs> {
        let start = self.responses.partition_point(|r| r.offer < offer);
        let responses = self.responses.get(start..).unwrap_or_default().iter();
        responses
            .take_while(|r| r.offer == offer)
            .filter(|r| r.kind.bit() & kinds != 0)
            .filter(|r| reasons.is_empty() || reasons.contains(&r.reason))
            .map(|r| r.at)
            .max()
    }

    /// Interest in items, least recently shown first; weights as of their own time.
    #[must_use]
    pub fn interests(&self) -> &[Interest] {
        &self.items
    }

    /// The consents, sorted by (purpose, channel).
    #[must_use]
    pub fn consents(&self) -> &[Consent] {
        &self.consents
    }

    /// The state of aggregates, sorted by key.
    #[must_use]
    pub fn series(&self) -> &[(Key, Series)] {
        &self.series
    }

    /// Whether the customer consents to `purpose` on `channel`: the channel's own entry wins over
    /// the one for all channels; `None`: never said.
    #[must_use]
    pub fn consent(&self, purpose: Key, channel: Key) -> Option<bool> {
        self.consent_state(purpose, channel).map(|state| state.counts(false))
    }

    /// Whether the customer wants no contact at all.
    #[must_use]
    pub fn do_not_contact(&self) -> bool {
        // It sorts before all others.
        self.consents.first().is_some_and(|consent| {
            consent.purpose == DO_NOT_CONTACT && consent.state == ConsentState::Denied
        })
    }

    /// Where the consent to `purpose` on `channel` stands: the channel's own entry wins over the
    /// one for all channels; `None`: never said.
    #[must_use]
    pub fn consent_state(&self, purpose: Key, channel: Key) -> Option<ConsentState> {
        let find = |channel| {
            let found =
                self.consents.binary_search_by_key(&(purpose, channel), |c| (c.purpose, c.channel));
            found.ok().and_then(|i| self.consents.get(i))
        };
        find(channel).or_else(|| find(ALL_CHANNELS)).map(|consent| consent.state)
    }

    /// Records a consent given or withdrawn. One older than what is recorded changes nothing; of
    /// two at the same moment the weaker holds (denied, pending, granted, confirmed), so that a
    /// withdrawal does; what is replaced stays on record, the last [`PAST_CONSENTS_MAX`].
    ///
    /// # Errors
    /// More than [`CONSENTS_MAX`] consents.
    pub fn set_consent(&mut self, consent: Consent, now: UnixMs) -> Result<(), ProfileError> {
        let found = self
            .consents
            .binary_search_by_key(&(consent.purpose, consent.channel), |c| (c.purpose, c.channel));
        if found.is_err() && self.consents.len() >= CONSENTS_MAX {
            return Err(ProfileError::TooMany { what: "consents", max: CONSENTS_MAX });
        }
        let consent = Consent { at: self.advance(now, consent.at), ..consent };
        match found {
            Err(place) => self.consents.insert(place, consent),
            Ok(place) => {
                if let Some(known) = self.consents.get_mut(place) {
                    // Asking anew to agree, or agreeing once more, takes nothing back.
                    if known.state.counts(false)
                        && (consent.state.is_pending()
                            || (known.state, consent.state)
                                == (ConsentState::Confirmed, ConsentState::Granted))
                    {
                        return Ok(());
                    }
                    let newer = consent.at > known.at;
                    if newer || (consent.at == known.at && consent.state < known.state) {
                        let past = std::mem::replace(known, consent);
                        if past.state != consent.state {
                            self.past_consents.push(past);
                        }
                    }
                }
            }
        }
        if self.past_consents.len() > PAST_CONSENTS_MAX {
            self.past_consents.remove(0);
        }
        Ok(())
    }

    /// Consents that others took the place of, in the order in which they were replaced.
    #[must_use]
    pub fn past_consents(&self) -> &[Consent] {
        &self.past_consents
    }

    /// The stored form: versioned and compact.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Reads a stored form; the exact inverse of [`Self::encode`].
    ///
    /// # Errors
    /// An unknown major version, or bytes that no version wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, ProfileError> {
        codec::decode(bytes)
    }

    /// Moves the profile's clock to `now` (never backwards) and returns `at` clamped to it.
    pub(super) fn advance(&mut self, now: UnixMs, at: UnixMs) -> UnixMs {
        self.updated_at = self.updated_at.max(clamp_time(now));
        clamp_time(at).min(self.updated_at)
    }
}

impl Contact {
    /// What made it a contact: the sending, where the decision is the contact, else the impression.
    #[must_use]
    pub fn made_by(&self) -> OutcomeKind {
        if self.outcomes & OutcomeKind::Sent.bit() != 0 {
            OutcomeKind::Sent
        } else {
            OutcomeKind::Impression
        }
    }
}
