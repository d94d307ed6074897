//! Which embedded engine keeps the state: fjall (a log-structured merge tree) or redb (a
//! copy-on-write B-tree)? Both behind the same writer thread with group commit, on the write
//! pattern of a commit: read a random customer's record of 600 bytes, write it back, append 250
//! bytes to the log; 8 callers, each waiting for its commit. The figures stand in
//! `docs/adr/0001-embedded-store.md`.
//!
//! `cargo bench --bench store -- [seconds per case] [customers]`; with `calls`, what the finished
//! stores take for a call instead.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark ends at the first fault"
)]

#[path = "store/calls.rs"]
mod calls;
#[allow(dead_code, clippy::expect_used, clippy::panic, reason = "shared with the tests")]
#[path = "../tests/support/redis_server.rs"]
mod redis_server;

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use redb::ReadableDatabase as _;

const CALLERS: usize = 8;
const RECORD_BYTES: usize = 600;
const LOG_BYTES: usize = 250;
const CACHE_BYTES: usize = 256 << 20;
const BATCH_MAX: usize = 256;
const SYNC_EVERY: Duration = Duration::from_millis(100);

/// What a writer thread asks of an engine.
trait Engine: Send {
    /// Reads and rewrites each customer's record and appends one log entry per customer, all in
    /// one atomic batch; `sync` makes it durable before it returns.
    fn commit(&mut self, customers: &[u64], position: u64, sync: bool);
    /// Makes everything committed so far durable.
    fn sync(&mut self);
    /// One record, by a point read.
    fn read(&self, customer: u64) -> Option<usize>;
}

fn key(customer: u64) -> [u8; 8] {
    // Spread, so that neighbours in time are not neighbours in the tree.
    customer.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()
}

/// Half random, half zero: a record compresses somewhat, as encoded profiles do.
fn fill(bytes: &mut [u8], seed: u64) {
    let mut state = seed | 1;
    let half = bytes.len() / 2;
    for byte in bytes.iter_mut().take(half) {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *byte = (state >> 56) as u8;
    }
}

fn rewritten(old: Option<&[u8]>, seed: u64) -> Vec<u8> {
    let mut record = vec![0; RECORD_BYTES];
    fill(&mut record, seed ^ old.map_or(0, |bytes| bytes.len() as u64));
    record
}

struct Fjall {
    database: fjall::Database,
    records: fjall::Keyspace,
    log: fjall::Keyspace,
}

impl Fjall {
    fn open(folder: &Path) -> Self {
        let database = fjall::Database::builder(folder.join("fjall"))
            .cache_size(CACHE_BYTES as u64)
            .open()
            .unwrap();
        let options = fjall::KeyspaceCreateOptions::default;
        let records = database.keyspace("records", options).unwrap();
        let log = database.keyspace("log", options).unwrap();
        Self { database, records, log }
    }
}

impl Engine for Fjall {
    fn commit(&mut self, customers: &[u64], position: u64, sync: bool) {
        let mode = if sync { fjall::PersistMode::SyncData } else { fjall::PersistMode::Buffer };
        let mut batch = self.database.batch().durability(Some(mode));
        for (at, customer) in (position..).zip(customers) {
            let old = self.records.get(key(*customer)).unwrap();
            batch.insert(&self.records, key(*customer), rewritten(old.as_deref(), at));
            let mut entry = vec![0; LOG_BYTES];
            fill(&mut entry, at);
            batch.insert(&self.log, at.to_be_bytes(), entry);
        }
        batch.commit().unwrap();
    }

    fn sync(&mut self) {
        self.database.persist(fjall::PersistMode::SyncData).unwrap();
    }

    fn read(&self, customer: u64) -> Option<usize> {
        self.records.get(key(customer)).unwrap().map(|value| value.len())
    }
}

const RECORDS: redb::TableDefinition<&[u8], &[u8]> = redb::TableDefinition::new("records");
const LOG: redb::TableDefinition<u64, &[u8]> = redb::TableDefinition::new("log");

struct Redb {
    database: redb::Database,
}

impl Redb {
    fn open(folder: &Path) -> Self {
        let mut builder = redb::Database::builder();
        let database = builder.set_cache_size(CACHE_BYTES).create(folder.join("redb")).unwrap();
        Self { database }
    }
}

impl Engine for Redb {
    fn commit(&mut self, customers: &[u64], position: u64, sync: bool) {
        let mut write = self.database.begin_write().unwrap();
        let durability = if sync { redb::Durability::Immediate } else { redb::Durability::None };
        write.set_durability(durability).unwrap();
        {
            use redb::ReadableTable as _;
            let mut records = write.open_table(RECORDS).unwrap();
            let mut log = write.open_table(LOG).unwrap();
            for (at, customer) in (position..).zip(customers) {
                let key = key(*customer);
                let record = {
                    let old = records.get(key.as_slice()).unwrap();
                    rewritten(old.as_ref().map(redb::AccessGuard::value), at)
                };
                records.insert(key.as_slice(), record.as_slice()).unwrap();
                let mut entry = vec![0; LOG_BYTES];
                fill(&mut entry, at);
                log.insert(at, entry.as_slice()).unwrap();
            }
        }
        write.commit().unwrap();
    }

