//! What can go wrong with a source. Nothing here carries an address, a credential or a customer.

use std::sync::Arc;

/// Why a source gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// This replica was not told where it is.
    #[error("not configured on this replica: set `ARBITRA_SOURCE_{0}_URL`")]
    NotConfigured(String),
    /// It failed too often, and is left alone for a while.
    #[error("left alone after repeated failures")]
    CircuitOpen,
    /// Too many customers wait for it.
    #[error("too many customers wait for it")]
    Busy,
    /// It did not answer in time.
    #[error("no answer in time")]
    Late,
    /// It answered with an error, or not as declared.
    #[error("{0}")]
    Failed(Arc<str>),
}

impl SourceError {
    pub(super) fn failed(why: impl Into<Arc<str>>) -> Self {
        Self::Failed(why.into())
    }
}

/// What is wrong with what a replica was told of its sources.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourcesConfigError {
    /// A file cannot be read.
    #[error("{variable}: cannot read the file it names: {why}")]
    File {
        /// The variable.
        variable: String,
        /// Why.
        why: String,
    },
    /// A variable without the address it belongs to.
    #[error("{variable} is set, and `{address}` is not")]
    Stray {
        /// The variable.
        variable: String,
        /// What is missing.
        address: String,
    },
    /// An address that cannot be used.
    #[error("{variable}: {why}")]
    Address {
        /// The variable.
        variable: String,
        /// Why; without the address.
        why: String,
    },
}
