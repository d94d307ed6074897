//! How much a store accepts: nothing is unbounded.

use bytes::Bytes;

use super::{Commit, StoreError};

/// Upper bounds of what a store accepts in one call; over them a clear error, before any effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreBounds {
    /// Customer ids, document names and names of limits, bytes; up to 1,024.
    pub name_bytes_max: usize,
    /// One customer's record, bytes.
    pub record_bytes_max: usize,
    /// One log entry or one remembered decision, bytes.
    pub entry_bytes_max: usize,
    /// One document, bytes.
    pub document_bytes_max: usize,
    /// Decisions remembered for each customer, 1 to 64; the newest stay.
    pub decisions_max: usize,
    /// Customers, decisions or log entries in one call.
    pub batch_max: usize,
}

impl Default for StoreBounds {
    fn default() -> Self {
        Self {
            name_bytes_max: 512,
            record_bytes_max: 1 << 20,
            entry_bytes_max: 64 << 10,
            document_bytes_max: 64 << 20,
            decisions_max: 8,
            batch_max: 4096,
        }
    }
}

/// The most decisions that can be configured to be remembered for a customer.
pub(super) const DECISIONS_MAX: usize = 64;

/// The largest limit, 2^53: the numbers of server-side scripts are exact up to here.
const UNITS_MAX: u64 = 1 << 53;

impl StoreBounds {
    /// # Errors
    /// [`StoreError::Config`] when a bound is outside its own range.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let why = if !(1..=DECISIONS_MAX).contains(&self.decisions_max) {
            format!("decisions_max is {}, but must be 1 to {DECISIONS_MAX}", self.decisions_max)
        } else if !(1..=1024).contains(&self.name_bytes_max) {
            format!("name_bytes_max is {}, but must be 1 to 1024", self.name_bytes_max)
        } else if self.batch_max == 0 {
            "batch_max is 0, but must be at least 1".to_owned()
        } else {
            return Ok(());
        };
        Err(StoreError::Config { why })
    }

    pub(super) fn customer(&self, customer: &str) -> Result<(), StoreError> {
        self.name("customer id", customer)
    }

    pub(super) fn name(&self, what: &'static str, name: &str) -> Result<(), StoreError> {
        if name.is_empty() {
            return Err(StoreError::Empty { what });
        }
        size(what, name.len(), self.name_bytes_max)
    }

    pub(super) fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        self.customer(&commit.customer)?;
        size("record", commit.record.len(), self.record_bytes_max)?;
        commit.decision.iter().try_for_each(|(bytes, _)| self.entry("decision", bytes))?;
        self.entries("log entry", &commit.log)
    }

    pub(super) fn entries<T: AsRef<[u8]>>(
        &self,
        what: &'static str,
        entries: &[T],
    ) -> Result<(), StoreError> {
        self.batch("log entries", entries.len())?;
        entries.iter().try_for_each(|entry| self.entry(what, entry.as_ref()))
    }

    pub(super) fn entry(&self, what: &'static str, entry: &[u8]) -> Result<(), StoreError> {
        size(what, entry.len(), self.entry_bytes_max)
    }

    pub(super) fn decisions(&self, decisions: &[(String, Bytes)]) -> Result<(), StoreError> {
        self.batch("decisions", decisions.len())?;
        decisions.iter().try_for_each(|(customer, decision)| {
            self.customer(customer)?;
            self.entry("decision", decision)
        })
    }

    /// `units`: the largest number the call names.
    pub(super) fn limit(&self, limit: &str, units: u64) -> Result<(), StoreError> {
        self.name("limit name", limit)?;
        if units > UNITS_MAX {
            let why = format!("a limit of {units} units is over {UNITS_MAX}");
            return Err(StoreError::Config { why });
        }
        Ok(())
    }

    pub(super) fn document(&self, name: &str, bytes: usize) -> Result<(), StoreError> {
        self.name("document name", name)?;
        size("document", bytes, self.document_bytes_max)
    }

    pub(super) fn batch(&self, what: &'static str, items: usize) -> Result<(), StoreError> {
        if items > self.batch_max {
            return Err(StoreError::TooMany { what, items, items_max: self.batch_max });
        }
        Ok(())
    }
}

fn size(what: &'static str, bytes: usize, bytes_max: usize) -> Result<(), StoreError> {
    if bytes > bytes_max {
        return Err(StoreError::TooLarge { what, bytes, bytes_max });
    }
    Ok(())
}
