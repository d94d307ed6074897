//! `segments.yaml`: groups of customers by name, and scores that are kept current by each event.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `segments.yaml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SegmentsFile {
    /// Segments by name: read as `segment.NAME` (bool).
    pub segments: BTreeMap<String, SegmentSource>,
    /// The stage of the customer's life with the organisation: read as `score.lifecycle`, one of
    /// the stages' names.
    pub lifecycle: Option<LifecycleSource>,
    /// Recency, frequency and monetary value, each compared with all customers: read as
    /// `score.rfm_recency`, `score.rfm_frequency`, `score.rfm_monetary` (int, 1 to 5, 5 the best)
    /// and `score.rfm` (the digits beside each other, `545`).
    pub rfm: Option<RfmSource>,
    /// Pareto classes by name: read as `score.abc_NAME` (`A`, `B` or `C`). `sales` and `margin` are
    /// usual names.
    pub abc: BTreeMap<String, AbcSource>,
    /// How long somebody has been a customer: read as `score.tenure_days` (int).
    pub tenure: Option<TenureSource>,
    /// What the customer is expected to bring: read as `score.value` (double).
    pub value: Option<ValueSource>,
    /// The channel on which the customer answers best: read as `score.preferred_channel`, one of
    /// the channels.
    pub preferred_channel: Option<PreferredChannelSource>,
    /// Families of products by name: read as `score.interest_NAME` (double, 0..=1), the share of the
    /// customer's interest that is in them.
    pub interests: BTreeMap<String, FamilySource>,
}

/// A segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SegmentSource {
    /// CEL expression of type bool over `customer.*` and `score.*`; unknown counts as not in the
    /// segment.
    pub when: String,
    /// What it is.
    pub description: Option<String>,
}

/// The stages of a customer's life.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LifecycleSource {
    /// The stages, the lowest first (`prospect`, `lead`, `buyer`, `customer`, `supporter`,
    /// `advocate`, `partner`). A customer is in the highest whose condition holds; the first is
    /// where everybody begins and has no condition.
    pub stages: Vec<StageSource>,
    /// What it means.
    pub description: Option<String>,
}

/// A stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageSource {
    /// Its name: `a-z`, `0-9`, `_`, `-` and `.`.
    pub stage: String,
    /// CEL expression of type bool over `customer.*` and the other scores: what must hold to be in
    /// this stage. Unknown counts as not reached.
    pub when: Option<String>,
}

/// Recency, frequency, monetary value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RfmSource {
    /// The event that counts, e.g. `purchase`.
    pub event: String,
    /// The event's numeric field that is its amount. Without one there is no monetary score.
    pub field: Option<String>,
    /// Only events for which this CEL expression over `event.*` holds.
    #[serde(rename = "where")]
    pub filter: Option<String>,
    /// An event this old counts half (`180d`). Default: 180d.
    #[serde(default = "half_year")]
    pub half_life: String,
    /// Into how many parts of equal size the customers are divided, 2 to 10. Default: 5.
    #[serde(default = "quintiles")]
    pub parts: u8,
    /// With fewer customers than this the scores are missing, 1 or more. Default: 30.
    #[serde(default = "population_min")]
    pub population_min: u64,
    /// What it means.
    pub description: Option<String>,
}

/// A Pareto class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AbcSource {
    /// The event that counts, e.g. `purchase`.
    pub event: String,
    /// The event's numeric field that is summed up: the sale, or the margin.
    pub field: String,
    /// Only events for which this CEL expression over `event.*` holds.
    #[serde(rename = "where")]
    pub filter: Option<String>,
    /// An event this old counts half (`365d`). Default: 365d.
    #[serde(default = "year")]
    pub half_life: String,
    /// Classes by name: the customers who, from the largest down, bring this share of the total,
    /// 0..=1; the last is 1. Default: `{A: 0.8, B: 0.95, C: 1}`.
    #[serde(default = "abc_classes")]
    pub classes: BTreeMap<String, f64>,
    /// With fewer customers than this the class is missing, 1 or more. Default: 30.
    #[serde(default = "population_min")]
    pub population_min: u64,
    /// What it means.
    pub description: Option<String>,
}

/// Since when somebody is a customer: an attribute, the first event of a type, or, with neither,
/// when the customer was first heard of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TenureSource {
    /// An attribute of type timestamp.
    pub attribute: Option<String>,
    /// An event type.
    pub event: Option<String>,
    /// Only events for which this CEL expression over `event.*` holds.
    #[serde(rename = "where")]
    pub filter: Option<String>,
    /// What it means.
    pub description: Option<String>,
}

/// The expected value of a customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValueSource {
    /// The event that brings something, e.g. `purchase`.
    pub event: String,
    /// The event's numeric field that says how much.
    pub field: String,
    /// Only events for which this CEL expression over `event.*` holds.
    #[serde(rename = "where")]
    pub filter: Option<String>,
    /// An event this old counts half. Default: 180d.
    #[serde(default = "half_year")]
    pub half_life: String,
    /// The time to come that is counted. Default: 365d.
    #[serde(default = "year")]
    pub horizon: String,
    /// Share of the amount that stays (the margin), 0..=1. Default: 1.
    #[serde(default = "whole")]
    pub share: f64,
    /// What it means.
    pub description: Option<String>,
}

/// The preferred channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PreferredChannelSource {
    /// A contact this old counts half. Default: 180d.
    pub half_life: String,
    /// What it means.
    pub description: Option<String>,
}

impl Default for PreferredChannelSource {
    fn default() -> Self {
        Self { half_life: half_year(), description: None }
    }
}

/// A family of products.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FamilySource {
    /// Its items, as events name them.
    pub items: Vec<String>,
    /// What it means.
    pub description: Option<String>,
}

fn half_year() -> String {
    "180d".to_owned()
}

fn year() -> String {
    "365d".to_owned()
}

fn quintiles() -> u8 {
    5
}

fn population_min() -> u64 {
    30
}

fn whole() -> f64 {
    1.0
}

fn abc_classes() -> BTreeMap<String, f64> {
    [("A", 0.8), ("B", 0.95), ("C", 1.0)].map(|(name, share)| (name.to_owned(), share)).into()
}
