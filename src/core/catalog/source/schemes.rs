//! The parts of a scheme, and where schemes are used.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Selection;

/// A factor, or a percentage: `1.25` and `+25 %` say the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum LeverSource {
    /// A factor, more than 0.
    Factor(f64),
    /// A percentage added, more than -100: `+25 %`, `-10 %`.
    Percent(String),
}

/// How the levers of an offer and its group become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeverMode {
    /// 1 + the sum of their percentages: +25 % and +10 % give 1.35.
    #[default]
    Sum,
    /// Their product: 1.25 and 1.10 give 1.375.
    Product,
}

/// One formula of a `first_match` scheme.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FormulaSource {
    /// For which offers. Default: all.
    #[serde(default)]
    pub applies_to: Selection,
    /// CEL of type bool over `customer.*`, `segment.*`, `context.*`, `offer.*`: when the formula is
    /// taken. What is unknown does not match. Default: always.
    pub when: Option<String>,
    /// CEL that gives the score, over the same names as a scheme's `formula`.
    pub formula: String,
}

/// Weights of the goals for some customers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GoalWeightsSource {
    /// CEL of type bool over `customer.*`, `segment.*`, `context.*`, `channel`: for whom. The first
    /// entry that holds is taken; what is unknown does not hold. Default: for all.
    pub when: Option<String>,
    /// Weight of each goal, ≥ 0; a goal that is not named weighs 0.
    pub weights: BTreeMap<String, f64>,
}

/// How a marketer judges some offers for some customers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarketerScoreSource {
    /// Which offers. Default: all.
    #[serde(default)]
    pub applies_to: Selection,
    /// CEL of type bool over `customer.*`, `segment.*`, `context.*`, `channel`: for whom. What is
    /// unknown does not hold. Default: for all.
    pub when: Option<String>,
    /// The marketer's score, 0..=100.
    pub score: f64,
    /// How much this judgement weighs, > 0. Default 1.
    pub weight: Option<f64>,
}

/// What a marketer's score is multiplied with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InterestSource {
    /// The learned propensity.
    #[default]
    Propensity,
    /// What the behaviour of others says; 0 when nothing is known.
    Affinity,
    /// The mean of both.
    Both,
}

/// Where a scheme is used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UseSource {
    /// CEL of type bool over `customer.*`, `segment.*`, `context.*`, `channel`, `arm`: for whom.
    /// What is unknown does not hold. Default: for all.
    pub when: Option<String>,
    /// On these channels. Default: all.
    #[serde(default)]
    pub channels: Vec<String>,
    /// In placements of these names. Default: all.
    #[serde(default)]
    pub placements: Vec<String>,
    /// Name of the scheme.
    pub scheme: String,
}
