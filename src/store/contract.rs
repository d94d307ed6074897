//! The contract every store keeps; `tests/store.rs` holds each implementation to it.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::StoreError;

/// Bytes together with the version under which they were stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned {
    /// Never 0; grows with every write of the same name, and is not used again for a name that
    /// was erased or expired and comes back: equal version means equal bytes.
    pub version: u64,
    /// What was stored.
    pub record: Bytes,
}

/// One write of a customer's record, together with what the learning log must say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Whose record.
    pub customer: String,
    /// The version the new record was computed from; 0 when there must be no record.
    pub expected: u64,
    /// The new record.
    pub record: Bytes,
    /// The record is gone this long after the commit; `None`: it stays.
    pub ttl: Option<Duration>,
    /// Appended to the learning log in this order, if and only if the record is written.
    pub log: Vec<Bytes>,
    /// A decision to remember for as long as that, in the same write as the record.
    pub decision: Option<(Bytes, Duration)>,
}

/// What became of a [`Commit`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitResult {
    /// Record and log entries are stored.
    Committed {
        /// The new version of the record.
        version: u64,
        /// The position of the last log entry appended, if there was one. `None` also when the
        /// entries are certain to come into the log but are not there yet (Redis Cluster, while
        /// the log's node is out of reach).
        log_position: Option<u64>,
    },
    /// Nothing is stored: the record is not at the expected version. This is the current one.
    Conflict(Option<Versioned>),
}

/// What became of a document that was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutResult {
    /// Stored under this version.
    Stored {
        /// The new version of the document.
        version: u64,
    },
    /// Nothing is stored: the document is not at the expected version.
    Conflict {
        /// Its current version; 0 when there is none.
        version: u64,
    },
}

/// A log entry and its position; positions start at 1 and grow by 1.
pub type LogEntry = (u64, Bytes);

/// A customer's record and remembered decisions, newest first.
pub type Remembered = (Option<Versioned>, Vec<Bytes>);

/// The positions the learning log holds: `first..=last`, none when `first == last + 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogRange {
    /// The oldest position that can still be read.
    pub first: u64,
    /// The last position ever appended; 0 when nothing ever was.
    pub last: u64,
}

impl LogRange {
    /// Whether a reader that has applied everything up to `after` can go on.
    ///
    /// # Errors
    /// [`StoreError::LogGap`] when it cannot.
    pub(super) fn continues(self, after: u64) -> Result<(), StoreError> {
        let Self { first, last } = self;
        if after > last || after.saturating_add(1) < first {
            return Err(StoreError::LogGap { after, first, last });
        }
        Ok(())
    }
}

