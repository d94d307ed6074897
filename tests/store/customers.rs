//! Laws of records and remembered decisions.

use std::collections::HashSet;
use std::time::Duration;

use arbitra::store::{Commit, CommitResult, StoreError, Versioned};
use bytes::Bytes;

use crate::support::eventually;
use crate::{House, commit, whole_log, write};

pub async fn a_commit_is_read_at_once(house: House) {
    let store = &*house.store;
    assert_eq!(store.load(&["ana"]).await.unwrap(), [None]);
    let first = write(store, commit("ana", 0, "one", &[])).await;
    let found = Versioned { version: first, record: "one".into() };
    assert_eq!(store.load(&["ana"]).await.unwrap(), [Some(found.clone())]);
    assert_eq!(store.load_for_outcome("ana").await.unwrap(), (Some(found), vec![]));
    let second = write(store, commit("ana", first, "two", &["x", "y"])).await;
    assert!(second > first);
    let found = Versioned { version: second, record: "two".into() };
    assert_eq!(store.load(&["ana"]).await.unwrap(), [Some(found)]);
    let empty = write(store, commit("eva", 0, "", &[])).await;
    let found = Versioned { version: empty, record: Bytes::new() };
    assert_eq!(store.load(&["eva"]).await.unwrap(), [Some(found)]);
}

pub async fn a_conflict_changes_nothing_and_returns_the_current(house: House) {
    let store = &*house.store;
    let absent = store.commit(commit("ana", 7, "lost", &["lost"])).await.unwrap();
    assert_eq!(absent, CommitResult::Conflict(None));
    let version = write(store, commit("ana", 0, "kept", &["kept"])).await;
    let current = Some(Versioned { version, record: "kept".into() });
    for expected in [0, version - 1, version + 1, u64::MAX] {
        let refused = store.commit(commit("ana", expected, "lost", &["lost"])).await.unwrap();
        assert_eq!(refused, CommitResult::Conflict(current.clone()));
    }
    assert_eq!(store.load(&["ana"]).await.unwrap(), [current]);
    assert_eq!(whole_log(store).await, [(1, Bytes::from("kept"))]);
}

pub async fn a_batch_answers_in_order(house: House) {
    let store = &*house.store;
    assert_eq!(store.load(&[]).await.unwrap(), []);
    let names: Vec<String> = (0..700).map(|n| format!("customer {n}")).collect();
    for name in names.iter().step_by(7) {
        write(store, commit(name, 0, name.clone(), &[])).await;
    }
    let asked: Vec<&str> = names.iter().rev().map(String::as_str).collect();
    let found = store.load(&asked).await.unwrap();
    assert_eq!(found.len(), asked.len());
    for (at, (name, found)) in asked.iter().zip(found).enumerate() {
        let found = found.map(|versioned| versioned.record);
        assert_eq!(found, ((699 - at) % 7 == 0).then(|| Bytes::from((*name).to_owned())));
    }
    let many = vec!["ana"; 5000];
    let refused = store.load(&many).await.unwrap_err();
    assert!(matches!(refused, StoreError::TooMany { items: 5000, .. }), "{refused}");
}

pub async fn concurrent_writers_lose_and_repeat_nothing(house: House) {
    const WRITERS: usize = 8;
    const EACH: usize = 25;
    let increments = (0..WRITERS).map(|writer| {
        let store = house.store.clone();
        tokio::spawn(async move {
            for turn in 0..EACH {
                let log = [format!("{writer} {turn} a"), format!("{writer} {turn} b")];
                let log: Vec<Bytes> = log.into_iter().map(Bytes::from).collect();
                let mut current = store.load(&["ana"]).await.unwrap().remove(0);
                loop {
                    let (expected, count) = current.map_or((0, 0), |found| {
                        let digits = std::str::from_utf8(&found.record).unwrap().to_owned();
                        (found.version, digits.parse::<usize>().unwrap())
                    });
                    let record = Bytes::from((count + 1).to_string());
                    let customer = "ana".to_owned();
                    let commit = Commit {
                        customer,
                        expected,
                        record,
                        ttl: None,
                        log: log.clone(),
                        decision: None,
                    };
                    match store.commit(commit).await.unwrap() {
                        CommitResult::Committed { log_position, .. } => {
                            assert_eq!(log_position, Some(2 * (count as u64 + 1)));
                            break;
                        }
                        CommitResult::Conflict(found) => current = found,
                    }
                }
            }
        })
    });
    for done in increments.collect::<Vec<_>>() {
        done.await.unwrap();
    }
    let found = house.store.load(&["ana"]).await.unwrap().remove(0).unwrap();
    assert_eq!(found.record, (WRITERS * EACH).to_string());
    let log = whole_log(&*house.store).await;
    assert_eq!(log.len(), 2 * WRITERS * EACH);
    assert_eq!(log.iter().map(|(_, entry)| entry).collect::<HashSet<_>>().len(), log.len());
    for pair in log.chunks(2) {
        let [(_, a), (_, b)] = pair else { panic!("{pair:?}") };
        assert!(a.ends_with(b"a") && b.ends_with(b"b") && a[..a.len() - 1] == b[..b.len() - 1]);
    }
}

