//! SQLite: a file opened for reading only; a query that runs too long is interrupted.

use std::str::FromStr;
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use serde_json::Value as Json;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqliteRow};
use sqlx::{ConnectOptions, Either, Executor, Row, TypeInfo, ValueRef};

use super::rows::{Asked, Taken};
use super::{STATEMENTS_MAX, bounds, malformed};
use crate::core::live::SourceSpec;
use crate::source::cell::Cell;
use crate::source::config::Connection;
use crate::source::error::SourceError;

/// Steps of its machine between two looks at the clock.
const STEPS: i32 = 10_000;

pub(super) fn pool(spec: &SourceSpec, connection: &Connection) -> Result<SqlitePool, SourceError> {
    let options = SqliteConnectOptions::from_str(&connection.url).map_err(malformed)?;
    let options = options
        .read_only(true)
        .create_if_missing(false)
        .pragma("query_only", "ON")
        .busy_timeout(Duration::from_millis(u64::from(spec.timeout_ms)))
        .statement_cache_capacity(STATEMENTS_MAX)
        .disable_statement_logging();
    Ok(bounds(spec).connect_lazy_with(options))
}

pub(super) async fn fetch(
    pool: &SqlitePool,
    query: &str,
    asked: &Asked,
    rows: &mut Taken<'_>,
) -> Result<(), sqlx::Error> {
    let (text, size) = asked.expanded(query);
    let mut query = sqlx::query(&text);
    for place in 0..size {
        query = if asked.is_int {
            query.bind(asked.ints.get(place).or(asked.ints.last()).copied())
        } else {
            query.bind(asked.texts.get(place).or(asked.texts.last()).map(String::as_str))
        };
    }
    let mut connection = pool.acquire().await?;
    let until = Instant::now() + Duration::from_millis(u64::from(rows.spec.timeout_ms));
    connection.lock_handle().await?.set_progress_handler(STEPS, move || Instant::now() < until);
    let mut found = connection.fetch_many(query);
    let mut is_whole = false;
    while let Some(part) = found.try_next().await? {
        let Either::Right(row) = part else {
            is_whole = true;
            continue;
        };
        let key = cell(&row, rows.key)?;
        let cells = rows.spec.fields.iter().map(|field| cell(&row, &field.field));
        let cells = cells.collect::<Result<Vec<_>, _>>()?;
        if !rows.take(&key, cells) {
            return Ok(());
        }
    }
    // The thread behind the connection may have ended: then nobody is known to be absent.
    if is_whole { Ok(()) } else { Err(sqlx::Error::WorkerCrashed) }
}

/// By what is stored, not by what the column was declared as: SQLite does not hold to that.
fn cell(row: &SqliteRow, column: &str) -> Result<Cell, sqlx::Error> {
    let value = row.try_get_raw(column)?;
    if value.is_null() {
        return Ok(Cell::Null);
    }
    let ty = value.type_info().name().to_owned();
    Ok(match ty.as_str() {
        "INTEGER" | "BOOLEAN" => Cell::Json(row.try_get_unchecked::<i64, _>(column)?.into()),
        "REAL" | "NUMERIC" => Cell::Json(Json::from(row.try_get_unchecked::<f64, _>(column)?)),
        "TEXT" | "DATE" | "TIME" | "DATETIME" => {
            Cell::text(row.try_get_unchecked::<&str, _>(column)?)
        }
        _ => Cell::Other,
    })
}
