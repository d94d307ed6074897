//! Reading MariaDB: values, many at once, hostile ids, no writes, a slow query.

use arbitra::core::value::Value;
use arbitra::source::UseState;
use futures::future::join_all;

use super::database::MySql;
use super::world::{World, config};

const TABLE: &str = "CREATE DATABASE crm;
CREATE TABLE crm.scoring (customer_id varchar(40) PRIMARY KEY, score int unsigned, tier varchar(9),
    balance decimal(12,2), since datetime(3), blocked tinyint(1), tags text);
INSERT INTO crm.scoring VALUES
    ('ana', 720, 'gold', 1234.56, '2020-02-29 12:30:00.250', 1, '[\"a\"]'),
    ('bad', 7000, 'tin', NULL, '2020-01-01', 0, 'x');
INSERT INTO crm.scoring (customer_id, score) SELECT CONCAT('c', seq), seq % 1000
    FROM mysql.help_topic RIGHT JOIN (WITH RECURSIVE n(seq) AS (SELECT 0 UNION ALL SELECT seq + 1
    FROM n WHERE seq < 999) SELECT seq FROM n) numbers ON FALSE;";

const SPEC: &str = "kind: mysql, query: 'SELECT * FROM crm.scoring WHERE customer_id IN (?)', \
                    timeout: 9s, attributes: { score: score, tier: tier, balance: balance, since: \
                    since, blocked: blocked, tags: tags }";

#[tokio::test(flavor = "multi_thread")]
async fn values_batches_hostile_ids_and_what_ends_a_query() {
    let server = MySql::start().await;
    server.run(TABLE).await;
    let world = World::new(SPEC, config(&server.url()));
    let ana = world.read("ana").await;
    assert_eq!(ana.uses[0].state, UseState::Read, "{:?}", ana.uses);
    assert!(ana.uses[0].unknown.is_empty(), "{:?}", ana.uses);
    assert_eq!(world.value(&ana, "score"), Some(Value::Int(720)));
    assert_eq!(world.value(&ana, "balance"), Some(Value::Double(1234.56)));
    assert_eq!(world.value(&ana, "blocked"), Some(Value::Bool(true)));
    let since = "2020-02-29T12:30:00.25Z".parse().unwrap();
    assert_eq!(world.value(&ana, "since"), Some(Value::Timestamp(since)));
    let bad = world.used("bad").await;
    let refused: Vec<&str> = bad.refused.iter().map(AsRef::as_ref).collect();
    assert_eq!(refused, ["score", "tags", "tier"]);
    for nobody in ["ana' OR '1'='1", "ana'; DROP TABLE crm.scoring; -- ", "ANA"] {
        assert_eq!(world.used(nobody).await.state, UseState::Absent, "{nobody}");
    }
    let before = world.queries();
    let ids: Vec<String> = (0..1000).map(|number| format!("c{number}")).collect();
    let readings = join_all(ids.iter().map(|id| world.read(id))).await;
    for (number, reading) in (0_i64..).zip(&readings) {
        assert_eq!(world.value(reading, "score"), Some(Value::Int(number)));
    }
    let queries = world.queries() - before;
    assert!(queries <= 100, "{queries} queries for 1,000 customers");

    let slow = "kind: mysql, timeout: 100ms, attributes: { score: score }, query: 'SELECT \
                customer_id, SLEEP(30) AS score FROM crm.scoring WHERE customer_id IN (?)'";
    let world = World::new(slow, config(&server.url()));
    let used = world.used("ana").await;
    assert!(matches!(used.state, UseState::Late | UseState::Failed), "{used:?}");
    // The server ends it by itself.
    let pool = sqlx::MySqlPool::connect(&server.url()).await.unwrap();
    crate::support::eventually("no query sleeps on the server", || async {
        let running = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE \
                       '%SLEEP(30)%' AND info NOT LIKE '%processlist%'";
        let running: i64 = sqlx::query_scalar(running).fetch_one(&pool).await.unwrap();
        (running == 0).then_some(())
    })
    .await;
}
