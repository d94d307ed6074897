//! Laws of the learning log.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use arbitra::store::{LogRange, StoreError};
use bytes::Bytes;

use crate::{House, commit, whole_log, write};

const NO_WAIT: Duration = Duration::ZERO;
const LONG: Duration = Duration::from_secs(20);

pub async fn positions_are_ordered_without_gaps(house: House) {
    let store = &*house.store;
    assert_eq!(store.log_range().await.unwrap(), LogRange { first: 1, last: 0 });
    assert_eq!(store.append_log(vec![]).await.unwrap(), 0);
    assert_eq!(store.read_log(0, 10, NO_WAIT).await.unwrap(), []);
    assert_eq!(store.append_log(vec!["a".into(), "".into(), "c".into()]).await.unwrap(), 3);
    write(store, commit("ana", 0, "record", &["d", "e"])).await;
    assert_eq!(store.append_log(vec![]).await.unwrap(), 5);
    assert_eq!(store.log_range().await.unwrap(), LogRange { first: 1, last: 5 });
    let all = [(1, "a"), (2, ""), (3, "c"), (4, "d"), (5, "e")];
    let all = all.map(|(position, entry)| (position, Bytes::from(entry)));
    assert_eq!(whole_log(store).await, all);
    assert_eq!(store.read_log(1, 2, LONG).await.unwrap(), all[1..3]);
    assert_eq!(store.read_log(4, usize::MAX, LONG).await.unwrap(), all[4..]);
    assert_eq!(store.read_log(5, 10, NO_WAIT).await.unwrap(), []);
    assert_eq!(store.read_log(4, 0, NO_WAIT).await.unwrap().len(), 1);
}

pub async fn a_reader_waits_for_the_next_entry(house: House) {
    let store = &*house.store;
    assert_eq!(store.read_log(0, 10, Duration::from_millis(20)).await.unwrap(), []);
    let reader = {
        let store = house.store.clone();
        tokio::spawn(async move { store.read_log(0, 10, LONG).await.unwrap() })
    };
    // A reader that waits holds nobody up.
    let started_at = Instant::now();
    for n in 0..20 {
        write(store, commit(&format!("customer {n}"), 0, "record", &[])).await;
    }
    store.append_log(vec!["a".into()]).await.unwrap();
    assert_eq!(reader.await.unwrap(), [(1, Bytes::from("a"))]);
    assert!(started_at.elapsed() < LONG / 2);
}

pub async fn a_reader_follows_many_writers(house: House) {
    const WRITERS: u64 = 4;
    const EACH: u64 = 50;
    for writer in 0..WRITERS {
        let store = house.store.clone();
        tokio::spawn(async move {
            for turn in 0..EACH {
                let entries = vec![Bytes::from(format!("{writer} {turn}")); 2];
                store.append_log(entries).await.unwrap();
            }
        });
    }
    let mut after = 0;
    let mut entries = Vec::new();
    while after < WRITERS * EACH * 2 {
        for (position, entry) in house.store.read_log(after, 17, LONG).await.unwrap() {
            assert_eq!(position, after + 1);
            after = position;
            entries.push(entry);
        }
    }
    let pairs: HashSet<&Bytes> = entries.chunks(2).map(|pair| &pair[0]).collect();
    assert!(entries.chunks(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(pairs.len() as u64, WRITERS * EACH);
}

pub async fn a_trimmed_log_says_where_it_begins(house: House) {
    let store = &*house.store;
    store.trim_log(5).await.unwrap();
    for n in 1..=30 {
        store.append_log(vec![n.to_string().into()]).await.unwrap();
    }
    store.trim_log(12).await.unwrap();
    store.trim_log(3).await.unwrap();
    assert_eq!(store.log_range().await.unwrap(), LogRange { first: 13, last: 30 });
    let gap = StoreError::LogGap { after: 11, first: 13, last: 30 };
    assert_eq!(store.read_log(11, 10, LONG).await, Err(gap));
    assert!(store.read_log(0, 10, NO_WAIT).await.is_err());
    assert_eq!(store.read_log(12, 1, NO_WAIT).await.unwrap(), [(13, Bytes::from("13"))]);
    // A reader that has seen more than there is follows another log.
    assert!(store.read_log(31, 10, NO_WAIT).await.is_err());
    store.trim_log(u64::MAX).await.unwrap();
    assert_eq!(store.log_range().await.unwrap(), LogRange { first: 31, last: 30 });
    assert_eq!(store.read_log(30, 10, NO_WAIT).await.unwrap(), []);
    assert!(store.read_log(29, 10, NO_WAIT).await.is_err());
    assert_eq!(store.append_log(vec!["31".into()]).await.unwrap(), 31);
    assert_eq!(store.read_log(30, 10, NO_WAIT).await.unwrap(), [(31, Bytes::from("31"))]);
}

pub async fn a_store_says_what_it_is(house: House) {
    let store = &*house.store;
    store.ping().await.unwrap();
    store.flush().await.unwrap();
    let line = store.describe().await;
    assert!(line.starts_with("embedded in `/") || line.starts_with("redis"), "{line}");
    assert!(!line.contains('\n'));
}
