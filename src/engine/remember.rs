//! Writes decisions behind the answers: a bounded queue, drained in batches. When the store cannot
//! keep up, decisions are forgotten and counted, never waited for.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use crate::store::Store;

const BATCH_MAX: usize = 256;

enum Work {
    Remember(String, Bytes),
    Flush(oneshot::Sender<()>),
}

/// The sending side.
pub(super) struct Rememberer {
    queue: mpsc::Sender<Work>,
}

impl Rememberer {
    /// Starts the writer on the current runtime.
    pub(super) fn start(store: Arc<dyn Store>, queue_max: usize, ttl: Duration) -> Self {
        let (queue, work) = mpsc::channel(queue_max.max(1));
        tokio::spawn(write(store, work, ttl));
        Self { queue }
    }

    /// Hands a decision over; forgotten and counted when the queue is full.
    pub(super) fn remember(&self, customer: &str, record: Vec<u8>) {
        if self.queue.try_send(Work::Remember(customer.to_owned(), record.into())).is_err() {
            metrics::counter!("arbitra_decisions_forgotten_total", "why" => "queue").increment(1);
        }
    }

    /// Waits until everything handed over so far is written (or has failed).
    pub(super) async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        if self.queue.send(Work::Flush(done)).await.is_ok() {
            let _closed = wait.await;
        }
    }
}

async fn write(store: Arc<dyn Store>, mut work: mpsc::Receiver<Work>, ttl: Duration) {
    let mut waiting = Vec::with_capacity(BATCH_MAX);
    while work.recv_many(&mut waiting, BATCH_MAX).await > 0 {
        let mut batch = Vec::with_capacity(waiting.len());
        let mut flushes = Vec::new();
        for item in waiting.drain(..) {
            match item {
                Work::Remember(customer, record) => batch.push((customer, record)),
                Work::Flush(done) => flushes.push(done),
            }
        }
        let size = batch.len() as u64;
        if size > 0
            && let Err(error) = store.remember(batch, ttl).await
        {
            tracing::warn!(%error, decisions = size, "decisions could not be remembered");
            metrics::counter!("arbitra_decisions_forgotten_total", "why" => "store")
                .increment(size);
        }
        for done in flushes {
            let _gone = done.send(());
        }
    }
}
