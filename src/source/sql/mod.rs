//! Databases. One query for all customers of a batch, by parameters only, on read-only connections
//! whose statements end by themselves. One file a dialect: how it connects, and how its values read.

mod mysql;
mod postgres;
mod rows;
mod sqlite;

use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolOptions;

use super::batch::Rows;
use super::config::Connection;
use super::error::SourceError;
use crate::core::live::{Access, Dialect, SourceSpec};

/// Connections that nobody uses are closed after this.
const IDLE: Duration = Duration::from_secs(300);
/// Prepared statements of one connection: one a size of batch.
const STATEMENTS_MAX: usize = 16;

#[derive(Debug)]
pub(super) enum SqlConnector {
    Postgres(sqlx::PgPool),
    MySql(sqlx::MySqlPool),
    Sqlite(sqlx::SqlitePool),
}

impl SqlConnector {
    /// Connects when first asked, and ahead of it in the background.
    pub(super) fn new(spec: &SourceSpec, connection: &Connection) -> Result<Self, SourceError> {
        let Access::Sql { dialect, .. } = &spec.access else {
            return Err(SourceError::failed("no database"));
        };
        Ok(match dialect {
            Dialect::Postgres => Self::Postgres(postgres::pool(spec, connection)?),
            Dialect::MySql => Self::MySql(mysql::pool(spec, connection)?),
            Dialect::Sqlite => Self::Sqlite(sqlite::pool(spec, connection)?),
        })
    }

    /// A row for each customer that the source knows. A connection that turns out to be dead is
    /// replaced, as often as there are connections; whoever calls bounds the time.
    pub(super) async fn fetch(
        &self,
        spec: &SourceSpec,
        asked: &[Arc<str>],
    ) -> Result<Rows, SourceError> {
        let Access::Sql { query, key, int_keys, .. } = &spec.access else {
            return Err(SourceError::failed("no database"));
        };
        let asked = rows::Asked::new(asked, *int_keys);
        if asked.is_empty() {
            return Ok(Rows::new());
        }
        let mut attempts = 0;
        loop {
            let mut rows = rows::Taken::new(spec, key, &asked);
            let fetched = match self {
                Self::Postgres(pool) => postgres::fetch(pool, query, &asked, &mut rows).await,
                Self::MySql(pool) => mysql::fetch(pool, query, &asked, &mut rows).await,
                Self::Sqlite(pool) => sqlite::fetch(pool, query, &asked, &mut rows).await,
            };
            match fetched {
                Ok(()) => return rows.finish(),
                Err(error) if is_dead(&error) && attempts < spec.connections_max => attempts += 1,
                Err(error) => return Err(told(&error)),
            }
        }
    }
}

/// Whether the connection ended under the query: another may do better.
fn is_dead(error: &sqlx::Error) -> bool {
    // 57P01: PostgreSQL was told to stop.
    let stopped = |error: &sqlx::Error| {
        error.as_database_error().and_then(|e| e.code()).is_some_and(|code| code == "57P01")
    };
    matches!(error, sqlx::Error::Io(_)) || stopped(error)
}

/// Bounds of a pool.
fn bounds<DB: sqlx::Database>(spec: &SourceSpec) -> PoolOptions<DB> {
    PoolOptions::new()
        .max_connections(spec.connections_max)
        .min_connections(1)
        .acquire_timeout(Duration::from_secs(10))
        .idle_timeout(IDLE)
        .test_before_acquire(false)
}

/// An error without what may be personal or secret in it: no statement, value, host or user.
fn told(error: &sqlx::Error) -> SourceError {
    let why = match error {
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            return SourceError::failed(format!("the database refuses the query (code {code})"));
        }
        sqlx::Error::Io(_) => "the database cannot be reached",
        sqlx::Error::Tls(_) => "no secure connection to the database",
        sqlx::Error::ColumnNotFound(_) => "the query gives no column of a declared name",
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => "no connection to the database",
        sqlx::Error::Configuration(_) => "the address of the database is malformed",
        sqlx::Error::Protocol(_) => "the database does not speak its protocol",
        _ => "the database cannot be read",
    };
    SourceError::failed(why)
}

/// An address that the driver does not understand.
fn malformed(_: sqlx::Error) -> SourceError {
    SourceError::failed("the address of the database is malformed")
}
