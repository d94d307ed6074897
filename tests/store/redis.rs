//! What only the Redis store promises: losing the server hurts briefly and is said clearly.

use std::time::{Duration, Instant};

use arbitra::store::{CommitResult, RedisConfig, RedisStore, Store as _, StoreError, Versioned};
use bytes::Bytes;

use crate::support::eventually;
use crate::support::redis_server::RedisServer;
use crate::{commit, redis_store, whole_log, write};

/// A store with the default deadlines.
fn impatient(server: &RedisServer) -> RedisStore {
    RedisStore::new(&RedisConfig::new(server.url().parse().unwrap())).unwrap()
}

async fn unavailable_soon(store: &RedisStore, server: &RedisServer) -> String {
    let started_at = Instant::now();
    let refused = store.load(&["ana"]).await.unwrap_err();
    // The deadline is 250 ms; the rest is patience with a busy machine.
    assert!(started_at.elapsed() < Duration::from_secs(1), "{:?}", started_at.elapsed());
    let StoreError::Unavailable { address, why } = refused else { panic!("{refused:?}") };
    assert_eq!(address, server.url());
    why
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_is_missed_at_once_and_found_again() {
    let mut server = RedisServer::start_durable();
    let store = impatient(&server);
    let version = write(&store, commit("ana", 0, "record", &["a"])).await;
    let mut reader = Box::pin(store.read_log(1, 10, Duration::from_secs(20)));
    assert!(futures::poll!(&mut reader).is_pending());
    server.kill();
    unavailable_soon(&store, &server).await;
    unavailable_soon(&store, &server).await;
    assert!(reader.await.is_err());
    let line = store.describe().await;
    assert!(line.contains("not reachable"), "{line}");
    server.restart();
    let found =
        eventually("the store comes back", || async { store.load(&["ana"]).await.ok() }).await;
    assert_eq!(found, [Some(Versioned { version, record: "record".into() })]);
    // The scripts are unknown to the new server, and positions go on.
    write(&store, commit("ana", version, "more", &["b"])).await;
    assert_eq!(whole_log(&store).await, [(1, Bytes::from("a")), (2, Bytes::from("b"))]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_server_is_not_waited_for() {
    let server = RedisServer::start();
    let store = impatient(&server);
    write(&store, commit("ana", 0, "record", &[])).await;
    server.freeze();
    let why = unavailable_soon(&store, &server).await;
    assert_eq!(why, "no answer within 250 ms");
    unavailable_soon(&store, &server).await;
    server.thaw();
    eventually("the store comes back", || async { store.load(&["ana"]).await.ok() }).await;
}

#[tokio::test]
async fn a_server_may_come_up_after_the_store() {
    let mut server = RedisServer::start();
    server.kill();
    let store = impatient(&server);
    let why = unavailable_soon(&store, &server).await;
    assert!(why.to_lowercase().contains("refused"), "{why}");
    server.restart();
    eventually("the store comes up", || async { store.ping().await.ok() }).await;
}

#[tokio::test]
async fn a_password_works_and_is_never_shown() {
    let server = RedisServer::start_with(&["--requirepass", "s3cret"]);
    let with = |password: &str| {
        let url = format!("redis://:{password}@127.0.0.1:{}/0", server.port());
        RedisStore::new(&RedisConfig::new(url.parse().unwrap())).unwrap()
    };
    let store = with("s3cret");
    store.ping().await.unwrap();
    let line = store.describe().await;
    assert!(line.contains("Redis") && !line.contains("s3cret"), "{line}");
    let refused = with("wr0ng").ping().await.unwrap_err();
    assert!(!refused.to_string().contains("wr0ng"), "{refused}");
    assert!(matches!(refused, StoreError::Unavailable { .. }), "{refused}");
}

#[tokio::test]
async fn a_server_that_forgot_the_scripts_is_given_them_again() {
    let server = RedisServer::start();
    let store = redis_store(&server);
    let version = write(&store, commit("ana", 0, "record", &["a"])).await;
    server.command(&[b"SCRIPT", b"FLUSH"]);
    write(&store, commit("ana", version, "record", &["b"])).await;
    server.command(&[b"SCRIPT", b"FLUSH"]);
    assert_eq!(store.append_log(vec!["c".into()]).await.unwrap(), 3);
}

#[tokio::test]
async fn damage_is_said_and_never_served() {
    let server = RedisServer::start();
    let store = redis_store(&server);
    write(&store, commit("ana", 0, "record", &["a"])).await;
    store.put_document("catalog", None, "rules".into()).await.unwrap();
    store.remember(vec![("ana".into(), "decision".into())], Duration::from_secs(9)).await.unwrap();
    server.command(&[b"LSET", b"arbitra:{ana}:d", b"0", b"not a decision"]);
    let (record, decisions) = store.load_for_outcome("ana").await.unwrap();
    assert_eq!((record.unwrap().record, decisions), (Bytes::from("record"), vec![]));
    for key in [b"arbitra:{ana}".as_slice(), b"arbitra:document:{catalog}"] {
        server.command(&[b"SETRANGE", key, b"17", b"?"]);
    }
    let refused = store.load(&["ana"]).await.unwrap_err();
    assert!(matches!(refused, StoreError::Corrupt { .. }), "{refused}");
    assert!(refused.to_string().contains("`ana`"), "{refused}");
    assert!(store.get_document("catalog").await.is_err());
    server.command(&[b"XADD", b"arbitra:log:{log}", b"2-0", b"e", b"not an entry"]);
    let refused = store.read_log(0, 9, Duration::ZERO).await.unwrap_err();
    assert!(refused.to_string().contains("`2-0`"), "{refused}");
    server.command(&[b"DEL", b"arbitra:{ana}"]);
    server.command(&[b"LPUSH", b"arbitra:{ana}", b"another type"]);
    let refused = store.load(&["ana"]).await.unwrap_err();
    assert!(matches!(refused, StoreError::Corrupt { .. }), "{refused}");
}

/// A log whose counter is gone (evicted, say) refuses entries, and the record with them.
#[tokio::test]
async fn a_commit_whose_log_entry_is_refused_writes_nothing() {
    let server = RedisServer::start();
    let store = redis_store(&server);
    let version = write(&store, commit("ana", 0, "record", &["a", "b"])).await;
    server.command(&[b"DEL", b"arbitra:log:{log}:last"]);
    assert!(store.commit(commit("ana", version, "lost", &["c"])).await.is_err());
    let found = store.load(&["ana"]).await.unwrap();
    assert_eq!(found, [Some(Versioned { version, record: "record".into() })]);
}

#[tokio::test]
async fn two_replicas_share_everything() {
    let server = RedisServer::start();
    let (one, two) = (redis_store(&server), redis_store(&server));
    let version = write(&one, commit("ana", 0, "record", &["a"])).await;
    let stale = two.commit(commit("ana", 0, "other", &["b"])).await.unwrap();
    let current = Versioned { version, record: "record".into() };
    assert_eq!(stale, CommitResult::Conflict(Some(current)));
    assert_eq!(two.append_log(vec!["b".into()]).await.unwrap(), 2);
    assert_eq!(whole_log(&one).await, whole_log(&two).await);
    let others = RedisConfig {
        prefix: "other:".to_owned(),
        ..RedisConfig::new(server.url().parse().unwrap())
    };
    let other = RedisStore::new(&others).unwrap();
    assert_eq!(other.load(&["ana"]).await.unwrap(), [None]);
    assert_eq!(other.log_range().await.unwrap().last, 0);
}
