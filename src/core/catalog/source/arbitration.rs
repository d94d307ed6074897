//! `arbitration.yaml` and `models.yaml`: how candidates become a ranked answer, and what is learned.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ExplorationSource;
use super::{AttributionSource, FunnelStageSource, NaturalSource, WindowsSource};
use super::{
    BundleSource, ChannelRankingSource, DiversitySource, FormulaSource, GoalWeightsSource,
    InfluencerSource, InterestSource, LeverMode, MarketerScoreSource, ObjectionSource,
    PlacementArbitrationSource, PriorSource, UseSource,
};
use super::{ChallengerSource, ScorePriorSource};
use super::{DaysModelSource, UpliftSource, ValueModelSource};

/// `arbitration.yaml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArbitrationFile {
    /// Schemes by name. The built-in names `priority`, `propensity`, `expected_value`, `pcvl` and
    /// `constrained` exist without being declared.
    #[serde(default)]
    pub schemes: BTreeMap<String, SchemeSource>,
    /// The scheme of channels that name none.
    pub default: String,
    /// By channel.
    #[serde(default)]
    pub channels: BTreeMap<String, ChannelArbitrationSource>,
    /// Which scheme where and for whom: the first entry that fits is taken, before what channels
    /// and placements name.
    #[serde(default, rename = "use")]
    pub uses: Vec<UseSource>,
    /// How the levers of an offer and its group become one. Default: `sum`.
    #[serde(default)]
    pub levers: LeverMode,
    /// Outcomes that move scores for a while.
    #[serde(default)]
    pub influencers: Vec<InfluencerSource>,
    /// By reason of a rejection: what it does to other offers for the rest of the interaction.
    #[serde(default)]
    pub objections: BTreeMap<String, Vec<ObjectionSource>>,
    /// Offers shown together.
    #[serde(default)]
    pub bundles: Vec<BundleSource>,
    /// Whether one answer may show an offer on several channels. Default: no; the channel worth
    /// most gets it.
    #[serde(default)]
    pub repeat_across_channels: bool,
    /// How the channels of one call are ranked.
    #[serde(default)]
    pub channel_ranking: ChannelRankingSource,
}

/// How a channel arbitrates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChannelArbitrationSource {
    /// Name of the scheme. Default: the file's default.
    pub scheme: Option<String>,
    /// Exploration. Default: none.
    pub exploration: Option<ExplorationSource>,
    /// Most offers of one group on the channel, over all placements, ≥ 1. Default: no bound.
    pub max_per_group: Option<u32>,
    /// Variety within each placement. Default: none.
    pub diversity: Option<DiversitySource>,
    /// By placement.
    pub placements: BTreeMap<String, PlacementArbitrationSource>,
}

/// What a score is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SchemeKind {
    /// The offers' `priority`, then propensity.
    Priority,
    /// Propensity.
    Propensity,
    /// Propensity × value × lever.
    ExpectedValue,
    /// Propensity^a × context weight^b × value^c × lever^d.
    Pcvl,
    /// A CEL formula.
    Formula,
    /// The first of several formulas whose condition holds.
    FirstMatch,
    /// Σ over the goals of weight × propensity × contribution.
    WeightedObjectives,
    /// Weight × a marketer's score × interest.
    MarketerScore,
    /// What it is worth less what it costs at the shadow prices of `objectives.yaml`.
    Constrained,
}

/// A scheme.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SchemeSource {
    /// What the score is made of.
    pub kind: SchemeKind,
    /// What it is for.
    pub description: Option<String>,
    /// For `formula`: CEL over `propensity`, `affinity`, `value`, `lever`, `context_weight`,
    /// `priority`, `uncertainty`, `influence`, `objection`, `contact_value`, `cost`,
    /// `uplift`, `expected_amount`, `expected_days` (where `models.yaml` learns them),
    /// `objective.NAME`, `customer.*`, `context.*`, `segment.*`, `offer.*`. A formula that does not read `influence` (or
    /// `objection`) is multiplied with it.
    pub formula: Option<String>,
    /// For `pcvl`: exponents. Default: all 1.
    #[serde(default)]
    pub exponents: ExponentsSource,
    /// For `first_match`: the formulas, in order.
    #[serde(default)]
    pub formulas: Vec<FormulaSource>,
    /// For `weighted_objectives`: the weights of the goals; the first entry that holds is taken.
    #[serde(default)]
    pub goals: Vec<GoalWeightsSource>,
    /// For `marketer_score`: the judgements; the first that fits an offer is taken. An offer that
    /// none fits scores 50.
    #[serde(default)]
    pub scores: Vec<MarketerScoreSource>,
    /// For `marketer_score`: what the score is multiplied with. Default: `propensity`.
    pub interest: Option<InterestSource>,
    /// Mix the learned propensity with the declared one by their evidence:
    /// (n p + n0 p0) / (n + n0), p0 and n0 the offer's `prior`. Default: no.
    #[serde(default)]
    pub smoothing: bool,
    /// What counts as the chance of the positive outcome. Default: `propensity`. With `uplift`, 'no
    /// offer' wins where the contact adds nothing, unless `threshold` says otherwise.
    #[serde(default)]
    pub basis: BasisSource,
    /// For formulas: most work of one evaluation, 1..=100000. A loop over a list counts 64 rounds
    /// when the rules are loaded. Default 1000.
    pub cost_max: Option<u32>,
    /// 'No offer' wins against scores below this. Default: no threshold; 0 for `constrained`.
    pub threshold: Option<f64>,
}

