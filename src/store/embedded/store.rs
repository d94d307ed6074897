//! The contract over the tables: writes go through the writer thread; reads of customers and
//! small values are done where they are asked for (memory or page cache, microseconds each);
//! large batches, documents and the log are read on threads that may block.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fjall::PersistMode;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

use super::config::{Durability, EmbeddedConfig};
use super::tables::Tables;
use super::writer::Writer;
use super::{customers, documents, limits, log};
use crate::store::{
    Commit, CommitResult, LogEntry, LogRange, PutResult, Remembered, Store, StoreBounds,
    StoreError, Versioned,
};

/// Customers up to which a batch is read on the calling worker.
const DIRECT_MAX: usize = 32;
/// Documents that may be written side by side; bounds the memory they take.
const DOCUMENTS_MAX: usize = 2;

/// State in one folder, for one process. Dropping it finishes what waits, makes it durable and
/// frees the folder; it may block for one fsync.
pub struct EmbeddedStore {
    // Before the tables: the writer must end before they close.
    writer: Writer,
    tables: Tables,
    bounds: StoreBounds,
    durability: Durability,
    generation: AtomicU64,
    documents: Semaphore,
}

impl EmbeddedStore {
    /// Opens the store in its folder, or creates it; blocks while it recovers.
    ///
    /// # Errors
    /// [`StoreError::Config`], [`StoreError::Locked`] when another process has the folder open,
    /// [`StoreError::Unavailable`] when it cannot be read or written, [`StoreError::Corrupt`].
    pub fn open(config: &EmbeddedConfig) -> Result<Self, StoreError> {
        config.check()?;
        let tables = Tables::open(config)?;
        let generation = AtomicU64::new(documents::recover(&tables)?);
        Ok(Self {
            writer: Writer::start(tables.clone(), config)?,
            tables,
            bounds: config.bounds.clone(),
            durability: config.durability,
            generation,
            documents: Semaphore::new(DOCUMENTS_MAX),
        })
    }

    /// Runs a read that may wait for the disk on a thread that may block.
    async fn blocking<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Tables) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let tables = self.tables.clone();
        let done = spawn_blocking(move || read(&tables)).await;
        done.unwrap_or_else(|cause| Err(self.tables.unavailable(cause.to_string())))
    }
}