    fn sync(&mut self) {
        self.database.begin_write().unwrap().commit().unwrap();
    }

    fn read(&self, customer: u64) -> Option<usize> {
        let read = self.database.begin_read().unwrap();
        let records = read.open_table(RECORDS).unwrap();
        records.get(key(customer).as_slice()).unwrap().map(|value| value.value().len())
    }
}

type Ask = (u64, SyncSender<()>);

/// The writer thread: takes what waits, commits it as one batch, answers.
fn serve(engine: &mut dyn Engine, asks: &Receiver<Ask>, mut position: u64, always: bool) {
    let mut synced_at = Instant::now();
    while let Ok(first) = asks.recv() {
        let mut batch = vec![first];
        batch.extend(asks.try_iter().take(BATCH_MAX));
        let customers: Vec<u64> = batch.iter().map(|(customer, _)| *customer).collect();
        engine.commit(&customers, position, always);
        position += customers.len() as u64;
        if !always && synced_at.elapsed() >= SYNC_EVERY {
            engine.sync();
            synced_at = Instant::now();
        }
        for (_, answer) in batch {
            let _ = answer.send(());
        }
    }
    engine.sync();
}

fn call(asks: &SyncSender<Ask>, caller: u64, customers: u64, until: Instant) -> Vec<u64> {
    let (answer, answered) = sync_channel(1);
    let mut state = caller.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut latencies_us = Vec::new();
    while Instant::now() < until {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let asked_at = Instant::now();
        asks.send((state % customers, answer.clone())).unwrap();
        answered.recv().unwrap();
        latencies_us.push(asked_at.elapsed().as_micros() as u64);
    }
    latencies_us
}

fn disk_bytes(path: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(path) else {
        return std::fs::metadata(path).map_or(0, |file| file.len());
    };
    entries.flatten().map(|entry| disk_bytes(&entry.path())).sum()
}

fn run(name: &str, mut engine: Box<dyn Engine>, folder: &Path, seconds: u64, customers: u64) {
    let all: Vec<u64> = (0..customers).collect();
    let mut position = 1;
    for chunk in all.chunks(1000) {
        engine.commit(chunk, position, false);
        position += chunk.len() as u64;
    }
    engine.sync();
    for always in [false, true] {
        let (asks, asked) = sync_channel(1024);
        let until = Instant::now() + Duration::from_secs(seconds);
        let engine = &mut engine;
        let mut latencies_us = thread::scope(|scope| {
            scope.spawn(move || serve(engine.as_mut(), &asked, position, always));
            let callers: Vec<_> = (1..=CALLERS as u64)
                .map(|caller| {
                    let asks = asks.clone();
                    scope.spawn(move || call(&asks, caller, customers, until))
                })
                .collect();
            drop(asks);
            callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect::<Vec<_>>()
        });
        position += latencies_us.len() as u64;
        latencies_us.sort_unstable();
        let at = |share: f64| latencies_us[(latencies_us.len() as f64 * share) as usize];
        println!(
            "{name:<6} {:<14} {:>9} commits/s   p50 {:>6} us   p99 {:>6} us   p99.9 {:>7} us",
            if always { "always" } else { "interval 100ms" },
            latencies_us.len() as u64 / seconds,
            at(0.5),
            at(0.99),
            at(0.999),
        );
    }
    let reads = 200_000;
    let read_at = Instant::now();
    let found = (0..reads).filter(|n| engine.read(n * 7919 % customers).is_some()).count();
    println!(
        "{name:<6} point reads    {:>9.2} us each ({found} found), {} log entries, {:.0} MB",
        read_at.elapsed().as_secs_f64() * 1e6 / reads as f64,
        position - 1,
        disk_bytes(folder) as f64 / 1e6,
    );
}

fn main() {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse::<u64>().ok());
    let seconds = numbers.next().unwrap_or(5).max(1);
    let customers = numbers.next().unwrap_or(200_000).max(1);
    if std::env::args().any(|argument| argument == "calls") {
        return calls::run(seconds);
    }
    println!("{CALLERS} callers, {customers} customers, {seconds} s a case");
    let folder = tempfile::tempdir().unwrap();
    run("fjall", Box::new(Fjall::open(folder.path())), folder.path(), seconds, customers);
    let folder = tempfile::tempdir().unwrap();
    run("redb", Box::new(Redb::open(folder.path())), folder.path(), seconds, customers);
}
