//! A decision table as CSV: rows as a spreadsheet saves them, below a header `name: type`, the
//! output last. A head in YAML between two lines `---` says the rest (`hit`, `default`,
//! `description`). Read into the same value, with the same positions, as the YAML form.

use serde_json::{Map, Value, json};

use super::yaml::{self, Entry, Node, NodeContent, Region, Style, YamlError};

/// Reads the file at `path` by its ending; a table in CSV has the name of its file.
///
/// # Errors
/// All that is wrong with its form.
pub(super) fn parse_file(path: &str, text: &str) -> Result<(Value, Node), Vec<YamlError>> {
    match path.strip_suffix(".csv") {
        Some(stem) => parse(stem.rsplit('/').next().unwrap_or_default(), text),
        None => yaml::parse(text),
    }
}

fn parse(name: &str, text: &str) -> Result<(Value, Node), Vec<YamlError>> {
    let (head, body, first_line) = split(text)?;
    let (mut fields, mut entries) = match head {
        None => (Map::new(), Vec::new()),
        Some(head) => match yaml::parse(head)? {
            (Value::Object(fields), Node { content: NodeContent::Map(entries), .. }) => {
                (fields, entries)
            }
            _ => return Err(vec![wrong(1, 1, 4, "the head must be a map, as in `hit: first`")]),
        },
    };
    let mut records = Records::new(body, first_line);
    let Some(header) = records.next().transpose().map_err(|error| vec![error])? else {
        return Err(vec![wrong(first_line, 1, 2, "the table has no header")]);
    };
    let mut faults = columns(&header, &mut fields, &mut entries);
    let (mut rows, mut nodes) = (Vec::new(), Vec::new());
    for record in records {
        match record {
            Ok(cells) => {
                rows.push(Value::Array(cells.iter().map(|cell| json!(cell.text)).collect()));
                let content = NodeContent::List(cells.iter().map(Field::node).collect());
                let at = cells.first().map_or_else(Region::default, |cell| cell.at);
                nodes.push(Node { at, content });
            }
            Err(error) => faults.push(error),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let at = header.first().map_or_else(Region::default, |cell| cell.at);
    fields.insert("rows".to_owned(), Value::Array(rows));
    entries.push(entry("rows", at, NodeContent::List(nodes)));
    let table = NodeContent::Map(entries);
    let tables = NodeContent::Map(vec![entry(name, at, table)]);
    let root = NodeContent::Map(vec![entry("tables", at, tables)]);
    Ok((json!({ "tables": { name: fields } }), Node { at, content: root }))
}

fn entry(key: &str, at: Region, content: NodeContent) -> Entry {
    Entry { key: key.to_owned(), at, node: Node { at, content } }
}

fn wrong(line: u32, column: u32, end_column: u32, message: impl Into<String>) -> YamlError {
    let at = Region { line, column, end_line: line, end_column };
    YamlError { at, message: message.into(), hint: None }
}

/// The head, the rest, and the line on which the rest begins.
fn split(text: &str) -> Result<(Option<&str>, &str, u32), Vec<YamlError>> {
    let mut lines = text.split_inclusive('\n');
    if lines.next().is_none_or(|line| line.trim_end() != "---") {
        return Ok((None, text, 1));
    }
    let mut end = text.find('\n').map_or(text.len(), |at| at + 1);
    for (number, line) in (2_u32..).zip(lines) {
        if line.trim_end() == "---" {
            let body = text.get(end + line.len()..).unwrap_or_default();
            return Ok((text.get(..end), body, number + 1));
        }
        end += line.len();
    }
    Err(vec![wrong(1, 1, 4, "the head has no end: close it with a line `---`")])
}

/// A cell with its place.
struct Field {
    text: String,
    at: Region,
}

impl Field {
    fn node(&self) -> Node {
        Node { at: self.at, content: NodeContent::Scalar(Style::Plain) }
    }

    fn fault(&self, message: impl Into<String>, hint: &str) -> YamlError {
        YamlError { at: self.at, message: message.into(), hint: Some(hint.to_owned()) }
    }
}

/// The records of a text that are not empty.
struct Records<'t> {
    reader: csv::Reader<&'t [u8]>,
    lines: Vec<&'t str>,
    first_line: u32,
}

impl<'t> Records<'t> {
    fn new(text: &'t str, first_line: u32) -> Self {
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .comment(Some(b'#'))
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        Self { reader, lines: text.split('\n').collect(), first_line }
    }

    /// The places of a record's fields: each is looked for behind the one before.
    fn placed(&self, record: &csv::StringRecord) -> Vec<Field> {
        let index = record.position().map_or(0, |p| p.line().saturating_sub(1));
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        // Remarks and empty lines above a record count as part of it.
        let above = self.lines.iter().skip(index);
        let above = above.take_while(|line| line.trim().is_empty() || line.starts_with('#'));
        let index = index + above.count();
        let line = self.lines.get(index).copied().unwrap_or_default();
        let number = self.first_line.saturating_add(u32::try_from(index).unwrap_or(u32::MAX));
        let mut from = 0;
        let place = |text: &str| {
            let found = line.get(from..).and_then(|rest| rest.find(text)).map(|at| from + at);
            let (start, length) = found.map_or((from, 1), |start| (start, text.len()));
            let column = line.get(..start).map_or(0, |s| s.chars().count()) + 1;
            from = (start + length).min(line.len());
            from += line.get(from..).and_then(|rest| rest.find(',')).map_or(0, |at| at + 1);
            let column = u32::try_from(column).unwrap_or(u32::MAX);
            let width = u32::try_from(text.chars().count().max(1)).unwrap_or(u32::MAX);
            let end_column = column.saturating_add(width);
            let at = Region { line: number, column, end_line: number, end_column };
            Field { text: text.to_owned(), at }
        };
        record.iter().map(place).collect()
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Vec<Field>, YamlError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut record = csv::StringRecord::new();
        match self.reader.read_record(&mut record) {
            Ok(true) => Some(Ok(self.placed(&record))),
            Ok(false) => None,
            Err(error) => {
                let line = error.position().map_or(1, csv::Position::line);
                let line = self.first_line + u32::try_from(line).unwrap_or(u32::MAX) - 1;
                Some(Err(wrong(line, 1, 2, format!("this is not CSV: {error}"))))
            }
        }
    }
}

const HEADER_HINT: &str =
    "write `age: int`, `age: int(0..120)`, `tier: string` or `tier: string(basic|gold)`";

/// Turns the header into `inputs` and `output`.
fn columns(
    header: &[Field],
    fields: &mut Map<String, Value>,
    entries: &mut Vec<Entry>,
) -> Vec<YamlError> {
    let mut faults = Vec::new();
    let (mut inputs, mut nodes) = (Vec::new(), Vec::new());
    for (index, field) in header.iter().enumerate() {
        let output = index + 1 == header.len();
        match column(&field.text) {
            None => faults.push(field.fault(
                format!("`{}` does not say name and type of a column", field.text),
                HEADER_HINT,
            )),
            Some(column) => {
                let keys = column.keys().map(|key| entry(key, field.at, field.node().content));
                let content = NodeContent::Map(keys.collect());
                if output {
                    fields.insert("output".to_owned(), Value::Object(column));
                    entries.push(entry("output", field.at, content));
                } else {
                    inputs.push(Value::Object(column));
                    nodes.push(Node { at: field.at, content });
                }
            }
        }
    }
    if let Some(first) = header.first() {
        fields.insert("inputs".to_owned(), Value::Array(inputs));
        entries.push(entry("inputs", first.at, NodeContent::List(nodes)));
    }
    faults
}

/// `name: type`, `name: type(a|b)` or `name: type(1..9)` as an input or output declares it.
fn column(text: &str) -> Option<Map<String, Value>> {
    let (name, ty) = text.split_once(':')?;
    let (ty, extra) = match ty.trim().split_once('(') {
        None => (ty.trim(), None),
        Some((ty, extra)) => (ty.trim(), Some(extra.strip_suffix(')')?)),
    };
    let mut column = Map::new();
    column.insert("name".to_owned(), json!(name.trim()));
    column.insert("type".to_owned(), json!(ty));
    match (extra, extra.and_then(|extra| extra.split_once(".."))) {
        (None, _) => {}
        (Some(_), Some((min, max))) => {
            for (key, bound) in [("min", min.trim()), ("max", max.trim())] {
                if !bound.is_empty() {
                    column.insert(key.to_owned(), json!(bound.parse::<f64>().ok()?));
                }
            }
        }
        (Some(values), None) => {
            let values: Vec<_> = values.split('|').map(str::trim).collect();
            column.insert("values".to_owned(), json!(values));
        }
    }
    Some(column)
}
