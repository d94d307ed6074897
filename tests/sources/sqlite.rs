//! Reading a SQLite file: values, a query without an end, integers as ids.

use arbitra::core::value::Value;
use arbitra::source::UseState;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use tempfile::TempDir;

use super::world::{World, config};
use crate::support::eventually;

async fn file(sql: &'static str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crm.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    sqlx::raw_sql(sql).execute(&pool).await.unwrap();
    pool.close().await;
    let url = format!("sqlite:{}", path.display());
    (folder, url)
}

const TABLE: &str = "CREATE TABLE crm (id INTEGER PRIMARY KEY, score INT, tier TEXT, blocked INT,
    tags TEXT, since TEXT, balance REAL);
INSERT INTO crm VALUES (7, 720, 'gold', 1, '[\"a\"]', '2020-01-31T00:00:00Z', 2.5),
    (8, 'many', 'gold', 2, 'a', 'yesterday', 'x');";

const SPEC: &str = "kind: sqlite, query: 'SELECT * FROM crm WHERE id IN (?)', key: id, \
                    key_type: int, timeout: 9s, attributes: { score: score, tier: tier, blocked: \
                    blocked, tags: tags, since: since, balance: balance }";

#[tokio::test(flavor = "multi_thread")]
async fn values_come_as_declared_and_what_is_not_is_unknown() {
    let (_folder, url) = file(TABLE).await;
    let world = World::new(SPEC, config(&url));
    let seven = world.read("7").await;
    assert_eq!(seven.uses[0].state, UseState::Read, "{:?}", seven.uses);
    assert!(seven.uses[0].unknown.is_empty(), "{:?}", seven.uses);
    assert_eq!(world.value(&seven, "blocked"), Some(Value::Bool(true)));
    assert_eq!(world.value(&seven, "balance"), Some(Value::Double(2.5)));
    let eight = world.used("8").await;
    let refused: Vec<&str> = eight.refused.iter().map(AsRef::as_ref).collect();
    assert_eq!(refused, ["balance", "blocked", "score", "since", "tags"]);
    for nobody in ["007", "7 OR 1=1", "seven", "-1"] {
        assert_eq!(world.used(nobody).await.state, UseState::Absent, "{nobody}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_without_an_end_is_interrupted_and_nothing_is_written() {
    let (_folder, url) = file(TABLE).await;
    let endless = "kind: sqlite, timeout: 50ms, connections_max: 1, failures_max: 1000, \
                   attributes: { score: score }, query: \"WITH \
                   RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT '1' AS \
                   customer_id, count(*) AS score FROM n WHERE '1' IN (?)\"";
    let world = World::new(endless, config(&url));
    for _ in 0..3 {
        let used = world.used("1").await;
        assert!(
            matches!(used.state, UseState::Late | UseState::Failed | UseState::CircuitOpen),
            "{used:?}"
        );
        assert!(used.took < std::time::Duration::from_secs(2), "{:?}", used.took);
    }
    // The only connection is free again: the same query, with an end.
    eventually("the connection is free", || async {
        (world.used("2").await.state == UseState::Absent).then_some(())
    })
    .await;
    // A file that is not there is not made.
    let missing = format!("{url}.missing");
    let world = World::new(SPEC, config(&missing));
    assert!(matches!(world.used("7").await.state, UseState::Failed | UseState::Late));
    assert!(!std::path::Path::new(missing.trim_start_matches("sqlite:")).exists());
}
