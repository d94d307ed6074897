//! A policy as a table of action, position and probability.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Args;
use super::log::{Log, Targets, names, numbers};
use crate::cli::Failure;
use crate::cli::data;
use crate::cli::data::table::{DataError, Table};

/// How far the probabilities of a position may be from 1 in all: what rounding leaves.
const SUM_TOLERANCE: f64 = 1e-3;

/// Reads the table and gives each row of the log its distribution.
pub(super) fn read(path: &Path, args: &Args, log: &mut Log) -> Result<Targets, Failure> {
    let table = data::read(path, args.json)?;
    let unusable = |error: DataError| Failure::Other(format!("`{}`: {error}", path.display()));
    let by_position = distributions(&table, args, log).map_err(unusable)?;
    let mut targets = Targets::default();
    for (position, distribution) in &by_position {
        let sum: f64 = distribution.iter().map(|(_, p)| p).sum();
        if (sum - 1.0).abs() > SUM_TOLERANCE {
            let at = if position.is_empty() { String::new() } else { format!(" at {position}") };
            let reason = format!("the probabilities{at} come to {sum}, not 1");
            return Err(unusable(DataError::column("probability", reason)));
        }
        let mut sorted = distribution.clone();
        sorted.sort_by_key(|(action, _)| *action);
        targets.distributions.push(sorted);
    }
    let place = |position: &str| by_position.keys().position(|known| known == position);
    let everywhere = place("");
    for (number, row) in log.rows.iter_mut().enumerate() {
        let position = log.positions.get(number).and_then(|p| log.position_names.get(*p as usize));
        let found = match (everywhere, position) {
            (Some(place), _) => Some(place),
            (None, Some(position)) => place(position),
            (None, None) => None,
        };
        let Some(found) = found else {
            let reason = match position {
                Some(position) => format!("`{}` has no position `{position}`", path.display()),
                None => {
                    format!("`{}` has positions: say with `--position` which", path.display())
                }
            };
            return Err(Failure::Other(format!("row {}: {reason}", number + 1)));
        };
        row.target = u32::try_from(found).unwrap_or(u32::MAX);
    }
    Ok(targets)
}

type ByPosition = BTreeMap<String, Vec<(u32, f64)>>;

/// By position, `""` without positions.
fn distributions(table: &Table, args: &Args, log: &mut Log) -> Result<ByPosition, DataError> {
    let column = |usual: &str, told: Option<&str>| {
        let named = |name: &str| table.columns.iter().find(|column| column.name == name);
        named(usual).or_else(|| told.and_then(named))
    };
    let Some(actions) = column("action", Some(&args.action)) else {
        return Err(table.column("action").err().unwrap_or(DataError::whole("no actions")));
    };
    let (names_of, action) = names(actions, "action")?;
    let probability = numbers(table.column("probability")?, "probability", |number| {
        (!(0.0..=1.0).contains(&number)).then_some("it lies in 0..=1")
    })?;
    let position = column("position", args.position.as_deref());
    let position = position.map(|column| names(column, "position")).transpose()?;
    let numbers: Vec<u32> = names_of.iter().map(|name| log.action(name)).collect();
    let mut listed = BTreeSet::new();
    let mut by_position = ByPosition::new();
    for (row, (action, probability)) in action.iter().zip(probability).enumerate() {
        let at = position.as_ref().and_then(|(names, rows)| names.get(*rows.get(row)? as usize));
        let number = numbers.get(*action as usize).copied().unwrap_or(u32::MAX);
        let at = at.cloned().unwrap_or_default();
        if !listed.insert((at.clone(), number)) {
            let reason = "the action is listed twice at its position";
            return Err(DataError::cell(row, &actions.name, reason));
        }
        by_position.entry(at).or_default().push((number, probability));
    }
    Ok(by_position)
}
