//! `sources.yaml`: attributes read in place, at decision time, from the company's own systems.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `sources.yaml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SourcesFile {
    /// Live sources, by name. Where each is found (address, user, password) is told to every
    /// replica by its environment, `ARBITRA_SOURCE_NAME_URL`, and never stands here.
    pub sources: BTreeMap<String, LiveSource>,
}

/// What a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// PostgreSQL.
    Postgres,
    /// MySQL or MariaDB.
    Mysql,
    /// A SQLite file.
    Sqlite,
    /// HTTP, answering JSON.
    Http,
}

/// How the source writes customers' ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceKeyType {
    /// As text.
    #[default]
    String,
    /// As a 64-bit integer; a customer whose id is none is not there, and is not asked for.
    Int,
}

/// A live source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LiveSource {
    /// What it is.
    pub kind: SourceKind,
    /// What it holds.
    pub description: Option<String>,
    /// Databases: one `SELECT` that gives a row for each customer asked for. Customers come as the
    /// only parameter: `WHERE id = ANY($1)` for `postgres`, `WHERE id IN (?)` for the others.
    pub query: Option<String>,
    /// Databases: the column with the customer's id. Default: `customer_id`.
    pub key: Option<String>,
    /// Databases: how that column writes ids. Default: `string`.
    #[serde(default)]
    pub key_type: SourceKeyType,
    /// `http`: path below the address that the replica was told. With `{customer}` in it, one `GET`
    /// a customer, answered by an object; without, one `POST` of `{"customers": [ids]}` for many,
    /// answered by an object of such objects by id.
    pub path: Option<String>,
    /// Attributes of `schema.yaml` that it gives: attribute name → column, or field of the JSON
    /// object (a JSON pointer when it begins with `/`).
    pub attributes: BTreeMap<String, String>,
    /// Longest wait for an answer, and longest run of a query. Default: `50ms`, at most 10 s.
    pub timeout: Option<String>,
    /// How long an answer holds (also that the customer is not there). Default: not at all; at most
    /// a day.
    pub cache: Option<String>,
    /// Customers whose answers are held, at most. Default 100,000.
    pub cache_entries_max: Option<u32>,
    /// Customers in one query, at most. Default 256, at most 4,096.
    pub batch_max: Option<u32>,
    /// Queries at the same time, at most, of each replica. Default 4, at most 64.
    pub connections_max: Option<u32>,
    /// Failures in a row after which it is left alone for a while. Default 5.
    pub failures_max: Option<u32>,
    /// How long it is then left alone, before one query tries it again. Default: `1s`.
    pub retry_after: Option<String>,
    /// Whether a replica that was not told where it is refuses to start. Default: no, the attributes
    /// are then at their defaults or unknown.
    #[serde(default)]
    pub required: bool,
}
