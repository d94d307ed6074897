//! `cases/*.yaml`: tests of the rules: given → expected.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Literal;

/// A file of `cases/`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CasesFile {
    /// Cases.
    pub cases: Vec<CaseSource>,
}

/// One case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseSource {
    /// What it shows; unique within the file.
    pub name: String,
    /// What is so.
    pub given: GivenSource,
    /// What must come out.
    pub expect: ExpectSource,
}

/// What is so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenSource {
    /// The moment (RFC 3339).
    pub now: String,
    /// The channel.
    pub channel: String,
    /// Other channels that are asked for in the same call, with all their placements. What is
    /// expected is about `channel`, but for what `expect.channels` says of them.
    #[serde(default)]
    pub also: Vec<String>,
    /// The placement. Default: all of the channel.
    pub placement: Option<String>,
    /// The locale. Default: the channel's.
    pub locale: Option<String>,
    /// The interaction: what was settled in it, by outcomes of `history` that name it, does not
    /// return.
    pub interaction: Option<String>,
    /// The customer's id, where shares and experiments hang on it. Default: one by the
    /// case's name, in no arm of the experiment.
    pub customer_id: Option<String>,
    /// The seed of all chance in the decision. Default 0.
    #[serde(default)]
    pub seed: u64,
    /// The profile cannot be read: limits and consents hold back. Then there are no attributes,
    /// consents and history. Default: no.
    #[serde(default)]
    pub unavailable: bool,
    /// Attributes of the customer.
    #[serde(default)]
    pub customer: BTreeMap<String, Literal>,
    /// The context.
    #[serde(default)]
    pub context: BTreeMap<String, Literal>,
    /// Consents given (`true`) or withdrawn (`false`), `pending` or `confirmed`, by purpose.
    #[serde(default)]
    pub consents: BTreeMap<String, ConsentGiven>,
    /// The customer wants no contact. Default: no.
    #[serde(default)]
    pub do_not_contact: bool,
    /// What is left of quotas, by id: pieces, or money. Default: enough.
    #[serde(default)]
    pub quotas: BTreeMap<String, f64>,
    /// Scores that the case supposes, by name (`rfm_recency`, `abc_sales`), whatever the history
    /// says: how customers compare cannot follow from one customer's history.
    #[serde(default)]
    pub scores: BTreeMap<String, Literal>,
    /// Shadow prices, by target (`margin.target`), budget (`margin.budget`), resource or constraint.
    /// Default: all 0.
    #[serde(default)]
    pub prices: BTreeMap<String, f64>,
    /// What happened before, in any order.
    #[serde(default)]
    pub history: Vec<HistorySource>,
}

/// A consent of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ConsentGiven {
    /// Given or withdrawn.
    Said(bool),
    /// Given, in two steps.
    Word(ConsentWord),
}

/// Where a consent in two steps stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsentWord {
    /// Given, and yet to be confirmed.
    Pending,
    /// Given and confirmed.
    Confirmed,
}

/// Something that happened before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum HistorySource {
    /// An event.
    Event(HistoryEventSource),
    /// An outcome of an offer.
    Outcome(HistoryOutcomeSource),
}

/// An event that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HistoryEventSource {
    /// Its type.
    pub event: String,
    /// How long before `now` (`3d`).
    pub ago: String,
    /// Its fields.
    #[serde(default)]
    pub fields: BTreeMap<String, Literal>,
}

/// An outcome that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HistoryOutcomeSource {
    /// `impression`, `click`, `accept`, `reject`, `convert`, `no_response`.
    pub outcome: String,
    /// Of which offer.
    pub offer: String,
    /// On which channel. Default: the case's.
    pub channel: Option<String>,
    /// The interaction it was given in.
    pub interaction: Option<String>,
    /// Why, for a rejection.
    pub reason: Option<String>,
    /// How long before `now` (`3d`).
    pub ago: String,
}

/// What must come out; what is not stated is not checked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExpectSource {
    /// Exactly these offers, in this order.
    pub offers: Option<Vec<String>>,
    /// These offers, in any order, perhaps among others.
    pub includes: Vec<String>,
    /// None of these.
    pub excludes: Vec<String>,
    /// The first.
    pub first: Option<String>,
    /// Nothing is offered.
    pub no_offer: Option<bool>,
    /// Place of the channel among those asked for, from 1.
    pub rank: Option<u32>,
    /// By offer: the gate that stopped it (`eligibility`, `consent`, `contact_limit` ...), alone or
    /// followed by the id of the policy (`contact_limit email_weekly`).
    pub stopped: BTreeMap<String, String>,
    /// By offer that was stopped: why, in words that contain this.
    pub reasons: BTreeMap<String, String>,
    /// By offer and content field (`gold_card.title`): the rendered text contains this.
    pub content: BTreeMap<String, String>,
    /// By placement: exactly these offers, in this order.
    pub placements: BTreeMap<String, Vec<String>>,
    /// By offer that was placed: the id of its treatment.
    pub treatments: BTreeMap<String, String>,
    /// By offer that was placed: `score`, or what it is made of (`propensity`, `affinity`, `value`,
    /// `lever`, `context_weight`, `priority`, `influence`, `objection`).
    pub factors: BTreeMap<String, BTreeMap<String, FactorSource>>,
    /// By channel of `also`: what must come out on it.
    pub channels: BTreeMap<String, ExpectSource>,
}

/// A number that must come out: to six digits, or between two.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum FactorSource {
    /// This number, to one part in a million.
    Number(f64),
    /// From the first to the second, both included.
    Between([f64; 2]),
}
