//! What a row of history says: who was offered what, what was known, and what came of it.

use std::collections::BTreeMap;

use crate::cli::client::Connection;

use super::Args;
use crate::api::wire::v1;
use crate::api::wire::v1::catalog_service_client::CatalogServiceClient;
use crate::cli::data::table::{Cell, Column, DataError, Table, number};
use crate::cli::{Failure, values};

/// What the catalog that is serving calls things.
pub struct Words {
    attributes: BTreeMap<String, String>,
    context: BTreeMap<String, String>,
    channels: Vec<String>,
}

impl Words {
    /// Asks the service.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn ask(channel: &Connection) -> Result<Self, Failure> {
        let mut client = CatalogServiceClient::new(channel.clone());
        let answer = client.get_catalog(v1::GetCatalogRequest {}).await?.into_inner();
        let catalog = answer.catalog.unwrap_or_default();
        let given = |field: &v1::Field| field.origin() == v1::FieldOrigin::Given;
        let typed = |field: v1::Field| (field.name, field.r#type);
        Ok(Self {
            attributes: catalog.attributes.into_iter().filter(given).map(typed).collect(),
            context: catalog.context.into_iter().map(typed).collect(),
            channels: catalog.channels.into_iter().map(|channel| channel.channel).collect(),
        })
    }
}

/// One contact and its outcome.
#[derive(Clone, Debug)]
pub struct Row {
    /// Where it stands in the file, from 1.
    pub number: usize,
    /// What was known of the customer: to set, or missing.
    pub attributes: BTreeMap<String, Option<v1::Value>>,
    /// The outcome, context included.
    pub outcome: v1::Outcome,
}

/// A column with what it stands for.
struct Bound<'a> {
    column: &'a Column,
    name: String,
    kind: String,
}

/// The rows of a file, in the order in which they happened.
pub struct Rows<'a> {
    customer: &'a Column,
    offer: &'a Column,
    outcome: &'a Column,
    positive: v1::OutcomeKind,
    time: Option<&'a Column>,
    channel: Option<&'a Column>,
    on: String,
    treatment: Option<&'a Column>,
    reason: Option<&'a Column>,
    value: Option<&'a Column>,
    selection: Option<&'a Column>,
    attributes: Vec<Bound<'a>>,
    context: Vec<Bound<'a>>,
    order: Vec<usize>,
}

impl<'a> Rows<'a> {
    /// Finds out what the columns of `table` stand for.
    ///
    /// # Errors
    /// When a column is not there, stands for nothing, or a time cannot be read.
    pub fn of(args: &Args, table: &'a Table, words: &Words) -> Result<Self, DataError> {
        let named = |name: &Option<String>| name.as_ref().map(|n| table.column(n)).transpose();
        let usual = |name: &Option<String>, usual: &str| match name {
            Some(name) => table.column(name).map(Some),
            None => Ok(table.columns.iter().find(|column| column.name == usual)),
        };
        let channel = match args.on {
            Some(_) => None,
            None => usual(&args.channel, "channel")?,
        };
        let on = args.on.clone().unwrap_or_default();
        if channel.is_none() && !words.channels.contains(&on) {
            return Err(DataError::whole(format!(
                "no column says on which channel it was; name it with `--channel COL` or `--on CHANNEL`, \
                 one of {}",
                words.channels.join(", ")
            )));
        }
        let positive = kind_of(&args.positive).ok_or_else(|| {
            DataError::whole(format!("--positive: `{}` is no kind of outcome", args.positive))
        })?;
        let time = named(&args.time)?;
        let mut rows = Self {
            customer: table.column(&args.customer)?,
            offer: table.column(&args.offer)?,
            outcome: table.column(&args.outcome)?,
            positive,
            time,
            channel,
            on,
            treatment: named(&args.treatment)?,
            reason: named(&args.reason)?,
            value: named(&args.value)?,
            selection: named(&args.selection_probability)?,
            attributes: Vec::new(),
            context: Vec::new(),
            order: (0..table.rows).collect(),
        };
        rows.bind(args, table, words)?;
        if let Some(time) = time {
            let mut at = Vec::with_capacity(table.rows);
            for row in 0..table.rows {
                at.push(moment(time, row)?);
            }
            rows.order.sort_by_key(|row| at.get(*row).copied());
        }
        Ok(rows)
    }

