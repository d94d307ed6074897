//! `experiments.yaml`: the control group, and arms that leave a part of arbitration out.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Selection;

/// `experiments.yaml`: one experiment over all customers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExperimentsFile {
    /// Its id; also its salt, where none is given.
    pub id: String,
    /// What it is for.
    pub description: Option<String>,
    /// Another salt is another split of the customers.
    pub salt: Option<String>,
    /// The arms, by name. Customers in none are in `standard`.
    pub arms: BTreeMap<String, ArmSource>,
}

/// What an arm leaves out. Consents, limits and quotas hold in all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ArmKindSource {
    /// Nothing is offered but what `keep` selects, and what is transactional.
    Control,
    /// Everything the policies let through, in random order, without a threshold.
    RandomEligible,
    /// Ranked by propensity alone, without a threshold.
    PropensityOnly,
    /// Levers count 1.
    NoLevers,
    /// Applicability and suitability are not asked.
    EligibilityOnly,
    /// Ranked by `scheme` on all channels.
    Scheme,
}

/// An arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArmSource {
    /// What it leaves out.
    pub kind: ArmKindSource,
    /// Share of customers, in percent with at most two decimals (`5%`).
    pub share: String,
    /// What it is for.
    pub description: Option<String>,
    /// For `control`: what is offered all the same. Default: nothing.
    pub keep: Option<Selection>,
    /// For `scheme`: its name.
    pub scheme: Option<String>,
}