pub async fn a_record_expires(house: House) {
    let store = &*house.store;
    let stays = write(store, commit("stays", 0, "here", &[])).await;
    let short = Some(Duration::from_millis(40));
    let passing = Commit { ttl: short, ..commit("passes", 0, "gone soon", &[]) };
    let version = write(store, passing).await;
    eventually("the record expires", || async {
        store.load(&["passes"]).await.unwrap().remove(0).is_none().then_some(())
    })
    .await;
    let refused = store.commit(commit("passes", version, "late", &[])).await.unwrap();
    assert_eq!(refused, CommitResult::Conflict(None));
    assert!(write(store, commit("passes", 0, "back", &[])).await > version);
    // A commit without a time to live ends the one of the commit before.
    let while_it_lasts = Some(Duration::from_millis(500));
    let passing = Commit { ttl: while_it_lasts, ..commit("kept", 0, "a", &[]) };
    let version = write(store, passing).await;
    write(store, commit("kept", version, "b", &[])).await;
    tokio::time::sleep(Duration::from_millis(520)).await;
    let found = store.load(&["kept", "stays"]).await.unwrap();
    assert_eq!(found[0].as_ref().unwrap().record, "b");
    assert_eq!(found[1].as_ref().unwrap().version, stays);
    let endless = Commit { ttl: Some(Duration::MAX), ..commit("endless", 0, "c", &[]) };
    write(store, endless).await;
    assert!(store.load(&["endless"]).await.unwrap()[0].is_some());
}

pub async fn a_version_never_returns(house: House) {
    let store = &*house.store;
    let mut last = 0;
    for round in 0..50 {
        let ttl = (round % 10 == 9).then_some(Duration::from_millis(1));
        let created = write(store, Commit { ttl, ..commit("ana", 0, "a", &[]) }).await;
        assert!(created > last, "round {round}: {created} after {last}");
        last = created;
        if ttl.is_some() {
            eventually("the record expires", || async {
                store.load(&["ana"]).await.unwrap().remove(0).is_none().then_some(())
            })
            .await;
        } else {
            last = write(store, commit("ana", created, "b", &[])).await;
            store.erase("ana").await.unwrap();
        }
    }
}

fn decision(customer: &str, text: String) -> (String, Bytes) {
    (customer.to_owned(), text.into())
}

pub async fn the_newest_decisions_are_remembered(house: House) {
    let store = &*house.store;
    let ttl = Duration::from_secs(60);
    store.remember(vec![], ttl).await.unwrap();
    let both =
        (0..5).flat_map(|n| [decision("ana", format!("a{n}")), decision("eva", format!("e{n}"))]);
    store.remember(both.collect(), ttl).await.unwrap();
    for n in 5..12 {
        store.remember(vec![decision("ana", format!("a{n}"))], ttl).await.unwrap();
    }
    let (record, decisions) = store.load_for_outcome("ana").await.unwrap();
    assert_eq!(record, None);
    let newest: Vec<Bytes> = (4..12).rev().map(|n| Bytes::from(format!("a{n}"))).collect();
    assert_eq!(decisions, newest);
    let (_, decisions) = store.load_for_outcome("eva").await.unwrap();
    assert_eq!(decisions, ["e4", "e3", "e2", "e1", "e0"]);
    assert_eq!(store.load_for_outcome("e").await.unwrap(), (None, vec![]));
}