    /// Binds columns to attributes and context entries by name.
    fn bind(&mut self, args: &Args, table: &'a Table, words: &Words) -> Result<(), DataError> {
        let mut renamed = BTreeMap::new();
        for one in &args.rename {
            let (column, name) = one.split_once('=').ok_or_else(|| {
                DataError::whole(format!("--rename: `{one}` is not of the form `COL=NAME`"))
            })?;
            table.column(column)?;
            if !words.attributes.contains_key(name) && !words.context.contains_key(name) {
                let reason =
                    format!("--rename: the catalog knows no attribute or context `{name}`");
                return Err(DataError::column(column, reason));
            }
            renamed.insert(column, name);
        }
        for column in &table.columns {
            let name = renamed.get(column.name.as_str()).copied().unwrap_or(&column.name);
            let bound = |kind: &String| Bound { column, name: name.to_owned(), kind: kind.clone() };
            if let Some(kind) = words.attributes.get(name) {
                self.attributes.push(bound(kind));
            } else if let Some(kind) = words.context.get(name) {
                self.context.push(bound(kind));
            }
        }
        Ok(())
    }

    /// Reads every row once, so that a file with a fault is refused before anything is sent.
    ///
    /// # Errors
    /// The first cell that cannot be what its column stands for.
    pub fn check(&self) -> Result<(), DataError> {
        (0..self.len()).try_for_each(|place| self.get(place).map(drop))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// The row at `place` in the order of sending.
    ///
    /// # Errors
    /// When a cell cannot be what its column stands for.
    pub fn get(&self, place: usize) -> Result<Option<Row>, DataError> {
        let Some(row) = self.order.get(place).copied() else { return Ok(None) };
        let text = |column: Option<&'a Column>| {
            column.and_then(|column| text(column, row)).unwrap_or_default()
        };
        let amount = |column: Option<&Column>| column.map_or(Ok(None), |c| finite(c, row));
        let required = |column: &'a Column| match text(Some(column)) {
            "" => Err(DataError::cell(row, &column.name, "is empty")),
            text => Ok(text.to_owned()),
        };
        let mut attributes = BTreeMap::new();
        for bound in &self.attributes {
            attributes.insert(bound.name.clone(), typed(bound, row)?);
        }
        let mut context = BTreeMap::new();
        for bound in &self.context {
            if let Some(value) = typed(bound, row)? {
                context.insert(bound.name.clone(), value);
            }
        }
        let channel = match self.channel {
            Some(column) => required(column)?,
            None => self.on.clone(),
        };
        let at = self.time.map(|time| moment(time, row)).transpose()?;
        let outcome = v1::Outcome {
            outcome_id: format!("history {row} {:016x}", self.fingerprint(row)),
            customer_id: required(self.customer)?,
            offer_id: required(self.offer)?,
            treatment_id: text(self.treatment).to_owned(),
            channel,
            kind: self.kind(row)?.into(),
            reason: text(self.reason).to_owned(),
            value: amount(self.value)?,
            outcome_time: at.map(|at| prost_types::Timestamp {
                seconds: at.as_second(),
                nanos: at.subsec_nanosecond(),
            }),
            context,
            selection_probability: amount(self.selection)?,
            ..v1::Outcome::default()
        };
        Ok(Some(Row { number: row + 1, attributes, outcome }))
    }

    fn kind(&self, row: usize) -> Result<v1::OutcomeKind, DataError> {
        let cell = text(self.outcome, row).unwrap_or_default();
        match cell {
            "1" | "1.0" | "true" => Ok(self.positive),
            "0" | "0.0" | "false" => Ok(v1::OutcomeKind::NoResponse),
            _ => kind_of(cell).ok_or_else(|| {
                let reason = format!(
                    "`{cell}` is no outcome: impression, click, accept, reject, convert, \
                     no_response, 1 or 0"
                );
                DataError::cell(row, &self.outcome.name, reason)
            }),
        }
    }

    /// Tells the row from that of another file with the same number.
    fn fingerprint(&self, row: usize) -> u64 {
        let columns = [Some(self.customer), Some(self.offer), Some(self.outcome), self.time];
        let columns = columns.into_iter().flatten();
        columns.fold(0, |hash, column| {
            let cell = text(column, row).unwrap_or_default();
            crate::core::key::mix64(hash, crate::core::key::id64(cell))
        })
    }
}

