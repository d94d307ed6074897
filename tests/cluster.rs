//! The store and the service on a real Redis Cluster of three masters, started here: what was
//! acknowledged survives the loss of nodes, slots may move, and ten replicas agree.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may end at the first fault"
)]

#[path = "cluster/failover.rs"]
mod failover;
#[path = "cluster/outbox.rs"]
mod outbox;
#[path = "cluster/replicas.rs"]
mod replicas;
#[path = "cluster/slots.rs"]
mod slots;
mod support;

use std::time::Duration;

use arbitra::store::{Commit, CommitResult, RedisConfig, RedisStore, Store};
use bytes::Bytes;

/// A store with the default deadlines, or more patient ones.
pub fn store_at(url: &str, response_timeout: Duration) -> RedisStore {
    let config = RedisConfig { response_timeout, ..RedisConfig::new(url.parse().unwrap()) };
    RedisStore::new(&config).unwrap()
}

/// A commit without expiry.
pub fn commit(customer: &str, expected: u64, log: &[&str]) -> Commit {
    let log = log.iter().map(|entry| Bytes::copy_from_slice(entry.as_bytes())).collect();
    Commit {
        customer: customer.to_owned(),
        expected,
        record: "record".into(),
        ttl: None,
        log,
        decision: None,
    }
}

/// Version and log position.
pub fn committed(result: CommitResult) -> (u64, Option<u64>) {
    match result {
        CommitResult::Committed { version, log_position } => (version, log_position),
        conflict @ CommitResult::Conflict(_) => panic!("{conflict:?}"),
    }
}

/// What the log says, from its beginning.
pub async fn whole_log(store: &dyn Store) -> Vec<String> {
    let last = store.log_range().await.unwrap().last;
    let mut entries = Vec::new();
    while (entries.len() as u64) < last {
        let page = store.read_log(entries.len() as u64, 512, Duration::ZERO).await.unwrap();
        entries
            .extend(page.into_iter().map(|(_, entry)| String::from_utf8(entry.to_vec()).unwrap()));
    }
    entries
}