impl fmt::Debug for EmbeddedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedStore").field("folder", &self.tables.folder).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for EmbeddedStore {
    async fn load(&self, customers: &[&str]) -> Result<Vec<Option<Versioned>>, StoreError> {
        self.bounds.batch("customers", customers.len())?;
        customers.iter().try_for_each(|customer| self.bounds.customer(customer))?;
        if customers.len() <= DIRECT_MAX {
            return customers.iter().map(|one| customers::load(&self.tables, one)).collect();
        }
        let customers: Vec<String> = customers.iter().map(|&one| one.to_owned()).collect();
        self.blocking(move |tables| {
            customers.iter().map(|one| customers::load(tables, one)).collect()
        })
        .await
    }

    async fn load_for_outcome(&self, customer: &str) -> Result<Remembered, StoreError> {
        self.bounds.customer(customer)?;
        let (record, mut decisions) = customers::load_for_outcome(&self.tables, customer)?;
        decisions.truncate(self.bounds.decisions_max);
        Ok((record, decisions))
    }

    async fn commit(&self, commit: Commit) -> Result<CommitResult, StoreError> {
        self.bounds.commit(&commit)?;
        let decisions_max = self.bounds.decisions_max;
        self.writer.run(move |batch| customers::commit(batch, &commit, decisions_max)).await
    }

    async fn remember(
        &self,
        decisions: Vec<(String, Bytes)>,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        self.bounds.decisions(&decisions)?;
        let decisions_max = self.bounds.decisions_max;
        let job = move |batch: &mut super::batch::Batch<'_>| {
            decisions.iter().try_for_each(|(customer, decision)| {
                customers::remember(batch, customer, decision, ttl, decisions_max)
            })
        };
        self.writer.run(job).await
    }

    async fn append_log(&self, entries: Vec<Bytes>) -> Result<u64, StoreError> {
        self.bounds.entries("log entry", &entries)?;
        self.writer.run(move |batch| Ok(log::append(batch, &entries))).await
    }

    async fn read_log(
        &self,
        after: u64,
        entries_max: usize,
        wait: Duration,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let entries_max = entries_max.clamp(1, self.bounds.batch_max);
        let deadline = Instant::now() + wait;
        let mut moved = self.writer.log.clone();
        let range = loop {
            let range = *moved.borrow_and_update();
            range.continues(after)?;
            if range.last > after {
                break range;
            }
            match timeout_at(deadline, moved.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Err(self.tables.unavailable("the writer thread has ended")),
                Err(_) => return Ok(Vec::new()),
            }
        };
        let read = move |tables: &Tables| log::read(tables, after, range.last, entries_max);
        let read = self.blocking(read).await;
        // Trimmed while it was read: say so rather than call it damage.
        moved.borrow().continues(after)?;
        read
    }

    async fn log_range(&self) -> Result<LogRange, StoreError> {
        Ok(*self.writer.log.borrow())
    }

    async fn trim_log(&self, through: u64) -> Result<(), StoreError> {
        let job = move |batch: &mut super::batch::Batch<'_>| {
            log::trim(batch, through);
            Ok(())
        };
        self.writer.run(job).await
    }

    async fn put_document(
        &self,
        name: &str,
        expected: Option<u64>,
        bytes: Bytes,
    ) -> Result<PutResult, StoreError> {
        self.bounds.document(name, bytes.len())?;
        let _turn = self.documents.acquire().await;
        let generation = self.generation.fetch_add(1, Ordering::Relaxed);
        let name = name.to_owned();
        let parts_of = name.clone();
        let write =
            move |tables: &Tables| documents::write_parts(tables, &parts_of, generation, &bytes);
        let parts = self.blocking(write).await?;
        self.writer.run(move |batch| documents::publish(batch, &name, expected, parts)).await
    }

    async fn get_document(&self, name: &str) -> Result<Option<Versioned>, StoreError> {
        self.bounds.name("document name", name)?;
        let name = name.to_owned();
        self.blocking(move |tables| documents::get(tables, &name)).await
    }

    async fn document_version(&self, name: &str) -> Result<u64, StoreError> {
        self.bounds.name("document name", name)?;
        documents::version(&self.tables, name)
    }

    async fn lease(
        &self,
        limit: &str,
        want: u64,
        max: u64,
        ttl: Option<Duration>,
    ) -> Result<u64, StoreError> {
        self.bounds.limit(limit, max)?;
        let limit = limit.to_owned();
        self.writer.run(move |batch| limits::lease(batch, &limit, want, max, ttl)).await
    }

    async fn give_back(&self, limit: &str, amount: u64) -> Result<(), StoreError> {
        self.bounds.limit(limit, 0)?;
        let limit = limit.to_owned();
        self.writer.run(move |batch| limits::give_back(batch, &limit, amount)).await
    }

    async fn leased(&self, limit: &str) -> Result<u64, StoreError> {
        self.bounds.limit(limit, 0)?;
        let limit = limit.to_owned();
        self.writer.run(move |batch| limits::leased(batch, &limit)).await
    }

    async fn erase(&self, customer: &str) -> Result<(), StoreError> {
        self.bounds.customer(customer)?;
        let customer = customer.to_owned();
        self.writer.run(move |batch| customers::erase(batch, &customer)).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.writer.run(|_| Ok(())).await
    }

    async fn flush(&self) -> Result<(), StoreError> {
        self.ping().await?;
        self.blocking(|tables| {
            let persisted = tables.database.persist(PersistMode::SyncAll);
            persisted.map_err(|fault| tables.fault(&fault))
        })
        .await
    }

    async fn describe(&self) -> String {
        let durable = match self.durability {
            Durability::Always => "before each acknowledgement".to_owned(),
            Durability::Interval(every) => format!("every {} ms", every.as_millis()),
        };
        let LogRange { first, last } = *self.writer.log.borrow();
        let folder = self.tables.folder.display();
        let log = if first > last {
            "learning log empty".to_owned()
        } else {
            format!("learning log {first} to {last}")
        };
        format!("embedded in `{folder}`, on disk {durable}, {log}")
    }
}
