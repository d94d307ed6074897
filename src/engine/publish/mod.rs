//! Publishing: a catalog that is proved goes into the store and from there to all replicas, which
//! take it up at one moment. `index` is what the store keeps, `follow` is how a replica keeps up.

mod follow;
mod index;

pub use index::{Counts, Publication};

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::aside::aside;
use super::error::EngineError;
use super::folder::Files;
use super::rules::{Proved, RulesError, prove};
use super::state::Engine;
use crate::core::catalog::{changes, fault::Fault};
use crate::core::key::id64;
use crate::core::time::UnixMs;
use crate::store::{PutResult, StoreError};
use index::Index;

/// Attempts when others publish at the same time.
const ATTEMPTS_MAX: u32 = 8;
/// From a version's publication to the moment all replicas take it up: at least this long, and
/// longer for catalogs that take longer to compile.
const LEAD_MIN: Duration = Duration::from_millis(400);
/// And at most this long.
const LEAD_MAX: Duration = Duration::from_secs(10);

/// A catalog to publish.
#[derive(Clone, Debug, Default)]
pub struct Publish {
    /// Files of the folder.
    pub files: Files,
    /// Who publishes.
    pub author: String,
    /// Why.
    pub comment: String,
    /// Only if this is the number of the last version; 0: none was published.
    pub expected: Option<u64>,
    /// Idempotency; empty for none.
    pub request_id: String,
}

/// A version to return to.
#[derive(Clone, Debug, Default)]
pub struct Rollback {
    /// Its number.
    pub number: u64,
    /// Who returns.
    pub author: String,
    /// Why.
    pub comment: String,
    /// Only if this is the number of the last version.
    pub expected: Option<u64>,
    /// Idempotency; empty for none.
    pub request_id: String,
}

/// What was published, and what is probably not meant in it.
#[derive(Clone, Debug)]
pub struct Published {
    /// The version.
    pub version: Publication,
    /// Warnings.
    pub warnings: Vec<Fault>,
}

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The rules cannot serve.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// Somebody published meanwhile.
    #[error("the last version is {present}, not the expected {expected}")]
    Stale {
        /// What the caller expected.
        expected: u64,
        /// What is.
        present: u64,
    },
    /// No such version is kept.
    #[error("there is no version {number}; kept are {first} to {last}")]
    Unknown {
        /// What was asked for.
        number: u64,
        /// The oldest kept; 0 when there is none.
        first: u64,
        /// The newest.
        last: u64,
    },
    /// The store or the engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<StoreError> for PublishError {
    fn from(error: StoreError) -> Self {
        Self::Engine(error.into())
    }
}

/// A proved catalog on its way into the store.
struct Draft {
    proved: Proved,
    packed: Bytes,
    files: Arc<Files>,
    author: String,
    comment: String,
    expected: Option<u64>,
    request: u64,
    restored: u64,
    lead: Duration,
}

impl Engine {
    /// Proves `publish.files` and makes them the next version on all replicas; returns when this
    /// one serves it. Content that serves already is no new version.
    ///
    /// # Errors
    /// Rules that cannot serve; a stale expectation; the store.
    pub async fn publish(self: &Arc<Self>, publish: Publish) -> Result<Published, PublishError> {
        self.refuse_draining()?;
        let request = request_hash(&publish.request_id);
        if let Some(version) = self.published_before(request).await? {
            return Ok(Published { version, warnings: Vec::new() });
        }
        let files = Arc::new(publish.files);
        let draft = Draft {
            author: publish.author,
            comment: publish.comment,
            expected: publish.expected,
            request,
            restored: 0,
            ..draft(files).await?
        };
        self.put(draft).await
    }

    /// Makes the content of an earlier version the next one on all replicas.
    ///
    /// # Errors
    /// An unknown number; a stale expectation; content that this build no longer takes; the store.
    pub async fn roll_back(self: &Arc<Self>, back: Rollback) -> Result<Published, PublishError> {
        self.refuse_draining()?;
        let request = request_hash(&back.request_id);
        if let Some(version) = self.published_before(request).await? {
            return Ok(Published { version, warnings: Vec::new() });
        }
        let (index, _) = Index::read(&*self.store).await?;
        let old = index.find(back.number)?;
        let files = Arc::new(index::read_files(&*self.store, &old.hash).await?);
        let draft = Draft {
            author: back.author,
            comment: back.comment,
            expected: back.expected,
            request,
            restored: back.number,
            ..draft(files).await?
        };
        self.put(draft).await
    }

    /// The versions published, newest first.
    ///
    /// # Errors
    /// The store.
    pub async fn publications(&self) -> Result<Vec<Publication>, PublishError> {
        let (index, _) = Index::read(&*self.store).await?;
        Ok(index.versions.into_iter().rev().collect())
    }