fn text(column: &Column, row: usize) -> Option<&str> {
    let number = column.cells.get(row)?;
    match column.distinct.get(*number as usize)? {
        Cell::Text(text) => Some(text.trim()),
        Cell::Missing | Cell::List(_) => None,
    }
}

fn finite(column: &Column, row: usize) -> Result<Option<f64>, DataError> {
    let Some(text) = text(column, row) else { return Ok(None) };
    match number(text) {
        Some(None) => Ok(None),
        Some(Some(number)) if number.is_finite() => Ok(Some(number)),
        _ => Err(DataError::cell(row, &column.name, format!("`{text}` is no finite number"))),
    }
}

fn moment(column: &Column, row: usize) -> Result<jiff::Timestamp, DataError> {
    let cell = text(column, row).unwrap_or_default();
    let seconds =
        |seconds: f64| jiff::Timestamp::from_millisecond((seconds * 1e3).round() as i64).ok();
    let read = match cell.parse::<f64>() {
        Ok(number) => seconds(number),
        Err(_) => cell.parse::<jiff::Timestamp>().ok().or_else(|| {
            let civil = cell.parse::<jiff::civil::DateTime>().ok()?;
            civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
        }),
    };
    read.ok_or_else(|| {
        let reason =
            format!("`{cell}` is no time: RFC 3339 (2026-03-01T09:30:00Z) or seconds since 1970");
        DataError::cell(row, &column.name, reason)
    })
}

fn kind_of(name: &str) -> Option<v1::OutcomeKind> {
    let kind = v1::OutcomeKind::from_str_name(&format!("OUTCOME_KIND_{}", name.to_uppercase()));
    kind.filter(|kind| *kind != v1::OutcomeKind::Unspecified)
}

/// A cell as a value of the declared type; none where it is missing.
fn typed(bound: &Bound<'_>, row: usize) -> Result<Option<v1::Value>, DataError> {
    let Bound { column, kind, .. } = bound;
    let cell = column.cells.get(row).and_then(|cell| column.distinct.get(*cell as usize));
    let bad = |text: &str| {
        let reason = format!("`{text}` is no {kind}, which `{}` is declared to be", bound.name);
        DataError::cell(row, &column.name, reason)
    };
    let scalar = |kind: &str, text: &str| -> Result<Option<v1::Value>, DataError> {
        let text = text.trim();
        match kind {
            "string" => Ok(Some(values::text(text))),
            "bool" => match text.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" => Ok(Some(values::bool(true))),
                "false" | "0" | "no" => Ok(Some(values::bool(false))),
                _ => Err(bad(text)),
            },
            "timestamp" => moment(column, row).map(|at| {
                let (seconds, nanos) = (at.as_second(), at.subsec_nanosecond());
                let at = prost_types::Timestamp { seconds, nanos };
                Some(v1::Value { kind: Some(v1::value::Kind::TimestampValue(at)) })
            }),
            _ => match number(text) {
                Some(None) => Ok(None),
                Some(Some(number)) if kind == "int" && number.fract() == 0.0 => {
                    Ok(Some(values::int(number as i64)))
                }
                Some(Some(number)) if kind == "double" && number.is_finite() => {
                    Ok(Some(values::double(number)))
                }
                _ => Err(bad(text)),
            },
        }
    };
    let item = kind.strip_prefix("list<").and_then(|kind| kind.strip_suffix('>'));
    match (cell, item) {
        (None | Some(Cell::Missing), _) => Ok(None),
        (Some(Cell::Text(text)), None) => scalar(kind, text),
        (Some(Cell::Text(text)), Some(item)) => list(scalar(item, text)?.into_iter().collect()),
        (Some(Cell::List(texts)), Some(item)) => {
            let read: Result<Vec<_>, _> = texts.iter().map(|text| scalar(item, text)).collect();
            list(read?.into_iter().flatten().collect())
        }
        (Some(Cell::List(_)), None) => Err(bad("a list")),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "in the shape of its neighbours")]
fn list(values: Vec<v1::Value>) -> Result<Option<v1::Value>, DataError> {
    let list = v1::ValueList { values };
    Ok(Some(v1::Value { kind: Some(v1::value::Kind::ListValue(list)) }))
}
