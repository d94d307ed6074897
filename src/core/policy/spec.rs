//! What a catalog declares about who may get what.

use std::sync::Arc;

use super::Bitset;
use super::quiet::QuietSpec;
use super::sequence::SequenceSpec;
use super::state::StateSpec;
use super::supply::QuotaSpec;
use crate::core::catalog::source::CoolDownScope;
use crate::core::expression::{Frame, Program};
use crate::core::interaction::OutcomeKind;
use crate::core::key::Key;
use crate::core::time::UnixMs;
use crate::core::zone::{Period, ZoneSpec};

/// What can stop a candidate, in the order in which gates are asked.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub enum Gate {
    /// Outside `valid_from`..`valid_until`.
    Validity,
    /// May they have it?
    Eligibility,
    /// Does it make sense now?
    Applicability,
    /// Is it good for them?
    Suitability,
    /// The customer is not in the share that a pilot is for.
    Pilot,
    /// The customer is in a control group.
    ControlGroup,
    /// A state of the customer puts other things first.
    State,
    /// The customer wants no contact, or whether could not be known.
    DoNotContact,
    /// No consent for the channel's purpose, or it could not be known.
    Consent,
    /// The channel is silent at this hour, where the customer lives.
    QuietHours,
    /// A contact limit is reached, or could not be known.
    ContactLimit,
    /// It rests after an outcome.
    CoolDown,
    /// It was accepted or rejected in this interaction already.
    Interaction,
    /// What must have happened with another offer before has not, or could not be known.
    Prerequisite,
    /// Another of an exclusive set was placed, or excludes it by what became of it.
    Exclusion,
    /// A quota, budget or stock is used up, or could not be known.
    Quota,
    /// No treatment for the channel or placement, or its conditions do not hold.
    Treatment,
    /// The slate as a whole leaves it out: its group has its share, its bundle is not whole, or the
    /// best combination is another.
    Slate,
    /// Its score could not be computed.
    Score,
    /// 'No offer' won: the score is below the threshold, or is not a number.
    Threshold,
    /// Better ones took the slots.
    Outranked,
}

impl Gate {
    /// All gates, in order.
    pub const ALL: [Self; 21] = [
        Self::Validity,
        Self::Eligibility,
        Self::Applicability,
        Self::Suitability,
        Self::Pilot,
        Self::ControlGroup,
        Self::State,
        Self::DoNotContact,
        Self::Consent,
        Self::QuietHours,
        Self::ContactLimit,
        Self::CoolDown,
        Self::Interaction,
        Self::Prerequisite,
        Self::Exclusion,
        Self::Quota,
        Self::Treatment,
        Self::Slate,
        Self::Score,
        Self::Threshold,
        Self::Outranked,
    ];

    /// The name in cases, metrics and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Validity => "validity",
            Self::Eligibility => "eligibility",
            Self::Applicability => "applicability",
            Self::Suitability => "suitability",
            Self::Pilot => "pilot",
            Self::ControlGroup => "control_group",
            Self::State => "state",
            Self::DoNotContact => "do_not_contact",
            Self::Consent => "consent",
            Self::QuietHours => "quiet_hours",
            Self::ContactLimit => "contact_limit",
            Self::CoolDown => "cool_down",
            Self::Interaction => "interaction",
            Self::Prerequisite => "prerequisite",
            Self::Exclusion => "exclusion",
            Self::Quota => "quota",
            Self::Treatment => "treatment",
            Self::Slate => "slate",
            Self::Score => "score",
            Self::Threshold => "threshold",
            Self::Outranked => "outranked",
        }
    }
}

/// A condition on some offers.
#[derive(Clone, Debug)]
pub struct RuleSpec {
    /// Which gate it is.
    pub gate: Gate,
    /// The whole condition; compilation splits it into its conjuncts.
    pub program: Program,
    /// What to tell people when it does not hold.
    pub reason: Option<Arc<str>>,
    /// Id of the policy; `None`: each offer's own condition.
    pub from: Option<Arc<str>>,
    /// Bit per channel (by index) on which it is asked.
    pub channels: u64,
    /// The offers it is about, by index, ascending.
    pub offers: Vec<u32>,
}

/// A contact limit.
#[derive(Clone, Debug)]
pub struct LimitSpec {
    /// Id.
    pub id: Arc<str>,
    /// The offers it counts and stops; never a transactional one.
    pub offers: Bitset,
    /// Whether contacts with offers the catalog no longer has count too: the limit selects no
    /// offers, groups or kinds.
    pub counts_retired: bool,
    /// Keys of the channels it counts; empty: all.
    pub channels: Vec<Key>,
    /// Bit per channel (by index) on which it stops offers.
    pub channel_mask: u64,
    /// Bits of the outcomes it counts; all bits: every contact.
    pub counts: u8,
    /// Each offer on its own.
    pub per_offer: bool,
    /// Only these treatments; `None`: any.
    pub treatments: Option<TreatmentLimit>,
    /// Largest number within the window.
    pub max: u32,
    /// The window.
    pub window: Window,
    /// Whether what it leaves of a customer's contacts has a price.
    pub paced: bool,
}