    fn refuse_draining(&self) -> Result<(), PublishError> {
        if self.is_draining() { Err(EngineError::Draining.into()) } else { Ok(()) }
    }

    async fn published_before(&self, request: u64) -> Result<Option<Publication>, PublishError> {
        if request == 0 {
            return Ok(None);
        }
        let (index, _) = Index::read(&*self.store).await?;
        Ok(index.versions.into_iter().rev().find(|version| version.request == request))
    }

    /// Appends the draft to the index, and takes it up when its moment has come.
    async fn put(self: &Arc<Self>, mut draft: Draft) -> Result<Published, PublishError> {
        let hash = draft.proved.catalog.version.hash.clone();
        let mut attempts = 0;
        let version = loop {
            let (mut index, at) = Index::read(&*self.store).await?;
            let present = index.last().map_or(0, |last| last.number);
            if let Some(expected) = draft.expected.filter(|expected| *expected != present) {
                return Err(PublishError::Stale { expected, present });
            }
            if let Some(last) = index.last().filter(|last| last.hash == *hash) {
                break last.clone();
            }
            let version = self.publication(&draft, present + 1, index.last()).await?;
            index::write_files(&*self.store, &hash, draft.packed.clone()).await?;
            let dropped = index.push(version.clone());
            match index.write(&*self.store, at).await? {
                PutResult::Stored { .. } => {
                    index::forget_files(&*self.store, &index, &dropped).await;
                    break version;
                }
                PutResult::Conflict { .. } if attempts < ATTEMPTS_MAX => attempts += 1,
                PutResult::Conflict { .. } => {
                    return Err(EngineError::Contended { attempts }.into());
                }
            }
        };
        let warnings = std::mem::take(&mut draft.proved.warnings);
        // A task of its own: a caller who hangs up now does not leave this replica behind.
        self.taking.fetch_max(version.number, Ordering::AcqRel);
        let (engine, proved) = (self.clone(), draft.proved);
        let (taken, told) = (version.clone(), warnings.clone());
        let taking = tokio::spawn(async move { engine.take_at(taken, proved, told).await });
        taking.await.map_err(|error| EngineError::Corrupt(error.to_string()))?;
        Ok(Published { version, warnings })
    }

    async fn publication(
        &self,
        draft: &Draft,
        number: u64,
        last: Option<&Publication>,
    ) -> Result<Publication, PublishError> {
        let changes = match last {
            None => vec!["the first version".to_owned()],
            Some(last) => {
                let before = index::read_files(&*self.store, &last.hash).await?;
                let after = draft.files.clone();
                blocking(move || changes(&before, &after)).await?
            }
        };
        let now = self.now();
        let lead = i64::try_from(draft.lead.as_millis()).unwrap_or(0);
        Ok(Publication {
            number,
            hash: draft.proved.catalog.version.hash.to_string(),
            author: draft.author.clone(),
            comment: draft.comment.clone(),
            published_at: now,
            serves_from: UnixMs(now.0.saturating_add(lead)),
            changes,
            restored: draft.restored,
            request: draft.request,
            counts: Counts::of(&draft.proved.catalog, draft.proved.cases.len()),
        })
    }

    /// Serves `version` from its moment on, unless a later one serves already.
    async fn take_at(&self, version: Publication, mut proved: Proved, warnings: Vec<Fault>) {
        let left = version.serves_from.since(self.now()).max(0).unsigned_abs();
        tokio::time::sleep(Duration::from_millis(left).min(LEAD_MAX)).await;
        if let Some(catalog) = Arc::get_mut(&mut proved.catalog) {
            catalog.version.number = version.number;
        }
        proved.warnings = warnings;
        if self.swap_published(proved) {
            tracing::info!(number = version.number, catalog = version.hash, "serves a new version");
        }
    }
}

/// Proves files, and packs them for the store.
async fn draft(files: Arc<Files>) -> Result<Draft, PublishError> {
    let work = files.clone();
    let started = Instant::now();
    let (proved, packed) = blocking(move || (prove(&work), index::pack(&work))).await?;
    // Others may be slower, and compile in the same time that they go on serving in.
    let lead = (started.elapsed() * 3).clamp(LEAD_MIN, LEAD_MAX);
    Ok(Draft {
        proved: proved?,
        packed: packed?,
        files,
        author: String::new(),
        comment: String::new(),
        expected: None,
        request: 0,
        restored: 0,
        lead,
    })
}

/// Runs work that is not waiting where it holds up no calls.
async fn blocking<T: Send + 'static>(
    work: impl Fn() -> T + Send + Sync + 'static,
) -> Result<T, PublishError> {
    let failed = || EngineError::Corrupt("the rules could not be compiled".to_owned());
    Ok(aside(work).await.ok_or_else(failed)?)
}

/// 0 stands for none.
fn request_hash(id: &str) -> u64 {
    if id.is_empty() { 0 } else { id64(id).max(1) }
}
