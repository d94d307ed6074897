//! Limits: how many units of each are taken.

use std::time::Duration;

use super::batch::Batch;
use super::cell::expires_at_ms;
use super::tables::Table;
use crate::store::StoreError;
use crate::store::seal::leading_u64;

/// Grants up to `want` units, while no more than `max` are taken in total.
pub(super) fn lease(
    batch: &mut Batch<'_>,
    limit: &str,
    want: u64,
    max: u64,
    ttl: Option<Duration>,
) -> Result<u64, StoreError> {
    let (taken, _) = taken(batch, limit)?;
    let granted = want.min(max.saturating_sub(taken));
    if granted > 0 {
        let expires_at_ms = expires_at_ms(batch.now_ms, ttl);
        put(batch, limit, taken + granted, expires_at_ms);
    }
    Ok(granted)
}

/// Units taken so far.
pub(super) fn leased(batch: &Batch<'_>, limit: &str) -> Result<u64, StoreError> {
    Ok(taken(batch, limit)?.0)
}

/// Returns units; never more than were taken.
pub(super) fn give_back(batch: &mut Batch<'_>, limit: &str, amount: u64) -> Result<(), StoreError> {
    let (taken, expires_at_ms) = taken(batch, limit)?;
    if taken > 0 && amount > 0 {
        put(batch, limit, taken.saturating_sub(amount), expires_at_ms);
    }
    Ok(())
}

fn taken(batch: &Batch<'_>, limit: &str) -> Result<(u64, u64), StoreError> {
    let Some(cell) = batch.live(Table::Limits, limit.as_bytes())? else {
        return Ok((0, 0));
    };
    let corrupt = || batch.tables.corrupt(Table::Limits, limit.as_bytes());
    Ok((leading_u64(&cell.payload).ok_or_else(corrupt)?, cell.expires_at_ms))
}

fn put(batch: &mut Batch<'_>, limit: &str, taken: u64, expires_at_ms: u64) {
    batch.sync = true;
    let version = batch.next_version();
    batch.put(Table::Limits, limit.as_bytes(), version, expires_at_ms, &taken.to_le_bytes());
}
