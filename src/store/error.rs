//! What can go wrong with the state, in words an operator can act on.

use std::path::PathBuf;

/// Why a store did not do what it was asked. No message ever holds a password or a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The store did not answer, or not in time. Whether a write took place is unknown: a
    /// repeated compare-and-set tells.
    #[error("store at {address} is unavailable: {why}")]
    Unavailable {
        /// Host, port and database, or the folder.
        address: String,
        /// The cause, as the operating system or the server puts it.
        why: String,
    },
    /// Stored bytes fail their checksum or their format; they are never handed out.
    #[error("store at {address} holds damaged data: {what}")]
    Corrupt {
        /// Host, port and database, or the folder.
        address: String,
        /// Which value, and what is wrong with it.
        what: String,
    },
    /// The caller gave more bytes than the configuration allows.
    #[error("{what} of {bytes} bytes is over the limit of {bytes_max}")]
    TooLarge {
        /// What was given: `customer id`, `record`, `log entry` ...
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The most that is accepted.
        bytes_max: usize,
    },
    /// The caller gave more items in one call than the configuration allows.
    #[error("{items} {what} in one call are over the limit of {items_max}")]
    TooMany {
        /// What was given, in the plural.
        what: &'static str,
        /// How many.
        items: usize,
        /// The most that is accepted.
        items_max: usize,
    },
    /// A name that must say something is empty.
    #[error("{what} is empty")]
    Empty {
        /// Which name: `customer id`, `document name`, `limit name`.
        what: &'static str,
    },
    /// The learning log cannot be continued after the given position: what follows was trimmed,
    /// or the log is shorter than the reader remembers (it lost its end, or is another log).
    /// The way on is a checkpoint within the range.
    #[error("the learning log cannot continue after position {after}: it holds {first} to {last}")]
    LogGap {
        /// The last position the reader has applied.
        after: u64,
        /// The first position the log holds (`last + 1` when it is empty).
        first: u64,
        /// The last position ever appended.
        last: u64,
    },
    /// Another process has the embedded store open.
    #[error(
        "the store in `{}` is in use by another process; one folder serves one process",
        folder.display()
    )]
    Locked {
        /// The folder.
        folder: PathBuf,
    },
    /// The configuration cannot be used.
    #[error("the store is not configured properly: {why}")]
    Config {
        /// What to change.
        why: String,
    },
}
