//! A source that is slow, dead, or not where it should be: deadlines hold, the circuit opens, and
//! everything mends by itself.

use std::time::Duration;

use arbitra::source::{SourcesConfig, UseState};

use super::database::Postgres;
use super::world::{World, config};
use crate::support::eventually;

const SETUP: &str = "CREATE TABLE t (customer_id text, score int);
INSERT INTO t VALUES ('ana', 720);
CREATE FUNCTION stall() RETURNS int LANGUAGE sql AS 'SELECT 0 FROM pg_sleep(30)';";

const SPEC: &str = "kind: postgres, timeout: 200ms, failures_max: 3, retry_after: 300ms, \
                    connections_max: 2, attributes: { score: score }, query: 'SELECT \
                    customer_id, score + stall() AS score FROM t WHERE customer_id = ANY($1)'";

async fn until(world: &World, state: UseState) {
    eventually("the source is in that state", || async {
        (world.used("ana").await.state == state).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_query_is_cut_the_circuit_opens_and_one_probe_closes_it() {
    let server = Postgres::start().await;
    server.run(SETUP).await;
    let world = World::new(SPEC, config(&server.url()));
    let slow = world.read_within("ana", Duration::from_millis(50)).await.uses.remove(0);
    assert_eq!(slow.state, UseState::Late);
    assert!(slow.took < Duration::from_millis(190), "the caller's deadline holds: {slow:?}");
    until(&world, UseState::CircuitOpen).await;
    let open = world.used("ana").await;
    assert!(open.took < Duration::from_millis(100), "an open circuit costs nothing: {open:?}");
    assert!(open.missing.unwrap().contains("left alone"));
    let queries = world.queries();
    assert!(queries <= 6, "{queries} queries of a source that stalls");
    // The server ended the queries by itself.
    let pool = sqlx::PgPool::connect(&server.url()).await.unwrap();
    eventually("no query sleeps on the server", || async {
        let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        let sleeping: i64 = sqlx::query_scalar(sleeping).fetch_one(&pool).await.unwrap();
        (sleeping == 0).then_some(())
    })
    .await;
    server.run("CREATE OR REPLACE FUNCTION stall() RETURNS int LANGUAGE sql AS 'SELECT 0'").await;
    until(&world, UseState::Read).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_and_returns_is_read_again() {
    let mut server = Postgres::start().await;
    server.run(SETUP).await;
    server.run("CREATE OR REPLACE FUNCTION stall() RETURNS int LANGUAGE sql AS 'SELECT 0'").await;
    let world = World::new(SPEC, config(&server.url()));
    until(&world, UseState::Read).await;
    server.kill();
    let dead = world.used("ana").await;
    assert!(matches!(dead.state, UseState::Late | UseState::Failed), "{dead:?}");
    assert!(dead.took < Duration::from_secs(1));
    until(&world, UseState::CircuitOpen).await;
    server.restart().await;
    until(&world, UseState::Read).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_and_nowhere_told() {
    let refused = World::new(SPEC, config("postgres://nobody@127.0.0.1:1/none"));
    let used = refused.used("ana").await;
    assert!(matches!(used.state, UseState::Late | UseState::Failed), "{used:?}");
    assert!(!format!("{used:?}").contains("127.0.0.1"), "no address in what callers see");
    let untold = World::new(SPEC, SourcesConfig::default());
    let reading = untold.read("ana").await;
    assert_eq!(reading.uses[0].state, UseState::NotConfigured);
    assert!(reading.values.is_empty(), "what the profile holds stands");
    assert_eq!(reading.uses[0].missing, None, "it is not required");
    let wrong = World::new(SPEC, config("mysql://127.0.0.1/x"));
    let said = wrong.used("ana").await.missing.unwrap();
    assert!(said.contains("must begin with `postgres` or `postgresql:`"), "{said}");
}
