//! Exploration, as written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a channel explores, so that the models keep learning about offers they underrate. Every
/// answer says with which probability each of its offers was chosen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExplorationSource {
    /// How orders are drawn. Default: `epsilon` where `epsilon` is given, else `none`.
    pub kind: Option<ExplorationKind>,
    /// Share of decisions whose order is drawn uniformly at random among the survivors, 0..=1, with
    /// any kind but `none`. Default: 0.
    pub epsilon: Option<f64>,
    /// For `thompson`: share of the belief's standard deviation that is drawn from, above 0 and at
    /// most 2. Default: 0.1.
    pub spread: Option<f64>,
    /// For `squarecb`: how fast the chance falls with the gap to the best score, above 0. With n
    /// candidates, one whose score is a share g below the best has the chance 1 / (n + gamma g).
    /// Default: 100.
    pub gamma: Option<f64>,
    /// Least chance of each candidate for a first slot, 0..=0.1. Default: 0.
    pub floor: Option<f64>,
    /// Most that exploring may cost, as a share of the expected score, above 0 and at most 1:
    /// 0.03 is 3 %. Default: unbounded.
    pub budget: Option<f64>,
    /// Share of customers, always the same ones, whose orders are uniform: what the rest is
    /// compared with, 0..=1. Default: 0.
    pub control: Option<f64>,
}

/// How orders are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExplorationKind {
    /// Always the best order known (but for a control group).
    None,
    /// The best order known, but for a share of uniform orders.
    Epsilon,
    /// Scores at draws from the beliefs of the probabilities (Thompson sampling).
    Thompson,
    /// The first slot by the gap to the best score (inverse gap weighting, SquareCB).
    Squarecb,
}