/// The state of Arbitra. Every call is one round trip, and is atomic unless it says otherwise.
/// A call that fails with [`StoreError::Unavailable`] may or may not have taken effect.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug {
    /// The current records of `customers`, in their order; `None` for an unknown one. Each is
    /// current on its own; together they are not one snapshot.
    ///
    /// # Errors
    /// Unavailable, corrupt, or a bad customer id.
    async fn load(&self, customers: &[&str]) -> Result<Vec<Option<Versioned>>, StoreError>;

    /// One customer's record and remembered decisions, in one round trip. A damaged decision is
    /// left out: memory of decisions may be lost, a record may not.
    ///
    /// # Errors
    /// Unavailable, corrupt, or a bad customer id.
    async fn load_for_outcome(&self, customer: &str) -> Result<Remembered, StoreError>;

    /// Compare-and-set of the record, append of all log entries, memory of the decision: all or
    /// nothing.
    ///
    /// # Errors
    /// Unavailable, corrupt, or over a bound.
    async fn commit(&self, commit: Commit) -> Result<CommitResult, StoreError>;

    /// Adds decisions to the bounded memory of their customers, oldest first in the list, all
    /// memory of a customer to be forgotten `ttl` after its newest decision. Not atomic across
    /// customers; may be lost in a crash.
    ///
    /// # Errors
    /// Unavailable, or over a bound.
    async fn remember(
        &self,
        decisions: Vec<(String, Bytes)>,
        ttl: Duration,
    ) -> Result<(), StoreError>;

    /// Appends to the learning log, all or nothing and side by side; returns the position of the
    /// last entry (of the log as it is, when `entries` is empty).
    ///
    /// # Errors
    /// Unavailable, or over a bound.
    async fn append_log(&self, entries: Vec<Bytes>) -> Result<u64, StoreError>;

    /// Entries after position `after`, in order and without gaps: at most `entries_max`, perhaps
    /// fewer than there are. With none there, waits up to `wait` for the first.
    ///
    /// # Errors
    /// [`StoreError::LogGap`] when the log cannot be continued from there; unavailable; corrupt.
    async fn read_log(
        &self,
        after: u64,
        entries_max: usize,
        wait: Duration,
    ) -> Result<Vec<LogEntry>, StoreError>;

    /// The positions the learning log holds.
    ///
    /// # Errors
    /// Unavailable.
    async fn log_range(&self) -> Result<LogRange, StoreError>;

    /// Forgets all log entries up to and including `through` (at most the last one). Positions
    /// go on growing. May take several round trips.
    ///
    /// # Errors
    /// Unavailable.
    async fn trim_log(&self, through: u64) -> Result<(), StoreError>;

    /// Stores a document (a catalog version, a checkpoint) under `name`. `expected`: the version
    /// it must be at, 0 when it must not exist, `None` for any.
    ///
    /// # Errors
    /// Unavailable, or over a bound.
    async fn put_document(
        &self,
        name: &str,
        expected: Option<u64>,
        bytes: Bytes,
    ) -> Result<PutResult, StoreError>;

    /// The document of that name.
    ///
    /// # Errors
    /// Unavailable, corrupt, or a bad name.
    async fn get_document(&self, name: &str) -> Result<Option<Versioned>, StoreError>;

    /// The version of the document of that name, 0 when there is none; cheap enough to ask often.
    ///
    /// # Errors
    /// Unavailable, or a bad name.
    async fn document_version(&self, name: &str) -> Result<u64, StoreError>;

    /// Takes up to `want` units from `limit`, of which `max` can be taken in total; returns how
    /// many were granted. What was taken is forgotten `ttl` after the last lease that was
    /// granted; a limit of a day carries the day in its name. With `want` 0 nothing changes.
    ///
    /// # Errors
    /// Unavailable, or a bad name.
    async fn lease(
        &self,
        limit: &str,
        want: u64,
        max: u64,
        ttl: Option<Duration>,
    ) -> Result<u64, StoreError>;

    /// Returns `amount` units to `limit`; never more than were taken.
    ///
    /// # Errors
    /// Unavailable, or a bad name.
    async fn give_back(&self, limit: &str, amount: u64) -> Result<(), StoreError>;

    /// How many units of `limit` are taken; 0 for one that nobody took from.
    ///
    /// # Errors
    /// Unavailable, corrupt, or a bad name.
    async fn leased(&self, limit: &str) -> Result<u64, StoreError>;

    /// Removes everything kept under a customer's id. Log entries about the customer stay until
    /// they are trimmed.
    ///
    /// # Errors
    /// Unavailable, or a bad customer id.
    async fn erase(&self, customer: &str) -> Result<(), StoreError>;

    /// Answers when the store can be written to.
    ///
    /// # Errors
    /// Unavailable.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Makes everything acknowledged so far as durable as the store can make it.
    ///
    /// # Errors
    /// Unavailable.
    async fn flush(&self) -> Result<(), StoreError>;

    /// One line for the start-up screen: which store, where, how durable. Never a password.
    async fn describe(&self) -> String;

    /// How the store could lose data as it is set up, each with how to mend it; said at start.
    async fn warnings(&self) -> Vec<String> {
        Vec::new()
    }
}
