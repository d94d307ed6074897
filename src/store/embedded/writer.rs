//! The writer thread: it alone changes the tables. It takes the jobs that wait, applies them as
//! one batch, and answers once the batch is as durable as configured (group commit).

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use fjall::PersistMode;
use tokio::sync::{Semaphore, oneshot, watch};

use super::batch::Batch;
use super::config::{Durability, EmbeddedConfig};
use super::sweep::Sweep;
use super::tables::{Counters, Tables};
use crate::store::{LogRange, StoreError};

/// Jobs in one batch; bounds the memory of a batch and the wait of its first job.
const JOBS_MAX: usize = 256;
const MAINTENANCE_EVERY: Duration = Duration::from_millis(100);

/// Tells a caller what became of its job, given what became of the batch.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
type Job = Box<dyn FnOnce(&mut Batch<'_>) -> Answer + Send>;

/// The callers' end of the writer thread.
pub(super) struct Writer {
    jobs: Option<Sender<Job>>,
    waiting: Arc<Semaphore>,
    thread: Option<JoinHandle<()>>,
    tables: Tables,
    /// What the log holds, as of the last batch.
    pub log: watch::Receiver<LogRange>,
}

impl Writer {
    /// Starts the thread.
    pub fn start(tables: Tables, config: &EmbeddedConfig) -> Result<Self, StoreError> {
        let counters = tables.counters()?;
        let (log_moved, log) = watch::channel(counters.log);
        let (jobs, queue) = channel();
        let state = Loop {
            sweep: Sweep::new(config.sweep_max),
            tables: tables.clone(),
            durability: config.durability,
            counters,
            log_moved,
            unsynced: false,
            synced_at: Instant::now(),
        };
        let thread = thread::Builder::new()
            .name("arbitra-store".to_owned())
            .spawn(move || state.run(&queue))
            .map_err(|cause| tables.unavailable(cause.to_string()))?;
        let waiting = Arc::new(Semaphore::new(config.waiting_max.min(Semaphore::MAX_PERMITS)));
        Ok(Self { jobs: Some(jobs), waiting, thread: Some(thread), tables, log })
    }

    /// Has the writer thread run `job` in its next batch, and waits until that is committed.
    pub async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Batch<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let gone = || self.tables.unavailable("the writer thread has ended");
        // The permit travels with the job: a caller that gives up leaves its job in the queue.
        let permit = Arc::clone(&self.waiting).acquire_owned().await.map_err(|_| gone())?;
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |batch| {
            let done = job(batch);
            Box::new(move |committed| {
                drop(permit);
                // The caller may have given up; the write stands all the same.
                let _ = answer.send(committed.and(done));
            })
        });
        self.jobs.as_ref().ok_or_else(gone)?.send(job).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

impl Drop for Writer {
    /// Ends the thread after it has done what waits and made it durable.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Loop {
    tables: Tables,
    durability: Durability,
    counters: Counters,
    log_moved: watch::Sender<LogRange>,
    sweep: Sweep,
    unsynced: bool,
    synced_at: Instant,
}

impl Loop {
    fn run(mut self, queue: &Receiver<Job>) {
        let mut swept_at = Instant::now();
        let tick = match self.durability {
            Durability::Interval(every) => every.min(MAINTENANCE_EVERY),
            Durability::Always => MAINTENANCE_EVERY,
        };
        loop {
            match queue.recv_timeout(tick) {
                Ok(first) => {
                    let mut jobs = vec![first];
                    jobs.extend(queue.try_iter().take(JOBS_MAX - 1));
                    self.apply(jobs);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.sync_if_due();
            if swept_at.elapsed() >= MAINTENANCE_EVERY {
                self.maintain();
                swept_at = Instant::now();
            }
        }
        if let Err(fault) = self.tables.database.persist(PersistMode::SyncAll) {
            tracing::error!(error = %self.tables.fault(&fault), "the store was not closed cleanly");
        }
    }

    fn apply(&mut self, jobs: Vec<Job>) {
        let mut batch = Batch::new(&self.tables, self.counters);
        let answers: Vec<Answer> = jobs.into_iter().map(|job| job(&mut batch)).collect();
        batch.sync &= self.durability == Durability::Always;
        let synced = batch.sync;
        let committed = batch.commit();
        let committed = self.settle(committed, synced);
        for answer in answers {
            answer(committed.clone());
        }
    }

    /// Takes over the counters of a committed batch; a failed one leaves everything as it was.
    fn settle(
        &mut self,
        committed: Result<(Counters, bool), StoreError>,
        synced: bool,
    ) -> Result<(), StoreError> {
        let (counters, wrote) = committed?;
        self.counters = counters;
        self.unsynced |= wrote && !synced;
        self.log_moved.send_if_modified(|log| {
            let moved = *log != counters.log;
            *log = counters.log;
            moved
        });
        Ok(())
    }

    fn sync_if_due(&mut self) {
        let due = match self.durability {
            Durability::Interval(every) => self.synced_at.elapsed() >= every,
            // Only what may be lost is unsynced here; it need not be in a hurry.
            Durability::Always => self.synced_at.elapsed() >= MAINTENANCE_EVERY,
        };
        if !(due && self.unsynced) {
            return;
        }
        match self.tables.database.persist(PersistMode::SyncData) {
            Ok(()) => self.unsynced = false,
            Err(fault) => {
                tracing::error!(error = %self.tables.fault(&fault), "the store cannot write");
            }
        }
        self.synced_at = Instant::now();
    }

    fn maintain(&mut self) {
        let mut batch = Batch::new(&self.tables, self.counters);
        let swept = self.sweep.round(&mut batch).and_then(|()| batch.commit());
        if let Err(error) = self.settle(swept, false) {
            tracing::warn!(%error, "maintenance of the store failed; it will be repeated");
        }
    }
}
