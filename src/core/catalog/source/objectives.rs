//! `objectives.yaml`: what the organisation wants, by when, and what it has for it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Number, Selection};

/// `objectives.yaml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectivesFile {
    /// Objectives of the organisation, by name.
    pub objectives: BTreeMap<String, ObjectiveSource>,
    /// How often what is not the positive outcome itself comes with it.
    #[serde(default)]
    pub rates: RatesSource,
    /// What is used up over a period and is to last: budgets, stock, agent time, contacts. Each has
    /// a shadow price that the scheme `constrained` takes into account.
    #[serde(default)]
    pub resources: BTreeMap<String, ResourceSource>,
    /// Quotas of `policies/` that get a shadow price, too, so that they last.
    #[serde(default)]
    pub pace: Vec<String>,
    /// Shares of the contacts to be kept. Each has a shadow price, too.
    #[serde(default)]
    pub constraints: BTreeMap<String, ConstraintSource>,
    /// What is known beforehand of how many decisions come, and when. Default: it is learned.
    #[serde(default)]
    pub traffic: TrafficSource,
}

/// An objective.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectiveSource {
    /// What it is.
    pub description: Option<String>,
    /// Unit of contributions to it, for people (`EUR`).
    pub unit: Option<String>,
    /// What one unit of contribution is worth: a number, or CEL over `customer.*`, `segment.*`,
    /// `context.*` and `channel`, so that it may differ by segment, channel and time.
    pub weight: Number,
    /// What contributions to it are to reach over a period.
    pub target: Option<GoalSource>,
    /// What contributions to it may sum up to over a period.
    pub budget: Option<GoalSource>,
}

/// How long a period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PerSource {
    /// From midnight to midnight.
    Day,
    /// From Monday to Sunday.
    Week,
    /// A month of the calendar.
    Month,
    /// Three months, from January.
    Quarter,
    /// A year of the calendar.
    Year,
    /// Once, between `from` and `until`.
    Campaign,
}

/// An amount over a period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GoalSource {
    /// How much, in the objective's unit, > 0.
    pub amount: f64,
    /// Over how long.
    pub per: PerSource,
    /// Time zone in which the period turns. Default: UTC.
    pub zone: Option<String>,
    /// For `campaign`: its start (RFC 3339 or a date, UTC).
    pub from: Option<String>,
    /// For `campaign`: its end (RFC 3339 or a date, UTC).
    pub until: Option<String>,
    /// The highest shadow price, in money by unit, > 0: what one more unit may cost in value.
    /// Default: 20 times what a unit is usually worth.
    pub price_max: Option<f64>,
}

/// How often what is not the positive outcome itself comes with it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RatesSource {
    /// Clicks by positive outcome, ≥ 0. Default 1.
    pub click: f64,
    /// Conversions by positive outcome, ≥ 0. Default 1.
    pub convert: f64,
}

impl Default for RatesSource {
    fn default() -> Self {
        Self { click: 1.0, convert: 1.0 }
    }
}

/// How much of something, by what comes of a contact: each a number, or CEL over `customer.*`,
/// `segment.*`, `context.*`, `offer.*` and `channel`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ByOutcomeSource {
    /// For showing it, whatever comes of it.
    pub contact: Option<Number>,
    /// For a click.
    pub click: Option<Number>,
    /// For the positive outcome.
    pub accept: Option<Number>,
    /// For a conversion.
    pub convert: Option<Number>,
}

/// What an offer contributes to an objective.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ContributionSource {
    /// With a positive outcome.
    Positive(Number),
    /// By what comes of it.
    ByOutcome(Box<ByOutcomeSource>),
}

/// Something that is used up over a period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourceSource {
    /// What it is.
    pub description: Option<String>,
    /// Its unit, for people (`EUR`, `minutes`).
    pub unit: Option<String>,
    /// Which offers use it. Default: all.
    #[serde(default)]
    pub applies_to: Selection,
    /// On which channels. Default: all.
    #[serde(default)]
    pub channels: Vec<String>,
    /// How much one offer uses.
    pub uses: ByOutcomeSource,
    /// How much there is, > 0. This paces: a bound that must not be exceeded by one is a quota.
    pub max: f64,
    /// Over how long.
    pub per: PerSource,
    /// Time zone in which the period turns. Default: UTC.
    pub zone: Option<String>,
    /// For `campaign`: its start (RFC 3339 or a date, UTC).
    pub from: Option<String>,
    /// For `campaign`: its end (RFC 3339 or a date, UTC).
    pub until: Option<String>,
    /// The highest shadow price, in money by unit, > 0. Default: 20 times what a unit is usually
    /// worth.
    pub price_max: Option<f64>,
}

/// A share: `0.3` or `30 %`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ShareSource {
    /// As a number.
    Number(f64),
    /// As a percentage.
    Percent(String),
}

/// A share of the contacts, or a mean over them, that is to be kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConstraintSource {
    /// What it is for.
    pub description: Option<String>,
    /// The contacts it is about. Default: all.
    #[serde(default)]
    pub of: Selection,
    /// On which channels. Default: all.
    #[serde(default)]
    pub channels: Vec<String>,
    /// The share of them that goes to these offers.
    pub share: Option<Selection>,
    /// Or the mean over them of this: a number by contact, or CEL over `customer.*`, `segment.*`,
    /// `context.*`, `offer.*` and `channel` (a probability of complaint).
    pub mean: Option<Number>,
    /// It is at least this (`30 %`).
    pub at_least: Option<ShareSource>,
    /// It is at most this (`0.5 %`).
    pub at_most: Option<ShareSource>,
    /// Over how long.
    pub per: PerSource,
    /// Time zone in which the period turns. Default: UTC.
    pub zone: Option<String>,
    /// For `campaign`: its start (RFC 3339 or a date, UTC).
    pub from: Option<String>,
    /// For `campaign`: its end (RFC 3339 or a date, UTC).
    pub until: Option<String>,
    /// The highest shadow price, in money by contact, > 0. Default: 20 times what a contact is
    /// usually worth, by unit of the share.
    pub price_max: Option<f64>,
}

/// What is known beforehand of the decisions to come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TrafficSource {
    /// Decisions a day, > 0.
    pub per_day: Option<f64>,
    /// How far that may be off on a day (`10 %`): one standard deviation, > 0. Default: 5 %. It
    /// counts where decisions come in bursts: the surer the number, the more of the day's rest
    /// follows from what came already.
    pub within: Option<ShareSource>,
    /// Weights of the 24 hours of a day (UTC, from midnight), in any unit, ≥ 0.
    pub hours: Vec<f64>,
}
