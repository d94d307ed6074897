//! A store that answers so many reads at a time, each after so long: a service on it has a capacity
//! that does not depend on the machine.

use std::sync::Arc;
use std::time::Duration;

use arbitra::store::{
    Commit, CommitResult, LogEntry, LogRange, PutResult, Remembered, Store, StoreError, Versioned,
};
use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::Semaphore;

/// The store.
#[derive(Debug)]
pub struct SlowStore {
    inner: Arc<dyn Store>,
    places: Semaphore,
    time: Duration,
}

impl SlowStore {
    /// Reads of `inner`, `at_once` at a time, each after `time`.
    pub fn new(inner: Arc<dyn Store>, at_once: usize, time: Duration) -> Self {
        Self { inner, places: Semaphore::new(at_once), time }
    }
}

#[async_trait]
impl Store for SlowStore {
    async fn load(&self, customers: &[&str]) -> Result<Vec<Option<Versioned>>, StoreError> {
        let _place = self.places.acquire().await.unwrap();
        tokio::time::sleep(self.time).await;
        self.inner.load(customers).await
    }

    async fn load_for_outcome(&self, customer: &str) -> Result<Remembered, StoreError> {
        self.inner.load_for_outcome(customer).await
    }

    async fn commit(&self, commit: Commit) -> Result<CommitResult, StoreError> {
        self.inner.commit(commit).await
    }

    async fn remember(
        &self,
        decisions: Vec<(String, Bytes)>,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        self.inner.remember(decisions, ttl).await
    }

    async fn append_log(&self, entries: Vec<Bytes>) -> Result<u64, StoreError> {
        self.inner.append_log(entries).await
    }

    async fn read_log(
        &self,
        after: u64,
        entries_max: usize,
        wait: Duration,
    ) -> Result<Vec<LogEntry>, StoreError> {
        self.inner.read_log(after, entries_max, wait).await
    }

    async fn log_range(&self) -> Result<LogRange, StoreError> {
        self.inner.log_range().await
    }

    async fn trim_log(&self, through: u64) -> Result<(), StoreError> {
        self.inner.trim_log(through).await
    }

    async fn put_document(
        &self,
        name: &str,
        expected: Option<u64>,
        bytes: Bytes,
    ) -> Result<PutResult, StoreError> {
        self.inner.put_document(name, expected, bytes).await
    }

    async fn get_document(&self, name: &str) -> Result<Option<Versioned>, StoreError> {
        self.inner.get_document(name).await
    }

    async fn document_version(&self, name: &str) -> Result<u64, StoreError> {
        self.inner.document_version(name).await
    }

    async fn lease(
        &self,
        limit: &str,
        want: u64,
        max: u64,
        ttl: Option<Duration>,
    ) -> Result<u64, StoreError> {
        self.inner.lease(limit, want, max, ttl).await
    }

    async fn give_back(&self, limit: &str, amount: u64) -> Result<(), StoreError> {
        self.inner.give_back(limit, amount).await
    }

    async fn leased(&self, limit: &str) -> Result<u64, StoreError> {
        self.inner.leased(limit).await
    }

    async fn erase(&self, customer: &str) -> Result<(), StoreError> {
        self.inner.erase(customer).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.inner.ping().await
    }

    async fn flush(&self) -> Result<(), StoreError> {
        self.inner.flush().await
    }

    async fn describe(&self) -> String {
        self.inner.describe().await
    }
}
