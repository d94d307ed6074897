//! A rules folder as people write it: one struct a YAML shape, nothing else. The structs are the
//! one definition of the format: serde reads them, and their JSON Schema validates files and gives
//! editors completion. No meaning is checked here; `compile` does that.

mod adjustments;
mod answers;
mod arbitration;
mod cases;
mod challengers;
mod channels;
mod experiments;
mod exploration;
mod heads;
mod objectives;
mod offers;
mod policies;
mod quotas;
mod rights;
mod schema;
mod schemes;
mod segments;
mod slates;
mod sources;
mod tables;
mod window;

pub use adjustments::*;
pub use answers::*;
pub use arbitration::*;
pub use cases::*;
pub use challengers::*;
pub use channels::*;
pub use experiments::*;
pub use exploration::*;
pub use heads::*;
pub use objectives::*;
pub use offers::*;
pub use policies::*;
pub use quotas::*;
pub use rights::*;
pub use schema::*;
pub use schemes::*;
pub use segments::*;
pub use slates::*;
pub use sources::*;
pub use tables::*;
pub use window::*;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Anything a YAML scalar or list can say: a typed value before its type is known.
pub type Literal = serde_json::Value;

/// Text by locale, or one text for all locales.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Localized {
    /// The same in every locale.
    One(String),
    /// By locale (`en`, `es`, `es-MX`); a request falls back from `es-MX` to `es` to the channel's
    /// default locale.
    Many(BTreeMap<String, String>),
}

/// A number, or a CEL expression that gives one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Number {
    /// A constant.
    Constant(f64),
    /// A CEL expression of type int or double.
    Expression(String),
}

/// A condition: a CEL expression of type bool, alone or with the words a reason shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Condition {
    /// The expression.
    Expression(String),
    /// The expression with its reason.
    Explained(ExplainedCondition),
}

/// A condition with words for people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainedCondition {
    /// CEL expression of type bool: what must hold.
    pub when: String,
    /// What to tell people when it does not hold.
    pub reason: Option<String>,
}

impl Condition {
    /// The CEL text.
    #[must_use]
    pub fn when(&self) -> &str {
        match self {
            Self::Expression(when) => when,
            Self::Explained(explained) => &explained.when,
        }
    }

    /// The words for people, if given.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Expression(_) => None,
            Self::Explained(explained) => explained.reason.as_deref(),
        }
    }
}
