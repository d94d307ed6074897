//! MySQL and MariaDB. Moments come in the binary form of the protocol
//! (<https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html>).

use std::str::FromStr;

use futures::TryStreamExt;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value as Json;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlPool, MySqlRow};
use sqlx::{ConnectOptions, Executor, Row, TypeInfo, ValueRef};

use super::rows::{Asked, Taken};
use super::{STATEMENTS_MAX, bounds, malformed};
use crate::core::live::SourceSpec;
use crate::source::cell::Cell;
use crate::source::config::Connection;
use crate::source::error::SourceError;

pub(super) fn pool(spec: &SourceSpec, connection: &Connection) -> Result<MySqlPool, SourceError> {
    let mut options = MySqlConnectOptions::from_str(&connection.url).map_err(malformed)?;
    if let Some(password) = &connection.password {
        options = options.password(password);
    }
    let options = options.statement_cache_capacity(STATEMENTS_MAX).disable_statement_logging();
    let ms = spec.timeout_ms;
    let pool = bounds(spec)
        .after_connect(move |connection: &mut MySqlConnection, _| {
            Box::pin(async move {
                connection.execute("SET SESSION TRANSACTION READ ONLY").await?;
                // The one is MySQL's, the other MariaDB's.
                let mysql = format!("SET SESSION max_execution_time = {ms}");
                if connection.execute(mysql.as_str()).await.is_err() {
                    let seconds = f64::from(ms) / 1000.0;
                    let mariadb = format!("SET SESSION max_statement_time = {seconds}");
                    connection.execute(mariadb.as_str()).await?;
                }
                Ok(())
            })
        })
        .connect_lazy_with(options);
    Ok(pool)
}

pub(super) async fn fetch(
    pool: &MySqlPool,
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
    let mut found = query.fetch(&mut *connection);
    while let Some(row) = found.try_next().await? {
        let key = cell(&row, rows.key)?;
        let cells = rows.spec.fields.iter().map(|field| cell(&row, &field.field));
        let cells = cells.collect::<Result<Vec<_>, _>>()?;
        if !rows.take(&key, cells) {
            break;
        }
    }
    Ok(())
}

fn cell(row: &MySqlRow, column: &str) -> Result<Cell, sqlx::Error> {
    let value = row.try_get_raw(column)?;
    if value.is_null() {
        return Ok(Cell::Null);
    }
    let ty = value.type_info().name().to_owned();
    let bytes = || row.try_get_unchecked::<&[u8], _>(column);
    Ok(match ty.as_str() {
        "BOOLEAN" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => {
            Cell::Json(row.try_get_unchecked::<i64, _>(column)?.into())
        }
        name if name.ends_with(" UNSIGNED") => {
            Cell::Json(row.try_get_unchecked::<u64, _>(column)?.into())
        }
        "FLOAT" => Cell::Json(row.try_get_unchecked::<f32, _>(column)?.into()),
        "DOUBLE" => Cell::Json(row.try_get_unchecked::<f64, _>(column)?.into()),
        "DECIMAL" => {
            let text = std::str::from_utf8(bytes()?).unwrap_or_default();
            text.parse::<f64>().map_or(Cell::Other, |number| Cell::Json(Json::from(number)))
        }
        "CHAR" | "VARCHAR" | "TINYTEXT" | "TEXT" | "MEDIUMTEXT" | "LONGTEXT" | "ENUM" | "JSON" => {
            std::str::from_utf8(bytes()?).map_or(Cell::Other, Cell::text)
        }
        "DATE" | "DATETIME" | "TIMESTAMP" => moment(bytes()?).map_or(Cell::Other, Cell::Moment),
        _ => Cell::Other,
    })
}

/// Length, year, month, day, then hour, minute and second, then µs; in UTC, as the session is.
fn moment(bytes: &[u8]) -> Option<Timestamp> {
    let byte = |at: usize| bytes.get(at).copied().unwrap_or_default().cast_signed();
    let year = i16::from_le_bytes(bytes.get(1..3)?.try_into().ok()?);
    let us = bytes.get(8..12).and_then(|part| Some(i32::from_le_bytes(part.try_into().ok()?)));
    let nanos = us.unwrap_or_default().checked_mul(1000)?;
    let civil = DateTime::new(year, byte(3), byte(4), byte(5), byte(6), byte(7), nanos).ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn moments_read_with_and_without_their_time() {
        let day = moment(&[4, 0xEA, 0x07, 1, 31]).unwrap();
        assert_eq!(day.to_string(), "2026-01-31T00:00:00Z");
        let full = moment(&[11, 0xEA, 0x07, 1, 31, 12, 30, 59, 0x40, 0x42, 0x0F, 0]);
        assert_eq!(full, None, "a million µs are a second");
        let full = moment(&[11, 0xEA, 0x07, 1, 31, 12, 30, 59, 0x20, 0xA1, 0x07, 0]).unwrap();
        assert_eq!(full.to_string(), "2026-01-31T12:30:59.5Z");
    }
}
