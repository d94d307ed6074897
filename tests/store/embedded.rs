//! What only the embedded store promises: one folder, one process, nothing lost.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arbitra::store::{Durability, EmbeddedConfig, EmbeddedStore, LogRange, Store as _, StoreError};
use bytes::Bytes;

use crate::{commit, whole_log, write};

fn open(folder: &Path) -> EmbeddedStore {
    EmbeddedStore::open(&EmbeddedConfig::new(folder)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_survives_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let version = write(&store, commit("ana", 0, "record", &["a", "b", "c"])).await;
    let decided = (0..10).map(|n| ("ana".to_owned(), Bytes::from(n.to_string()))).collect();
    store.remember(decided, Duration::from_secs(60)).await.unwrap();
    let large = Bytes::from(vec![3; 3_000_000]);
    store.put_document("checkpoint", None, large.clone()).await.unwrap();
    let checkpoint = store.get_document("checkpoint").await.unwrap();
    assert_eq!(store.lease("stock", 7, 10, None).await.unwrap(), 7);
    store.trim_log(1).await.unwrap();
    let before = store.load_for_outcome("ana").await.unwrap();
    drop(store);

    let store = open(folder.path());
    assert_eq!(store.load_for_outcome("ana").await.unwrap(), before);
    assert_eq!(store.log_range().await.unwrap(), LogRange { first: 2, last: 3 });
    assert_eq!(store.get_document("checkpoint").await.unwrap(), checkpoint);
    assert_eq!(store.lease("stock", 7, 10, None).await.unwrap(), 3);
    assert_eq!(store.append_log(vec!["d".into()]).await.unwrap(), 4);
    let entries = store.read_log(2, 9, Duration::ZERO).await.unwrap();
    assert_eq!(entries, [(3, Bytes::from("c")), (4, Bytes::from("d"))]);
    store.erase("ana").await.unwrap();
    assert!(write(&store, commit("ana", 0, "again", &[])).await > version);
}

#[tokio::test]
async fn a_second_process_is_told_to_stay_out() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let refused = EmbeddedStore::open(&EmbeddedConfig::new(folder.path())).unwrap_err();
    assert_eq!(refused, StoreError::Locked { folder: folder.path().to_path_buf() });
    assert!(refused.to_string().contains("in use by another process"), "{refused}");
    drop(store);
    open(folder.path());
}

#[tokio::test]
async fn a_folder_that_cannot_be_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let refused = EmbeddedStore::open(&EmbeddedConfig::new(file.path())).unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable { .. }), "{refused}");
    assert!(refused.to_string().contains(file.path().to_str().unwrap()), "{refused}");
    let folder = tempfile::tempdir().unwrap();
    let config = EmbeddedConfig {
        durability: Durability::Interval(Duration::ZERO),
        ..EmbeddedConfig::new(folder.path())
    };
    assert!(matches!(EmbeddedStore::open(&config), Err(StoreError::Config { .. })));
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A copy of the folder taken while commits run is what a crash leaves behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_leaves_whole_commits_and_all_that_were_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let config = EmbeddedConfig {
        durability: Durability::Always,
        ..EmbeddedConfig::new(folder.path().join("live"))
    };
    let store = Arc::new(EmbeddedStore::open(&config).unwrap());
    let stop = Arc::new(AtomicBool::new(false));
    let writer = {
        let (store, stop) = (store.clone(), stop.clone());
        tokio::spawn(async move {
            let (mut version, mut count) = (0, 0_u64);
            while !stop.load(Ordering::Relaxed) {
                count += 1;
                let next =
                    commit("ana", version, count.to_string(), &["first half", "second half"]);
                version = write(&*store, next).await;
            }
        })
    };
    for crash in 0..5 {
        let acknowledged = store.log_range().await.unwrap().last;
        let image = folder.path().join(crash.to_string());
        copy(&folder.path().join("live"), &image);
        let recovered = open(&image);
        let last = recovered.log_range().await.unwrap().last;
        assert!(last >= acknowledged);
        assert_eq!(whole_log(&recovered).await.len() as u64, last);
        let found = recovered.load(&["ana"]).await.unwrap().remove(0);
        let count = found
            .map_or(0, |found| std::str::from_utf8(&found.record).unwrap().parse::<u64>().unwrap());
        assert_eq!(2 * count, last);
    }
    stop.store(true, Ordering::Relaxed);
    writer.await.unwrap();
}
