//! What a decision is asked and what it answers.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::paced::Paced;
use crate::core::arbitration::score::Factors;
use crate::core::catalog::source::ContentType;
use crate::core::expression::Slot;
use crate::core::feature::FeatureVector;
use crate::core::interaction::OutcomeKind;
use crate::core::key::{Key, mix64};
use crate::core::live::LiveValue;
use crate::core::policy::{Stop, Supply};
use crate::core::propensity::Estimate;
use crate::core::time::UnixMs;
use crate::core::value::Value;

/// A decision's identity: 48 bits of time (ms), 80 bits drawn from customer and seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DecisionId(pub u128);

impl DecisionId {
    /// The id of the decision made at `now` for the customer with hash `customer` from `seed`.
    #[must_use]
    pub fn derive(now: UnixMs, customer: u64, seed: u64) -> Self {
        let time = u128::from(now.0.unsigned_abs() & 0xffff_ffff_ffff);
        let high = u128::from(mix64(customer, seed) & 0xffff);
        let low = u128::from(mix64(seed, customer));
        Self(time << 80 | high << 64 | low)
    }

    /// The part that a customer's record keeps.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the low half is meant")]
    pub fn low(self) -> u64 {
        self.0 as u64
    }

    /// Reads the text form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        hex.then(|| u128::from_str_radix(text, 16).ok().map(Self)).flatten()
    }
}

impl std::fmt::Display for DecisionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// What is asked; names are already resolved to the catalog's indices.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Hash of the customer's id.
    pub customer: u64,
    /// Key of the interaction's id: what was settled in it does not return.
    pub interaction: Option<Key>,
    /// Channels to decide, in order.
    pub channels: Vec<ChannelRequest>,
    /// Context values by slot, type-checked.
    pub context: Vec<(Slot, Value)>,
    /// Attributes read in place for this decision: they stand in place of what the profile holds.
    pub live: Vec<LiveValue>,
    /// Attributes that this decision sees changed, without effect on the profile (what-if).
    pub overrides: Vec<(Slot, Option<Value>)>,
    /// What is left of quotas.
    pub supply: Supply,
    /// Whether to decide as if the customer were in no arm of the experiment.
    pub as_standard: bool,
    /// Whether to give reasons and the fate of every candidate.
    pub explain: bool,
}

/// A channel to decide.
#[derive(Clone, Debug)]
pub struct ChannelRequest {
    /// Index of the channel.
    pub channel: u16,
    /// Locale asked for; the channel's default otherwise.
    pub locale: Option<Arc<str>>,
    /// Placements to fill, in order.
    pub placements: Vec<PlacementRequest>,
    /// Scheme to use instead of the channel's (what-if).
    pub scheme: Option<u16>,
}

/// A placement to fill.
#[derive(Clone, Debug)]
pub struct PlacementRequest {
    /// Index within the channel.
    pub placement: u16,
    /// Slots to fill; at most the placement's own.
    pub slots: u32,
    /// Only these offers (indices); empty: all.
    pub only: Vec<u32>,
    /// None of these offers (indices).
    pub without: Vec<u32>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// Its id.
    pub id: DecisionId,
    /// When it was made.
    pub at: UnixMs,
    /// From which seed.
    pub seed: u64,
    /// Version of the shadow prices it was made with; 0 for none.
    pub prices: u64,
    /// The customer's arm of the experiment; empty where there is none.
    pub arm: Arc<str>,
    /// Key of the interaction that it belongs to.
    pub interaction: Option<Key>,
    /// Per channel, in the order asked.
    pub channels: Vec<ChannelDecision>,
    /// What the models saw.
    pub features: FeatureVector,
    /// Conditions that failed while deciding (text, why); to be counted.
    pub failures: Vec<(String, String)>,
}

/// The answer for a channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelDecision {
    /// Index of the channel.
    pub channel: u16,
    /// Locale of the texts.
    pub locale: Arc<str>,
    /// Place among the channels asked, the one worth most first; from 1.
    pub rank: u32,
    /// How the customer answers on this channel, against what is expected; 1 when nothing is known.
    pub responsiveness: f64,
    /// Expected value of what is shown, times the responsiveness; in the organisation's money.
    pub expected_value: Option<f64>,
    /// Whether the order was drawn at random.
    pub explored: bool,
    /// Per placement, in the order asked.
    pub placements: Vec<PlacementDecision>,
    /// What it comes to for the lines that are paced; not kept with a remembered answer.
    #[serde(skip)]
    pub paced: Paced,
    /// Why every offer that was not placed was not; only when asked to explain.
    pub fates: Fates,
}

