//! The compiled catalog: indices instead of names, programs instead of texts.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::schema::Schema;
use super::source::{
    ContactPoint, ContentType, Escaping, ExponentsSource, LabelsSource, OfferKind,
};
use crate::core::arbitration::formula::{ByOffer, Clause};
use crate::core::arbitration::goals::GoalWeights;
use crate::core::arbitration::marketer::MarketerScores;
use crate::core::arbitration::spec::ArbitrationSpec;
use crate::core::expression::Program;
use crate::core::key::Key;
use crate::core::learn::ChallengerSpec;
use crate::core::live::SourceSpec;
use crate::core::objective::{Measure, PacingSpec};
use crate::core::policy::{Bitset, Policy, share};
use crate::core::value::Value;

pub use crate::core::propensity::Prior;

/// Which catalog: the same content has the same hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogVersion {
    /// Counts publications from 1; 0 for a catalog that was not published.
    pub number: u64,
    /// Hex of the hash of all files' names and bytes.
    pub hash: Arc<str>,
}

/// A compiled rules folder.
#[derive(Debug)]
pub struct Catalog {
    /// Which.
    pub version: CatalogVersion,
    /// Names and slots.
    pub schema: Schema,
    /// Channels, sorted by name.
    pub channels: Vec<Channel>,
    /// Groups, sorted by name.
    pub groups: Vec<Group>,
    /// Offers, sorted by id: the index of an offer is its bit everywhere.
    pub offers: Vec<Offer>,
    /// Offer id → index.
    pub offer_index: BTreeMap<Arc<str>, u32>,
    /// Offer key → index, sorted by key.
    pub offer_keys: Vec<(Key, u32)>,
    /// Who may get what.
    pub policy: Policy,
    /// Offers with a treatment, by channel and placement index.
    pub reach: Vec<Vec<Bitset>>,
    /// At most one of each set in a decision.
    pub exclusions: Vec<ExclusionSpec>,
    /// The experiment over all customers.
    pub experiment: Option<crate::core::experiment::ExperimentSpec>,
    /// Objectives, sorted by name.
    pub objectives: Vec<Objective>,
    /// Targets, budgets, resources and constraints, and what each offer means for them.
    pub pacing: PacingSpec,
    /// Schemes; channels refer to them by index.
    pub schemes: Vec<Scheme>,
    /// Where schemes are used, and what else arbitration is told.
    pub arbitration: ArbitrationSpec,
    /// Live sources, by name.
    pub sources: Vec<Arc<SourceSpec>>,
    /// What is learned.
    pub models: ModelsSpec,
    /// Compiled templates by index; see [`ContentVariant::template`].
    pub templates: crate::core::content::Templates,
}

/// A number that is constant or computed.
#[derive(Clone, Debug)]
pub enum Number {
    /// Known.
    Constant(f64),
    /// Computed from the frame.
    Program(Program),
}

/// A channel.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Name.
    pub name: Arc<str>,
    /// Key of the name.
    pub key: Key,
    /// What counts as the contact.
    pub contact: ContactPoint,
    /// Locales; the first is the default; never empty.
    pub locales: Vec<Arc<str>>,
    /// Escaping in texts.
    pub escaping: Escaping,
    /// Longest text in characters.
    pub text_chars_max: Option<u32>,
    /// Purpose for which consent is needed.
    pub consent: Option<Key>,
    /// Placements, sorted by name.
    pub placements: Vec<Placement>,
    /// Index of its scheme.
    pub scheme: u16,
    /// How it explores.
    pub exploration: crate::core::arbitration::explore::Exploration,
}

/// A placement.
#[derive(Clone, Debug)]
pub struct Placement {
    /// Name.
    pub name: Arc<str>,
    /// Key of the name.
    pub key: Key,
    /// Slots.
    pub slots: u32,
    /// Weight of each slot; as many as slots.
    pub weights: Vec<f64>,
}

/// A group of offers.
#[derive(Clone, Debug)]
pub struct Group {
    /// Name.
    pub name: Arc<str>,
    /// Key of the name.
    pub key: Key,
    /// Factor on its offers.
    pub lever: f64,
}

/// An offer.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Id.
    pub id: Arc<str>,
    /// Key of the id.
    pub key: Key,
    /// Name for people, by locale; `""` is the fallback.
    pub names: BTreeMap<Arc<str>, Arc<str>>,
    /// Index of its group.
    pub group: u16,
    /// What it is for.
    pub kind: OfferKind,
    /// Key of the item it stands for in affinity.
    pub item: Key,
    /// Facts about it, for texts and answers.
    pub attributes: BTreeMap<Arc<str>, Value>,
    /// Order for the `priority` scheme.
    pub priority: i32,
    /// Its lever and its group's together, > 0.
    pub lever: f64,
    /// Relevance in the moment.
    pub context_weight: Number,
    /// Worth of a positive outcome; `None`: the weighted sum of the contributions.
    pub value: Option<Number>,
    /// Contribution to objectives with a positive outcome: (index of the objective, how much).
    pub contributions: Vec<(u16, Number)>,
    /// Contribution to objectives with the contact itself, a click, a conversion.
    pub contributions_beyond: Vec<(u16, Measure)>,
    /// Belief before any outcome.
    pub prior: Prior,
    /// The score from outside that stands in for `prior`, where it is known of a customer.
    pub prior_score: Option<Key>,
    /// Exempt from consent and contact limits.
    pub transactional: bool,
    /// Treatments, sorted by channel then id.
    pub treatments: Vec<Treatment>,
}

