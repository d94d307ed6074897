//! `tables/`: cells typed, rows compiled, gaps, overlaps and rows never hit reported.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::Build;
use super::literal::type_of;
use super::names::{Namespace, identifier};
use super::schema::check_values;
use crate::core::catalog::fault::Place;
use crate::core::catalog::source::{
    AttributeSource, HitSource, InputSource, OutputSource, TableSource, TypeSource,
};
use crate::core::catalog::{in_range, type_name, value_of};
use crate::core::expression::Type;
use crate::core::table::{
    Audit, Cell, CellError, Hit, INPUTS_MAX, Input, ROWS_MAX, Row, Spec, Table, audit, literal,
    read_cell,
};
use crate::core::value::Value;

/// Most tables of a folder.
const TABLES_MAX: usize = 1024;

/// Compiles all tables. One with faults is left out, and its name remembered as known.
pub(super) fn compile(build: &Build<'_>) -> BTreeMap<Arc<str>, Option<Arc<Table>>> {
    let mut tables = BTreeMap::new();
    let mut names = Namespace::default();
    for file in &build.folder.tables {
        let top = build.place(&file.document);
        let section = top.key("tables");
        for (name, source) in &file.source.tables {
            let place = section.key(name);
            identifier(&place, "a table", name);
            if !names.declare(&place, "table", name, name) {
                continue;
            }
            if tables.len() >= TABLES_MAX {
                place.error_at_key(format!("more than {TABLES_MAX} tables"), None);
                return tables;
            }
            tables.insert(name.as_str().into(), table(&place, name, source));
        }
    }
    tables
}

fn table(place: &Place<'_>, name: &str, source: &TableSource) -> Option<Arc<Table>> {
    let inputs = inputs(&place.key("inputs"), &source.inputs);
    let output = output(&place.key("output"), &source.output, source.hit);
    let default = default(&place.key("default"), source, &output);
    let rows = rows(&place.key("rows"), source, &inputs, &output)?;
    let spec =
        Spec { name: name.into(), inputs, output, hit: hit(source.hit), default: default?, rows };
    match Table::new(spec) {
        Ok(table) => {
            let table = Arc::new(table);
            report(place, &table, &audit(&table));
            Some(table)
        }
        Err(why) => {
            place.error_at_key(why, Some("split it by one of its inputs".to_owned()));
            None
        }
    }
}

fn hit(source: HitSource) -> Hit {
    match source {
        HitSource::First => Hit::First,
        HitSource::Unique => Hit::Unique,
        HitSource::Collect => Hit::Collect,
        HitSource::Sum => Hit::Sum,
        HitSource::Min => Hit::Min,
        HitSource::Max => Hit::Max,
        HitSource::Count => Hit::Count,
    }
}

fn inputs(place: &Place<'_>, sources: &[InputSource]) -> Vec<Input> {
    let mut names = Namespace::default();
    if sources.is_empty() || sources.len() > INPUTS_MAX {
        place.error_at_key(format!("a table has 1 to {INPUTS_MAX} inputs"), None);
    }
    let typed = sources.iter().enumerate().map(|(index, source)| {
        let place = place.index(index);
        names.declare(&place.key("name"), "input", &source.name, &source.name);
        let declared = AttributeSource {
            min: source.min,
            max: source.max,
            ..plain(source.ty, &source.values)
        };
        check_values(&place, &declared);
        if source.ty == TypeSource::StringList {
            place.key("type").error("a list cannot be an input of a table");
        }
        let range = (source.min, source.max);
        Input { name: source.name.as_str().into(), ty: type_of(&declared), range }
    });
    typed.collect()
}

fn output(place: &Place<'_>, source: &OutputSource, hit: HitSource) -> Type {
    let declared = plain(source.ty, &source.values);
    check_values(place, &declared);
    let ty = type_of(&declared);
    let number = matches!(ty, Type::Int | Type::Double);
    let ordered = number || matches!(ty, Type::Timestamp | Type::Duration);
    let fits = match hit {
        HitSource::Sum => number,
        HitSource::Min | HitSource::Max => ordered,
        _ => true,
    };
    if !fits {
        let verb = if hit == HitSource::Sum { "summed" } else { "ordered" };
        place.key("type").error(format!("a {} cannot be {verb}", type_name(&ty)));
    }
    ty
}

fn plain(ty: TypeSource, values: &[String]) -> AttributeSource {
    AttributeSource { values: values.to_vec(), ..AttributeSource::of(ty) }
}