pub async fn a_commit_remembers_its_decision(house: House) {
    let store = &*house.store;
    let day = Duration::from_secs(86_400);
    let with = |expected, decision: &'static str| Commit {
        decision: Some((decision.into(), day)),
        ..commit("ana", expected, "record", &["entry"])
    };
    let version = write(store, with(0, "first")).await;
    // What is not written is not remembered either.
    let conflict = store.commit(with(version + 9, "never")).await.unwrap();
    assert!(matches!(conflict, CommitResult::Conflict(_)));
    store.remember(vec![("ana".into(), "second".into())], day).await.unwrap();
    write(store, with(version, "third")).await;
    let (record, decisions) = store.load_for_outcome("ana").await.unwrap();
    assert_eq!(record.unwrap().record, "record");
    assert_eq!(decisions, ["third", "second", "first"]);
    assert_eq!(whole_log(store).await.len(), 2);
}

pub async fn decisions_expire(house: House) {
    let store = &*house.store;
    let decided = vec![decision("ana", "soon gone".to_owned())];
    store.remember(decided, Duration::from_millis(30)).await.unwrap();
    eventually("the decision expires", || async {
        store.load_for_outcome("ana").await.unwrap().1.is_empty().then_some(())
    })
    .await;
}

pub async fn erase_leaves_nothing(house: House) {
    let store = &*house.store;
    for customer in ["ana", "ana2"] {
        write(store, commit(customer, 0, "record", &[])).await;
        let decided = (0..9).map(|n| decision(customer, n.to_string())).collect();
        store.remember(decided, Duration::from_secs(60)).await.unwrap();
    }
    store.erase("ana").await.unwrap();
    assert_eq!(store.load_for_outcome("ana").await.unwrap(), (None, vec![]));
    let (record, decisions) = store.load_for_outcome("ana2").await.unwrap();
    assert_eq!((record.unwrap().record, decisions.len()), (Bytes::from("record"), 8));
    store.erase("ana").await.unwrap();
    store.erase("nobody").await.unwrap();
}

pub async fn any_text_can_be_a_customer(house: House) {
    let store = &*house.store;
    let longest = "é".repeat(256);
    let names = [
        "{",
        "}",
        "{}",
        "}{",
        "%7B",
        "{a}",
        "a}b{c",
        "%",
        "%%25",
        " ",
        "a b\tc\n",
        "\0",
        "ana:d",
        "ana",
        "log",
        "{log}",
        "日本語 客户 🦀",
        "a\u{ff}",
        "*",
        "[a-z]?",
        longest.as_str(),
    ];
    for name in names {
        let decided = vec![decision(name, format!("decision of {name}"))];
        store.remember(decided, Duration::from_secs(60)).await.unwrap();
        write(store, commit(name, 0, format!("record of {name}"), &["entry"])).await;
    }
    for name in names {
        let (record, decisions) = store.load_for_outcome(name).await.unwrap();
        assert_eq!(record.unwrap().record, format!("record of {name}"));
        assert_eq!(decisions, [format!("decision of {name}")]);
        store.erase(name).await.unwrap();
    }
    assert_eq!(store.load(&names).await.unwrap(), vec![None; names.len()]);
    assert_eq!(whole_log(store).await.len(), names.len());
}

pub async fn bad_ids_and_sizes_are_refused(house: House) {
    let store = &*house.store;
    let empty = StoreError::Empty { what: "customer id" };
    assert_eq!(store.load(&["ana", ""]).await, Err(empty.clone()));
    assert_eq!(store.load_for_outcome("").await, Err(empty.clone()));
    assert_eq!(store.commit(commit("", 0, "", &[])).await, Err(empty.clone()));
    assert_eq!(store.erase("").await, Err(empty));
    let long = "x".repeat(513);
    let too_long = StoreError::TooLarge { what: "customer id", bytes: 513, bytes_max: 512 };
    assert_eq!(store.load(&[&long]).await, Err(too_long.clone()));
    assert_eq!(too_long.to_string(), "customer id of 513 bytes is over the limit of 512");
    let nameless = vec![decision(&long, "d".to_owned())];
    assert_eq!(store.remember(nameless, Duration::from_secs(1)).await, Err(too_long));
    let largest = 1 << 20;
    write(store, commit("ana", 0, vec![7; largest], &[])).await;
    assert_eq!(store.load(&["ana"]).await.unwrap()[0].as_ref().unwrap().record.len(), largest);
    let over = store.commit(commit("eva", 0, vec![7; largest + 1], &["x"])).await;
    assert!(matches!(over, Err(StoreError::TooLarge { what: "record", .. })), "{over:?}");
    let entry = vec![Bytes::from(vec![7; (64 << 10) + 1])];
    let over = store.append_log(entry).await;
    assert!(matches!(over, Err(StoreError::TooLarge { what: "log entry", .. })), "{over:?}");
    assert_eq!(store.log_range().await.unwrap().last, 0);
}
