//! Data files: CSV (also with semicolons or tabs) and NDJSON, plain or compressed by gzip, and
//! Parquet. A further format is one more arm of [`read`].

mod parquet;
pub mod table;

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use indicatif::ProgressBar;

use self::table::{COLUMNS_MAX, Cell, Column, DataError, ROWS_MAX, Table};
use crate::cli::{Failure, output};

/// Longest line of an NDJSON file, in bytes.
const LINE_BYTES_MAX: u64 = 4 << 20;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Delimited(u8),
    Ndjson,
}

/// Reads a data file, whatever its format: gzip and Parquet by their first bytes, NDJSON by its first
/// character, else values apart by the header's comma, semicolon or tab.
///
/// # Errors
/// When it cannot be read, or not as such a file: with row and column.
pub fn read(path: &Path, quiet: bool) -> Result<Table, Failure> {
    let name = path.display().to_string();
    let open = |error| Failure::other(&format!("`{name}` cannot be read"), error);
    let file = File::open(path).map_err(open)?;
    let bytes = file.metadata().map_err(open)?.len();
    let bar = output::progress(bytes, quiet);
    bar.set_message("reading");
    let mut raw = BufReader::with_capacity(1 << 16, bar.wrap_read(file));
    let head = raw.fill_buf().map_err(open)?;
    if head.starts_with(parquet::MAGIC) {
        let table = parquet::read(File::open(path).map_err(open)?, &bar);
        return finish(&name, &bar, table);
    }
    let packed = head.starts_with(&[0x1f, 0x8b]);
    let plain: Box<dyn Read> =
        if packed { Box::new(flate2::bufread::MultiGzDecoder::new(raw)) } else { Box::new(raw) };
    let mut plain = BufReader::with_capacity(1 << 16, plain);
    let format = sniff(plain.fill_buf().map_err(open)?);
    let table = match format {
        Format::Delimited(delimiter) => delimited(plain, delimiter),
        Format::Ndjson => ndjson(plain),
    };
    finish(&name, &bar, table)
}

fn finish(
    name: &str,
    bar: &ProgressBar,
    table: Result<Table, DataError>,
) -> Result<Table, Failure> {
    bar.finish_and_clear();
    let table = table.map_err(|error| Failure::Other(format!("`{name}`: {error}")))?;
    if table.rows == 0 {
        return Err(Failure::Other(format!("`{name}`: there are no rows")));
    }
    Ok(table)
}

fn sniff(head: &[u8]) -> Format {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    if head.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{') {
        return Format::Ndjson;
    }
    let header = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let holds = |byte: u8| header.contains(&byte);
    Format::Delimited(match (holds(b','), holds(b';'), holds(b'\t')) {
        (false, true, _) => b';',
        (false, false, true) => b'\t',
        _ => b',',
    })
}

fn delimited(input: impl Read, delimiter: u8) -> Result<Table, DataError> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(input);
    let header = reader.headers().map_err(|error| DataError::whole(error.to_string()))?;
    if header.len() > COLUMNS_MAX {
        return Err(DataError::whole(format!("{} columns; at most {COLUMNS_MAX}", header.len())));
    }
    let mut table = Table::default();
    for name in header {
        let name = name.trim_start_matches('\u{feff}').trim();
        if table.columns.iter().any(|column| column.name == name) {
            return Err(DataError::column(name, "stands in the header twice"));
        }
        table.columns.push(Column::new(name));
    }
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(table),
            Err(error) => return Err(DataError::row(table.rows, csv_reason(&error))),
        }
        for (column, text) in table.columns.iter_mut().zip(&record) {
            column.push(if text.is_empty() { Cell::Missing } else { Cell::Text(text.into()) })?;
        }
        grow(&mut table)?;
    }
}

fn csv_reason(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} values where the header has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "not valid UTF-8".to_owned(),
        _ => error.to_string(),
    }
}

