//! Reading PostgreSQL: every type, many customers at once, hostile ids, what is not as declared.

use std::time::Duration;

use arbitra::core::value::Value;
use arbitra::source::{SourcesConfig, UseState};
use futures::future::join_all;

use super::database::{PASSWORD, Postgres};
use super::world::{World, config};

const TABLE: &str = "CREATE TABLE scoring (customer_id text PRIMARY KEY, score int, tier text,
    balance numeric(12,2), since timestamptz, blocked bool, tags text[], grace interval);
INSERT INTO scoring VALUES
    ('ana', 720, 'gold', 1234.56, '2020-02-29T12:30:00.25Z', true, '{a,b}', '1 day 02:00:00'),
    ('nil', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('bad', 7000, 'tin', 'NaN', 'infinity', false, '{}', '1 month'),
    ('''; DROP TABLE scoring; --', 1, 'gold', 0, NULL, false, '{}', NULL);
INSERT INTO scoring (customer_id, score) SELECT 'c' || n, n % 1000 FROM generate_series(0, 9999) n;
ANALYZE;";

const FIELDS: &str = "attributes: { score: score, tier: tier, balance: balance, since: since, \
                      blocked: blocked, tags: tags, grace: grace }";

fn all(more: &str) -> String {
    let query = "'SELECT * FROM scoring WHERE customer_id = ANY($1)'";
    format!("kind: postgres, query: {query}, timeout: 9s, {FIELDS}{more}")
}

#[tokio::test(flavor = "multi_thread")]
async fn values_come_as_declared_and_what_is_not_is_unknown_and_told() {
    let server = Postgres::start().await;
    server.run(TABLE).await;
    let world = World::new(&all(""), config(&server.url()));

    let ana = world.read("ana").await;
    assert_eq!(ana.uses[0].state, UseState::Read);
    assert_eq!(world.value(&ana, "score"), Some(Value::Int(720)));
    assert_eq!(world.value(&ana, "tier"), Some(Value::from("gold")));
    assert_eq!(world.value(&ana, "balance"), Some(Value::Double(1234.56)));
    assert_eq!(world.value(&ana, "blocked"), Some(Value::Bool(true)));
    let since = "2020-02-29T12:30:00.25Z".parse().unwrap();
    assert_eq!(world.value(&ana, "since"), Some(Value::Timestamp(since)));
    let grace = jiff::SignedDuration::from_hours(26);
    assert_eq!(world.value(&ana, "grace"), Some(Value::Duration(grace)));
    let tags = Value::List([Value::from("a"), Value::from("b")].into_iter().collect());
    assert_eq!(world.value(&ana, "tags"), Some(tags));

    // NULL is unknown, and no fault.
    let nil = world.used("nil").await;
    assert_eq!((nil.state, nil.unknown.len(), nil.refused.len()), (UseState::Read, 7, 0));
    assert_eq!(nil.missing, None);
    // Neither is a customer whom the source does not know.
    let nobody = world.used("nobody").await;
    assert_eq!((nobody.state, nobody.unknown.len()), (UseState::Absent, 7));
    assert_eq!(nobody.missing, None);

    // Beyond its range, outside its set, not a number, no moment, no length: told by name.
    let bad = world.read("bad").await;
    let refused: Vec<&str> = bad.uses[0].refused.iter().map(AsRef::as_ref).collect();
    assert_eq!(refused, ["balance", "grace", "score", "since", "tier"]);
    assert!(bad.uses[0].missing.as_ref().unwrap().contains("not as declared"));
    assert_eq!(world.value(&bad, "blocked"), Some(Value::Bool(false)), "the rest holds");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_a_parameter_whatever_it_says() {
    let server = Postgres::start().await;
    server.run(TABLE).await;
    let world = World::new(&all(""), config(&server.url()));
    let hostile = ["'; DROP TABLE scoring; --", "ana' OR '1'='1", "{ana}", "ana\0", "\"}, {\""];
    let states = join_all(hostile.map(|id| world.used(id))).await;
    let states: Vec<UseState> = states.into_iter().map(|used| used.state).collect();
    let mut expected = vec![UseState::Absent; 5];
    expected[0] = UseState::Read;
    assert_eq!(states, expected, "the one that is really there is read, as any other");
    assert_eq!(world.used("ana").await.state, UseState::Read, "the table is still there");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_customers_take_few_queries() {
    let server = Postgres::start().await;
    server.run(TABLE).await;
    let world = World::new(&all(", batch_max: 512"), config(&server.url()));
    let ids: Vec<String> = (0..10_000).map(|number| format!("c{number}")).collect();
    let readings = join_all(ids.iter().map(|id| world.read(id))).await;
    for (number, reading) in (0_i64..).zip(&readings) {
        assert_eq!(world.value(reading, "score"), Some(Value::Int(number % 1000)));
    }
    let queries = world.queries();
    assert!(queries <= 100, "{queries} queries for 10,000 customers");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_customer_is_asked_for_once_and_the_answer_holds_as_declared() {
    let server = Postgres::start().await;
    server.run(TABLE).await;
    let world = World::new(&all(", cache: 2s"), config(&server.url()));
    let all = join_all((0..100).map(|_| world.used("ana"))).await;
    assert!(all.iter().all(|used| matches!(used.state, UseState::Read | UseState::Cached)));
    assert_eq!(world.queries(), 1, "whoever came while it was asked waited for that");
    assert_eq!(world.used("ana").await.state, UseState::Cached);
    // That somebody is not there holds as well.
    assert_eq!(world.used("nobody").await.state, UseState::Absent);
    assert_eq!(world.used("nobody").await.state, UseState::Absent);
    assert_eq!(world.queries(), 2);
    // Whoever is erased is not held.
    world.sources.forget("nobody");
    assert_eq!(world.used("nobody").await.state, UseState::Absent);
    assert_eq!(world.queries(), 3);
    crate::support::eventually("the answer has lapsed", || async {
        (world.used("ana").await.state == UseState::Read).then_some(())
    })
    .await;
    assert_eq!(world.queries(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_cannot_write_and_its_password_comes_from_a_file() {
    let server = Postgres::start().await;
    server.run(TABLE).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let variables = [
        ("ARBITRA_SOURCE_LIVE_URL".to_owned(), server.bare_url()),
        ("ARBITRA_SOURCE_LIVE_PASSWORD_FILE".to_owned(), file.display().to_string()),
    ];
    let config = SourcesConfig::from_variables(variables).unwrap();
    assert!(!format!("{config:?}").contains(PASSWORD));
    assert!(!format!("{config:?}").contains("127.0.0.1"));
    let writes = "kind: postgres, timeout: 9s, attributes: { score: score }, query: \"WITH x AS \
                  (UPDATE scoring SET score = 0 WHERE customer_id = ANY($1) RETURNING *) SELECT * \
                  FROM x\"";
    let world = World::new(writes, config.clone());
    let used = world.used("ana").await;
    assert_eq!(used.state, UseState::Failed);
    // 25006: read_only_sql_transaction.
    assert!(used.missing.unwrap().contains("25006"));
    let world = World::new(&all(""), config);
    let ana = world.read("ana").await;
    assert_eq!(world.value(&ana, "score"), Some(Value::Int(720)));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_rows_a_wrong_column_and_a_wrong_key_are_faults_not_values() {
    let server = Postgres::start().await;
    server.run(TABLE).await;
    let told = async |query: &str| {
        let spec = format!(
            "kind: postgres, timeout: 9s, attributes: {{ score: score }}, query: \"{query}\""
        );
        let world = World::new(&spec, config(&server.url()));
        let used = world.read_within("ana", Duration::from_secs(20)).await.uses.remove(0);
        assert_eq!(used.state, UseState::Failed);
        used.missing.unwrap()
    };
    let twice = "SELECT customer_id, score FROM scoring, (VALUES (1), (2)) v WHERE customer_id = \
                 ANY($1)";
    assert!(told(twice).await.contains("two rows for one customer"));
    let nameless = "SELECT customer_id FROM scoring WHERE customer_id = ANY($1)";
    assert!(told(nameless).await.contains("no column of a declared name"));
    let everybody = "SELECT customer_id, score FROM scoring WHERE ANY_VALUE($1)";
    assert!(told(everybody).await.contains("code 42"));
    let all = "SELECT customer_id, score FROM scoring WHERE $1::text[] IS NOT NULL";
    assert!(told(all).await.contains("more rows than customers"));
}
