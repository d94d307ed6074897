//! Parquet files as tables: flat columns and lists of plain values, compressed by Snappy, gzip or
//! LZ4, or not at all.

use std::fs::File;

use indicatif::ProgressBar;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

use super::table::{COLUMNS_MAX, Cell, Column, DataError, ROWS_MAX, Table};

/// The first bytes of every such file.
pub const MAGIC: &[u8] = b"PAR1";

/// Rows between two looks at the progress bar.
const BAR_ROWS: usize = 1 << 16;

/// Reads the file.
///
/// # Errors
/// When it is damaged, compressed otherwise, or has cells that are no values: with row and column.
pub fn read(file: File, bar: &ProgressBar) -> Result<Table, DataError> {
    let whole = |error: parquet::errors::ParquetError| DataError::whole(error.to_string());
    let reader = SerializedFileReader::new(file).map_err(whole)?;
    let known = reader.metadata().file_metadata();
    let names = known.schema().get_fields().iter().map(|field| field.name());
    let mut table = Table::default();
    for name in names {
        if table.columns.len() >= COLUMNS_MAX {
            return Err(DataError::whole(format!("more than {COLUMNS_MAX} columns")));
        }
        table.columns.push(Column::new(name));
    }
    let rows = usize::try_from(known.num_rows()).unwrap_or(usize::MAX);
    if rows > ROWS_MAX {
        return Err(DataError::whole(format!("{rows} rows; at most {ROWS_MAX}")));
    }
    bar.set_length(rows as u64);
    for row in reader.get_row_iter(None).map_err(whole)? {
        let number = table.rows;
        let row = row.map_err(|error| DataError::row(number, error.to_string()))?;
        for (column, (_, field)) in table.columns.iter_mut().zip(row.get_column_iter()) {
            let cell =
                cell(field).map_err(|reason| DataError::cell(number, &column.name, reason))?;
            column.push(cell)?;
        }
        table.rows += 1;
        if table.rows.is_multiple_of(BAR_ROWS) {
            bar.set_position(table.rows as u64);
        }
    }
    Ok(table)
}

fn cell(field: &Field) -> Result<Cell, String> {
    if let Field::ListInternal(list) = field {
        let texts = list.elements().iter().map(|field| match text(field)? {
            Some(text) => Ok(text.into()),
            None => Ok("null".into()),
        });
        return Ok(Cell::List(texts.collect::<Result<_, String>>()?));
    }
    Ok(match text(field)? {
        Some(text) if text.is_empty() => Cell::Missing,
        Some(text) => Cell::Text(text.into()),
        None => Cell::Missing,
    })
}

/// A plain value as CSV would write it; `None` where there is none.
fn text(field: &Field) -> Result<Option<String>, String> {
    let moment = |at: Result<jiff::Timestamp, jiff::Error>| {
        at.map(|at| at.to_string()).map_err(|_| "a moment outside of the calendar".to_owned())
    };
    Ok(Some(match field {
        Field::Null => return Ok(None),
        Field::Str(text) => text.clone(),
        Field::Float(number) => number.to_string(),
        Field::Double(number) => number.to_string(),
        Field::Bytes(bytes) => match std::str::from_utf8(bytes.data()) {
            Ok(text) => text.to_owned(),
            Err(_) => return Err("raw bytes are no value".to_owned()),
        },
        Field::TimestampMillis(ms) => moment(jiff::Timestamp::from_millisecond(*ms))?,
        Field::TimestampMicros(us) => moment(jiff::Timestamp::from_microsecond(*us))?,
        Field::Group(_) | Field::MapInternal(_) | Field::ListInternal(_) => {
            return Err("a list or object inside is no value; flatten it".to_owned());
        }
        other => other.to_string(),
    }))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::basic::Compression;
    use parquet::column::writer::ColumnWriter;
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::*;

    /// Two rows of a number and an optional text.
    fn written(compression: Compression) -> File {
        let schema = "message rows { required double a; optional byte_array b (UTF8); }";
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let properties = WriterProperties::builder().set_compression(compression).build();
        let file = tempfile::tempfile().unwrap();
        let copy = file.try_clone().unwrap();
        let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
        let mut group = writer.next_row_group().unwrap();
        while let Some(mut column) = group.next_column().unwrap() {
            match column.untyped() {
                ColumnWriter::DoubleColumnWriter(column) => {
                    column.write_batch(&[1.0, 2.5], None, None).unwrap();
                }
                ColumnWriter::ByteArrayColumnWriter(column) => {
                    column.write_batch(&["x".into()], Some(&[1, 0]), None).unwrap();
                }
                _ => panic!("no such column"),
            }
            column.close().unwrap();
        }
        group.close().unwrap();
        writer.close().unwrap();
        copy
    }

    #[test]
    fn numbers_texts_and_missing_cells_are_as_in_csv() {
        for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY] {
            let table = read(written(compression), &ProgressBar::hidden()).unwrap();
            assert_eq!(table.rows, 2);
            let text = |text: &str| Cell::Text(text.into());
            let (a, b) = (&table.columns[0], &table.columns[1]);
            assert_eq!((a.name.as_str(), a.cell(0), a.cell(1)), ("a", &text("1"), &text("2.5")));
            assert_eq!((b.name.as_str(), b.cell(0), b.cell(1)), ("b", &text("x"), &Cell::Missing));
        }
    }

    #[test]
    fn a_damaged_file_is_a_fault() {
        use std::io::Write as _;
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"PAR1 and then nothing that belongs here").unwrap();
        assert!(read(file, &ProgressBar::hidden()).is_err());
    }
}
