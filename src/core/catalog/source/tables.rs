//! `tables/*.yaml` and `tables/*.csv`: decision tables.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Literal, TypeSource};

/// A file of `tables/`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TablesFile {
    /// Decision tables by name; called in any expression as `table.NAME(...)`, with one argument for
    /// each input, in order.
    pub tables: BTreeMap<String, TableSource>,
}

/// A decision table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableSource {
    /// What it decides.
    pub description: Option<String>,
    /// Its inputs: one column each, one argument each.
    pub inputs: Vec<InputSource>,
    /// What a row gives.
    pub output: OutputSource,
    /// What a call gives of the rows that match. Default: `unique`.
    #[serde(default)]
    pub hit: HitSource,
    /// What a call gives when no row matches. Without it, `first`, `unique`, `min` and `max` must
    /// have a row for everything that can come in: a gap is a fault.
    pub default: Option<Literal>,
    /// The rows: a cell for each input, then the output. A cell is a literal (`18`, `gold`,
    /// `'a', 'b'`), a range (`[18..65)`, `< 10`), `not(...)` of these, or `-` for any value.
    pub rows: Vec<Vec<Literal>>,
}

/// An input of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InputSource {
    /// Its name, for messages.
    pub name: String,
    /// Its type; no list.
    #[serde(rename = "type")]
    pub ty: TypeSource,
    /// For text: the closed set of values that can come in.
    #[serde(default)]
    pub values: Vec<String>,
    /// Smallest number that can come in: below it, no row is asked for.
    pub min: Option<f64>,
    /// Largest number that can come in.
    pub max: Option<f64>,
    /// What it means.
    pub description: Option<String>,
}

/// The output of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutputSource {
    /// Its name, for people.
    pub name: Option<String>,
    /// Its type.
    #[serde(rename = "type")]
    pub ty: TypeSource,
    /// For text: the closed set of values it may give.
    #[serde(default)]
    pub values: Vec<String>,
    /// What it means.
    pub description: Option<String>,
}

/// What a call gives of the rows that match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HitSource {
    /// The first, in the order written.
    First,
    /// The only one: two rows that can match at once are a fault.
    #[default]
    Unique,
    /// The list of all.
    Collect,
    /// Their sum; 0 when none matches.
    Sum,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// How many match.
    Count,
}
