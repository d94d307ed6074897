//! Live attributes: which source gives which, and how what it gave enters a decision. What was read
//! is part of a decision's request, so that the decision stays a pure function; reading is not done
//! here.

use std::sync::Arc;

use crate::core::catalog::schema::{Origin, Schema};
use crate::core::expression::{Slot, Type};
use crate::core::profile::{ALL_CHANNELS, Profile};
use crate::core::value::Value;

/// What a live attribute was found to be: `None` is unknown (no row, null, no answer).
pub type LiveValue = (Slot, Option<Value>);

/// Which SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// PostgreSQL.
    Postgres,
    /// MySQL or MariaDB.
    MySql,
    /// SQLite.
    Sqlite,
}

/// How a source is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Access {
    /// By one query.
    Sql {
        /// In which SQL.
        dialect: Dialect,
        /// The query; its only parameter is the list of customers.
        query: Arc<str>,
        /// The column with the customer's id.
        key: Arc<str>,
        /// Whether that column holds integers.
        int_keys: bool,
    },
    /// One GET a customer: the path, with `{customer}` in it.
    HttpGet(Arc<str>),
    /// One POST for many customers: the path.
    HttpPost(Arc<str>),
}

impl Access {
    /// The schemes of addresses that it can be asked at.
    #[must_use]
    pub fn schemes(&self) -> &'static [&'static str] {
        match self {
            Self::Sql { dialect: Dialect::Postgres, .. } => &["postgres", "postgresql"],
            Self::Sql { dialect: Dialect::MySql, .. } => &["mysql", "mariadb"],
            Self::Sql { dialect: Dialect::Sqlite, .. } => &["sqlite"],
            Self::HttpGet(_) | Self::HttpPost(_) => &["http", "https"],
        }
    }
}

/// An attribute that a source gives.
#[derive(Clone, Debug)]
pub struct LiveField {
    /// The attribute's slot.
    pub slot: Slot,
    /// The attribute's name.
    pub name: Arc<str>,
    /// The column, or the field of the answer.
    pub field: Arc<str>,
    /// The type that it must have.
    pub ty: Type,
    /// Smallest and largest number allowed.
    pub range: (Option<f64>, Option<f64>),
}

/// A declared source.
#[derive(Clone, Debug)]
pub struct SourceSpec {
    /// Its name.
    pub name: Arc<str>,
    /// How it is asked.
    pub access: Access,
    /// What it gives, by attribute name.
    pub fields: Vec<LiveField>,
    /// Longest wait for an answer, ms.
    pub timeout_ms: u32,
    /// How long an answer holds, ms; 0: not at all.
    pub cache_ms: u32,
    /// Customers whose answers are held, at most.
    pub cache_entries_max: u32,
    /// Customers in one query, at most.
    pub batch_max: u32,
    /// Queries at the same time, at most.
    pub connections_max: u32,
    /// Failures in a row that open the circuit.
    pub failures_max: u32,
    /// How long the circuit stays open, ms.
    pub retry_after_ms: u32,
    /// Whether a replica must know where it is.
    pub required: bool,
    /// Hash of all of this and of the attributes' declarations: the same source, asked the same.
    pub fingerprint: u64,
}

/// Puts what was read into the frame, in the place of what the profile holds: a declared default
/// where it is unknown, and nothing at all where the attribute's purpose has no consent.
pub fn fill(schema: &Schema, profile: &Profile, live: &[LiveValue], frame: &mut [Option<Value>]) {
    for (slot, value) in live {
        let Some(spec) = schema.slot(*slot) else { continue };
        let Some(cell) = frame.get_mut(slot.0 as usize) else { continue };
        let allowed =
            spec.purpose.is_none_or(|purpose| profile.consent(purpose, ALL_CHANNELS) == Some(true));
        if allowed && matches!(spec.origin, Origin::Attribute(_)) {
            *cell = value.clone().or_else(|| spec.default.clone());
        }
    }
}

#[cfg(test)]
mod tests;
