//! `channels.yaml`: where offers are shown.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Literal;

use super::TimeZoneSource;

/// `channels.yaml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelsFile {
    /// Channels, by name.
    pub channels: BTreeMap<String, ChannelSource>,
    /// Where customers live.
    pub time_zone: Option<TimeZoneSource>,
    /// Shapes of `structured` content, by name: JSON Schema (draft 2020-12), without references to
    /// other documents.
    #[serde(default)]
    pub shapes: BTreeMap<String, BTreeMap<String, Literal>>,
}

/// What counts as the contact on a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContactPoint {
    /// The impression outcome (web, app, call centre).
    #[default]
    Impression,
    /// The decision itself: what is decided is sent (e-mail, SMS); committed before the answer.
    Decision,
}

/// How text is escaped for a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Escaping {
    /// Values are HTML-escaped.
    #[default]
    Html,
    /// Values go in as they are.
    None,
}

/// Who begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DirectionSource {
    /// The customer comes to us.
    Inbound,
    /// We go to the customer.
    Outbound,
}

/// When a channel is silent, on the clocks where the customer lives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietHoursSource {
    /// First silent minute (`21:00`).
    pub from: String,
    /// First minute that is not (`09:00`); before `from`: over midnight.
    pub to: String,
}

/// A channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelSource {
    /// What counts as the contact. Default: `impression`.
    #[serde(default)]
    pub contact: ContactPoint,
    /// Locales it speaks, the first is the default.
    pub locales: Vec<String>,
    /// Escaping of values in texts. Default: `html`.
    #[serde(default)]
    pub escaping: Escaping,
    /// Longest rendered text, in characters (SMS: 160); a longer one is a fault of the treatment.
    pub text_chars_max: Option<u32>,
    /// Purpose for which consent is needed before a non-transactional offer is made here. An offer
    /// may name its own `purpose` instead.
    pub consent: Option<String>,
    /// Whether a consent counts only once it was confirmed. Default: no.
    #[serde(default)]
    pub double_opt_in: bool,
    /// Who begins. `outbound` channels are closed to customers who want no contact. Default:
    /// `outbound` where the decision is the contact, else `inbound`.
    pub direction: Option<DirectionSource>,
    /// When the channel is silent, but for transactional offers.
    pub quiet_hours: Option<QuietHoursSource>,
    /// Places on the channel, by name.
    pub placements: BTreeMap<String, PlacementSource>,
    /// What it is.
    pub description: Option<String>,
}

/// A place with slots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlacementSource {
    /// Number of slots, 1..=100.
    pub slots: u32,
    /// Relative attention of each slot, first to last, in (0, 1]. Default: 1/log2(1 + position).
    #[serde(default)]
    pub weights: Vec<f64>,
    /// What it is.
    pub description: Option<String>,
}
