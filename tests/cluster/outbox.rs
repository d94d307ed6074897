//! Entries of commits come into the log once, whoever dies.

use std::time::Duration;

use arbitra::store::Store as _;

use crate::support::eventually;
use crate::support::redis_cluster::RedisCluster;
use crate::{commit, committed, store_at, whole_log};

/// A customer whose record is not with the log.
fn elsewhere(cluster: &RedisCluster) -> String {
    let log = cluster.master_of("arbitra:log:{log}");
    let names = (0..).map(|number| format!("customer-{number}"));
    let mut others = names.filter(|name| cluster.master_of(&format!("arbitra:{{{name}}}")) != log);
    others.next().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_replica_left_comes_into_the_log_once() {
    let cluster = RedisCluster::start(3, 0);
    let ana = elsewhere(&cluster);
    let log = cluster.master_of("arbitra:log:{log}");
    // With a runtime of its own, whose end is the end of all it does.
    let process = tokio::runtime::Runtime::new().unwrap();
    let url = cluster.url();
    let (customer, its_url) = (ana.clone(), url.clone());
    let opened = process.spawn(async move {
        let store = store_at(&its_url, Duration::from_secs(1));
        let (version, position) =
            committed(store.commit(commit(&customer, 0, &["first"])).await.unwrap());
        assert_eq!(position, Some(1));
        (store, version)
    });
    let (store, version) = opened.await.unwrap();
    cluster.nodes[log].freeze();
    let customer = ana.clone();
    let acknowledged = process.spawn(async move {
        let result = store.commit(commit(&customer, version, &["second", "third"])).await;
        committed(result.unwrap())
    });
    let (version, position) = acknowledged.await.unwrap();
    assert_eq!(position, None, "the record is written; the log is out of reach");
    process.shutdown_background();
    cluster.nodes[log].thaw();

    let others = [store_at(&url, Duration::from_secs(5)), store_at(&url, Duration::from_secs(5))];
    for other in &others {
        // The first read begins the search for what was left behind.
        other.read_log(0, 1, Duration::ZERO).await.unwrap();
    }
    eventually("the log has it", async || {
        (others[0].log_range().await.unwrap().last >= 3).then_some(())
    })
    .await;
    committed(others[1].commit(commit(&ana, version, &["fourth"])).await.unwrap());
    assert_eq!(whole_log(&others[0]).await, ["first", "second", "third", "fourth"]);
    assert_eq!(others[0].load(&[&ana]).await.unwrap()[0].as_ref().unwrap().record, "record");
    // Nothing is left in any outbox.
    eventually("outboxes are empty", async || {
        let counts = cluster.nodes.iter().map(|node| node.command(&[b"KEYS", b"arbitra:outbox:*"]));
        counts.into_iter().all(|keys| keys == "*0\r\n").then_some(())
    })
    .await;
}

/// Writers give up in the middle, as callers with deadlines do; nothing is lost, nothing is twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_that_were_given_up_are_in_the_log_once_or_not_at_all() {
    let cluster = RedisCluster::start(3, 0);
    let stores = [0, 1].map(|_| store_at(&cluster.url(), Duration::from_secs(5)));
    let mut written = Vec::new();
    for number in 0_u64..300 {
        let customer = format!("customer-{number}");
        let entry = format!("entry-{number}");
        let store = &stores[(number % 2) as usize];
        let patience = Duration::from_micros(40 * (number % 40));
        let commit = store.commit(commit(&customer, 0, &[&entry]));
        let given_up = tokio::time::timeout(patience, commit).await.is_err();
        written.push((customer, entry, given_up));
    }
    // A look at the record says whether it was written; then its entry must be in the log.
    let customers: Vec<&str> = written.iter().map(|(customer, _, _)| &**customer).collect();
    assert!(written.iter().any(|(_, _, given_up)| *given_up));
    let log = eventually("the log has all that was written", async || {
        let records = stores[0].load(&customers).await.unwrap();
        let log = whole_log(&stores[0]).await;
        let mut pairs = written.iter().zip(&records);
        pairs.all(|((_, entry, _), record)| record.is_none() || log.contains(entry)).then_some(log)
    })
    .await;
    let mut once = log.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), log.len(), "an entry is there twice");
    let records = stores[1].load(&customers).await.unwrap();
    for ((_, entry, given_up), record) in written.iter().zip(&records) {
        assert_eq!(record.is_some(), log.contains(entry), "{entry}");
        assert!(*given_up || record.is_some(), "{entry} was acknowledged");
    }
}
