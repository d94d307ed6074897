//! PostgreSQL. Values come in the binary form of its types
//! (<https://www.postgresql.org/docs/current/protocol-overview.html>, "Formats and Format Codes";
//! `timestamptz_send`, `interval_send` and `numeric_send` in its source).

use std::str::FromStr;

use futures::TryStreamExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use sqlx::postgres::{PgConnectOptions, PgPool, PgRow, PgTypeKind};
use sqlx::{ConnectOptions, Row, TypeInfo, ValueRef};

use super::rows::{Asked, Taken};
use super::{STATEMENTS_MAX, bounds, malformed};
use crate::core::live::SourceSpec;
use crate::source::cell::Cell;
use crate::source::config::Connection;
use crate::source::error::SourceError;

/// 2000-01-01T00:00:00Z, in µs since 1970.
const EPOCH_US: i64 = 946_684_800_000_000;
const DAY_US: i64 = 86_400_000_000;

pub(super) fn pool(spec: &SourceSpec, connection: &Connection) -> Result<PgPool, SourceError> {
    let mut options = PgConnectOptions::from_str(&connection.url).map_err(malformed)?;
    if let Some(password) = &connection.password {
        options = options.password(password);
    }
    let options = options
        .application_name("arbitra")
        .statement_cache_capacity(STATEMENTS_MAX)
        .options([
            ("default_transaction_read_only", "on".to_owned()),
            // What a query says beside its rows may be personal.
            ("client_min_messages", "error".to_owned()),
            ("statement_timeout", spec.timeout_ms.to_string()),
            ("idle_in_transaction_session_timeout", "10000".to_owned()),
        ])
        .disable_statement_logging();
    Ok(bounds(spec).connect_lazy_with(options))
}

pub(super) async fn fetch(
    pool: &PgPool,
    query: &str,
    asked: &Asked,
    rows: &mut Taken<'_>,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(query);
    let query = if asked.is_int { query.bind(&asked.ints) } else { query.bind(&asked.texts) };
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

fn cell(row: &PgRow, column: &str) -> Result<Cell, sqlx::Error> {
    let value = row.try_get_raw(column)?;
    if value.is_null() {
        return Ok(Cell::Null);
    }
    let ty = value.type_info().into_owned();
    let bytes = value.as_bytes().unwrap_or_default();
    Ok(match ty.name() {
        "BOOL" => Cell::Json(Json::from(bytes.first() == Some(&1))),
        "INT2" => number(bytes).map_or(Cell::Other, |b| Cell::Json(i16::from_be_bytes(b).into())),
        "INT4" => number(bytes).map_or(Cell::Other, |b| Cell::Json(i32::from_be_bytes(b).into())),
        "INT8" => number(bytes).map_or(Cell::Other, |b| Cell::Json(i64::from_be_bytes(b).into())),
        "FLOAT4" => number(bytes).map_or(Cell::Other, |b| Cell::Json(f32::from_be_bytes(b).into())),
        "FLOAT8" => number(bytes).map_or(Cell::Other, |b| Cell::Json(f64::from_be_bytes(b).into())),
        "NUMERIC" => numeric(bytes).map_or(Cell::Other, |n| Cell::Json(n.into())),
        "TIMESTAMPTZ" | "TIMESTAMP" => {
            moment(number(bytes).map(i64::from_be_bytes).and_then(|us| us.checked_add(EPOCH_US)))
        }
        "DATE" => moment(
            number(bytes)
                .map(|b| i64::from(i32::from_be_bytes(b)))
                .and_then(|days| days.checked_mul(DAY_US)?.checked_add(EPOCH_US)),
        ),
        "INTERVAL" => interval(bytes).map_or(Cell::Other, Cell::Span),
        "TEXT[]" | "VARCHAR[]" => match row.try_get_unchecked::<Vec<String>, _>(column) {
            Ok(items) => Cell::Json(items.into()),
            Err(_) => Cell::Other,
        },
        "UUID" => number(bytes).map_or(Cell::Other, |b| Cell::text(&uuid(u128::from_be_bytes(b)))),
        "TEXT" | "VARCHAR" | "CHAR" | "NAME" => text(bytes),
        _ if matches!(ty.kind(), PgTypeKind::Enum(_)) => text(bytes),
        _ => Cell::Other,
    })
}

fn number<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

fn text(bytes: &[u8]) -> Cell {
    std::str::from_utf8(bytes).map_or(Cell::Other, Cell::text)
}

fn moment(us: Option<i64>) -> Cell {
    us.and_then(|us| Timestamp::from_microsecond(us).ok()).map_or(Cell::Other, Cell::Moment)
}

fn uuid(bits: u128) -> String {
    let hex = format!("{bits:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

/// µs, days, months; months have no length.
fn interval(bytes: &[u8]) -> Option<SignedDuration> {
    let us = i64::from_be_bytes(bytes.get(..8)?.try_into().ok()?);
    let days = i32::from_be_bytes(bytes.get(8..12)?.try_into().ok()?);
    let months = i32::from_be_bytes(bytes.get(12..16)?.try_into().ok()?);
    let us = i64::from(days).checked_mul(DAY_US)?.checked_add(us)?;
    (months == 0).then(|| SignedDuration::from_micros(us))
}

/// Digits to the base of 10,000, weight of the first, sign, and the scale for display.
fn numeric(bytes: &[u8]) -> Option<f64> {
    let mut words =
        bytes.chunks_exact(2).filter_map(|pair| Some(u16::from_be_bytes(number(pair)?)));
    let _count = words.next()?;
    let weight = words.next()?.cast_signed();
    let sign = words.next()?;
    let _scale = words.next()?;
    // As decimal text, so that the nearest double comes out.
    let digits: String = words.map(|digit| format!("{digit:04}")).collect();
    let exponent = 4 * (i64::from(weight) + 1);
    let size: f64 = format!("0.{digits}e{exponent}").parse().ok()?;
    match sign {
        0x0000 => Some(size),
        0x4000 => Some(-size),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_become_the_nearest_doubles() {
        let wire = |weight: i16, sign: u16, digits: &[u16]| {
            let head = [digits.len() as u16, weight.cast_unsigned(), sign, 2];
            let words = head.iter().chain(digits);
            words.flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>()
        };
        assert_eq!(numeric(&wire(1, 0, &[1, 2345, 6700])), Some(12345.67));
        assert_eq!(numeric(&wire(-1, 0x4000, &[1000])), Some(-0.1));
        assert_eq!(numeric(&wire(0, 0, &[])), Some(0.0));
        assert_eq!(numeric(&wire(0, 0xC000, &[])), None, "not a number");
        assert_eq!(uuid(0x0123), "00000000-0000-0000-0000-000000000123");
    }
}
