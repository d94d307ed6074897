//! The shared account as it stands in the store: one small document.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::core::objective::Pacing;
use crate::core::time::{HOUR_MS, UnixMs};
use crate::store::{PutResult, Store, StoreError};

/// Name of the document.
pub(super) const NAME: &str = "pacing/account";
/// Leads the bytes; another build's document is not read.
const FORMAT: u8 = 2;
/// Replicas remembered at most.
const REPLICAS_MAX: usize = 256;
/// A replica is remembered so long after its last batch: longer than an attempt can be in doubt.
const REMEMBERED_MS: i64 = HOUR_MS;

/// What all replicas have added.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Account {
    pub(super) pacing: Pacing,
    /// By replica: number of its last batch, and when.
    added: BTreeMap<u64, (u64, UnixMs)>,
}

impl Account {
    /// The account and its version; a new one when there is none, or none that can be read.
    pub(super) async fn read(store: &dyn Store) -> Result<(Self, u64), StoreError> {
        let Some(found) = store.get_document(NAME).await? else {
            return Ok((Self::default(), 0));
        };
        let account = match found.record.split_first() {
            Some((&FORMAT, body)) => postcard::from_bytes(body).ok(),
            _ => None,
        };
        let account = account.unwrap_or_else(|| {
            tracing::error!("the account of the pacing cannot be read: it starts anew");
            Self::default()
        });
        Ok((account, found.version))
    }

    /// Writes it over `version`.
    pub(super) async fn write(
        &self,
        store: &dyn Store,
        version: u64,
    ) -> Result<PutResult, StoreError> {
        let mut bytes = vec![FORMAT];
        bytes.extend(postcard::to_stdvec(self).unwrap_or_default());
        store.put_document(NAME, Some(version), Bytes::from(bytes)).await
    }

    /// Whether a replica's batch is in it.
    pub(super) fn has(&self, replica: u64, number: u64) -> bool {
        self.added.get(&replica).is_some_and(|(last, _)| *last >= number)
    }

    /// Notes that a replica's batch is in it.
    pub(super) fn note(&mut self, replica: u64, number: u64, now: UnixMs) {
        self.added.insert(replica, (number, now));
        self.added.retain(|_, (_, at)| now.since(*at) < REMEMBERED_MS);
        while self.added.len() > REPLICAS_MAX {
            let oldest = self.added.iter().min_by_key(|(_, (_, at))| *at).map(|(id, _)| *id);
            oldest.map(|id| self.added.remove(&id));
        }
    }
}