/// How an offer is shown.
#[derive(Clone, Debug)]
pub struct Treatment {
    /// Id, unique within the offer.
    pub id: Arc<str>,
    /// Key of `OFFER/TREATMENT`.
    pub key: Key,
    /// Index of the channel.
    pub channel: u16,
    /// Bit per placement of the channel that it fits.
    pub placements: u128,
    /// Further conditions: all must hold.
    pub when: Vec<Program>,
    /// Content fields, sorted by name.
    pub content: Vec<Content>,
}

/// A content field.
#[derive(Clone, Debug)]
pub struct Content {
    /// Field name.
    pub name: Arc<str>,
    /// What it is.
    pub ty: ContentType,
    /// By locale; `""` stands for all locales.
    pub variants: Vec<ContentVariant>,
    /// The alternative text of images and videos, the words of links; empty when there is none.
    pub words: Vec<ContentVariant>,
    /// The shape that structured content must have.
    pub shape: Option<crate::core::content::Shape>,
}

/// A content field in one locale.
#[derive(Clone, Debug)]
pub struct ContentVariant {
    /// Locale, or `""`.
    pub locale: Arc<str>,
    /// The text as written.
    pub text: Arc<str>,
    /// Name of the compiled template; `None` when the text has no placeholders.
    pub template: Option<Arc<str>>,
}

/// At most one of these offers in one decision.
#[derive(Clone, Debug)]
pub struct ExclusionSpec {
    /// Id, for reasons.
    pub id: Arc<str>,
    /// The offers.
    pub offers: Bitset,
}

/// An objective.
#[derive(Clone, Debug)]
pub struct Objective {
    /// Name.
    pub name: Arc<str>,
    /// Worth of one unit of contribution.
    pub weight: Number,
    /// Slot of `objective.NAME` in the frame.
    pub slot: crate::core::expression::Slot,
}

/// A scheme.
#[derive(Clone, Debug)]
pub struct Scheme {
    /// Name.
    pub name: Arc<str>,
    /// How a score is made.
    pub formula: SchemeFormula,
    /// 'No offer' wins against scores below this.
    pub threshold: Option<f64>,
    /// Whether propensities are mixed with the declared ones by their evidence.
    pub smoothing: bool,
    /// Most work of one evaluation of a formula.
    pub cost_max: u32,
    /// Whether the formula reads `influence` itself.
    pub reads_influence: bool,
    /// Whether the formula reads `objection` itself.
    pub reads_objection: bool,
    /// Whether it needs to know what an offer costs at the shadow prices.
    pub reads_cost: bool,
    /// Whether what the contact adds counts as the chance of the positive outcome.
    pub by_uplift: bool,
    /// Whether it needs to know what the contact adds.
    pub reads_uplift: bool,
    /// Whether the formula reads `expected_amount`.
    pub reads_amount: bool,
    /// Whether the formula reads `expected_days`.
    pub reads_days: bool,
}

/// How a score is made.
#[derive(Clone, Debug)]
pub enum SchemeFormula {
    /// Priority, then propensity.
    Priority,
    /// Propensity.
    Propensity,
    /// Propensity × value × lever.
    ExpectedValue,
    /// P^a × C^b × V^c × L^d.
    Pcvl(ExponentsSource),
    /// Custom.
    Custom(ByOffer),
    /// The first formula that matches.
    FirstMatch(Vec<Clause>),
    /// Σ weight × propensity × contribution, by the first entry that holds.
    WeightedObjectives(Vec<GoalWeights>),
    /// Weight × marketer's score × interest.
    MarketerScore(MarketerScores),
    /// Value less cost at the shadow prices.
    Constrained,
}

/// What is learned from what.
#[derive(Clone, Debug)]
pub struct ModelsSpec {
    /// Labels by outcome.
    pub labels: LabelsSource,
    /// How long answers are waited for, and whose they are.
    pub answers: crate::core::answers::AnswersSpec,
    /// Half-life of item-to-item evidence, ms.
    pub affinity_half_life_ms: i64,
    /// Weight of an accepted offer's item.
    pub accept_item_weight: f32,
    /// What is learned beside the propensity.
    pub heads: HeadsSpec,
    /// Models that learn to take its place.
    pub challengers: Challengers,
}

/// Models that learn to take the place of the one that serves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Challengers {
    /// What learns.
    pub declared: Vec<ChallengerSpec>,
    /// Their names, in the same order.
    pub names: Vec<Arc<str>>,
    /// Whom they decide, in the same order.
    pub shares: Vec<ChallengerShare>,
}

/// The customers that a challenger decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChallengerShare {
    /// Key of the challenger's name.
    pub key: Key,
    /// How many of the 10,000 buckets.
    pub buckets: u32,
    /// Hash of the salt.
    pub salt: u64,
}

impl Challengers {
    /// The challenger that decides the customer with hash `customer`, if one does.
    #[must_use]
    pub fn of(&self, customer: u64) -> Option<Key> {
        let bucket = share::bucket(customer, self.shares.first()?.salt);
        let mut end = 0;
        let decides = self.shares.iter().find(|share| {
            end += share.buckets;
            bucket < end
        });
        decides.map(|share| share.key)
    }
}

/// What is learned beside the propensity.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeadsSpec {
    /// What a contact changes: how long a withheld offer waits, ms.
    pub uplift_window_ms: Option<i64>,
    /// What a positive outcome brings.
    pub value: Option<ValueSpec>,
    /// How long it takes: bits of the outcomes.
    pub days: Option<u8>,
}

/// What a positive outcome brings.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueSpec {
    /// Bits of the outcomes whose value it is.
    pub outcomes: u8,
    /// What it takes the place of.
    pub replaces: Option<Replaces>,
    /// How many amounts the declared one is worth.
    pub evidence: f64,
}

/// What learned amounts take the place of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaces {
    /// The declared value.
    Value,
    /// Contributions to the objective of this index.
    Objective(u16),
}
