//! The parts of a profile that policies and models read.

use crate::core::interaction::OutcomeKind;
use crate::core::key::Key;
use crate::core::time::UnixMs;

/// One contact: an offer that reached the customer (as the channel defines it), and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Key of the offer.
    pub offer: Key,
    /// Key of the treatment; 0 when unknown.
    pub treatment: Key,
    /// Key of the channel.
    pub channel: Key,
    /// Low 64 bits of the decision's id; 0 when the caller named none, and once it is older than
    /// [`super::limits::DECISION_JOIN_MS`].
    pub decision: u64,
    /// When, rounded up to the second.
    pub at: UnixMs,
    /// Bits of [`OutcomeKind`] seen since; see [`OutcomeKind::bit`].
    pub outcomes: u8,
}

/// The latest outcome of one kind and reason on one offer: what cool-downs read, and what is left
/// of contacts too old to keep. The outcome that made a contact is one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response {
    /// Key of the offer.
    pub offer: Key,
    /// What happened.
    pub kind: OutcomeKind,
    /// Key of the reason; 0 when none.
    pub reason: Key,
    /// When, the latest, rounded up to the minute.
    pub at: UnixMs,
    /// How often in all.
    pub count: u32,
}

/// Interest in an item, for affinity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interest {
    /// Key of the item.
    pub item: Key,
    /// How strong, as of `at`; 11 significant bits.
    pub weight: f32,
    /// When last shown, rounded up to the minute.
    pub at: UnixMs,
}

/// Where a consent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConsentState {
    /// Refused or withdrawn.
    Denied,
    /// Given, and yet to be confirmed (double opt-in): does not count.
    Pending,
    /// Given.
    Granted,
    /// Given and confirmed.
    Confirmed,
}

impl ConsentState {
    /// Given or refused, in one step.
    #[must_use]
    pub fn of(granted: bool) -> Self {
        if granted { Self::Granted } else { Self::Denied }
    }

    /// Whether it counts as consent, where it must be `confirmed` or need not.
    #[must_use]
    pub fn counts(self, confirmed: bool) -> bool {
        self == Self::Confirmed || (self == Self::Granted && !confirmed)
    }

    /// Whether it waits to be confirmed.
    #[must_use]
    pub fn is_pending(self) -> bool {
        self == Self::Pending
    }
}

/// A consent given or withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Key of the purpose; [`super::DO_NOT_CONTACT`] for being contacted at all.
    pub purpose: Key,
    /// Key of the channel; 0 for all channels. A channel's own entry wins over the one for all.
    pub channel: Key,
    /// Given or withdrawn.
    pub state: ConsentState,
    /// When.
    pub at: UnixMs,
}
