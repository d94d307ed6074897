//! Choices of a data file, by customer and item.

use std::collections::{BTreeMap, BTreeSet};

use super::Args;
use crate::cli::data::table::{Cell, Column, DataError, Table};
use crate::cli::evaluate::columns;
use crate::cli::evaluate::propensity::times;
use crate::core::key::Key;
use crate::core::time::UnixMs;

/// A choice to learn from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// Number of the customer.
    pub user: usize,
    /// What it chose.
    pub item: Key,
    /// When.
    pub at: UnixMs,
}

/// The choices of a file.
#[derive(Clone, Debug, Default)]
pub struct Choices {
    /// To learn from, in order of time.
    pub train: Vec<Choice>,
    /// To be foretold, by customer: what was not chosen in train too.
    pub test: BTreeMap<usize, BTreeSet<Key>>,
    /// Number of customers.
    pub users: usize,
    /// Number of items.
    pub items: usize,
}

impl Choices {
    /// Reads the choices of a table.
    ///
    /// # Errors
    /// When a column is not there, a cell is empty, a split is not 0 or 1, or there is nothing to
    /// learn from or to foretell.
    pub fn read(table: &Table, args: &Args) -> Result<Self, DataError> {
        let users = table.column(&args.user)?;
        named(users)?;
        let items = table.column(&args.item)?;
        let keys = named(items)?;
        let split = columns::labels(table, &args.split)?;
        let times = args.time.as_deref().map(|name| times(table, name)).transpose()?;
        let mut all =
            Self { users: users.distinct.len(), items: items.distinct.len(), ..Self::default() };
        let cells = users.cells.iter().zip(&items.cells).zip(&split);
        for (row, ((user, item), test)) in cells.enumerate() {
            let user = *user as usize;
            let item = keys.get(*item as usize).copied().unwrap_or_default();
            let at = times.as_ref().and_then(|times| times.get(row)).copied().unwrap_or_default();
            if *test {
                all.test.entry(user).or_default().insert(item);
            } else {
                all.train.push(Choice { user, item, at });
            }
        }
        all.train.sort_by_key(|choice| choice.at);
        for choice in &all.train {
            if let Some(test) = all.test.get_mut(&choice.user) {
                test.remove(&choice.item);
            }
        }
        all.test.retain(|_, test| !test.is_empty());
        let missing = match (all.train.is_empty(), all.test.is_empty()) {
            (true, _) => "no row is 0: there is nothing to learn from",
            (_, true) => "no row is 1 and new to its customer: there is nothing to foretell",
            _ => return Ok(all),
        };
        Err(DataError::column(&args.split, missing))
    }
}

/// The key of each distinct cell.
fn named(column: &Column) -> Result<Vec<Key>, DataError> {
    let key = |(at, cell): (usize, &Cell)| match cell {
        Cell::Text(text) => Ok(Key::of(text)),
        Cell::Missing => Err(DataError::cell(column.first_row(at), &column.name, "it is empty")),
        Cell::List(_) => {
            Err(DataError::cell(column.first_row(at), &column.name, "a list is no name"))
        }
    };
    column.distinct.iter().enumerate().map(key).collect()
}
