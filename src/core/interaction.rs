//! What happens: events about a customer and outcomes of offers, already typed and validated.

use std::sync::Arc;

use crate::core::key::Key;
use crate::core::time::UnixMs;
use crate::core::value::Value;

/// A fact about a customer.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Hash of the caller's event id: applied once.
    pub id: u64,
    /// Name of the event type; the schema has it.
    pub name: Arc<str>,
    /// When it happened; already clamped to the time of arrival.
    pub at: UnixMs,
    /// The event frame: values by [`crate::core::catalog::schema::FieldSpec::slot`].
    pub frame: Vec<Option<Value>>,
}

/// What happened to an offer.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[repr(u8)]
pub enum OutcomeKind {
    /// It was seen.
    Impression = 0,
    /// It was clicked.
    Click = 1,
    /// It was accepted.
    Accept = 2,
    /// It was rejected, perhaps with a reason.
    Reject = 3,
    /// It led to the final goal, perhaps with a value.
    Convert = 4,
    /// Nothing happened in time.
    NoResponse = 5,
    /// It was sent (channels where the decision is the contact record this themselves).
    Sent = 6,
}

impl OutcomeKind {
    /// All kinds, by discriminant.
    pub const ALL: [Self; 7] = [
        Self::Impression,
        Self::Click,
        Self::Accept,
        Self::Reject,
        Self::Convert,
        Self::NoResponse,
        Self::Sent,
    ];

    /// The name in rules, cases and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Impression => "impression",
            Self::Click => "click",
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Convert => "convert",
            Self::NoResponse => "no_response",
            Self::Sent => "sent",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind of that discriminant.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == code)
    }

    /// The kind's bit in a set of kinds.
    #[must_use]
    pub fn bit(self) -> u8 {
        1 << (self as u8)
    }
}

/// An outcome of an offer.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Hash of the caller's outcome id: applied once.
    pub id: u64,
    /// The decision it answers, if the caller said: the low 64 bits of its id.
    pub decision: Option<u64>,
    /// Key of the offer.
    pub offer: Key,
    /// Key of the offer's group.
    pub group: Key,
    /// Key of the treatment; 0 when unknown.
    pub treatment: Key,
    /// Key of the channel.
    pub channel: Key,
    /// What happened.
    pub kind: OutcomeKind,
    /// Key of the interaction it was given in, if the caller said.
    pub interaction: Option<Key>,
    /// Why, for a rejection: key of the reason; 0 when none.
    pub reason: Key,
    /// Worth of a conversion, if known.
    pub value: Option<f64>,
    /// Hash of the number of the order it tells of, if the caller said: told twice, it counts once.
    pub order: Option<u64>,
    /// When; already clamped to the time of arrival.
    pub at: UnixMs,
}