fn grow(table: &mut Table) -> Result<(), DataError> {
    table.rows += 1;
    if table.rows > ROWS_MAX {
        return Err(DataError::whole(format!("more than {ROWS_MAX} rows")));
    }
    Ok(())
}

fn ndjson(mut input: impl BufRead) -> Result<Table, DataError> {
    let mut table = Table::default();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut input).take(LINE_BYTES_MAX + 1).read_until(b'\n', &mut line);
        let read = read.map_err(|error| DataError::row(table.rows, error.to_string()))?;
        if read == 0 {
            break;
        }
        if line.len() as u64 > LINE_BYTES_MAX {
            let reason = format!("a line of more than {LINE_BYTES_MAX} bytes");
            return Err(DataError::row(table.rows, reason));
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&line)
            .map_err(|error| DataError::row(table.rows, format!("no JSON object: {error}")))?;
        for (name, value) in &object {
            let place = match places.get(name) {
                Some(place) => *place,
                None if table.columns.len() < COLUMNS_MAX => {
                    places.insert(name.clone(), table.columns.len());
                    table.columns.push(Column::new(name));
                    table.columns.len() - 1
                }
                None => {
                    let reason = format!("more than {COLUMNS_MAX} columns");
                    return Err(DataError::row(table.rows, reason));
                }
            };
            if let Some(column) = table.columns.get_mut(place) {
                column.fill(table.rows)?;
                let cell = json_cell(value)
                    .map_err(|reason| DataError::cell(table.rows, &column.name, reason))?;
                column.push(cell)?;
            }
        }
        grow(&mut table)?;
    }
    let rows = table.rows;
    table.columns.iter_mut().try_for_each(|column| column.fill(rows))?;
    Ok(table)
}

fn json_cell(value: &serde_json::Value) -> Result<Cell, String> {
    use serde_json::Value as Json;
    let text = |value: &Json| -> Result<Box<str>, String> {
        Ok(match value {
            Json::String(text) => text.as_str().into(),
            Json::Null => "null".into(),
            Json::Bool(_) | Json::Number(_) => value.to_string().into(),
            _ => return Err("a list or object inside is no value; flatten it".to_owned()),
        })
    };
    Ok(match value {
        Json::Null => Cell::Missing,
        Json::String(text) if text.is_empty() => Cell::Missing,
        Json::Array(list) => Cell::List(list.iter().map(text).collect::<Result<_, _>>()?),
        other => Cell::Text(text(other)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_formats_give_the_same_table() {
        let csv = "a,b\n1,x\n2,\n";
        let tabs = "a\tb\n1\tx\n2\t\n";
        let json = "{\"a\":1,\"b\":\"x\"}\n\n{\"a\":2}\n";
        let shape = |table: Table| -> Vec<(String, Vec<Cell>)> {
            let cells = |column: &Column| (0..table.rows).map(|r| column.cell(r).clone()).collect();
            table.columns.iter().map(|column| (column.name.clone(), cells(column))).collect()
        };
        let of = |text: &str| match sniff(text.as_bytes()) {
            Format::Delimited(delimiter) => shape(delimited(text.as_bytes(), delimiter).unwrap()),
            Format::Ndjson => shape(ndjson(text.as_bytes()).unwrap()),
        };
        assert_eq!(of(csv), of(json));
        assert_eq!(of(csv), of(tabs));
    }

    #[test]
    fn a_fault_has_its_row_and_column() {
        let error = delimited("a,b\n1,2\n3\n".as_bytes(), b',').unwrap_err();
        assert_eq!(error.to_string(), "row 2: 1 values where the header has 2");
        let error = ndjson("{\"a\":1}\n{\"a\":{\"b\":1}}\n".as_bytes()).unwrap_err();
        assert!(error.to_string().starts_with("row 2, column `a`: "), "{error}");
        let error = delimited("a,a\n1,2\n".as_bytes(), b',').unwrap_err();
        assert_eq!(error.to_string(), "column `a`: stands in the header twice");
    }
}
