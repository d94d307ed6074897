//! How a replica keeps up with what others publish: it asks for the index's version often, gets and
//! compiles what is new beside serving, and swaps at the moment that the publisher set for all.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::index::{self, INDEX, Index, Publication};
use super::{PublishError, blocking};
use crate::core::catalog;
use crate::core::catalog::fault::Fault;
use crate::engine::rules::{Proved, RulesError};
use crate::engine::state::Engine;

/// Time between two looks at the index.
const LOOK_EVERY: Duration = Duration::from_millis(100);

impl Engine {
    /// Takes up the last version published, if there is one, at once: for a start.
    ///
    /// # Errors
    /// The store, or content that this build does not take.
    pub async fn take_published(self: &Arc<Self>) -> Result<Option<Publication>, PublishError> {
        let (index, _) = Index::read(&*self.store).await?;
        let Some(last) = index.last().cloned() else { return Ok(None) };
        let (mut proved, warnings) = self.compiled(&last).await?;
        if let Some(catalog) = Arc::get_mut(&mut proved.catalog) {
            catalog.version.number = last.number;
        }
        proved.warnings = warnings;
        self.swap_published(proved);
        Ok(Some(last))
    }

    /// Follows what is published until it is aborted.
    pub fn follow_published(self: &Arc<Self>) -> tokio::task::JoinHandle<()> {
        let engine = self.clone();
        tokio::spawn(async move {
            let mut seen = 0;
            let mut told: Option<String> = None;
            loop {
                tokio::time::sleep(LOOK_EVERY).await;
                match engine.look(seen).await {
                    Ok(now) => {
                        seen = now;
                        told = None;
                    }
                    Err(error) => {
                        let why = error.to_string();
                        if told.as_ref() != Some(&why) {
                            tracing::warn!(%error, "a published version could not be taken");
                        }
                        told = Some(why);
                    }
                }
            }
        })
    }

    /// Takes up what was published since the index had version `seen`; returns its version now.
    async fn look(self: &Arc<Self>, seen: u64) -> Result<u64, PublishError> {
        let now = self.store.document_version(INDEX).await?;
        if now == seen {
            return Ok(seen);
        }
        let (index, at) = Index::read(&*self.store).await?;
        if let Some(last) = index.last().cloned()
            && last.number > self.snapshot().catalog.version.number
            && last.number > self.taking.load(Ordering::Acquire)
        {
            let (proved, warnings) = self.compiled(&last).await?;
            self.take_at(last, proved, warnings).await;
        }
        Ok(at)
    }

    /// A published version, compiled. Its publisher has run its cases.
    async fn compiled(&self, version: &Publication) -> Result<(Proved, Vec<Fault>), PublishError> {
        let files = index::read_files(&*self.store, &version.hash).await?;
        let loaded = blocking(move || catalog::load(&files)).await?;
        let loaded = loaded.map_err(RulesError::Faults)?;
        let catalog = Arc::new(loaded.catalog);
        Ok((Proved { catalog, warnings: Vec::new(), cases: Vec::new() }, loaded.warnings))
    }
}
