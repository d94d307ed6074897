//! A store in memory that keeps the contract, and a line to it that loses and delays.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arbitra::store::{
    Commit, CommitResult, LogEntry, LogRange, PutResult, Remembered, Store, StoreError, Versioned,
};
use async_trait::async_trait;
use bytes::Bytes;
use tokio::time::Instant;

use super::chance::Chance;

const DECISIONS_MAX: usize = 8;

/// What is stored. Time is the runtime's: it stands still unless everybody waits.
#[derive(Default)]
pub struct Shelf {
    records: BTreeMap<String, (Versioned, Option<Instant>)>,
    decisions: BTreeMap<String, (VecDeque<Bytes>, Instant)>,
    log: Vec<Bytes>,
    trimmed: u64,
    documents: BTreeMap<String, Versioned>,
    limits: BTreeMap<String, (u64, Option<Instant>)>,
    versions: u64,
}

impl Shelf {
    fn record(&mut self, customer: &str) -> Option<Versioned> {
        let over = |(_, until): &(Versioned, Option<Instant>)| {
            until.is_some_and(|until| until <= Instant::now())
        };
        if self.records.get(customer).is_some_and(over) {
            self.records.remove(customer);
        }
        self.records.get(customer).map(|(record, _)| record.clone())
    }

    fn version(&mut self) -> u64 {
        self.versions += 1;
        self.versions
    }

    fn commit(&mut self, commit: Commit) -> CommitResult {
        let found = self.record(&commit.customer);
        if found.as_ref().map_or(0, |found| found.version) != commit.expected {
            return CommitResult::Conflict(found);
        }
        let version = self.version();
        let record = Versioned { version, record: commit.record };
        let until = commit.ttl.map(|ttl| Instant::now() + ttl);
        self.records.insert(commit.customer.clone(), (record, until));
        if let Some((decision, ttl)) = commit.decision {
            self.remember(commit.customer, decision, ttl);
        }
        let some = !commit.log.is_empty();
        self.log.extend(commit.log);
        CommitResult::Committed { version, log_position: some.then(|| self.last()) }
    }

    fn remember(&mut self, customer: String, decision: Bytes, ttl: Duration) {
        let until = Instant::now() + ttl;
        let kept = self.decisions.entry(customer).or_insert((VecDeque::new(), until));
        kept.0.push_front(decision);
        kept.0.truncate(DECISIONS_MAX);
        kept.1 = until;
    }

    fn last(&self) -> u64 {
        self.trimmed + self.log.len() as u64
    }

    fn range(&self) -> LogRange {
        LogRange { first: self.trimmed + 1, last: self.last() }
    }

    fn read(&self, after: u64, most: usize) -> Result<Vec<LogEntry>, StoreError> {
        let LogRange { first, last } = self.range();
        if after > last || after + 1 < first {
            return Err(StoreError::LogGap { after, first, last });
        }
        let skipped = (after - self.trimmed) as usize;
        let entries = self.log.iter().skip(skipped).take(most.max(1));
        Ok((after + 1..).zip(entries.cloned()).collect())
    }

    fn put(&mut self, name: &str, expected: Option<u64>, record: Bytes) -> PutResult {
        let version = self.documents.get(name).map_or(0, |found| found.version);
        if expected.is_some_and(|expected| expected != version) {
            return PutResult::Conflict { version };
        }
        let version = self.version();
        self.documents.insert(name.to_owned(), Versioned { version, record });
        PutResult::Stored { version }
    }

    fn taken(&mut self, limit: &str) -> u64 {
        match self.limits.get(limit) {
            Some((_, Some(until))) if *until <= Instant::now() => 0,
            Some((taken, _)) => *taken,
            None => 0,
        }
    }

    fn lease(&mut self, limit: &str, want: u64, max: u64, ttl: Option<Duration>) -> u64 {
        let taken = self.taken(limit);
        let granted = want.min(max.saturating_sub(taken));
        if granted > 0 {
            let until = ttl.map(|ttl| Instant::now() + ttl);
            self.limits.insert(limit.to_owned(), (taken + granted, until));
        }
        granted
    }

    fn give_back(&mut self, limit: &str, amount: u64) {
        let left = self.taken(limit).saturating_sub(amount);
        if let Some((taken, _)) = self.limits.get_mut(limit) {
            *taken = left;
        }
    }
}

/// The shelf and the weather on the way to it.
pub struct Depot {
    pub shelf: Mutex<Shelf>,
    chance: Arc<Chance>,
    /// Once in so many calls something is lost; 0: never.
    losses: AtomicU64,
}

impl Depot {
    pub fn new(chance: Arc<Chance>) -> Self {
        Self { shelf: Mutex::default(), chance, losses: AtomicU64::new(0) }
    }

    pub fn lose_once_in(&self, calls: u64) {
        self.losses.store(calls, Ordering::Relaxed);
    }

