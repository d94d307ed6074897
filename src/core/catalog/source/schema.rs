//! `schema.yaml`: what is known of customers, what happens to them, and in which context.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Literal;

/// `schema.yaml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SchemaFile {
    /// Attributes of a customer, by name; read as `customer.NAME`.
    pub attributes: BTreeMap<String, AttributeSource>,
    /// Event types, by name.
    pub events: BTreeMap<String, EventSource>,
    /// What a caller may say of the moment, by name; read as `context.NAME`.
    pub context: BTreeMap<String, AttributeSource>,
    /// Windowed and decayed aggregates over events, by name; read as `customer.NAME`.
    pub aggregates: BTreeMap<String, AggregateSource>,
    /// Attributes computed from others, by name; read as `customer.NAME`. CEL expressions; they may
    /// use each other, without cycles.
    pub derived: BTreeMap<String, String>,
    /// Purposes that a customer may consent to (`marketing`, `profiling` ...), with descriptions.
    pub purposes: BTreeMap<String, String>,
}

/// The type of an attribute, event field or context entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TypeSource {
    /// true or false.
    Bool,
    /// 64-bit integer.
    Int,
    /// Double.
    Double,
    /// Text; with `values`, one of a closed set.
    String,
    /// An instant (RFC 3339 in files).
    Timestamp,
    /// A span of time (`90s`, `12h`).
    Duration,
    /// A list of texts.
    StringList,
}

/// A declared value: of a customer, of an event, or of the context.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttributeSource {
    /// Its type.
    #[serde(rename = "type")]
    pub ty: TypeSource,
    /// For text: the closed set of values it may take.
    #[serde(default)]
    pub values: Vec<String>,
    /// Smallest number allowed.
    pub min: Option<f64>,
    /// Largest number allowed.
    pub max: Option<f64>,
    /// Value when none is known. Without one it may be missing: a condition that needs it then does
    /// not hold, and the reason says so; a score must say what holds in its place.
    pub default: Option<Literal>,
    /// Often not known, and no reason to refuse anything: whatever reads it must say what holds
    /// without it (`has(...)` or `coalesce(...)`); a read that does not is a fault.
    #[serde(default)]
    pub optional: bool,
    /// For numbers: what they count (`EUR`, `%`, `days`). Numbers of two units cannot be added or
    /// compared.
    pub unit: Option<String>,
    /// Never reaches a model, a scheme or a text.
    #[serde(default)]
    pub sensitive: bool,
    /// Identifies a person (name, e-mail): may reach a text, never a model, a log or a reason.
    #[serde(default)]
    pub personal: bool,
    /// The purpose for which it may be used; used only while the customer consents to it.
    pub purpose: Option<String>,
    /// Whether models learn from it. Default: yes, unless sensitive or personal.
    pub feature: Option<bool>,
    /// What it means.
    pub description: Option<String>,
}

impl AttributeSource {
    /// Of that type, and nothing else said of it.
    #[must_use]
    pub fn of(ty: TypeSource) -> Self {
        Self {
            ty,
            values: Vec::new(),
            min: None,
            max: None,
            default: None,
            optional: false,
            unit: None,
            sensitive: false,
            personal: false,
            purpose: None,
            feature: None,
            description: None,
        }
    }
}

/// An event type.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EventSource {
    /// Its fields, by name; read as `event.NAME` in aggregates' `where`.
    pub fields: BTreeMap<String, AttributeSource>,
    /// The field that names the item the customer showed interest in, for affinity.
    pub item: Option<String>,
    /// How strongly the event speaks for the item (purchase 5, view 1 ...). Default 1.
    pub item_weight: Option<f64>,
    /// Attributes of the customer that the event sets: attribute name → CEL over `event.*`.
    pub sets: BTreeMap<String, String>,
    /// What it means.
    pub description: Option<String>,
}

/// What an aggregate computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AggregateFunction {
    /// Number of events. 0 when none.
    Count,
    /// Sum of a numeric field. 0 when none.
    Sum,
    /// Mean of a numeric field. Missing when none.
    Avg,
    /// Smallest of a numeric field. Missing when none.
    Min,
    /// Largest of a numeric field. Missing when none.
    Max,
    /// Latest value of a field. Missing when none.
    Last,
    /// Number of distinct values of a field (exact up to 64, then saturated). 0 when none.
    Distinct,
    /// Time since the latest event, as a duration. Missing when none.
    Recency,
}

/// An aggregate over one event type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AggregateSource {
    /// What it computes.
    pub function: AggregateFunction,
    /// Over which event type.
    pub event: String,
    /// Of which field (all functions but `count` and `recency`).
    pub field: Option<String>,
    /// Only events for which this CEL expression over `event.*` holds.
    #[serde(rename = "where")]
    pub filter: Option<String>,
    /// Only events younger than this (`30d`, `12h`). Mutually exclusive with `half_life`.
    pub window: Option<String>,
    /// Exponential decay: an event this old counts half (`count` and `sum` only).
    pub half_life: Option<String>,
    /// Whether models learn from it. Default: yes.
    pub feature: Option<bool>,
    /// What it means.
    pub description: Option<String>,
}
