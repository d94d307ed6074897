//! What reading the sources for one decision came to.

use std::sync::Arc;
use std::time::Duration;

use crate::core::live::LiveValue;

/// How a source answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UseState {
    /// Asked, and it answered.
    Read,
    /// Its earlier answer still held.
    Cached,
    /// It does not know the customer.
    Absent,
    /// This replica was not told where it is.
    NotConfigured,
    /// It did not answer in time.
    Late,
    /// It answered with an error.
    Failed,
    /// It failed too often, and was left alone.
    CircuitOpen,
    /// Too many customers waited for it.
    Busy,
}

impl UseState {
    /// Its name in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Cached => "cached",
            Self::Absent => "absent",
            Self::NotConfigured => "not_configured",
            Self::Late => "late",
            Self::Failed => "failed",
            Self::CircuitOpen => "circuit_open",
            Self::Busy => "busy",
        }
    }
}

/// One source, used by one decision.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceUse {
    /// The source.
    pub name: Arc<str>,
    /// How it answered.
    pub state: UseState,
    /// Attributes of it that are unknown, and so at their defaults or missing.
    pub unknown: Vec<Arc<str>>,
    /// Attributes whose values were not as declared; among the unknown.
    pub refused: Vec<Arc<str>>,
    /// How long it took.
    pub took: Duration,
    /// How old the answer is.
    pub age: Duration,
    /// What was missing, where that is more than a customer unknown to the source.
    pub missing: Option<String>,
}

/// Everything read for one decision.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Values by slot, of all attributes of all sources that were asked.
    pub values: Vec<LiveValue>,
    /// One use a source.
    pub uses: Vec<SourceUse>,
}
