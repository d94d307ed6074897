//! `offers/*.yaml`: what may be proposed, and how it is shown on each channel.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Condition, ContributionSource, EarlierSource, HoursSource, LeverSource, Literal, Localized,
    MandatorySource, Number, OneOrMany, PilotSource,
};

/// A file of `offers/`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OffersFile {
    /// Groups declared in this file, by name.
    pub groups: BTreeMap<String, GroupSource>,
    /// Offers.
    pub offers: Vec<OfferSource>,
}

/// A group of offers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GroupSource {
    /// Name for people.
    pub name: Option<Localized>,
    /// What it is.
    pub description: Option<String>,
    /// Business lever on every offer of the group: a factor (`1.1`) or a percentage (`+10 %`).
    /// Default 1.
    pub lever: Option<LeverSource>,
    /// Starting belief for offers that state none.
    pub prior: Option<PriorSource>,
}

/// What an offer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OfferKind {
    /// Sells something.
    Sell,
    /// Keeps a customer.
    Retain,
    /// A service action.
    Serve,
    /// Information.
    Inform,
}

/// Belief before any outcome.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriorSource {
    /// Expected probability of the positive outcome, in (0, 1).
    pub probability: f64,
    /// How many outcomes that belief is worth, > 0.
    pub evidence: f64,
}

/// An offer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OfferSource {
    /// Unique, stable: history and models know the offer by it. `a-z`, `0-9`, `_`, `-`, `.`.
    pub id: String,
    /// Name for people.
    pub name: Localized,
    /// Its group.
    pub group: String,
    /// What it is for.
    pub kind: OfferKind,
    /// What it is.
    pub description: Option<String>,
    /// Item it stands for in affinity. Default: the offer's id.
    pub item: Option<String>,
    /// Facts about the offer: read as `offer.NAME` in conditions, formulas and texts.
    #[serde(default)]
    pub attributes: BTreeMap<String, Literal>,
    /// First moment it may be made: RFC 3339, a date (UTC), or a time in a zone
    /// (`2026-12-01T00:00[Europe/Madrid]`).
    pub valid_from: Option<String>,
    /// Moment from which it may no longer be made, written alike.
    pub valid_until: Option<String>,
    /// Only at these hours of the week. Default: at all.
    #[serde(default)]
    pub hours: Vec<HoursSource>,
    /// Order for the `priority` scheme: higher first. Default 0.
    #[serde(default)]
    pub priority: i32,
    /// Business lever: a factor (`1.25`) or a percentage (`+25 %`); `arbitration.yaml` says how it
    /// and the group's become one. Default 1.
    pub lever: Option<LeverSource>,
    /// Relevance in the moment: factor of `pcvl`, a number or CEL over customer and context.
    /// Default 1.
    pub context_weight: Option<Number>,
    /// What a positive outcome is worth to the organisation, in its money. Default: the weighted
    /// sum of `contributes`.
    pub value: Option<Number>,
    /// What it contributes to each objective, by objective: a number for a positive outcome, or by
    /// what comes of it (`{ contact: 0.1, accept: 20 }`).
    #[serde(default)]
    pub contributes: BTreeMap<String, ContributionSource>,
    /// Starting belief. Default: the group's, then `models.yaml`'s.
    pub prior: Option<PriorSource>,
    /// Exempt from consent and contact limits, by declaration (a fraud alert, a service message).
    #[serde(default)]
    pub transactional: bool,
    /// Purpose for which consent is needed where a channel asks for consent, instead of the
    /// channel's own.
    pub purpose: Option<String>,
    /// What must have happened with other offers before: all of these.
    pub requires: Option<OneOrMany<EarlierSource>>,
    /// What it follows up: as `requires`, said of what has just happened.
    pub follows: Option<OneOrMany<EarlierSource>>,
    /// What must not have happened with other offers: none of these.
    pub excluded_by: Option<OneOrMany<EarlierSource>>,
    /// Only for a stable share of customers.
    pub pilot: Option<PilotSource>,
    /// Must be shown first where the policies let it through: above every score and threshold.
    /// Default: no.
    pub mandatory: Option<MandatorySource>,
    /// May they have it?
    #[serde(default)]
    pub eligibility: Vec<Condition>,
    /// Does it make sense now?
    #[serde(default)]
    pub applicability: Vec<Condition>,
    /// Is it good for them?
    #[serde(default)]
    pub suitability: Vec<Condition>,
    /// How it is shown, per channel.
    pub treatments: Vec<TreatmentSource>,
}

/// How an offer is shown on one channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TreatmentSource {
    /// Unique within the offer. Default: the channel's name.
    pub id: Option<String>,
    /// The channel.
    pub channel: String,
    /// Placements it fits. Default: all of the channel.
    #[serde(default)]
    pub placements: Vec<String>,
    /// Further conditions on this treatment.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// Content by field name (`title`, `body`, `image` ...).
    pub content: BTreeMap<String, ContentSource>,
}

/// What a piece of content is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContentType {
    /// Text for people; a minijinja template over `customer`, `context`, `offer`.
    #[default]
    Text,
    /// HTML, with the author's markup; values are escaped, whatever the channel.
    Html,
    /// Address of an image.
    Image,
    /// Address of a page.
    Link,
    /// Address of a video.
    Video,
    /// JSON for the channel's own use.
    Structured,
}

/// A piece of content: a text alone, or typed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ContentSource {
    /// Typed content.
    Typed(TypedContentSource),
    /// Text, one or by locale.
    Text(Localized),
}

/// Typed content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TypedContentSource {
    /// What it is.
    #[serde(rename = "type")]
    pub ty: ContentType,
    /// The content, one or by locale; also a template.
    pub content: Localized,
    /// What stands for an image or a video where it cannot be seen, one or by locale; also a
    /// template.
    pub alt: Option<Localized>,
    /// The words of a link, one or by locale; also a template.
    pub label: Option<Localized>,
    /// For `structured`: the shape, declared in `channels.yaml`, that it must have.
    pub shape: Option<String>,
}
