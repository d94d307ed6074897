//! What a customer's own answers do to scores: influencers, which fade, and objections, which hold
//! for an interaction.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Selection;

/// An outcome that makes offers score higher or lower for a while.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InfluencerSource {
    /// Unique; named in reasons.
    pub id: String,
    /// What it is for.
    pub description: Option<String>,
    /// Outcomes on which offers. Default: all.
    #[serde(default)]
    pub applies_to: Selection,
    /// After what: `impression`, `click`, `accept`, `reject`, `convert`, `no_response`, `sent`. The
    /// latest such outcome counts.
    pub after: String,
    /// Only with one of these reasons. Default: with any or none.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// What scores differently. Default: the offer itself.
    #[serde(default)]
    pub scope: InfluenceScope,
    /// By how much at first, in percent, -100..=1000.
    pub percent: f64,
    /// How it fades.
    pub decay: DecaySource,
}

/// What an influencer reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InfluenceScope {
    /// The offer of the outcome.
    #[default]
    Offer,
    /// Every offer of its group.
    Group,
}

/// How an influence fades. Exactly one of both.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DecaySource {
    /// Exponentially: what is left halves in this time (`3d`).
    pub half_life: Option<String>,
    /// In a straight line: nothing is left after this time (`7d`).
    pub linear: Option<String>,
}

/// What an objection does to some offers, for the rest of the interaction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectionSource {
    /// Which offers. Default: all.
    #[serde(default)]
    pub applies_to: Selection,
    /// Only those of the group of the offer that was objected to. Default: no.
    #[serde(default)]
    pub same_group: bool,
    /// CEL of type bool over `offer.*`, `customer.*`, `segment.*`, `context.*`: only offers for
    /// which it holds. Default: all.
    pub when: Option<String>,
    /// By how much, in percent, -100..=1000. Several that meet add up.
    pub percent: f64,
}
