//! Slots move from node to node while they are used.

use std::time::Duration;

use arbitra::store::Store as _;

use crate::support::eventually;
use crate::support::redis_cluster::RedisCluster;
use crate::{commit, committed, store_at, whole_log};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_that_moves_is_followed_before_during_and_after() {
    let cluster = RedisCluster::start(3, 0);
    let store = store_at(&cluster.url(), Duration::from_secs(5));
    let key = "arbitra:{ana}";
    let (from, slot) = (
        cluster.master_of(key),
        cluster.nodes[0].command(&[b"CLUSTER", b"KEYSLOT", key.as_bytes()]),
    );
    let slot = slot.trim().trim_start_matches(':').to_owned();
    let to = (from + 1) % 3;
    let (mut version, _) = committed(store.commit(commit("ana", 0, &["before"])).await.unwrap());
    let decision = vec![("ana".to_owned(), "decision".into())];
    store.remember(decision, Duration::from_secs(60)).await.unwrap();
    let (from_id, to_id) = (cluster.id(from), cluster.id(to));
    let set = |node: usize, how: &str, id: &str| {
        let words = [&b"CLUSTER"[..], b"SETSLOT", slot.as_bytes(), how.as_bytes(), id.as_bytes()];
        let answer = cluster.nodes[node].command(&words);
        assert!(answer.starts_with("+OK"), "{answer}");
    };
    set(to, "IMPORTING", &from_id);
    set(from, "MIGRATING", &to_id);
    // A customer's keys are gone from the old node, which says where to ask.
    let port = cluster.nodes[to].port().to_string();
    for key in ["arbitra:{ana}", "arbitra:{ana}:d"] {
        let words: [&[u8]; 6] =
            [b"MIGRATE", b"127.0.0.1", port.as_bytes(), key.as_bytes(), b"0", b"5000"];
        let answer = cluster.nodes[from].command(&words);
        assert!(answer.starts_with("+OK"), "{key}: {answer}");
    }
    // What is on its way to the log leaves by itself.
    eventually("nothing of the slot is left there", async || {
        let words: &[&[u8]] = &[b"CLUSTER", b"COUNTKEYSINSLOT", slot.as_bytes()];
        (cluster.nodes[from].command(words) == ":0\r\n").then_some(())
    })
    .await;
    let (record, decisions) = store.load_for_outcome("ana").await.unwrap();
    assert_eq!((record.unwrap().version, decisions.len()), (version, 1));
    version = committed(store.commit(commit("ana", version, &[])).await.unwrap()).0;
    assert_eq!(store.load(&["ana", "bob"]).await.unwrap()[0].as_ref().unwrap().version, version);
    for node in [to, from] {
        set(node, "NODE", &to_id);
    }
    version = committed(store.commit(commit("ana", version, &["after"])).await.unwrap()).0;
    assert_eq!(store.load(&["bob", "ana"]).await.unwrap()[1].as_ref().unwrap().version, version);
    assert_eq!(whole_log(&store).await, ["before", "after"]);
}
