//! The learning log: entries under their positions.

use super::batch::Batch;
use super::cell::Cell;
use super::tables::{Table, Tables};
use crate::store::{LogEntry, StoreError};

/// Bytes after which one read ends, so that a reader's memory is bounded whatever it asks for.
const READ_BYTES_MAX: usize = 16 << 20;

/// Appends entries; returns the position of the last.
pub(super) fn append<T: AsRef<[u8]>>(batch: &mut Batch<'_>, entries: &[T]) -> u64 {
    for entry in entries {
        batch.counters.log.last += 1;
        let position = batch.counters.log.last;
        batch.sync = true;
        batch.put(Table::Log, &position.to_be_bytes(), position, u64::MAX, entry.as_ref());
    }
    batch.counters.log.last
}

/// Entries `after+1..=last`, at most `entries_max` of them; all of them must be there.
pub(super) fn read(
    tables: &Tables,
    after: u64,
    last: u64,
    entries_max: usize,
) -> Result<Vec<LogEntry>, StoreError> {
    let mut entries: Vec<LogEntry> = Vec::new();
    let (mut next, mut bytes) = (after.saturating_add(1), 0);
    let range = next.to_be_bytes()..=last.to_be_bytes();
    for guard in tables.keyspace(Table::Log).range(range).take(entries_max) {
        let (key, encoded) = guard.into_inner().map_err(|fault| tables.fault(&fault))?;
        let cell = Cell::decode(&key, &encoded);
        let cell = cell.ok_or_else(|| tables.corrupt(Table::Log, &key))?;
        if cell.version != next {
            break;
        }
        bytes += cell.payload.len();
        entries.push((next, cell.payload));
        next += 1;
        if bytes >= READ_BYTES_MAX {
            break;
        }
    }
    if entries.is_empty() {
        return Err(tables.corrupt(Table::Log, &next.to_be_bytes()));
    }
    Ok(entries)
}

/// Forgets entries up to `through`; they are removed little by little afterwards.
pub(super) fn trim(batch: &mut Batch<'_>, through: u64) {
    let log = &mut batch.counters.log;
    log.first = log.first.max(through.min(log.last).saturating_add(1));
}
