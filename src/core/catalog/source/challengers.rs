//! `models.yaml`: models that learn beside the one that serves, to take its place.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Selection;

/// A probability from outside that offers begin from: a customer's first probability is the score. How
/// far it is believed is learned from outcomes; a customer without one has the declared prior.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScorePriorSource {
    /// Attribute or context entry that holds it, a `double` in 0..1: how probable the positive outcome
    /// of these offers is for the customer.
    pub score: String,
    /// For which offers. Default: all.
    #[serde(default)]
    pub applies_to: Selection,
}

/// A model that learns from the same outcomes as the one that serves, and is compared with it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChallengerSource {
    /// What it tries, for people.
    pub description: Option<String>,
    /// Share of customers who are decided by it, the same ones always (`5 %`). Default: none; it
    /// learns and is compared all the same.
    pub share: Option<String>,
    /// Attributes, context entries or aggregates that it does not see (`customer.zip`).
    pub without: Vec<String>,
    /// Settings other than those of the model that serves. One that is changed begins from nothing.
    pub settings: SettingsSource,
}

/// Settings of a propensity model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SettingsSource {
    /// What a weight's variance regains at each outcome in the regression that drifts, 0..1: the more,
    /// the sooner it forgets. Default: 0.00001.
    pub dense_drift: Option<f64>,
    /// The same in an offer's own regression. Default: 0.0000001.
    pub own_drift: Option<f64>,
    /// The same of biases and effects of groups and offers. Default: 0.0000001.
    pub drift: Option<f64>,
    /// Prior variance of an input's effect in the shared regressions, squared logits, 0.000001..1.
    /// Default: 0.05.
    pub dense_variance: Option<f64>,
    /// The same in an offer's own regression. Default: 0.3.
    pub own_variance: Option<f64>,
    /// Bins of a number beside its value, 0..32. Default: 5.
    pub bins: Option<u32>,
    /// Most pairs of attributes looked at together, 0..4096. Default: 192.
    pub pairs_max: Option<u32>,
    /// Most crosses of up to six attributes, 0..1024. Default: 160.
    pub crosses_max: Option<u32>,
    /// Most offers with a regression of their own, 0..1024. Default: 64.
    pub owns_max: Option<u32>,
}
