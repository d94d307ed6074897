//! What the contract cannot see: maintenance, and damage on the disk.

use std::time::Duration;

use tempfile::TempDir;

use super::batch::Batch;
use super::cell::{Cell, now_ms};
use super::sweep::Sweep;
use super::tables::{Counters, Table, Tables};
use super::{EmbeddedConfig, EmbeddedStore, customers, documents, log};
use crate::store::{Commit, LogRange, Store as _, StoreError};

fn tables() -> (TempDir, Tables) {
    let folder = tempfile::tempdir().unwrap();
    let tables = Tables::open(&EmbeddedConfig::new(folder.path())).unwrap();
    (folder, tables)
}

fn in_a_batch<T>(tables: &Tables, work: impl FnOnce(&mut Batch<'_>) -> T) -> (T, Counters) {
    let mut batch = Batch::new(tables, tables.counters().unwrap());
    let done = work(&mut batch);
    (done, batch.commit().unwrap().0)
}

fn stored(tables: &Tables, table: Table) -> usize {
    tables.keyspace(table).iter().count()
}

fn commit(customer: &str, log: usize) -> Commit {
    let log = vec!["entry".into(); log];
    Commit {
        customer: customer.to_owned(),
        expected: 0,
        record: "record".into(),
        ttl: None,
        log,
        decision: None,
    }
}

#[test]
fn a_batch_sees_its_own_writes_and_counters_move_with_it() {
    let (_folder, tables) = tables();
    let (_, counters) = in_a_batch(&tables, |batch| {
        customers::commit(batch, &commit("ana", 2), 8).unwrap();
        assert!(batch.live(Table::Records, b"ana").unwrap().is_some());
        assert!(tables.get(Table::Records, b"ana").unwrap().is_none());
        batch.remove(Table::Records, b"ana");
        assert!(batch.live(Table::Records, b"ana").unwrap().is_none());
        customers::commit(batch, &commit("ana", 1), 8).unwrap();
    });
    assert_eq!(counters, Counters { sequence: 2, log: LogRange { first: 1, last: 3 } });
    assert_eq!(tables.counters().unwrap(), counters);
    assert_eq!(tables.live(Table::Records, b"ana").unwrap().unwrap().version, 2);
}

#[test]
fn rounds_of_maintenance_remove_what_has_expired_and_nothing_else() {
    let (_folder, tables) = tables();
    in_a_batch(&tables, |batch| {
        for n in 0..25 {
            let short = Some(Duration::from_millis(1));
            let ttl = if n % 5 == 0 { None } else { short };
            let passing = Commit { ttl, ..commit(&format!("customer {n}"), 0) };
            customers::commit(batch, &passing, 8).unwrap();
        }
        let ttl = Duration::from_millis(1);
        customers::remember(batch, "ana", b"decision", ttl, 8).unwrap();
        batch.put(Table::Limits, b"stock", 99, u64::MAX, &7_u64.to_le_bytes());
    });
    std::thread::sleep(Duration::from_millis(3));
    let mut sweep = Sweep::new(4);
    in_a_batch(&tables, |batch| sweep.round(batch).unwrap());
    assert!(stored(&tables, Table::Records) > 5, "a round is bounded");
    for _ in 0..20 {
        in_a_batch(&tables, |batch| sweep.round(batch).unwrap());
    }
    let left = [Table::Records, Table::Decisions, Table::Limits].map(|one| stored(&tables, one));
    assert_eq!(left, [5, 0, 1]);
}

#[test]
fn a_trimmed_log_is_removed_little_by_little() {
    let (_folder, tables) = tables();
    in_a_batch(&tables, |batch| log::append(batch, &vec![b"entry"; 30]));
    in_a_batch(&tables, |batch| log::trim(batch, 20));
    let mut sweep = Sweep::new(8);
    for left in [22, 14, 10, 10] {
        in_a_batch(&tables, |batch| sweep.round(batch).unwrap());
        assert_eq!(stored(&tables, Table::Log), left);
    }
    assert_eq!(log::read(&tables, 20, 30, 99).unwrap().len(), 10);
}

#[test]
fn parts_that_no_document_names_are_removed_at_start() {
    let (_folder, tables) = tables();
    let named = documents::write_parts(&tables, "named", 1, &"kept".into()).unwrap();
    in_a_batch(&tables, |batch| documents::publish(batch, "named", None, named).unwrap());
    documents::write_parts(&tables, "lost", 2, &"a crash came first".into()).unwrap();
    assert_eq!(documents::recover(&tables).unwrap(), 3);
    assert_eq!(stored(&tables, Table::Parts), 1);
    assert_eq!(documents::get(&tables, "named").unwrap().unwrap().record, "kept");
}

#[tokio::test]
async fn damage_is_said_and_never_served() {
    let (folder, tables) = tables();
    let damage = |table: Table, key: &[u8]| {
        let mut bytes = tables.get(table, key).unwrap().unwrap().to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        tables.keyspace(table).insert(key, bytes).unwrap();
    };
    in_a_batch(&tables, |batch| {
        customers::commit(batch, &commit("ana", 2), 8).unwrap();
        for decision in [b"first", b"later"] {
            let ttl = Duration::from_secs(60);
            customers::remember(batch, "eva", decision, ttl, 8).unwrap();
        }
    });
    let parts = documents::write_parts(&tables, "catalog", 1, &"rules".into()).unwrap();
    in_a_batch(&tables, |batch| documents::publish(batch, "catalog", None, parts).unwrap());
    damage(Table::Records, b"ana");
    damage(Table::Log, &2_u64.to_be_bytes());
    damage(Table::Decisions, b"eva\x01");
    let part = tables.keyspace(Table::Parts).first_key_value().unwrap().key().unwrap();
    damage(Table::Parts, &part);
    drop(tables);

    let store = EmbeddedStore::open(&EmbeddedConfig::new(folder.path())).unwrap();
    let refused = store.load(&["ana"]).await.unwrap_err();
    assert!(refused.to_string().contains("`ana` in Records"), "{refused}");
    let again = store.commit(commit("ana", 0)).await;
    assert!(matches!(again, Err(StoreError::Corrupt { .. })), "{again:?}");
    assert!(store.read_log(0, 9, Duration::ZERO).await.is_err());
    assert!(store.get_document("catalog").await.is_err());
    assert_eq!(store.load_for_outcome("eva").await.unwrap(), (None, vec!["first".into()]));
    store.erase("ana").await.unwrap();
    assert_eq!(store.load(&["ana"]).await.unwrap(), [None]);
}

#[test]
fn a_cell_that_expires_now_is_gone() {
    let (_folder, tables) = tables();
    let encoded = Cell::encode(b"ana", 1, now_ms(), b"record");
    assert_eq!(tables.open_cell(Table::Records, b"ana", &encoded).unwrap(), None);
}
