//! `channels.yaml`: where offers are shown.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `channels.yaml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelsFile {
    /// Channels, by name.
    pub channels: BTreeMap<String, ChannelSource>,
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
    /// Purpose for which consent is needed before a non-transactional offer is made here.
    pub consent: Option<String>,
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
