//! Records of customers and their remembered decisions.
//!
//! Decisions lie in slots under the customer's id and a slot byte, beside a head that says which
//! slot is next: remembering one writes one slot and a head of a few bytes, not the whole ring.

use std::time::Duration;

use super::batch::Batch;
use super::cell::{Cell, expires_at_ms};
use super::log;
use super::tables::{Table, Tables};
use crate::store::bounds::DECISIONS_MAX;
use crate::store::{Commit, CommitResult, Remembered, StoreError, Versioned};

/// The slot byte of the head; slots themselves are below [`DECISIONS_MAX`].
const HEAD: u8 = u8::MAX;

impl From<Cell> for Versioned {
    fn from(cell: Cell) -> Self {
        Self { version: cell.version, record: cell.payload }
    }
}

/// The current record.
pub(super) fn load(tables: &Tables, customer: &str) -> Result<Option<Versioned>, StoreError> {
    Ok(tables.live(Table::Records, customer.as_bytes())?.map(Versioned::from))
}

/// The current record and the remembered decisions, newest first.
pub(super) fn load_for_outcome(tables: &Tables, customer: &str) -> Result<Remembered, StoreError> {
    let record = load(tables, customer)?;
    if tables.get(Table::Decisions, &slot_key(customer, HEAD))?.is_none() {
        return Ok((record, Vec::new()));
    }
    let mut decisions = Vec::new();
    for slot in slots() {
        match tables.live(Table::Decisions, &slot_key(customer, slot)) {
            Ok(found) => decisions.extend(found),
            Err(error @ StoreError::Corrupt { .. }) => {
                tracing::warn!(%error, "a remembered decision is damaged and left out");
            }
            Err(error) => return Err(error),
        }
    }
    decisions.sort_unstable_by_key(|cell| std::cmp::Reverse(cell.version));
    Ok((record, decisions.into_iter().map(|cell| cell.payload).collect()))
}

/// Compare-and-set with log entries.
pub(super) fn commit(
    batch: &mut Batch<'_>,
    commit: &Commit,
    decisions_max: usize,
) -> Result<CommitResult, StoreError> {
    let key = commit.customer.as_bytes();
    let current = batch.live(Table::Records, key)?;
    if current.as_ref().map_or(0, |cell| cell.version) != commit.expected {
        return Ok(CommitResult::Conflict(current.map(Versioned::from)));
    }
    batch.sync = true;
    let version = batch.next_version();
    let expires_at_ms = expires_at_ms(batch.now_ms, commit.ttl);
    batch.put(Table::Records, key, version, expires_at_ms, &commit.record);
    if let Some((decision, ttl)) = &commit.decision {
        remember(batch, &commit.customer, decision, *ttl, decisions_max)?;
    }
    let log_position = (!commit.log.is_empty()).then(|| log::append(batch, &commit.log));
    Ok(CommitResult::Committed { version, log_position })
}

/// Adds one decision; the oldest gives way beyond `decisions_max`.
pub(super) fn remember(
    batch: &mut Batch<'_>,
    customer: &str,
    decision: &[u8],
    ttl: Duration,
    decisions_max: usize,
) -> Result<(), StoreError> {
    let head_key = slot_key(customer, HEAD);
    let slot = match batch.live(Table::Decisions, &head_key) {
        Ok(head) => head.and_then(|cell| cell.payload.first().copied()).unwrap_or(0),
        Err(StoreError::Corrupt { .. }) => 0,
        Err(error) => return Err(error),
    };
    let slot = if usize::from(slot) < decisions_max { slot } else { 0 };
    let version = batch.next_version();
    let expires_at_ms = expires_at_ms(batch.now_ms, Some(ttl));
    batch.put(Table::Decisions, &slot_key(customer, slot), version, expires_at_ms, decision);
    batch.put(Table::Decisions, &head_key, version, expires_at_ms, &[slot + 1]);
    Ok(())
}

/// Removes everything kept under the customer's id.
pub(super) fn erase(batch: &mut Batch<'_>, customer: &str) -> Result<(), StoreError> {
    let mut found = Vec::new();
    for slot in slots().chain([HEAD]) {
        let key = slot_key(customer, slot);
        if batch.holds(Table::Decisions, &key)? {
            found.push(key);
        }
    }
    batch.sync = true;
    batch.remove(Table::Records, customer.as_bytes());
    for key in found {
        batch.remove(Table::Decisions, &key);
    }
    Ok(())
}

fn slots() -> impl Iterator<Item = u8> {
    (0..u8::MAX).take(DECISIONS_MAX)
}

fn slot_key(customer: &str, slot: u8) -> Vec<u8> {
    let mut key = Vec::with_capacity(customer.len() + 1);
    key.extend_from_slice(customer.as_bytes());
    key.push(slot);
    key
}
