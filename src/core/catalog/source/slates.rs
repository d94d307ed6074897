//! How a slate as a whole is composed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PriorSource;

/// How a placement arbitrates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PlacementArbitrationSource {
    /// Name of the scheme. Default: the channel's.
    pub scheme: Option<String>,
    /// Most offers of one group in the placement, ≥ 1. Default: no bound.
    pub max_per_group: Option<u32>,
    /// Variety within the placement. Default: the channel's.
    pub diversity: Option<DiversitySource>,
}

/// Variety: a further offer of the same kind counts less. The k-th offer of a category, by
/// attention, counts `(1 - strength)^(k - 1)` of its score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiversitySource {
    /// The category: `group`, `kind`, or the name of an attribute of offers (`offer.NAME`); offers
    /// without it are all different. Default: `group`.
    pub by: Option<String>,
    /// How much, 0..=1: 0 is no variety at all, 1 counts only the first of each category.
    pub strength: f64,
}

/// Offers shown together in neighbouring slots of one placement, all of them or none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BundleSource {
    /// Unique; named in reasons and answers.
    pub id: String,
    /// What it is for.
    pub description: Option<String>,
    /// The offers, in the order of their slots; 2 to 8. An offer is in at most one bundle.
    pub offers: Vec<String>,
    /// On these channels; elsewhere each stands alone. Default: all.
    #[serde(default)]
    pub channels: Vec<String>,
}

/// How the channels of one call are ranked: by expected value times how the customer answers there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChannelRankingSource {
    /// Belief before the first contact: the share of contacts that are clicked, accepted or
    /// converted, and how many contacts that belief is worth. Default: 0.1, worth 10.
    pub prior: Option<PriorSource>,
    /// A contact this old counts half. Default: 90d.
    pub half_life: Option<String>,
}
