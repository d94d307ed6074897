//! The contract over Redis: bounds first, then one question.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use redis::Value;

use super::address::RedisAddress;
use super::config::RedisConfig;
use super::connection::Connections;
use super::keys::Keys;
use super::outbox::Outbox;
use super::scripts::Scripts;
use crate::store::{
    Commit, CommitResult, LogEntry, LogRange, PutResult, Remembered, Store, StoreBounds,
    StoreError, Versioned,
};

/// State in a Redis (or Valkey) that any number of replicas share. Connects at the first call and
/// again after a loss; durability is what the server is configured for (`appendonly yes`).
pub struct RedisStore {
    pub(super) connections: Arc<Connections>,
    pub(super) keys: Keys,
    pub(super) scripts: Scripts,
    /// Where log entries of a commit wait, when the log is with another server.
    pub(super) outbox: Option<Arc<Outbox>>,
    pub(super) bounds: StoreBounds,
    pub(super) bulk_timeout: Duration,
    pub(super) address: RedisAddress,
}

impl RedisStore {
    /// Sets the store up without connecting: a server that is down now may come up later.
    ///
    /// # Errors
    /// [`StoreError::Config`].
    pub fn new(config: &RedisConfig) -> Result<Self, StoreError> {
        config.check()?;
        let connections = Arc::new(Connections::new(config)?);
        let keys = Keys::new(&config.prefix);
        let outbox = connections.is_cluster();
        let outbox = outbox.then(|| Arc::new(Outbox::new(connections.clone(), keys.clone())));
        Ok(Self {
            connections,
            keys,
            outbox,
            scripts: Scripts::new(),
            bounds: config.bounds.clone(),
            bulk_timeout: config.bulk_timeout,
            address: config.address.clone(),
        })
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("address", &self.address).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for RedisStore {
    async fn load(&self, customers: &[&str]) -> Result<Vec<Option<Versioned>>, StoreError> {
        self.bounds.batch("customers", customers.len())?;
        customers.iter().try_for_each(|customer| self.bounds.customer(customer))?;
        self.records(customers).await
    }

    async fn load_for_outcome(&self, customer: &str) -> Result<Remembered, StoreError> {
        self.bounds.customer(customer)?;
        self.remembered(customer).await
    }

    async fn commit(&self, commit: Commit) -> Result<CommitResult, StoreError> {
        self.bounds.commit(&commit)?;
        self.compare_and_set(&commit).await
    }

    async fn remember(
        &self,
        decisions: Vec<(String, Bytes)>,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        self.bounds.decisions(&decisions)?;
        self.push_decisions(&decisions, ttl).await
    }

    async fn append_log(&self, entries: Vec<Bytes>) -> Result<u64, StoreError> {
        self.bounds.entries("log entry", &entries)?;
        self.append(&entries).await
    }

    async fn read_log(
        &self,
        after: u64,
        entries_max: usize,
        wait: Duration,
    ) -> Result<Vec<LogEntry>, StoreError> {
        self.read(after, entries_max, wait).await
    }

    async fn log_range(&self) -> Result<LogRange, StoreError> {
        self.range().await
    }

    async fn trim_log(&self, through: u64) -> Result<(), StoreError> {
        self.trim(through).await
    }

    async fn put_document(
        &self,
        name: &str,
        expected: Option<u64>,
        bytes: Bytes,
    ) -> Result<PutResult, StoreError> {
        self.bounds.document(name, bytes.len())?;
        self.put(name, expected, &bytes).await
    }

    async fn get_document(&self, name: &str) -> Result<Option<Versioned>, StoreError> {
        self.bounds.name("document name", name)?;
        self.get(name).await
    }

    async fn document_version(&self, name: &str) -> Result<u64, StoreError> {
        self.bounds.name("document name", name)?;
        self.version(name).await
    }

    async fn lease(
        &self,
        limit: &str,
        want: u64,
        max: u64,
        ttl: Option<Duration>,
    ) -> Result<u64, StoreError> {
        self.bounds.limit(limit, max)?;
        self.take(limit, want, max, ttl).await
    }

    async fn give_back(&self, limit: &str, amount: u64) -> Result<(), StoreError> {
        self.bounds.limit(limit, 0)?;
        self.put_back(limit, amount).await
    }

    async fn leased(&self, limit: &str) -> Result<u64, StoreError> {
        self.bounds.limit(limit, 0)?;
        self.taken(limit).await
    }

    async fn erase(&self, customer: &str) -> Result<(), StoreError> {
        self.bounds.customer(customer)?;
        self.remove(customer).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.answer().await
    }

    /// Acknowledged writes are with the server already; its own settings make them durable.
    async fn flush(&self) -> Result<(), StoreError> {
        self.answer().await
    }

    async fn describe(&self) -> String {
        self.described().await
    }

    async fn warnings(&self) -> Vec<String> {
        self.risks().await
    }
}

/// A stored value; `None` when the key is absent, an error when the answer is of another form.
pub(super) fn stored(value: Value) -> Result<Option<Bytes>, ()> {
    match value {
        Value::Nil => Ok(None),
        Value::BulkString(bytes) => Ok(Some(bytes.into())),
        _ => Err(()),
    }
}

/// A time to live as the scripts take it: milliseconds, at least 1; empty for never, which
/// includes times too long to count (over 300 years).
pub(super) fn ttl_ms(ttl: Option<Duration>) -> String {
    const TTL_MS_MAX: u128 = 10_000_000_000_000;
    match ttl.map(|ttl| ttl.as_millis().max(1)) {
        Some(ms) if ms <= TTL_MS_MAX => ms.to_string(),
        _ => String::new(),
    }
}
