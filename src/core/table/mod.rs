//! Decision tables: rows of conditions over typed inputs, each with an output. Expressions call them
//! as `table.NAME(...)`.
//!
//! `cell` is what a cell says, `read` its text; `regions` cuts each input's values at all the bounds
//! its cells name, so that within a region every row says the same; `index` keeps the rows of each
//! region as bits and answers a call by an intersection, whatever the order of rows; `audit` walks
//! the regions for gaps, overlaps and rows that can never be hit. `scan` reads row by row: slow,
//! plain, and what tests hold the index against.
//!
//! Pure and total. Cells are literals: a table cannot call anything, so no cycle can be written.

mod audit;
mod cell;
mod index;
mod read;
mod regions;
mod scan;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

use super::expression::{Lookup, Parameter, Type};
use super::value::Value;
use index::Index;

pub use audit::{Audit, audit};
pub use cell::{Bound, Cell, Test};
pub use read::{CellError, literal, read_cell};

/// Most rows of a table.
pub const ROWS_MAX: usize = 4096;
/// Most inputs of a table.
pub const INPUTS_MAX: usize = 16;
/// Most bits of a table's index.
pub const INDEX_BITS_MAX: usize = 1 << 28;

/// What a call gives of the rows that match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hit {
    /// The output of the first, in the order written.
    First,
    /// The output of the only one: no two rows may match at once.
    Unique,
    /// All outputs, as a list in the order written.
    Collect,
    /// Their sum; 0 where none matches.
    Sum,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// How many match.
    Count,
}

impl Hit {
    /// Whether some row must match every input (unless there is a default).
    #[must_use]
    pub fn needs_a_row(self) -> bool {
        matches!(self, Self::First | Self::Unique | Self::Min | Self::Max)
    }
}

/// An input: a column of conditions.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its name, for messages.
    pub name: Arc<str>,
    /// Its type: bool, int, double, string (with or without a closed set), timestamp or duration.
    pub ty: Type,
    /// Smallest and largest number that can come in.
    pub range: (Option<f64>, Option<f64>),
}

/// A row.
#[derive(Clone, Debug)]
pub struct Row {
    /// A cell for each input.
    pub cells: Vec<Cell>,
    /// What it gives.
    pub output: Value,
}

/// A table, as declared.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Its name.
    pub name: Arc<str>,
    /// Its inputs, in the order of arguments.
    pub inputs: Vec<Input>,
    /// Type of its output.
    pub output: Type,
    /// What a call gives.
    pub hit: Hit,
    /// What it gives where no row matches.
    pub default: Option<Value>,
    /// Its rows.
    pub rows: Vec<Row>,
}

/// A compiled table.
#[derive(Debug)]
pub struct Table {
    spec: Spec,
    params: Vec<Parameter>,
    index: Index,
}

impl Table {
    /// Compiles a table whose cells and outputs are of their declared types.
    ///
    /// # Errors
    /// When its index would be larger than [`INDEX_BITS_MAX`] bits; the message says so.
    pub fn new(spec: Spec) -> Result<Self, String> {
        let index = Index::new(&spec)?;
        let params = spec.inputs.iter();
        let params = params.map(|i| Parameter { name: i.name.clone(), ty: i.ty.clone() });
        Ok(Self { params: params.collect(), index, spec })
    }

    /// As declared.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    fn give(&self, rows: impl Iterator<Item = usize>) -> Result<Value, String> {
        let mut outputs = rows.filter_map(|row| self.spec.rows.get(row)).map(|row| &row.output);
        let given = match self.spec.hit {
            Hit::First | Hit::Unique => outputs.next().cloned(),
            Hit::Collect => Some(Value::List(outputs.cloned().collect())),
            Hit::Count => i64::try_from(outputs.count()).ok().map(Value::Int),
            Hit::Sum => Some(sum(&self.spec.output, outputs)?),
            Hit::Min => outputs.min_by(|a, b| cell::order(a, b)).cloned(),
            // Of equals the first, as for the smallest.
            Hit::Max => {
                outputs.reduce(|a, b| if cell::order(a, b).is_lt() { b } else { a }).cloned()
            }
        };
        given
            .or_else(|| self.spec.default.clone())
            .ok_or_else(|| format!("table `{}` has no row for these values", self.spec.name))
    }
}

impl Lookup for Table {
    fn name(&self) -> &str {
        &self.spec.name
    }

    fn params(&self) -> &[Parameter] {
        &self.params
    }

    fn result(&self) -> Type {
        match self.spec.hit {
            Hit::Collect => Type::List(Arc::new(self.spec.output.clone())),
            Hit::Count => Type::Int,
            _ => self.spec.output.clone(),
        }
    }

    fn call(&self, args: &[Cow<'_, Value>]) -> Result<Value, String> {
        let found = self.index.rows(args.iter().map(AsRef::as_ref));
        self.give(found.into_iter().flatten())
    }

    fn reference(&self, args: &[Cow<'_, Value>]) -> Result<Value, String> {
        self.give(scan::rows(&self.spec, args))
    }
}

fn sum<'v>(ty: &Type, outputs: impl Iterator<Item = &'v Value>) -> Result<Value, String> {
    if *ty == Type::Double {
        return Ok(Value::Double(outputs.filter_map(Value::as_f64).sum::<f64>() + 0.0));
    }
    let mut total = 0_i64;
    for output in outputs {
        let Value::Int(int) = output else { continue };
        total = total.checked_add(*int).ok_or_else(|| "integer overflow".to_owned())?;
    }
    Ok(Value::Int(total))
}
