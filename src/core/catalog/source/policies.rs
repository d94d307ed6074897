//! `policies/*.yaml`: who may get what, and how often.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Condition, MaxSource, OfferKind, OneOrMany, PilotSource, QuotaSource, SequenceSource,
    StateSource,
};

/// A file of `policies/`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PoliciesFile {
    /// Conditions on many offers at once.
    pub policies: Vec<PolicySource>,
    /// Contact limits.
    pub contact_limits: Vec<ContactLimitSource>,
    /// Cool-downs after an outcome.
    pub cool_downs: Vec<CoolDownSource>,
    /// Sets of offers of which at most one is shown in one decision.
    pub exclusions: Vec<ExclusionSource>,
    /// What must, or must not, have happened with other offers.
    pub sequences: Vec<SequenceSource>,
    /// Situations of the customer that change the game.
    pub states: Vec<StateSource>,
    /// Volumes, budgets and stocks.
    pub quotas: Vec<QuotaSource>,
}

/// Which offers something is about. All given criteria must hold; none given: all offers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Selection {
    /// Offers by id.
    pub offers: Vec<String>,
    /// Offers of these groups.
    pub groups: Vec<String>,
    /// Offers of these kinds.
    pub kinds: Vec<OfferKind>,
    /// All but these offers.
    pub except: Vec<String>,
}

/// Conditions on many offers at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicySource {
    /// Unique; named in reasons.
    pub id: String,
    /// What it is for.
    pub description: Option<String>,
    /// Which offers.
    #[serde(default)]
    pub applies_to: Selection,
    /// Only on these channels. Default: all.
    #[serde(default)]
    pub channels: Vec<String>,
    /// May they have it?
    #[serde(default)]
    pub eligibility: Vec<Condition>,
    /// Does it make sense now?
    #[serde(default)]
    pub applicability: Vec<Condition>,
    /// Is it good for them?
    #[serde(default)]
    pub suitability: Vec<Condition>,
    /// These offers only for a stable share of customers.
    pub pilot: Option<PilotSource>,
}

/// What a contact limit counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountedOutcome {
    /// Contacts, as the channel defines them.
    #[default]
    Contact,
    /// What was sent: contacts that the decision itself made.
    Sent,
    /// What was seen.
    Impression,
    /// Clicks.
    Click,
    /// Acceptances and conversions.
    Accept,
    /// Rejections.
    Reject,
}

/// How often, at most.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactLimitSource {
    /// Unique; named in reasons.
    pub id: String,
    /// What it is for.
    pub description: Option<String>,
    /// Which offers it counts, all together.
    #[serde(default)]
    pub applies_to: Selection,
    /// Only these treatments (`OFFER/TREATMENT`): it counts them, and stops them rather than their
    /// offers. Default: all.
    #[serde(default)]
    pub treatments: Vec<String>,
    /// Counted on these channels, all together. Default: all.
    #[serde(default)]
    pub channels: Vec<String>,
    /// What it counts, one or several: a contact counts once, if any of them came of it. Default:
    /// contacts.
    pub counts: Option<OneOrMany<CountedOutcome>>,
    /// Count each offer on its own rather than all together. Default: no.
    #[serde(default)]
    pub per_offer: bool,
    /// Largest number within the window, ≥ 1, or `unlimited`.
    pub max: MaxSource,
    /// A rolling window (`1d`, `7d`, `12h`), or a period of the calendar: `day`, `week` (from
    /// Monday), `month`, `quarter`, `year`.
    pub window: String,
    /// IANA zone in which the period of the calendar begins. Default: the customer's, see
    /// `time_zone` in `channels.yaml`.
    pub zone: Option<String>,
    /// Give a price to what it leaves of a customer's contacts: the scheme `constrained` then
    /// spends one on an offer that is worth more than what the contact is likely to bring later in
    /// the window. At most 32 contacts. Default: no.
    #[serde(default)]
    pub pace: bool,
}

/// Outcomes after which an offer rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CoolDownAfter {
    /// Rejected.
    Reject,
    /// Accepted or converted.
    Accept,
    /// Shown.
    Impression,
    /// Clicked.
    Click,
    /// Converted.
    Convert,
    /// Not answered in time.
    NoResponse,
}

/// What rests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CoolDownScope {
    /// The offer itself.
    #[default]
    Offer,
    /// Every offer of its group.
    Group,
}

/// Rest after an outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CoolDownSource {
    /// Unique; named in reasons.
    pub id: String,
    /// What it is for.
    pub description: Option<String>,
    /// Outcomes on which offers.
    #[serde(default)]
    pub applies_to: Selection,
    /// After what: one outcome or several.
    pub after: OneOrMany<CoolDownAfter>,
    /// Only with one of these reasons. Default: with any or none.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// For how long (`30d`), or `forever`. With `by_reason`: after all other reasons, or none.
    #[serde(rename = "for")]
    pub duration: Option<String>,
    /// For how long by reason: `{ not_now: 7d, not_interested: 90d, never: forever }`.
    #[serde(default)]
    pub by_reason: BTreeMap<String, String>,
    /// What rests. Default: the offer.
    #[serde(default)]
    pub scope: CoolDownScope,
}

/// At most one of these in one decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExclusionSource {
    /// Unique; named in reasons.
    pub id: String,
    /// What it is for.
    pub description: Option<String>,
    /// The offers of which at most one is shown.
    pub among: Selection,
}