/// Outer `None`: it has a fault.
fn default(place: &Place<'_>, source: &TableSource, output: &Type) -> Option<Option<Value>> {
    let Some(given) = &source.default else {
        return Some(None);
    };
    if !hit(source.hit).needs_a_row() {
        place.error_at_key(
            "this hit policy gives something without a row: no default is used",
            None,
        );
    }
    match value_of(given, output) {
        Ok(value) => Some(Some(value)),
        Err(error) => {
            report_error(place, error);
            None
        }
    }
}

fn rows(
    place: &Place<'_>,
    source: &TableSource,
    inputs: &[Input],
    output: &Type,
) -> Option<Vec<Row>> {
    if source.rows.len() > ROWS_MAX {
        let message = format!("more than {ROWS_MAX} rows");
        place.error_at_key(message, Some("split the table by one of its inputs".to_owned()));
        return None;
    }
    let mut rows = Vec::with_capacity(source.rows.len());
    for (index, cells) in source.rows.iter().enumerate() {
        let place = place.index(index);
        let Some((last, cells)) = cells.split_last().filter(|(_, c)| c.len() == inputs.len())
        else {
            let wanted = inputs.len() + 1;
            let message = format!("this row has {} cells, not {wanted}", cells.len());
            place.index(0).error_hint(message, "one for each input, then the output");
            continue;
        };
        let read = inputs
            .iter()
            .zip(cells)
            .enumerate()
            .map(|(column, (input, cell))| cell_of(&place.index(column), cell, input));
        // All cells before giving up, so that every fault is seen.
        let read: Vec<Option<Cell>> = read.collect();
        let output = output_of(&place.index(cells.len()), last, output);
        if let (Some(cells), Some(output)) = (read.into_iter().collect(), output) {
            rows.push(Row { cells, output });
        }
    }
    (rows.len() == source.rows.len()).then_some(rows)
}

fn cell_of(place: &Place<'_>, cell: &Json, input: &Input) -> Option<Cell> {
    let read = match cell {
        Json::Null => Ok(Cell::Any),
        Json::String(text) => read_cell(text, &input.ty),
        Json::Array(items) => {
            let texts: Vec<String> = items
                .iter()
                .map(|item| match item {
                    // A list's texts stand for themselves: quoted, so that nothing in them is read.
                    Json::String(text) if !text.contains('\'') => format!("'{text}'"),
                    Json::String(text) => format!("\"{text}\""),
                    other => other.to_string(),
                })
                .collect();
            read_cell(&texts.join(","), &input.ty)
        }
        other => read_cell(&other.to_string(), &input.ty),
    };
    let within = read.and_then(|cell| {
        for value in cell.values() {
            in_range(value, input.range)?;
        }
        Ok(cell)
    });
    within.map_err(|error| report_error(place, error)).ok()
}

fn output_of(place: &Place<'_>, cell: &Json, ty: &Type) -> Option<Value> {
    let value = match (cell, ty) {
        (Json::String(text), _) => literal(text, ty),
        (cell, ty) => value_of(cell, ty),
    };
    value.map_err(|error| report_error(place, error)).ok()
}

fn report_error(place: &Place<'_>, error: CellError) {
    match error.hint {
        Some(hint) => place.error_hint(error.message, hint),
        None => place.error(error.message),
    }
}

fn report(place: &Place<'_>, table: &Table, found: &Audit) {
    let spec = table.spec();
    if spec.hit.needs_a_row() && spec.default.is_none() {
        for gap in &found.gaps {
            place.error_at_key(
                format!("no row for {gap}"),
                Some(
                    "add a row, give a `default`, or say what can come in (`values`, `min`, `max`)"
                        .to_owned(),
                ),
            );
        }
    }
    let rows = place.key("rows");
    for (first, second, example) in &found.overlaps {
        rows.index(*second).index(0).error_hint(
            format!("rows {} and {} both match {example}", first + 1, second + 1),
            "make one of them narrower, or choose `hit: first`",
        );
    }
    for row in &found.unreachable {
        let message = format!("row {} is never hit", row + 1);
        let hint = match spec.hit {
            Hit::First => "the rows above take all that it takes",
            _ => "nothing that can come in fits it",
        };
        rows.index(*row).index(0).warn(message, Some(hint.to_owned()));
    }
    if !found.complete {
        let message = "this table has too many cases to look for every gap and overlap".to_owned();
        place.warn_at_key(message, Some("give it a `default`, or split it".to_owned()));
    }
}