/// Treatments that a limit counts and stops.
#[derive(Clone, Debug, Default)]
pub struct TreatmentLimit {
    /// Their keys, ascending.
    pub keys: Vec<Key>,
    /// Offers that have no other treatment on a channel: (index of the channel, offer).
    pub alone: Vec<(u16, u32)>,
}

/// The time in which a limit counts.
#[derive(Clone, Debug)]
pub enum Window {
    /// The last so many ms.
    Rolling(i64),
    /// The present period of the calendar.
    Calendar(Period, ZoneSpec),
}

impl Window {
    /// The first moment that counts at `now`, and when the count begins anew (calendar only).
    #[must_use]
    pub fn around(&self, now: UnixMs, frame: &Frame) -> (UnixMs, Option<UnixMs>) {
        match self {
            Self::Rolling(ms) => (UnixMs(now.0.saturating_sub(*ms).saturating_add(1)), None),
            Self::Calendar(period, zone) => {
                let (start, end) = period.around(now, &zone.of(frame));
                (start, Some(end))
            }
        }
    }

    /// In words: `within 7d`, `a month`.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Rolling(ms) => format!("within {}", super::sequence::span(*ms)),
            Self::Calendar(period, _) => format!("a {}", period.name()),
        }
    }
}

/// Rest after an outcome.
#[derive(Clone, Debug)]
pub struct CoolDownSpec {
    /// Id.
    pub id: Arc<str>,
    /// The offers it is about.
    pub offers: Bitset,
    /// After which outcomes.
    pub after: Vec<OutcomeKind>,
    /// How long by reason (key), ms; `None`: for ever. Ascending by key.
    pub by_reason: Vec<(Key, Option<i64>)>,
    /// How long after any other reason, or none; absent: it does not rest then.
    pub otherwise: Option<Option<i64>>,
    /// What rests.
    pub scope: CoolDownScope,
}

impl CoolDownSpec {
    /// How long it rests after an outcome with `reason`, ms (`None`: for ever); absent: not at all.
    #[must_use]
    pub fn rest_ms(&self, reason: Key) -> Option<Option<i64>> {
        let found = self.by_reason.binary_search_by_key(&reason, |(known, _)| *known);
        let own = found.ok().and_then(|place| self.by_reason.get(place)).map(|(_, ms)| *ms);
        own.or(self.otherwise)
    }
}

/// Consent that a channel asks for.
#[derive(Clone, Debug)]
pub struct ConsentSpec {
    /// The offers it is asked for.
    pub offers: Bitset,
    /// Only a confirmed consent counts (double opt-in).
    pub confirmed: bool,
    /// Index of the channel.
    pub channel: u16,
    /// Key of the channel's name.
    pub channel_key: Key,
    /// Key of the purpose.
    pub purpose: Key,
    /// Name of the purpose.
    pub purpose_name: Arc<str>,
}

/// A pilot: some offers for a stable share of customers.
#[derive(Clone, Debug)]
pub struct PilotSpec {
    /// Id; `None`: the offer's own.
    pub id: Option<Arc<str>>,
    /// The offers.
    pub offers: Bitset,
    /// How many of the 10,000 buckets are in it; see [`super::share`].
    pub buckets: u32,
    /// Hash of the salt.
    pub salt: u64,
}

/// An offer that must be shown first.
#[derive(Clone, Debug)]
pub struct MandatorySpec {
    /// Index of the offer.
    pub offer: u32,
    /// When; `None`: always. Unknown or failed counts as not.
    pub when: Option<Program>,
}

/// All of it, ready to be compiled.
#[derive(Clone, Debug, Default)]
pub struct PolicySpec {
    /// Number of offers.
    pub offers: usize,
    /// Group index of each offer.
    pub groups: Vec<u16>,
    /// Offers exempt from consent and contact limits.
    pub transactional: Bitset,
    /// Conditions.
    pub rules: Vec<RuleSpec>,
    /// Contact limits.
    pub limits: Vec<LimitSpec>,
    /// Cool-downs.
    pub cool_downs: Vec<CoolDownSpec>,
    /// Consents.
    pub consents: Vec<ConsentSpec>,
    /// Bit per channel (by index) on which customers are contacted, rather than contact us.
    pub outbound: u64,
    /// Quiet hours.
    pub quiet_hours: Vec<QuietSpec>,
    /// Prerequisites, follow-ups, exclusions by history.
    pub sequences: Vec<SequenceSpec>,
    /// Pilots.
    pub pilots: Vec<PilotSpec>,
    /// Customer states, by falling precedence.
    pub states: Vec<StateSpec>,
    /// Offers that must be shown first.
    pub mandatory: Vec<MandatorySpec>,
    /// Quotas.
    pub quotas: Vec<QuotaSpec>,
}
