//! A data file in memory: columns of distinct cells, so that a set with millions of rows stays
//! small. Readers push cells; types are inferred later.

use std::collections::HashMap;

/// Most columns of a file.
pub const COLUMNS_MAX: usize = 1024;
/// Most rows of a file.
pub const ROWS_MAX: usize = 50_000_000;
/// Longest text of a cell, in bytes.
pub const CELL_BYTES_MAX: usize = 64 << 10;

/// What stands in one place of the table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Cell {
    /// Nothing, or null.
    Missing,
    /// A text, a number as it was written, or a truth value.
    Text(Box<str>),
    /// A list of texts.
    List(Vec<Box<str>>),
}

/// Why data cannot be used, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}", place(*row, column.as_deref()))]
pub struct DataError {
    /// Row, counted from 1 without the header; `None` when it is not one row's fault.
    pub row: Option<usize>,
    /// Column by name.
    pub column: Option<String>,
    /// What is wrong with it, and how to mend it.
    pub reason: String,
}

fn place(row: Option<usize>, column: Option<&str>) -> String {
    match (row, column) {
        (Some(row), Some(column)) => format!("row {row}, column `{column}`: "),
        (Some(row), None) => format!("row {row}: "),
        (None, Some(column)) => format!("column `{column}`: "),
        (None, None) => String::new(),
    }
}

impl DataError {
    /// A fault of the whole file.
    pub fn whole(reason: impl Into<String>) -> Self {
        Self { row: None, column: None, reason: reason.into() }
    }

    /// A fault of a row; `row` counts from 0.
    pub fn row(row: usize, reason: impl Into<String>) -> Self {
        Self { row: Some(row + 1), column: None, reason: reason.into() }
    }

    /// A fault of a column.
    pub fn column(column: &str, reason: impl Into<String>) -> Self {
        Self { row: None, column: Some(column.to_owned()), reason: reason.into() }
    }

    /// A fault of a cell; `row` counts from 0.
    pub fn cell(row: usize, column: &str, reason: impl Into<String>) -> Self {
        Self { row: Some(row + 1), column: Some(column.to_owned()), reason: reason.into() }
    }
}

/// A column: its distinct cells in order of appearance, and which of them each row has.
#[derive(Clone, Debug, Default)]
pub struct Column {
    /// Name in the header.
    pub name: String,
    /// Distinct cells.
    pub distinct: Vec<Cell>,
    /// Place in `distinct`, by row.
    pub cells: Vec<u32>,
    numbers: HashMap<Cell, u32>,
}

impl Column {
    /// An empty column.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Appends a cell.
    ///
    /// # Errors
    /// When a text is longer than [`CELL_BYTES_MAX`].
    pub fn push(&mut self, cell: Cell) -> Result<(), DataError> {
        let bytes = match &cell {
            Cell::Missing => 0,
            Cell::Text(text) => text.len(),
            Cell::List(list) => list.iter().map(|text| text.len()).sum(),
        };
        if bytes > CELL_BYTES_MAX {
            let reason = format!("a cell of {bytes} bytes; at most {CELL_BYTES_MAX}");
            return Err(DataError::cell(self.cells.len(), &self.name, reason));
        }
        let next = u32::try_from(self.distinct.len()).unwrap_or(u32::MAX);
        let number = match self.numbers.get(&cell) {
            Some(number) => *number,
            None => {
                self.distinct.push(cell.clone());
                self.numbers.insert(cell, next);
                next
            }
        };
        self.cells.push(number);
        Ok(())
    }

    /// The cell of a row.
    #[cfg(test)]
    #[must_use]
    pub fn cell(&self, row: usize) -> &Cell {
        let number = self.cells.get(row).copied().unwrap_or(u32::MAX);
        self.distinct.get(number as usize).unwrap_or(&Cell::Missing)
    }

    /// The first row that has the distinct cell `number`.
    #[must_use]
    pub fn first_row(&self, number: usize) -> usize {
        self.cells.iter().position(|cell| *cell as usize == number).unwrap_or(0)
    }

    /// Appends missing cells up to `rows`.
    ///
    /// # Errors
    /// Never: a missing cell is short.
    pub fn fill(&mut self, rows: usize) -> Result<(), DataError> {
        while self.cells.len() < rows {
            self.push(Cell::Missing)?;
        }
        Ok(())
    }
}

/// A data file.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Columns in the file's order.
    pub columns: Vec<Column>,
    /// Number of rows.
    pub rows: usize,
}

impl Table {
    /// The column called `name`.
    ///
    /// # Errors
    /// When there is none; the hint names the nearest.
    pub fn column(&self, name: &str) -> Result<&Column, DataError> {
        self.columns.iter().find(|column| column.name == name).ok_or_else(|| {
            let nearest = self
                .columns
                .iter()
                .max_by(|a, b| {
                    let near = |column: &Column| strsim::jaro_winkler(&column.name, name);
                    near(a).total_cmp(&near(b))
                })
                .map_or(String::new(), |column| format!("; did you mean `{}`?", column.name));
            DataError::whole(format!("there is no column `{name}`{nearest}"))
        })
    }
}

/// A number as it is written in data; `None` when the text is no number. `NaN` and the usual
/// words for nothing are `Some(None)`: missing.
#[must_use]
#[expect(clippy::option_option, reason = "no number, a missing one, a number")]
pub fn number(text: &str) -> Option<Option<f64>> {
    let text = text.trim();
    let nothing = ["", "na", "n/a", "nan", "null", "none", "?", "-", "\\n"];
    if nothing.iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return Some(None);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_nan() => Some(None),
        Ok(number) => Some(Some(number)),
        Err(_) => None,
    }
}
