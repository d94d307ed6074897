//! What a catalog declares about who may get what.

use std::sync::Arc;

use super::Bitset;
use crate::core::catalog::source::{CoolDownScope, CountedOutcome};
use crate::core::expression::Program;
use crate::core::interaction::OutcomeKind;
use crate::core::key::Key;

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
    /// No consent for the channel's purpose, or it could not be known.
    Consent,
    /// A contact limit is reached, or could not be known.
    ContactLimit,
    /// It rests after an outcome.
    CoolDown,
    /// It was accepted or rejected in this interaction already.
    Interaction,
    /// No treatment for the channel or placement, or its conditions do not hold.
    Treatment,
    /// Another of an exclusive set was placed.
    Exclusion,
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
    /// The name in cases, metrics and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Validity => "validity",
            Self::Eligibility => "eligibility",
            Self::Applicability => "applicability",
            Self::Suitability => "suitability",
            Self::Consent => "consent",
            Self::ContactLimit => "contact_limit",
            Self::CoolDown => "cool_down",
            Self::Interaction => "interaction",
            Self::Treatment => "treatment",
            Self::Exclusion => "exclusion",
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
    /// What it counts.
    pub counts: CountedOutcome,
    /// Each offer on its own.
    pub per_offer: bool,
    /// Largest number within the window.
    pub max: u32,
    /// Rolling window, ms.
    pub window_ms: i64,
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
    /// Only with one of these reasons (keys); empty: any.
    pub reasons: Vec<Key>,
    /// How long, ms; `None`: for ever.
    pub duration_ms: Option<i64>,
    /// What rests.
    pub scope: CoolDownScope,
}

/// Consent that a channel asks for.
#[derive(Clone, Debug)]
pub struct ConsentSpec {
    /// Index of the channel.
    pub channel: u16,
    /// Key of the channel's name.
    pub channel_key: Key,
    /// Key of the purpose.
    pub purpose: Key,
    /// Name of the purpose.
    pub purpose_name: Arc<str>,
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
}
