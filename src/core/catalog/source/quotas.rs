//! Quotas: volumes, budgets and stocks that are never exceeded.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Number, Selection};

/// What uses a quota up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuotaCountSource {
    /// The contact, as the channel defines it: the decision, or the impression. Where it is the
    /// impression, a unit is held from the decision until then.
    #[default]
    Contact,
    /// The impression; a unit is held from the decision until then.
    Impression,
    /// The acceptance (or conversion); a unit is held from the decision until then.
    Accept,
    /// The conversion; a unit is held from the decision until then.
    Convert,
}

/// How long a quota lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuotaPeriodSource {
    /// Anew each day.
    Day,
    /// Anew each week, from Monday.
    Week,
    /// Anew each month.
    Month,
    /// Anew each quarter.
    Quarter,
    /// Anew each year.
    Year,
    /// Once in the campaign named by `campaign`.
    Campaign,
    /// Once and for all.
    Ever,
}

/// A quota: at most so much, by all replicas together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuotaSource {
    /// Unique and stable; what is used is kept under it. Named in reasons.
    pub id: String,
    /// What it is for.
    pub description: Option<String>,
    /// Which offers, all together.
    #[serde(default)]
    pub applies_to: Selection,
    /// On which channels, all together. Default: all.
    #[serde(default)]
    pub channels: Vec<String>,
    /// What uses it up. Default: contacts.
    #[serde(default)]
    pub counts: QuotaCountSource,
    /// What each of them costs, for a budget in money: a number, or CEL over `offer.*` alone, ≥ 0,
    /// exact to four decimals. Default: none, each takes one piece.
    pub cost: Option<Number>,
    /// Largest volume in a period: pieces, or money where there is a `cost`.
    pub max: f64,
    /// How long it lasts.
    pub per: QuotaPeriodSource,
    /// Name of the campaign: a new name starts afresh.
    pub campaign: Option<String>,
    /// First moment of the campaign; closed before.
    pub from: Option<String>,
    /// First moment after the campaign; closed from then on.
    pub until: Option<String>,
    /// IANA zone in which its periods begin. Default: the default zone of `channels.yaml`, else
    /// `UTC`.
    pub zone: Option<String>,
    /// How long a unit is held for the outcome that uses it up (`30m`); then it is free again, and
    /// a later outcome takes one anew or is refused. Answers carry it as `expire_time` where
    /// impressions count. Default: `30m`, at most 30 days.
    pub hold: Option<String>,
}
