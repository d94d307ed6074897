//! Documents of up to tens of megabytes. Their parts are written outside the writer thread, under
//! a generation that nothing names yet; the writer thread then only moves the name. So a large
//! checkpoint does not hold up commits, and a crash leaves the old document or the new one.

use std::collections::HashSet;

use bytes::{Bytes, BytesMut};
use fjall::Readable as _;

use super::batch::Batch;
use super::cell::Cell;
use super::tables::{Table, Tables};
use crate::store::seal::checksum;
use crate::store::{PutResult, StoreError, Versioned};

const PART_BYTES: usize = 1 << 20;

/// Where the parts of a document are, and their checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    generation: u64,
    parts: u64,
    sum: u64,
}

impl Parts {
    fn encode(self) -> [u8; 24] {
        let mut encoded = [0; 24];
        let numbers = [self.generation, self.parts, self.sum];
        for (chunk, number) in encoded.as_chunks_mut::<8>().0.iter_mut().zip(numbers) {
            *chunk = number.to_le_bytes();
        }
        encoded
    }

    fn decode(encoded: &[u8]) -> Option<Self> {
        let [generation, parts, sum] = encoded.as_chunks::<8>().0 else {
            return None;
        };
        Some(Self {
            generation: u64::from_le_bytes(*generation),
            parts: u64::from_le_bytes(*parts),
            sum: u64::from_le_bytes(*sum),
        })
    }
}

/// Writes the parts of a document; blocks for as long as the disk takes.
pub(super) fn write_parts(
    tables: &Tables,
    name: &str,
    generation: u64,
    bytes: &Bytes,
) -> Result<Parts, StoreError> {
    let mut parts = 0;
    for part in bytes.chunks(PART_BYTES) {
        let key = part_key(generation, parts);
        let inserted = tables.keyspace(Table::Parts).insert(key, part);
        inserted.map_err(|fault| tables.fault(&fault))?;
        parts += 1;
    }
    Ok(Parts { generation, parts, sum: checksum(name.as_bytes(), bytes) })
}

/// Points `name` to parts that are written; what it pointed to before, or the new parts if there
/// is a conflict, is removed.
pub(super) fn publish(
    batch: &mut Batch<'_>,
    name: &str,
    expected: Option<u64>,
    parts: Parts,
) -> Result<PutResult, StoreError> {
    let key = name.as_bytes();
    let current = batch.live(Table::Documents, key)?;
    let current_version = current.as_ref().map_or(0, |cell| cell.version);
    if expected.is_some_and(|expected| expected != current_version) {
        remove_parts(batch, parts);
        return Ok(PutResult::Conflict { version: current_version });
    }
    if let Some(old) = current.and_then(|cell| Parts::decode(&cell.payload)) {
        remove_parts(batch, old);
    }
    batch.sync = true;
    let version = batch.next_version();
    batch.put(Table::Documents, key, version, u64::MAX, &parts.encode());
    Ok(PutResult::Stored { version })
}

/// Reads a document from one snapshot; blocks for as long as the disk takes.
pub(super) fn get(tables: &Tables, name: &str) -> Result<Option<Versioned>, StoreError> {
    let key = name.as_bytes();
    let corrupt = || tables.corrupt(Table::Documents, key);
    let snapshot = tables.database.snapshot();
    let read = |table, key: &[u8]| {
        snapshot.get(tables.keyspace(table), key).map_err(|fault| tables.fault(&fault))
    };
    let Some(encoded) = read(Table::Documents, key)? else {
        return Ok(None);
    };
    let cell = Cell::decode(key, &encoded).ok_or_else(corrupt)?;
    let parts = Parts::decode(&cell.payload).ok_or_else(corrupt)?;
    let mut bytes = BytesMut::new();
    for part in 0..parts.parts {
        let part = read(Table::Parts, &part_key(parts.generation, part))?;
        bytes.extend_from_slice(&part.ok_or_else(corrupt)?);
    }
    if checksum(key, &bytes) != parts.sum {
        return Err(corrupt());
    }
    Ok(Some(Versioned { version: cell.version, record: bytes.freeze() }))
}

/// The version of a document, 0 when there is none.
pub(super) fn version(tables: &Tables, name: &str) -> Result<u64, StoreError> {
    let cell = tables.live(Table::Documents, name.as_bytes())?;
    Ok(cell.map_or(0, |cell| cell.version))
}

/// Removes parts that no document names: left over from a crash between parts and name. Called
/// before the writer thread starts; returns the first generation that is free.
pub(super) fn recover(tables: &Tables) -> Result<u64, StoreError> {
    let mut named = HashSet::new();
    for guard in tables.keyspace(Table::Documents).iter() {
        let (key, encoded) = guard.into_inner().map_err(|fault| tables.fault(&fault))?;
        let Some(parts) =
            Cell::decode(&key, &encoded).and_then(|cell| Parts::decode(&cell.payload))
        else {
            // Which parts a damaged document names is unknown: leave them all for repair.
            return last_generation(tables).map(|last| last + 1);
        };
        named.insert(parts.generation);
    }
    let next = last_generation(tables)?.max(named.iter().max().copied().unwrap_or(0)) + 1;
    let keyspace = tables.keyspace(Table::Parts);
    for guard in keyspace.iter() {
        let key = guard.key().map_err(|fault| tables.fault(&fault))?;
        let generation = key.first_chunk().map(|chunk| u64::from_be_bytes(*chunk));
        if generation.is_none_or(|generation| !named.contains(&generation)) {
            keyspace.remove(key).map_err(|fault| tables.fault(&fault))?;
        }
    }
    Ok(next)
}

fn last_generation(tables: &Tables) -> Result<u64, StoreError> {
    let Some(last) = tables.keyspace(Table::Parts).last_key_value() else {
        return Ok(0);
    };
    let key = last.key().map_err(|fault| tables.fault(&fault))?;
    Ok(key.first_chunk().map_or(0, |chunk| u64::from_be_bytes(*chunk)))
}

fn remove_parts(batch: &mut Batch<'_>, parts: Parts) {
    for part in 0..parts.parts {
        batch.remove(Table::Parts, &part_key(parts.generation, part));
    }
}

fn part_key(generation: u64, part: u64) -> [u8; 16] {
    let mut key = [0; 16];
    let (front, back) = key.split_at_mut(8);
    front.copy_from_slice(&generation.to_be_bytes());
    back.copy_from_slice(&part.to_be_bytes());
    key
}
