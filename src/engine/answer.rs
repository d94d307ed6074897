//! What the engine answers.

use std::sync::Arc;

use crate::core::catalog::CatalogVersion;
use crate::core::decide::{Decision, Snapshot};
use crate::core::live::LiveValue;
use crate::core::record::Credited;
use crate::source::SourceUse;

/// What a decision was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions {
    /// The catalog.
    pub catalog: CatalogVersion,
    /// Position of the learning log that the models had reached.
    pub log_position: u64,
    /// Version of the profile; 0 for a new customer, or when it could not be read.
    pub profile: u64,
}

/// A part that a decision had to do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DegradedPart {
    /// The store did not answer in time: decided without the profile, caps and consents closed.
    Store,
    /// The deadline left no time.
    Deadline,
    /// A live source did not answer, or not as declared.
    Source,
    /// A contact could not be committed: nothing is offered on that channel.
    Commit,
}

/// What was missing, and what that meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Degradation {
    /// Which part.
    pub part: DegradedPart,
    /// The source, where it is one.
    pub source: Option<Arc<str>>,
    /// In words; nothing personal.
    pub detail: String,
}

/// A decision with all that its caller is told about it.
#[derive(Clone, Debug)]
pub struct Decided {
    /// The customer that the name led to.
    pub customer: String,
    /// The decision; its indices refer to `snapshot.catalog`.
    pub decision: Decision,
    /// What it was made with.
    pub snapshot: Arc<Snapshot>,
    /// Versions.
    pub versions: Versions,
    /// What they said: given again, the decision comes out the same.
    pub live: Vec<LiveValue>,
    /// The live sources it was made with.
    pub sources: Vec<SourceUse>,
    /// What it had to do without.
    pub degradations: Vec<Degradation>,
    /// Whether this repeats the answer to an earlier request with the same id.
    pub repeated: bool,
}

/// What became of one recorded item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemOutcome {
    /// Stored.
    Applied,
    /// Stored before, under the same id.
    Duplicate,
    /// Not stored: it happened before the customer was erased.
    Erased,
}

/// A recorded item.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// What became of it.
    pub outcome: ItemOutcome,
    /// The contacts that it answers, with their shares.
    pub credits: Vec<Credited>,
    /// Version of the profile that holds it.
    pub profile_version: u64,
    /// Position in the learning log of the last thing learned from its customer's items in this
    /// call; 0 when nothing was.
    pub log_position: u64,
}