/// What counts as the chance of the positive outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BasisSource {
    /// Its probability with the contact.
    #[default]
    Propensity,
    /// What the contact adds to it; the probability, while nothing is known of that.
    Uplift,
}

/// Exponents of `pcvl`, each ≥ 0; 0 leaves the factor out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExponentsSource {
    /// Of propensity.
    pub propensity: f64,
    /// Of the context weight.
    pub context: f64,
    /// Of value.
    pub value: f64,
    /// Of the lever.
    pub lever: f64,
}

impl Default for ExponentsSource {
    fn default() -> Self {
        Self { propensity: 1.0, context: 1.0, value: 1.0, lever: 1.0 }
    }
}

/// `models.yaml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ModelsFile {
    /// Starting belief for offers and groups that state none.
    pub prior: PriorSource,
    /// What the propensity model learns from each outcome. Default: accept and convert are
    /// positive; reject and no_response negative; click and impression teach nothing.
    pub labels: LabelsSource,
    /// How long answers are waited for.
    pub windows: WindowsSource,
    /// Whose an outcome is that names no decision.
    pub attribution: AttributionSource,
    /// Events that are answers to offers.
    pub natural_outcomes: Vec<NaturalSource>,
    /// Stages from a contact to the last outcome, each with a probability of its own (`click`,
    /// `accept`, `convert`, in the order in which they are reached). Default: none; the rates of
    /// `objectives.yaml` say how often clicks and conversions come with a positive outcome.
    pub funnel: Vec<FunnelStageSource>,
    /// Attributes, context entries or aggregates to leave out (`customer.zip`, `context.page`).
    pub exclude: Vec<String>,
    /// Attributes or context entries that are probabilities from outside (the score of another
    /// model, 0..1): models see their logits, in which scores of good models are linear.
    pub probabilities: Vec<String>,
    /// Probabilities from outside that offers begin from, in place of their declared priors; a
    /// score is a logit to models, as one of `probabilities`. The first entry that selects an offer
    /// holds for it. Default: none.
    pub score_priors: Vec<ScorePriorSource>,
    /// Half-life of item-to-item evidence.
    pub affinity_half_life: String,
    /// Weight of an accepted offer's item as interest in it.
    pub accept_item_weight: f64,
    /// Attribute of offers that names the item an offer stands for in affinity, where the offer
    /// has it and no `item` of its own: with `product`, all offers of one product share what is
    /// known of it. Default: each offer is an item of its own.
    pub items_by: Option<String>,
    /// Learn what a contact changes. Default: no.
    pub uplift: Option<UpliftSource>,
    /// Learn what a positive outcome brings. Default: no.
    pub value: Option<ValueModelSource>,
    /// Learn how long a positive outcome takes. Default: no.
    pub time_to_outcome: Option<DaysModelSource>,
    /// Models that learn beside the one that serves, by name; at most 4. Default: none.
    pub challengers: BTreeMap<String, ChallengerSource>,
}

impl Default for ModelsFile {
    fn default() -> Self {
        Self {
            prior: PriorSource { probability: 0.1, evidence: 10.0 },
            labels: LabelsSource::default(),
            windows: WindowsSource::default(),
            attribution: AttributionSource::default(),
            natural_outcomes: Vec::new(),
            funnel: Vec::new(),
            exclude: Vec::new(),
            probabilities: Vec::new(),
            score_priors: Vec::new(),
            affinity_half_life: "730d".to_owned(),
            accept_item_weight: 1.0,
            items_by: None,
            uplift: None,
            value: None,
            time_to_outcome: None,
            challengers: BTreeMap::new(),
        }
    }
}

/// What an outcome teaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// The good end.
    Positive,
    /// The other end.
    Negative,
    /// Nothing.
    Ignore,
}

/// Labels by outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LabelsSource {
    /// Impression.
    pub impression: Label,
    /// Click.
    pub click: Label,
    /// Accept.
    pub accept: Label,
    /// Reject.
    pub reject: Label,
    /// Convert.
    pub convert: Label,
    /// No response.
    pub no_response: Label,
}

impl Default for LabelsSource {
    fn default() -> Self {
        Self {
            impression: Label::Ignore,
            click: Label::Ignore,
            accept: Label::Positive,
            reject: Label::Negative,
            convert: Label::Positive,
            no_response: Label::Negative,
        }
    }
}
