//! One contract for every store: each law runs on the embedded one and on a real Redis. What only
//! one of them promises (reopening, losing the server) follows in a module of its own.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "laws are tests, though a macro calls them"
)]

#[path = "store/customers.rs"]
mod customers;
#[path = "store/documents.rs"]
mod documents;
#[path = "store/embedded.rs"]
mod embedded;
#[path = "store/footprint.rs"]
mod footprint;
#[path = "store/limits.rs"]
mod limits;
#[path = "store/log.rs"]
mod log;
#[path = "store/redis.rs"]
mod redis;
mod support;

use std::sync::Arc;
use std::time::Duration;

use arbitra::store::{
    Commit, CommitResult, EmbeddedConfig, EmbeddedStore, RedisConfig, RedisStore, Store,
};
use bytes::Bytes;
use support::redis_cluster::RedisCluster;
use support::redis_server::RedisServer;
use tempfile::TempDir;

/// A store, and what must live as long as it.
pub struct House {
    /// The store under test.
    pub store: Arc<dyn Store>,
    _folder: Option<TempDir>,
    _server: Option<RedisServer>,
    _cluster: Option<RedisCluster>,
}

impl House {
    fn embedded() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = EmbeddedStore::open(&EmbeddedConfig::new(folder.path())).unwrap();
        Self { store: Arc::new(store), _folder: Some(folder), _server: None, _cluster: None }
    }

    fn redis() -> Self {
        let server = RedisServer::start();
        let store = Arc::new(redis_store(&server));
        Self { store, _folder: None, _server: Some(server), _cluster: None }
    }

    fn cluster() -> Self {
        let cluster = RedisCluster::start(3, 0);
        let store = Arc::new(store_at(&cluster.url()));
        Self { store, _folder: None, _server: None, _cluster: Some(cluster) }
    }
}

/// A store on that server, patient with a busy machine.
pub fn redis_store(server: &RedisServer) -> RedisStore {
    store_at(&server.url())
}

/// A store at that address, as patient.
pub fn store_at(url: &str) -> RedisStore {
    let config = RedisConfig {
        response_timeout: Duration::from_secs(10),
        ..RedisConfig::new(url.parse().unwrap())
    };
    RedisStore::new(&config).unwrap()
}

/// A commit without expiry.
pub fn commit(customer: &str, expected: u64, record: impl Into<Bytes>, log: &[&str]) -> Commit {
    let log = log.iter().map(|entry| Bytes::copy_from_slice(entry.as_bytes())).collect();
    Commit {
        customer: customer.to_owned(),
        expected,
        record: record.into(),
        ttl: None,
        log,
        decision: None,
    }
}

/// Commits what must not conflict; returns the version.
pub async fn write(store: &dyn Store, commit: Commit) -> u64 {
    match store.commit(commit).await.unwrap() {
        CommitResult::Committed { version, .. } => version,
        conflict @ CommitResult::Conflict(_) => panic!("{conflict:?}"),
    }
}

/// The whole log from its beginning.
pub async fn whole_log(store: &dyn Store) -> Vec<(u64, Bytes)> {
    let last = store.log_range().await.unwrap().last;
    let mut entries: Vec<(u64, Bytes)> = Vec::new();
    while (entries.len() as u64) < last {
        let after = entries.len() as u64;
        entries.extend(store.read_log(after, 64, Duration::ZERO).await.unwrap());
    }
    entries
}

macro_rules! laws {
    ($($module:ident :: $law:ident),+ $(,)?) => {
        mod on_embedded {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $law() {
                crate::$module::$law(crate::House::embedded()).await;
            })+
        }
        mod on_redis {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $law() {
                crate::$module::$law(crate::House::redis()).await;
            })+
        }
        mod on_cluster {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $law() {
                crate::$module::$law(crate::House::cluster()).await;
            })+
        }
    };
}

laws! {
    customers::a_commit_is_read_at_once,
    customers::a_conflict_changes_nothing_and_returns_the_current,
    customers::a_batch_answers_in_order,
    customers::concurrent_writers_lose_and_repeat_nothing,
    customers::a_record_expires,
    customers::a_version_never_returns,
    customers::the_newest_decisions_are_remembered,
    customers::a_commit_remembers_its_decision,
    customers::decisions_expire,
    customers::erase_leaves_nothing,
    customers::any_text_can_be_a_customer,
    customers::bad_ids_and_sizes_are_refused,
    documents::documents_compare_and_set,
    documents::a_large_document_returns_whole,
    documents::one_of_many_writers_wins,
    limits::no_more_than_the_limit_is_granted,
    limits::what_is_given_back_can_be_granted_again,
    limits::a_limit_is_forgotten_after_its_time,
    log::positions_are_ordered_without_gaps,
    log::a_reader_waits_for_the_next_entry,
    log::a_reader_follows_many_writers,
    log::a_trimmed_log_says_where_it_begins,
    log::a_store_says_what_it_is,
}
