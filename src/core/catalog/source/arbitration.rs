//! `arbitration.yaml`, `objectives.yaml` and `models.yaml`: how candidates become a ranked answer,
//! what the organisation wants, and what is learned.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Number, PriorSource};

/// `arbitration.yaml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArbitrationFile {
    /// Schemes by name. The built-in names `priority`, `propensity`, `expected_value` and `pcvl`
    /// exist without being declared.
    #[serde(default)]
    pub schemes: BTreeMap<String, SchemeSource>,
    /// The scheme of channels that name none.
    pub default: String,
    /// By channel.
    #[serde(default)]
    pub channels: BTreeMap<String, ChannelArbitrationSource>,
}

/// How a channel arbitrates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChannelArbitrationSource {
    /// Name of the scheme. Default: the file's default.
    pub scheme: Option<String>,
    /// Exploration. Default: none.
    pub exploration: Option<ExplorationSource>,
}

/// What a score is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SchemeKind {
    /// The offers' `priority`, then propensity.
    Priority,
    /// Propensity.
    Propensity,
    /// Propensity × value × lever.
    ExpectedValue,
    /// Propensity^a × context weight^b × value^c × lever^d.
    Pcvl,
    /// A CEL formula.
    Formula,
}

/// A scheme.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SchemeSource {
    /// What the score is made of.
    pub kind: SchemeKind,
    /// What it is for.
    pub description: Option<String>,
    /// For `formula`: CEL over `propensity`, `affinity`, `value`, `lever`, `context_weight`,
    /// `priority`, `uncertainty`, `objective.NAME`, `customer.*`, `context.*`, `segment.*`,
    /// `offer.*`.
    pub formula: Option<String>,
    /// For `pcvl`: exponents. Default: all 1.
    #[serde(default)]
    pub exponents: ExponentsSource,
    /// 'No offer' wins against scores below this. Default: no threshold.
    pub threshold: Option<f64>,
}

/// Exponents of `pcvl`, each ≥ 0; 0 leaves the factor out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExponentsSource {
    /// Of propensity.
    pub propensity: f64,
    /// Of the context weight.
    pub context: f64,
    /// Of value.
    pub value: f64,
    /// Of the lever.
    pub lever: f64,
}

impl Default for ExponentsSource {
    fn default() -> Self {
        Self { propensity: 1.0, context: 1.0, value: 1.0, lever: 1.0 }
    }
}

/// How a channel explores.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplorationSource {
    /// Share of decisions whose order is drawn uniformly at random among the survivors, 0..=1.
    pub epsilon: f64,
}

/// `objectives.yaml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectivesFile {
    /// Objectives of the organisation, by name.
    pub objectives: BTreeMap<String, ObjectiveSource>,
}

/// An objective.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectiveSource {
    /// What it is.
    pub description: Option<String>,
    /// What one unit of contribution is worth: a number, or CEL over `customer.*`, `segment.*`,
    /// `context.*` and `channel`, so that it may differ by segment, channel and time.
    pub weight: Number,
}

/// `models.yaml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ModelsFile {
    /// Starting belief for offers and groups that state none.
    pub prior: PriorSource,
    /// What the propensity model learns from each outcome. Default: accept and convert are
    /// positive; reject and no_response negative; click and impression teach nothing.
    pub labels: LabelsSource,
    /// Attributes, context entries or aggregates to leave out (`customer.zip`, `context.page`).
    pub exclude: Vec<String>,
    /// Half-life of item-to-item evidence.
    pub affinity_half_life: String,
    /// Weight of an accepted offer's item as interest in it.
    pub accept_item_weight: f64,
}

impl Default for ModelsFile {
    fn default() -> Self {
        Self {
            prior: PriorSource { probability: 0.1, evidence: 10.0 },
            labels: LabelsSource::default(),
            exclude: Vec::new(),
            affinity_half_life: "90d".to_owned(),
            accept_item_weight: 1.0,
        }
    }
}

/// What an outcome teaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// The good end.
    Positive,
    /// The other end.
    Negative,
    /// Nothing.
    Ignore,
}

/// Labels by outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LabelsSource {
    /// Impression.
    pub impression: Label,
    /// Click.
    pub click: Label,
    /// Accept.
    pub accept: Label,
    /// Reject.
    pub reject: Label,
    /// Convert.
    pub convert: Label,
    /// No response.
    pub no_response: Label,
}

impl Default for LabelsSource {
    fn default() -> Self {
        Self {
            impression: Label::Ignore,
            click: Label::Ignore,
            accept: Label::Positive,
            reject: Label::Negative,
            convert: Label::Positive,
            no_response: Label::Negative,
        }
    }
}
