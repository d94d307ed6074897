//! What a customer takes in a real Redis, and how long its scripts hold the server up.

use std::time::Duration;

use arbitra::store::{Commit, CommitResult, Store as _};
use futures::future::join_all;

use crate::redis_store;
use crate::support::redis_server::RedisServer;

/// A record as long as that of a customer with 100 past events, bounded where it is encoded
/// (`core::profile::tests::codec`).
const RECORD_BYTES: usize = 678;

fn commit(customer: &str, expected: u64) -> Commit {
    Commit {
        customer: customer.to_owned(),
        expected,
        record: vec![7; RECORD_BYTES].into(),
        ttl: Some(Duration::from_secs(400 * 24 * 3600)),
        log: vec![vec![1; 200].into(), vec![2; 200].into()],
        decision: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_takes_little_more_than_the_record() {
    let server = RedisServer::start();
    let store = redis_store(&server);
    store.commit(commit("customer-1234567", 0)).await.unwrap();
    let used = server.command(&[b"MEMORY", b"USAGE", b"arbitra:{customer-1234567}"]);
    let used: usize = used.trim().trim_start_matches(':').parse().unwrap();
    println!("a record of {RECORD_BYTES} bytes takes {used} in Redis");
    assert!(used <= RECORD_BYTES + 256, "{used} bytes");
    // It goes by itself, a time after the last contact.
    let ttl = server.command(&[b"TTL", b"arbitra:{customer-1234567}"]);
    let ttl: u64 = ttl.trim().trim_start_matches(':').parse().unwrap();
    assert!((34_559_000..=34_560_000).contains(&ttl), "{ttl} s");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_script_takes_more_than_a_millisecond() {
    let server = RedisServer::start();
    let store = redis_store(&server);
    for round in 0..100 {
        let commits = (0..50).map(|number| store.commit(commit(&format!("c{round}-{number}"), 0)));
        for result in join_all(commits).await {
            assert!(matches!(result.unwrap(), CommitResult::Committed { .. }));
        }
        store.lease("limit", 10, 100_000, None).await.unwrap();
        store.append_log(vec!["entry".into()]).await.unwrap();
    }
    let stats = server.command(&[b"INFO", b"latencystats"]);
    let line = stats.lines().find(|line| line.starts_with("latency_percentiles_usec_evalsha"));
    let line = line.unwrap();
    println!("{line}");
    let p99 = line.split(',').find_map(|part| part.strip_prefix("p99=")).unwrap();
    assert!(p99.parse::<f64>().unwrap() <= 1_000.0, "{line}");
}