    /// Every entry of the learning log, which must not have been trimmed.
    pub fn log(&self) -> Vec<Bytes> {
        let shelf = self.shelf.lock().unwrap();
        assert_eq!(shelf.trimmed, 0);
        shelf.log.clone()
    }
}

/// One replica's line to the depot.
#[derive(Clone)]
pub struct Line {
    pub depot: Arc<Depot>,
    /// Nothing gets through.
    pub cut: Arc<AtomicBool>,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Line")
    }
}

fn unavailable(why: &str) -> StoreError {
    StoreError::Unavailable { address: "simulated".to_owned(), why: why.to_owned() }
}

impl Line {
    async fn call<T>(&self, effect: impl FnOnce(&mut Shelf) -> T) -> Result<T, StoreError> {
        let chance = &self.depot.chance;
        let losses = self.depot.losses.load(Ordering::Relaxed);
        let bad = losses > 0 && chance.once_in(losses);
        let fate = chance.below(3);
        self.pause(bad && fate == 0).await;
        if self.is_cut() || (bad && fate == 1) {
            return Err(unavailable("the request was lost"));
        }
        let done = effect(&mut self.depot.shelf.lock().unwrap());
        self.pause(bad && fate == 0).await;
        // It has taken effect, and the caller does not know.
        if self.is_cut() || (bad && fate == 2) {
            return Err(unavailable("the answer was lost"));
        }
        Ok(done)
    }

    async fn pause(&self, long: bool) {
        let chance = &self.depot.chance;
        tokio::time::sleep(if long { chance.ms(2_000) } else { chance.ms(4) }).await;
    }

    fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Store for Line {
    async fn load(&self, customers: &[&str]) -> Result<Vec<Option<Versioned>>, StoreError> {
        self.call(|shelf| customers.iter().map(|customer| shelf.record(customer)).collect()).await
    }

    async fn load_for_outcome(&self, customer: &str) -> Result<Remembered, StoreError> {
        self.call(|shelf| {
            let record = shelf.record(customer);
            let kept = shelf.decisions.get(customer);
            let kept = kept.filter(|(_, until)| *until > Instant::now());
            (record, kept.map(|(kept, _)| kept.iter().cloned().collect()).unwrap_or_default())
        })
        .await
    }

    async fn commit(&self, commit: Commit) -> Result<CommitResult, StoreError> {
        self.call(|shelf| shelf.commit(commit)).await
    }

    async fn remember(
        &self,
        decisions: Vec<(String, Bytes)>,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        self.call(|shelf| {
            for (customer, decision) in decisions {
                shelf.remember(customer, decision, ttl);
            }
        })
        .await
    }

    async fn append_log(&self, entries: Vec<Bytes>) -> Result<u64, StoreError> {
        self.call(|shelf| {
            shelf.log.extend(entries);
            shelf.last()
        })
        .await
    }

    async fn read_log(
        &self,
        after: u64,
        entries_max: usize,
        _wait: Duration,
    ) -> Result<Vec<LogEntry>, StoreError> {
        self.call(|shelf| shelf.read(after, entries_max)).await?
    }

    async fn log_range(&self) -> Result<LogRange, StoreError> {
        self.call(|shelf| shelf.range()).await
    }

    async fn trim_log(&self, through: u64) -> Result<(), StoreError> {
        self.call(|shelf| {
            let through = through.min(shelf.last());
            let gone = through.saturating_sub(shelf.trimmed) as usize;
            shelf.log.drain(..gone);
            shelf.trimmed += gone as u64;
        })
        .await
    }

    async fn put_document(
        &self,
        name: &str,
        expected: Option<u64>,
        bytes: Bytes,
    ) -> Result<PutResult, StoreError> {
        self.call(|shelf| shelf.put(name, expected, bytes)).await
    }

    async fn get_document(&self, name: &str) -> Result<Option<Versioned>, StoreError> {
        self.call(|shelf| shelf.documents.get(name).cloned()).await
    }

    async fn document_version(&self, name: &str) -> Result<u64, StoreError> {
        self.call(|shelf| shelf.documents.get(name).map_or(0, |found| found.version)).await
    }

    async fn lease(
        &self,
        limit: &str,
        want: u64,
        max: u64,
        ttl: Option<Duration>,
    ) -> Result<u64, StoreError> {
        self.call(|shelf| shelf.lease(limit, want, max, ttl)).await
    }

    async fn give_back(&self, limit: &str, amount: u64) -> Result<(), StoreError> {
        self.call(|shelf| shelf.give_back(limit, amount)).await
    }

    async fn leased(&self, limit: &str) -> Result<u64, StoreError> {
        self.call(|shelf| shelf.taken(limit)).await
    }

    async fn erase(&self, customer: &str) -> Result<(), StoreError> {
        self.call(|shelf| {
            shelf.records.remove(customer);
            shelf.decisions.remove(customer);
        })
        .await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.call(|_| ()).await
    }

    async fn flush(&self) -> Result<(), StoreError> {
        self.call(|_| ()).await
    }

    async fn describe(&self) -> String {
        "simulated".to_owned()
    }
}
