//! Parts of offers and policies on who may be offered what, beyond conditions: what came before,
//! pilots, mandatory offers, customer states.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{OneOrMany, Selection};

/// Something that happened with another offer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EarlierSource {
    /// The other offer.
    pub offer: String,
    /// What happened: `impression`, `click`, `accept` (also `convert`), `reject`, `convert`,
    /// `no_response`, `sent`, `contact` (`impression` or `sent`).
    pub outcome: String,
    /// Only from this long after it (`2d`); of several, the latest counts. Default: at once.
    pub after: Option<String>,
    /// Only until this long after it (`90d`). Default: for good.
    pub within: Option<String>,
}

/// What must, or must not, have happened with other offers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SequenceSource {
    /// Unique; named in reasons.
    pub id: String,
    /// What it is for.
    pub description: Option<String>,
    /// Which offers it binds.
    pub applies_to: Selection,
    /// With one of these offers ...
    pub with: Selection,
    /// ... this must have happened, or must not; see `relation`.
    pub outcome: OneOrMany<String>,
    /// Whether it must have happened (`requires`) or must not (`excludes`).
    pub relation: RelationSource,
    /// Only from this long after it (`2d`). Default: at once.
    pub after: Option<String>,
    /// Only until this long after it (`90d`). Default: for good.
    pub within: Option<String>,
}

/// What an earlier outcome means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RelationSource {
    /// It must have happened.
    Requires,
    /// It must not have happened.
    Excludes,
}

/// Only for a stable share of customers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PilotSource {
    /// The share, in percent with at most two decimals (`8%`, `0.25%`). Raising it keeps the
    /// customers who are in.
    pub share: String,
    /// Pilots of the same salt have the same customers (as far as their shares go). Default: the
    /// id of the offer or policy.
    pub salt: Option<String>,
}

/// Whether an offer must be shown first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum MandatorySource {
    /// Always, or never.
    Always(bool),
    /// When a condition holds.
    When(MandatoryWhenSource),
}

/// When an offer must be shown first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MandatoryWhenSource {
    /// CEL expression of type bool; unknown counts as not.
    pub when: String,
}

/// A situation of the customer that changes the game.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StateSource {
    /// Unique; named in reasons, and read as `state` in conditions and formulas.
    pub id: String,
    /// What it is for.
    pub description: Option<String>,
    /// When the customer is in it: CEL of type bool; unknown counts as not.
    pub when: String,
    /// Of several states that hold, the one with the highest precedence is in effect; among
    /// equals, the one declared first. Default: 0.
    #[serde(default)]
    pub precedence: i32,
    /// What may still be offered. Default: everything.
    #[serde(default)]
    pub only: Selection,
    /// Changes to the levers of offers.
    #[serde(default)]
    pub levers: Vec<StateLeverSource>,
    /// What to tell people about what is held back.
    pub reason: Option<String>,
}

/// A change to levers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StateLeverSource {
    /// Of which offers.
    #[serde(default)]
    pub applies_to: Selection,
    /// Factor on the lever, > 0.
    pub factor: f64,
}
