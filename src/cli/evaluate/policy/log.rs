//! The log of what was done.

use std::collections::HashMap;

use super::Args;
use crate::cli::data::table::{Cell, Column, DataError, Table, number};
use crate::cli::stats::off_policy::{Distribution, Logged};

/// Most distinct actions.
pub(super) const ACTIONS_MAX: usize = 100_000;

/// The log, with actions and positions by number.
pub(super) struct Log {
    /// Its rows; `target` is still 0.
    pub rows: Vec<Logged>,
    /// Actions by number.
    pub actions: Vec<String>,
    /// Number of an action by name.
    pub action_numbers: HashMap<String, u32>,
    /// Position by row, as a number into `position_names`; empty without positions.
    pub positions: Vec<u32>,
    /// Positions by number.
    pub position_names: Vec<String>,
}

/// What the policy does.
#[derive(Debug, Default)]
pub(super) struct Targets {
    /// Distributions over actions; rows name theirs by number.
    pub distributions: Vec<Distribution>,
    /// What is to be said of them.
    pub warnings: Vec<String>,
}

impl Log {
    /// The number of an action, a new one where the log has none.
    pub(super) fn action(&mut self, name: &str) -> u32 {
        if let Some(known) = self.action_numbers.get(name) {
            return *known;
        }
        let next = u32::try_from(self.actions.len()).unwrap_or(u32::MAX);
        self.actions.push(name.to_owned());
        self.action_numbers.insert(name.to_owned(), next);
        next
    }
}

/// Reads the columns that the flags name.
pub(super) fn read(table: &Table, args: &Args) -> Result<Log, DataError> {
    let (actions, action) = names(table.column(&args.action)?, "action")?;
    if actions.len() > ACTIONS_MAX {
        let reason = format!("{} actions; at most {ACTIONS_MAX}", actions.len());
        return Err(DataError::column(&args.action, reason));
    }
    let reward = numbers(table.column(&args.reward)?, "reward", |number| {
        (!number.is_finite()).then_some("it must be finite")
    })?;
    let propensity = numbers(table.column(&args.propensity)?, "propensity", |number| {
        let possible = number > 0.0 && number <= 1.0;
        (!possible).then_some("what was done has a probability above 0, at most 1")
    })?;
    let (position_names, positions) = match &args.position {
        Some(name) => names(table.column(name)?, "position")?,
        None => (Vec::new(), Vec::new()),
    };
    let rows = action.iter().zip(reward).zip(propensity).map(|((action, reward), propensity)| {
        Logged { action: *action, reward, propensity, target: 0 }
    });
    let numbered = (0_u32..).zip(&actions).map(|(number, name)| (name.clone(), number));
    Ok(Log {
        rows: rows.collect(),
        action_numbers: numbered.collect(),
        actions,
        positions,
        position_names,
    })
}

/// The distinct names of a column and the number of each row's; whole numbers are one name however
/// they are written.
pub(super) fn names(column: &Column, what: &str) -> Result<(Vec<String>, Vec<u32>), DataError> {
    let mut distinct: Vec<String> = Vec::new();
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let mut by_cell = Vec::with_capacity(column.distinct.len());
    for (at, cell) in column.distinct.iter().enumerate() {
        let Cell::Text(text) = cell else {
            let reason = format!("there is no {what}");
            return Err(DataError::cell(column.first_row(at), &column.name, reason));
        };
        let name = plain(text);
        let next = u32::try_from(distinct.len()).unwrap_or(u32::MAX);
        by_cell.push(*numbers.entry(name.clone()).or_insert_with(|| {
            distinct.push(name);
            next
        }));
    }
    let of = |cell: &u32| by_cell.get(*cell as usize).copied().unwrap_or_default();
    Ok((distinct, column.cells.iter().map(of).collect()))
}

/// `3.0` and ` 3` are `3`.
pub(super) fn plain(text: &str) -> String {
    match number(text) {
        Some(Some(number)) if number.fract() == 0.0 && number.abs() < 1e15 => {
            format!("{number:.0}")
        }
        _ => text.trim().to_owned(),
    }
}

/// The numbers of a column by row; `wrong` says what is wrong with one.
pub(super) fn numbers(
    column: &Column,
    what: &str,
    wrong: impl Fn(f64) -> Option<&'static str>,
) -> Result<Vec<f64>, DataError> {
    let read = |(at, cell): (usize, &Cell)| -> Result<f64, DataError> {
        let fault = |reason: String| DataError::cell(column.first_row(at), &column.name, reason);
        let text = match cell {
            Cell::Text(text) => match text.trim() {
                "true" | "True" | "TRUE" => "1",
                "false" | "False" | "FALSE" => "0",
                text => text,
            },
            Cell::Missing | Cell::List(_) => return Err(fault(format!("there is no {what}"))),
        };
        let Some(Some(number)) = number(text) else {
            return Err(fault(format!("`{text}` is no {what}: it must be a number")));
        };
        match wrong(number) {
            Some(reason) => Err(fault(format!("`{text}` is no {what}: {reason}"))),
            None => Ok(number),
        }
    };
    let distinct: Vec<f64> =
        column.distinct.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    let of = |cell: &u32| distinct.get(*cell as usize).copied().unwrap_or_default();
    Ok(column.cells.iter().map(of).collect())
}
