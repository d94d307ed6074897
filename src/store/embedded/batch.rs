//! One batch of the writer thread: reads see what earlier writes of the batch did, and all of it
//! becomes visible and durable together.

use std::collections::HashMap;

use fjall::{PersistMode, Slice};

use super::cell::{Cell, now_ms};
use super::tables::{Counters, Table, Tables};
use crate::store::StoreError;

/// Writes under way. A job that fails must do so before its first write: the batch goes on
/// without it.
pub(super) struct Batch<'t> {
    pub tables: &'t Tables,
    /// Moves with the writes; becomes real with [`Batch::commit`].
    pub counters: Counters,
    /// Whether a write needs the disk before it may be acknowledged.
    pub sync: bool,
    /// One reading of the clock for the whole batch, so that it sees one state of expiry.
    pub now_ms: u64,
    before: Counters,
    /// By table and key; `None` removes.
    writes: HashMap<Table, HashMap<Vec<u8>, Option<Slice>>>,
}

impl<'t> Batch<'t> {
    pub fn new(tables: &'t Tables, counters: Counters) -> Self {
        Self {
            tables,
            counters,
            sync: false,
            now_ms: now_ms(),
            before: counters,
            writes: HashMap::new(),
        }
    }

    /// The version for the next write.
    pub fn next_version(&mut self) -> u64 {
        self.counters.sequence += 1;
        self.counters.sequence
    }

    /// A value that has not expired, as of this point in the batch.
    pub fn live(&self, table: Table, key: &[u8]) -> Result<Option<Cell>, StoreError> {
        let encoded = match self.written(table, key) {
            Some(written) => written.clone(),
            None => self.tables.get(table, key)?,
        };
        let Some(encoded) = encoded else {
            return Ok(None);
        };
        let cell = Cell::decode(key, &encoded).ok_or_else(|| self.tables.corrupt(table, key))?;
        Ok((cell.expires_at_ms > self.now_ms).then_some(cell))
    }

    fn written(&self, table: Table, key: &[u8]) -> Option<&Option<Slice>> {
        self.writes.get(&table)?.get(key)
    }

    /// Whether anything is stored under the key, expired or damaged or not.
    pub fn holds(&self, table: Table, key: &[u8]) -> Result<bool, StoreError> {
        match self.written(table, key) {
            Some(written) => Ok(written.is_some()),
            None => Ok(self.tables.get(table, key)?.is_some()),
        }
    }

    pub fn put(&mut self, table: Table, key: &[u8], version: u64, expires_at_ms: u64, body: &[u8]) {
        let encoded = Cell::encode(key, version, expires_at_ms, body);
        self.put_encoded(table, key, encoded);
    }

    pub fn put_encoded(&mut self, table: Table, key: &[u8], encoded: Vec<u8>) {
        let writes = self.writes.entry(table).or_default();
        writes.insert(key.to_vec(), Some(encoded.into()));
    }

    pub fn remove(&mut self, table: Table, key: &[u8]) {
        self.writes.entry(table).or_default().insert(key.to_vec(), None);
    }

    /// Makes the batch real, on the disk if it needs to be; says whether anything was written.
    pub fn commit(mut self) -> Result<(Counters, bool), StoreError> {
        if self.counters != self.before {
            let (key, encoded) = Tables::encode_counters(self.counters);
            self.put_encoded(Table::Meta, key, encoded);
        }
        if self.writes.is_empty() {
            return Ok((self.counters, false));
        }
        let mode = if self.sync { PersistMode::SyncData } else { PersistMode::Buffer };
        let mut batch = self.tables.database.batch().durability(Some(mode));
        for (table, writes) in self.writes {
            let keyspace = self.tables.keyspace(table);
            for (key, written) in writes {
                match written {
                    Some(encoded) => batch.insert(keyspace, key, encoded),
                    None => batch.remove(keyspace, key),
                }
            }
        }
        batch.commit().map_err(|fault| self.tables.fault(&fault))?;
        Ok((self.counters, true))
    }
}
