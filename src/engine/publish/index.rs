//! What the store keeps of published catalogs: one index of versions, and the files of each by
//! their hash.

use std::io::{Read as _, Write as _};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use super::PublishError;
use crate::core::catalog::{Catalog, FOLDER_BYTES_MAX};
use crate::core::time::UnixMs;
use crate::engine::error::EngineError;
use crate::engine::folder::Files;
use crate::store::{PutResult, Store, StoreError};

/// The document that lists the versions.
pub(super) const INDEX: &str = "catalog";
/// Versions kept; the oldest go first.
const VERSIONS_MAX: usize = 200;

/// How much of each kind a catalog holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Offers.
    pub offers: usize,
    /// Treatments.
    pub treatments: usize,
    /// Channels.
    pub channels: usize,
    /// Placements.
    pub placements: usize,
    /// Conditions as written.
    pub conditions: usize,
    /// Distinct conditions.
    pub distinct_conditions: usize,
    /// Contact limits.
    pub limits: usize,
    /// Cases.
    pub cases: usize,
}

impl Counts {
    /// Those of `catalog`, which comes with so many cases.
    #[must_use]
    pub fn of(catalog: &Catalog, cases: usize) -> Self {
        Self {
            offers: catalog.offers.len(),
            treatments: catalog.offers.iter().map(|offer| offer.treatments.len()).sum(),
            channels: catalog.channels.len(),
            placements: catalog.channels.iter().map(|channel| channel.placements.len()).sum(),
            conditions: catalog.policy.rules(),
            distinct_conditions: catalog.policy.atoms(),
            limits: catalog.policy.spec().limits.len(),
            cases,
        }
    }
}

/// A version that was published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// Counts publications from 1.
    pub number: u64,
    /// Hash of the content.
    pub hash: String,
    /// Who.
    pub author: String,
    /// Why.
    pub comment: String,
    /// When.
    #[serde(with = "millis")]
    pub published_at: UnixMs,
    /// The moment from which all replicas serve it.
    #[serde(with = "millis")]
    pub serves_from: UnixMs,
    /// What it changed, in words.
    pub changes: Vec<String>,
    /// The version whose content it brought back; 0: none.
    pub restored: u64,
    /// Hash of the request's id; 0: none.
    pub request: u64,
    /// How much of each kind there is.
    pub counts: Counts,
}

mod millis {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::core::time::UnixMs;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    pub(super) fn serialize<S: Serializer>(at: &UnixMs, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(at.0)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<UnixMs, D::Error> {
        i64::deserialize(from).map(UnixMs)
    }
}

/// All versions kept, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Index {
    pub(super) versions: Vec<Publication>,
}

impl Index {
    /// As it is in `store`, and under which version of the document; 0: nothing was published.
    pub(super) async fn read(store: &dyn Store) -> Result<(Self, u64), PublishError> {
        let Some(found) = store.get_document(INDEX).await? else {
            return Ok((Self::default(), 0));
        };
        let index = serde_json::from_slice(&found.record).map_err(|error| {
            EngineError::Corrupt(format!("the index of versions cannot be read: {error}"))
        })?;
        Ok((index, found.version))
    }

    pub(super) async fn write(
        &self,
        store: &dyn Store,
        expected: u64,
    ) -> Result<PutResult, PublishError> {
        let bytes = serde_json::to_vec(self)
            .map_err(|error| EngineError::Corrupt(format!("the index of versions: {error}")))?;
        Ok(store.put_document(INDEX, Some(expected), bytes.into()).await?)
    }

    pub(super) fn last(&self) -> Option<&Publication> {
        self.versions.last()
    }

    pub(super) fn find(&self, number: u64) -> Result<&Publication, PublishError> {
        let first = self.versions.first().map_or(0, |version| version.number);
        let last = self.last().map_or(0, |version| version.number);
        self.versions.iter().find(|version| version.number == number).ok_or(PublishError::Unknown {
            number,
            first,
            last,
        })
    }

    /// Adds a version; those that are kept no longer are returned.
    pub(super) fn push(&mut self, version: Publication) -> Vec<Publication> {
        self.versions.push(version);
        let over = self.versions.len().saturating_sub(VERSIONS_MAX);
        self.versions.drain(..over).collect()
    }
}

fn files_name(hash: &str) -> String {
    format!("catalog/{hash}")
}

/// Files as the store keeps them.
pub(super) fn pack(files: &Files) -> Result<Bytes, EngineError> {
    let failed = |error: String| EngineError::Corrupt(format!("the files: {error}"));
    let plain = postcard::to_allocvec(files).map_err(|error| failed(error.to_string()))?;
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(&plain).map_err(|error| failed(error.to_string()))?;
    packer.finish().map(Bytes::from).map_err(|error| failed(error.to_string()))
}

pub(super) async fn write_files(
    store: &dyn Store,
    hash: &str,
    packed: Bytes,
) -> Result<(), PublishError> {
    // Named by its content: what is there already is the same.
    store.put_document(&files_name(hash), Some(0), packed).await?;
    Ok(())
}

pub(super) async fn read_files(store: &dyn Store, hash: &str) -> Result<Files, PublishError> {
    let corrupt = |why: String| EngineError::Corrupt(format!("the files of `{hash}`: {why}"));
    let found = store.get_document(&files_name(hash)).await?;
    let packed = found.map(|found| found.record).filter(|record| !record.is_empty());
    let packed = packed.ok_or_else(|| corrupt("they are not in the store".to_owned()))?;
    // Megabytes to unpack: work beside serving, not between two calls.
    let unpacked = super::blocking(move || unpack(&packed)).await?;
    Ok(unpacked.map_err(corrupt)?)
}

fn unpack(packed: &[u8]) -> Result<Files, String> {
    // Paths and lengths come on top of what files may hold.
    const UNPACKED_MAX: u64 = 2 * FOLDER_BYTES_MAX as u64;
    let mut plain = Vec::new();
    let unpacker = GzDecoder::new(packed);
    unpacker.take(UNPACKED_MAX).read_to_end(&mut plain).map_err(|error| error.to_string())?;
    postcard::from_bytes(&plain).map_err(|error| error.to_string())
}

/// Empties the files of versions that are kept no longer; what fails is tried no more: it costs
/// room, not truth.
pub(super) async fn forget_files(store: &dyn Store, index: &Index, dropped: &[Publication]) {
    for old in dropped {
        if index.versions.iter().any(|kept| kept.hash == old.hash) {
            continue;
        }
        let emptied = store.put_document(&files_name(&old.hash), None, Bytes::new()).await;
        if let Err(error @ StoreError::Unavailable { .. }) = emptied {
            tracing::warn!(%error, number = old.number, "an old version's files stay in the store");
        }
    }
}
