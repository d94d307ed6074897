//! The parts of `models.yaml` about answers: how long they are waited for, whose they are, which
//! events are answers, and the funnel.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PriorSource;

/// How long answers are waited for, from the contact on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WindowsSource {
    /// When silence becomes a no: `2d`, or `never`. A later answer corrects it. Default: `1d`, and
    /// `7d` on channels where the decision is the contact (e-mail, SMS).
    pub silence: Option<String>,
    /// How long a click can belong to a contact. Default: `7d`.
    pub click: Option<String>,
    /// How long an acceptance can belong to a contact. Default: `30d`.
    pub accept: Option<String>,
    /// How long a rejection can belong to a contact. Default: `30d`.
    pub reject: Option<String>,
    /// How long a conversion can belong to a contact. Default: `90d`.
    pub convert: Option<String>,
    /// By channel, what differs there.
    pub channels: BTreeMap<String, ChannelWindowsSource>,
}

/// Windows of one channel; what is left out is as everywhere.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChannelWindowsSource {
    /// When silence becomes a no, or `never`.
    pub silence: Option<String>,
    /// How long a click can belong to a contact.
    pub click: Option<String>,
    /// How long an acceptance can belong to a contact.
    pub accept: Option<String>,
    /// How long a rejection can belong to a contact.
    pub reject: Option<String>,
    /// How long a conversion can belong to a contact.
    pub convert: Option<String>,
}

/// How outcomes that name no decision are shared out among the contacts that may have led to them,
/// by outcome. Default: the last contact has it all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AttributionSource {
    /// Clicks.
    pub click: Option<CreditSource>,
    /// Acceptances.
    pub accept: Option<CreditSource>,
    /// Conversions.
    pub convert: Option<CreditSource>,
}

/// Who has the credit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CreditRule {
    /// The last contact.
    #[default]
    Last,
    /// The first contact.
    First,
    /// All alike.
    Linear,
    /// All, the more recent the more: half as much a `half_life` earlier.
    TimeDecayed,
}

/// How an outcome is shared out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CreditSource {
    /// Who has the credit.
    pub rule: CreditRule,
    /// For `time_decayed`. Default: `7d`.
    pub half_life: Option<String>,
    /// Contacts that were seen and not clicked. Default: they count as all others.
    pub view_through: Option<ViewThroughSource>,
}

/// What a contact without a click may claim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ViewThroughSource {
    /// How long after the contact it may.
    pub window: String,
    /// What its claim counts, against 1 after a click; above 0 and up to 1. Default: 1.
    #[serde(default = "one")]
    pub weight: f64,
    /// Channels on which clicks are told, so that there being none says something. Default: all.
    #[serde(default)]
    pub channels: Vec<String>,
}

fn one() -> f64 {
    1.0
}

/// Outcomes that an event can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnswerKind {
    /// A click.
    Click,
    /// An acceptance.
    Accept,
    /// A conversion.
    Convert,
}

/// An event that is the answer to an offer, although nobody says so: a purchase converts the offer
/// of the product bought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NaturalSource {
    /// The event type.
    pub on: String,
    /// What it is for the offer. Default: `convert`.
    #[serde(default = "convert")]
    pub outcome: AnswerKind,
    /// Condition over the event (CEL over `event.*`). Default: always.
    pub when: Option<String>,
    /// Which offers: CEL over `event.*` that gives a text, compared with the offers' ids, or with
    /// the attribute that `matches` names.
    pub offer: String,
    /// Attribute of offers that `offer` is compared with, where an offer has it. Default: the
    /// offer's id.
    pub matches: Option<String>,
    /// Money: CEL over `event.*` that gives a number. Default: none.
    pub value: Option<String>,
    /// What tells this purchase from others (an order number): CEL over `event.*` that gives a text.
    /// The same one told again, by an event or as an outcome's `order_id`, counts once.
    pub order: Option<String>,
}

fn convert() -> AnswerKind {
    AnswerKind::Convert
}

/// A stage of the funnel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FunnelStageSource {
    /// The outcome that reaches it.
    pub outcome: AnswerKind,
    /// Belief, before anything is seen, that it is reached from the stage before. Default: a
    /// probability of 0.2, worth 5 outcomes.
    pub prior: Option<PriorSource>,
}
