//! Bounded maintenance: each round looks at a few entries, removes those that have expired, and
//! a piece of what was trimmed from the log. Nothing here changes what readers see.

use std::ops::Bound;

use super::batch::Batch;
use super::cell::Cell;
use super::tables::Table;
use crate::store::StoreError;

/// Tables whose values can expire.
const EXPIRING: [Table; 3] = [Table::Records, Table::Decisions, Table::Limits];

/// Where the next round goes on.
pub(super) struct Sweep {
    entries_max: usize,
    table: usize,
    after: Vec<u8>,
    /// Log entries up to here are removed already.
    log_through: u64,
}

impl Sweep {
    pub fn new(entries_max: usize) -> Self {
        Self { entries_max, table: 0, after: Vec::new(), log_through: 0 }
    }

    /// One round.
    pub fn round(&mut self, batch: &mut Batch<'_>) -> Result<(), StoreError> {
        self.expired(batch)?;
        self.trimmed(batch)
    }

    fn expired(&mut self, batch: &mut Batch<'_>) -> Result<(), StoreError> {
        let table = *EXPIRING.get(self.table).unwrap_or(&Table::Records);
        let tables = batch.tables;
        let range = (Bound::Excluded(self.after.clone()), Bound::Unbounded);
        let mut seen = 0;
        for guard in tables.keyspace(table).range::<Vec<u8>, _>(range).take(self.entries_max) {
            let (key, encoded) = guard.into_inner().map_err(|fault| tables.fault(&fault))?;
            // Damaged entries stay: removing them would hide the damage.
            if Cell::expiry(&encoded).is_some_and(|at_ms| at_ms <= batch.now_ms)
                && Cell::decode(&key, &encoded).is_some()
            {
                batch.remove(table, &key);
            }
            seen += 1;
            self.after = key.to_vec();
        }
        if seen < self.entries_max {
            self.after.clear();
            self.table = (self.table + 1) % EXPIRING.len();
        }
        Ok(())
    }

    fn trimmed(&mut self, batch: &mut Batch<'_>) -> Result<(), StoreError> {
        let gone = batch.counters.log.first.saturating_sub(1);
        if self.log_through >= gone {
            return Ok(());
        }
        let tables = batch.tables;
        let from = self.log_through.saturating_add(1).to_be_bytes();
        let (mut seen, mut last) = (0, gone);
        let trimmed = tables.keyspace(Table::Log).range(from..=gone.to_be_bytes());
        for guard in trimmed.take(self.entries_max) {
            let key = guard.key().map_err(|fault| tables.fault(&fault))?;
            batch.remove(Table::Log, &key);
            seen += 1;
            last = key.first_chunk().map_or(gone, |position| u64::from_be_bytes(*position));
        }
        self.log_through = if seen < self.entries_max { gone } else { last };
        Ok(())
    }
}
