//! The tables of the embedded store, the counters that go with them, and faults of the engine in
//! the words of the contract.

use std::path::PathBuf;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, KvSeparationOptions, Slice};

use super::cell::{Cell, now_ms};
use super::config::EmbeddedConfig;
use crate::store::{LogRange, StoreError};

/// Which table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Table {
    /// Customer → record.
    Records,
    /// Customer and slot → remembered decision; customer and `HEAD` → where the next one goes.
    Decisions,
    /// Position, big endian → learning log entry.
    Log,
    /// Name → version, generation and checksum of a document.
    Documents,
    /// Generation and number, big endian → a part of a document.
    Parts,
    /// Name → units taken.
    Limits,
    /// `COUNTERS` → the counters.
    Meta,
}

const COUNTERS: &[u8] = b"counters";

/// Numbers that must move together with the data; written in every batch that moves them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counters {
    /// Counts the writes; the source of versions.
    pub sequence: u64,
    /// What the learning log holds.
    pub log: LogRange,
}

/// The open tables; cheap to clone.
#[derive(Clone)]
pub(super) struct Tables {
    pub database: Database,
    pub folder: PathBuf,
    records: Keyspace,
    decisions: Keyspace,
    log: Keyspace,
    documents: Keyspace,
    parts: Keyspace,
    limits: Keyspace,
    meta: Keyspace,
}

impl Tables {
    /// Opens or creates the tables.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process has them; unavailable; corrupt.
    pub fn open(config: &EmbeddedConfig) -> Result<Self, StoreError> {
        let folder = config.folder.clone();
        let open = || {
            std::fs::create_dir_all(&folder)?;
            let database = Database::builder(&folder).cache_size(config.cache_bytes).open()?;
            let plain = KeyspaceCreateOptions::default;
            let separated = || plain().with_kv_separation(Some(KvSeparationOptions::default()));
            Ok(Self {
                records: database.keyspace("records", plain)?,
                decisions: database.keyspace("decisions", plain)?,
                log: database.keyspace("log", plain)?,
                documents: database.keyspace("documents", plain)?,
                parts: database.keyspace("parts", separated)?,
                limits: database.keyspace("limits", plain)?,
                meta: database.keyspace("meta", plain)?,
                folder: folder.clone(),
                database,
            })
        };
        open().map_err(|fault| fault_of(&folder, &fault))
    }

    /// The engine's handle of a table.
    pub fn keyspace(&self, table: Table) -> &Keyspace {
        match table {
            Table::Records => &self.records,
            Table::Decisions => &self.decisions,
            Table::Log => &self.log,
            Table::Documents => &self.documents,
            Table::Parts => &self.parts,
            Table::Limits => &self.limits,
            Table::Meta => &self.meta,
        }
    }

    /// The stored form of a value.
    pub fn get(&self, table: Table, key: &[u8]) -> Result<Option<Slice>, StoreError> {
        self.keyspace(table).get(key).map_err(|fault| self.fault(&fault))
    }

    /// A value that has not expired.
    pub fn live(&self, table: Table, key: &[u8]) -> Result<Option<Cell>, StoreError> {
        self.get(table, key)?.map_or(Ok(None), |encoded| self.open_cell(table, key, &encoded))
    }

    /// Decodes a value; `None` when it has expired.
    pub fn open_cell(
        &self,
        table: Table,
        key: &[u8],
        encoded: &[u8],
    ) -> Result<Option<Cell>, StoreError> {
        let cell = Cell::decode(key, encoded).ok_or_else(|| self.corrupt(table, key))?;
        Ok((cell.expires_at_ms > now_ms()).then_some(cell))
    }

    /// The counters as of the last batch.
    pub fn counters(&self) -> Result<Counters, StoreError> {
        let Some(cell) = self.live(Table::Meta, COUNTERS)? else {
            return Ok(Counters { sequence: 0, log: LogRange { first: 1, last: 0 } });
        };
        let numbers = cell.payload.as_chunks::<8>().0;
        match numbers {
            [first, last] => Ok(Counters {
                sequence: cell.version,
                log: LogRange {
                    first: u64::from_le_bytes(*first),
                    last: u64::from_le_bytes(*last),
                },
            }),
            _ => Err(self.corrupt(Table::Meta, COUNTERS)),
        }
    }

    /// Key and stored form of the counters.
    pub fn encode_counters(counters: Counters) -> (&'static [u8], Vec<u8>) {
        let mut payload = [0; 16];
        let (first, last) = payload.split_at_mut(8);
        first.copy_from_slice(&counters.log.first.to_le_bytes());
        last.copy_from_slice(&counters.log.last.to_le_bytes());
        (COUNTERS, Cell::encode(COUNTERS, counters.sequence, u64::MAX, &payload))
    }

    /// A fault of the engine in the words of the contract.
    pub fn fault(&self, fault: &fjall::Error) -> StoreError {
        fault_of(&self.folder, fault)
    }

    /// The folder cannot serve, for this reason.
    pub fn unavailable(&self, why: impl Into<String>) -> StoreError {
        StoreError::Unavailable { address: self.address(), why: why.into() }
    }

    /// A value that fails its checksum or its form.
    pub fn corrupt(&self, table: Table, key: &[u8]) -> StoreError {
        let what = format!("`{}` in {table:?} fails its checksum", key.escape_ascii());
        StoreError::Corrupt { address: self.address(), what }
    }

    fn address(&self) -> String {
        self.folder.display().to_string()
    }
}

fn fault_of(folder: &std::path::Path, fault: &fjall::Error) -> StoreError {
    let address = folder.display().to_string();
    match fault {
        fjall::Error::Locked => StoreError::Locked { folder: folder.to_path_buf() },
        fjall::Error::Io(cause) => StoreError::Unavailable { address, why: cause.to_string() },
        fjall::Error::Poisoned => StoreError::Unavailable {
            address,
            why: "an earlier write failed; free disk space or mend the disk, then restart"
                .to_owned(),
        },
        other => StoreError::Corrupt { address, what: other.to_string() },
    }
}