/// The answer for a placement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlacementDecision {
    /// Index within the channel.
    pub placement: u16,
    /// Index of the scheme that ranked.
    pub scheme: u16,
    /// Offers in their slots, first to last.
    pub offers: Vec<Placed>,
    /// Why slots stayed empty, when some did.
    pub no_offer: Option<NoOffer>,
}

/// Why a slot stayed empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoOffer {
    /// No offer passed the policies, or none has a treatment here.
    NoneEligible,
    /// The best scored below the scheme's threshold: no offer is worth it.
    BelowThreshold,
    /// Fewer candidates than slots.
    FewerThanSlots,
}

/// An offer in its slot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Placed {
    /// Index of the offer.
    pub offer: u32,
    /// Index of the treatment within the offer.
    pub treatment: usize,
    /// Slot, from 0.
    pub slot: u32,
    /// Its score.
    pub score: f64,
    /// What the score was made of.
    pub factors: Factors,
    /// Propensity with its uncertainty.
    pub estimate: Estimate,
    /// Probability of each stage of the funnel, first to last; empty where none is declared.
    pub funnel: Vec<(OutcomeKind, f64)>,
    /// What variety counts of the score in this slot, in 0..=1; 1 where none is asked.
    pub diversity: f64,
    /// Id of the bundle that it is part of.
    pub bundle: Option<Arc<str>>,
    /// Probability with which this offer was selected for this slot.
    pub selection_probability: f64,
    /// Whether that probability is an estimate.
    pub selection_estimated: bool,
    /// Whether it had to be shown first, whatever its score.
    pub mandatory: bool,
    /// Texts and links, rendered.
    pub content: Vec<RenderedContent>,
    /// Why, when asked to explain.
    pub reasons: Option<Reasons>,
}

/// A content field as the customer sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenderedContent {
    /// Field name.
    pub name: Arc<str>,
    /// What it is.
    pub ty: ContentType,
    /// The rendered text, or the address.
    pub text: String,
    /// The alternative text of an image or a video, the words of a link; empty when there is none.
    pub words: String,
}

/// Why an offer was ranked where it was.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reasons {
    /// Most telling features: key of the feature's path, share of the logit.
    pub features: Vec<(Key, f64)>,
    /// The items in the customer's history that spoke most for it, with what each added to the
    /// affinity, the strongest first.
    pub because: Vec<(Key, f32)>,
    /// Weighted contribution to each objective: index, amount.
    pub objectives: Vec<(u16, f64)>,
    /// What the customer's own answers do to the score: name, percent.
    pub moved: Vec<(String, f64)>,
    /// Weight and marketer's score, where the scheme has them.
    pub judgement: Option<(f64, f64)>,
    /// What it costs at the shadow prices, where the scheme asks.
    pub prices: Vec<PricedLine>,
    /// Number of the formula that matched, from 1, where the scheme has several.
    pub formula: Option<u32>,
}

/// What an offer costs on one line.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PricedLine {
    /// Index of the line; from the number of lines on, of the contact limits that are paced.
    pub line: u16,
    /// Its price, money by unit.
    pub price: f64,
    /// What is expected to be used of it; negative where the offer helps to reach it.
    pub usage: f64,
}

/// Why an offer was not placed on a channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fate {
    /// Index of the offer.
    pub offer: u32,
    /// Index of the placement within the channel, where the fate is about one.
    pub placement: Option<u16>,
    /// What stopped it: a number among [`Fates::causes`].
    pub cause: u32,
    /// Its score, when it got one.
    pub score: Option<f64>,
}

/// What stopped some offers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// The gate, and why.
    pub stop: Stop,
    /// The values its condition read; `None` is missing.
    pub values: Vec<(Arc<str>, Option<Value>)>,
}

/// What became of all offers that were not placed: by offer, each distinct cause told once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fates {
    /// By offer, ascending.
    pub fates: Vec<Fate>,
    /// What the fates refer to.
    pub causes: Vec<Cause>,
}

impl Fates {
    /// Every fate with its cause, by offer.
    pub fn iter(&self) -> impl Iterator<Item = (&Fate, &Cause)> {
        self.fates.iter().filter_map(|fate| Some((fate, self.causes.get(fate.cause as usize)?)))
    }

    /// The fate of one offer; `None` when it was placed.
    #[must_use]
    pub fn of(&self, offer: u32) -> Option<(&Fate, &Cause)> {
        let found = self.fates.binary_search_by_key(&offer, |fate| fate.offer).ok()?;
        let fate = self.fates.get(found)?;
        Some((fate, self.causes.get(fate.cause as usize)?))
    }
}
