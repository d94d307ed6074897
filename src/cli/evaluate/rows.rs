//! Flags that the evaluations of models share: which rows, in which order, and which of their
//! columns are features.

use std::path::PathBuf;

use super::columns::{self, Features, Told};
use crate::cli::Failure;
use crate::cli::data::{
    self,
    table::{DataError, Table},
};

/// The flags.
#[derive(clap::Args, Clone, Debug)]
pub struct RowsArgs {
    /// The data: CSV or NDJSON, also compressed by gzip, or Parquet.
    #[arg(long)]
    pub data: PathBuf,
    /// Column to order the rows by; else they come by time where that is told, else as they stand. It
    /// is no feature.
    #[arg(long)]
    pub order: Option<String>,
    /// Columns that are no features.
    #[arg(long, value_delimiter = ',')]
    ignore: Vec<String>,
    /// Columns that are numbers, whatever they look like.
    #[arg(long, value_delimiter = ',')]
    numeric: Vec<String>,
    /// Columns that are categories, whatever they look like.
    #[arg(long, value_delimiter = ',')]
    categorical: Vec<String>,
    /// For machines.
    #[arg(long)]
    pub json: bool,
}

impl RowsArgs {
    /// Reads the data.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read(&self) -> Result<Table, Failure> {
        data::read(&self.data, self.json)
    }

    /// What is wrong with the data, and where.
    pub fn unusable(&self, error: DataError) -> Failure {
        Failure::Other(format!("`{}`: {error}", self.data.display()))
    }

    /// The columns that are features: all but those that are ignored, ordered by, or named in `apart`.
    ///
    /// # Errors
    /// When a column is not there, or cannot be a feature.
    pub fn features<'a>(
        &'a self,
        table: &Table,
        apart: impl IntoIterator<Item = &'a str>,
    ) -> Result<Features, Failure> {
        let ignored = self.ignore.iter().map(String::as_str).filter(|name| !name.is_empty());
        let apart = apart.into_iter().chain(self.order.as_deref()).chain(ignored).collect();
        let told = Told { apart, numeric: &self.numeric, categorical: &self.categorical };
        Features::of(table, &told).map_err(|error| self.unusable(error))
    }

    /// The rows, in the order told; else by the column `otherwise`.
    ///
    /// # Errors
    /// When there is no such column, or a row has nothing to be ordered by.
    pub fn order(&self, table: &Table, otherwise: Option<&str>) -> Result<Vec<usize>, Failure> {
        columns::order(table, self.order.as_deref().or(otherwise))
            .map_err(|error| self.unusable(error))
    }
}
