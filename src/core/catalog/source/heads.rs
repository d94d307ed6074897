//! Parts of `models.yaml`: the models beside the propensity, and its challengers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a contact changes. It is learned from the control group of `experiments.yaml`: what would
/// have been offered to its customers, and what they did without it, against those who were offered it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UpliftSource {
    /// How long a customer of the control group may come to a withheld offer by themselves before it
    /// counts as 'did not' (`14d`). As long as those who were contacted have to answer. Default: 14d.
    pub window: String,
}

impl Default for UpliftSource {
    fn default() -> Self {
        Self { window: "14d".to_owned() }
    }
}

/// An outcome that may bring something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResultSource {
    /// It was accepted.
    Accept,
    /// It led to the final goal.
    Convert,
}

/// What a positive outcome brings: learned from the values that outcomes come with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ValueModelSource {
    /// Outcomes whose value it is. Default: `convert`.
    pub outcomes: Vec<ResultSource>,
    /// What the learned value takes the place of, the more the more outcomes of the offer had one:
    /// `value` (of offers that declare theirs), or `objective.NAME`: what an offer contributes to that
    /// objective. Default: nothing; formulas may read it as `expected_amount`.
    pub replaces: Option<String>,
    /// How many outcomes with a value the declared one is worth, 0..=1e6. Default: 20.
    pub evidence: f64,
}

impl Default for ValueModelSource {
    fn default() -> Self {
        Self { outcomes: vec![ResultSource::Convert], replaces: None, evidence: 20.0 }
    }
}

/// How long a positive outcome takes from the decision; formulas may read it as `expected_days`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DaysModelSource {
    /// Outcomes that are waited for. Default: `convert`.
    pub outcomes: Vec<ResultSource>,
}

impl Default for DaysModelSource {
    fn default() -> Self {
        Self { outcomes: vec![ResultSource::Convert] }
    }
}
