//! What can go wrong, in the engine's words.

use super::publish::PublishError;
use crate::core::profile::ProfileError;
use crate::store::StoreError;

/// Why a call was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store did not answer; nothing was acknowledged.
    #[error("the store is unavailable: {0}")]
    Store(#[source] StoreError),
    /// A stored record is not what was written.
    #[error("the customer's record is corrupt and was left as it is: {0}")]
    Corrupt(String),
    /// Too many writers on one customer.
    #[error("the customer's record changed {attempts} times in a row while it was being written")]
    Contended {
        /// Attempts made.
        attempts: u32,
    },
    /// The caller's expected version is not the current one.
    #[error("the profile has version {current}, not the expected {expected}")]
    VersionMismatch {
        /// What the caller expected.
        expected: u64,
        /// What is stored.
        current: u64,
    },
    /// The profile cannot hold what it should.
    #[error("the profile refuses the change: {0}")]
    Refused(#[source] ProfileError),
    /// The outcome needs a unit of a quota: the one held for it has lapsed, and no other is left.
    #[error(
        "the hold of `{quota}` has lapsed and nothing is left of it: the outcome is not recorded"
    )]
    QuotaExhausted {
        /// Id of the quota.
        quota: std::sync::Arc<str>,
    },
    /// The service is shutting down.
    #[error("the service is draining")]
    Draining,
}

impl From<PublishError> for StartError {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Engine(EngineError::Store(error)) => Self::Store(error),
            error => Self::Published(error.to_string()),
        }
    }
}

impl From<StoreError> for EngineError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Corrupt { .. } => Self::Corrupt(error.to_string()),
            error => Self::Store(error),
        }
    }
}

/// Why an engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The rules cannot be served.
    #[error("the rules cannot be served:\n{0}")]
    Rules(String),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The saved models cannot be read.
    #[error("the checkpoint cannot be read: {0}")]
    Checkpoint(String),
    /// The version last published cannot be served.
    #[error("the published version cannot be served: {0}")]
    Published(String),
    /// A live source that a replica must know cannot be asked.
    #[error("the source `{name}` cannot be asked: {error}")]
    Source {
        /// The source.
        name: std::sync::Arc<str>,
        /// Why.
        error: crate::source::SourceError,
    },
    /// A thread could not be started.
    #[error("cannot start the learner: {0}")]
    Thread(#[source] std::io::Error),
}
