//! What a propensity model is told before it learns.

use crate::core::feature::FEATURES_MAX;
use crate::core::key::Key;

/// Settings of a model. A model with other settings is another model: they are part of its state.
///
/// Variances are those of a weight's prior, in squared logits; small ones shrink what has little
/// evidence. The defaults were chosen on several public data sets, not tuned to one.
#[derive(Clone, Debug, PartialEq)]
pub struct PropensitySpec {
    /// Most inputs of the dense core, whose regressions have full covariance; 16..=256.
    pub dense_max: usize,
    /// Prior variance of an input's effect in the shared regressions.
    pub dense_variance: f64,
    /// Random walk of the drifting regression: what a weight's variance regains at each update.
    pub dense_drift: f64,
    /// Most offers with a regression of their own.
    pub owns_max: usize,
    /// Prior variance of an input's effect in an offer's own regression.
    pub own_variance: f64,
    /// Random walk of an offer's own regression.
    pub own_drift: f64,
    /// Prior variance of a single input's effect where each has a belief of its own.
    pub wide_variance: f64,
    /// Most pairs of attributes.
    pub pairs_max: usize,
    /// Most slopes: effects of a number by another attribute.
    pub slopes_max: usize,
    /// Most crosses of up to six attributes.
    pub templates_max: usize,
    /// Cells of the learner of slopes and pairs: 2 to this power, 8..=24.
    pub plain_bits: u8,
    /// Cells of the learner of crosses: 2 to this power, 8..=24.
    pub deep_bits: u8,
    /// Most offers with a bias of their own.
    pub offers_max: usize,
    /// Most groups with a bias of their own.
    pub groups_max: usize,
    /// Most weights of one offer; a power of two.
    pub offer_weights_max: usize,
    /// Most weights of one group; a power of two.
    pub group_weights_max: usize,
    /// Most numeric names whose moments are kept.
    pub numerics_max: usize,
    /// Bins of a number, beside its standardised value; 0 leaves bins out.
    pub bins: usize,
    /// Prior variance of a group's bias.
    pub bias_variance: f64,
    /// Prior variance of a feature's effect on the offers of one group.
    pub group_variance: f64,
    /// Prior variance of a feature's effect on one offer.
    pub offer_variance: f64,
    /// Random walk of biases and effects: what a variance regains at each update.
    pub drift: f64,
    /// Attributes and context entries that it does not see, ascending.
    pub without: Vec<Key>,
}

impl Default for PropensitySpec {
    fn default() -> Self {
        Self {
            dense_max: 96,
            dense_variance: 0.05,
            dense_drift: 1e-5,
            owns_max: 64,
            own_variance: 0.3,
            own_drift: 1e-7,
            wide_variance: 0.2,
            pairs_max: 192,
            slopes_max: 64,
            templates_max: 160,
            plain_bits: 16,
            deep_bits: 18,
            offers_max: 16_384,
            groups_max: 1_024,
            offer_weights_max: 1_024,
            group_weights_max: 4_096,
            numerics_max: 1_024,
            bins: 5,
            bias_variance: 0.5,
            group_variance: 0.01,
            offer_variance: 0.02,
            drift: 1e-7,
            without: Vec::new(),
        }
    }
}

impl PropensitySpec {
    /// The same with every field brought into the range a model can work with.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        let variance = |v: f64| {
            if v.is_finite() { v.clamp(1e-6, 1.0) } else { 0.1 }
        };
        let drift = |v: f64| if v.is_finite() { v.clamp(0.0, 1.0) } else { 0.0 };
        let weights = |n: usize| n.clamp(64, 1 << 16).next_power_of_two();
        self.dense_max = self.dense_max.clamp(16, 256);
        self.owns_max = self.owns_max.min(1 << 10);
        self.pairs_max = self.pairs_max.min(1 << 12);
        self.slopes_max = self.slopes_max.min(1 << 12);
        self.templates_max = self.templates_max.min(1 << 10);
        self.plain_bits = self.plain_bits.clamp(8, 24);
        self.deep_bits = self.deep_bits.clamp(8, 24);
        self.offers_max = self.offers_max.clamp(1, 1 << 20);
        self.groups_max = self.groups_max.clamp(1, 1 << 16);
        self.offer_weights_max = weights(self.offer_weights_max);
        self.group_weights_max = weights(self.group_weights_max);
        self.numerics_max = self.numerics_max.clamp(1, 1 << 16);
        self.bins = self.bins.min(32);
        self.dense_variance = variance(self.dense_variance);
        self.own_variance = variance(self.own_variance);
        self.wide_variance = variance(self.wide_variance);
        self.bias_variance = variance(self.bias_variance);
        self.group_variance = variance(self.group_variance);
        self.offer_variance = variance(self.offer_variance);
        self.dense_drift = drift(self.dense_drift);
        self.own_drift = drift(self.own_drift);
        self.drift = drift(self.drift);
        self.without.sort_unstable();
        self.without.dedup();
        self.without.truncate(FEATURES_MAX);
        self
    }

    /// Its sizes and its numbers, in one fixed order: how it is stored.
    pub(super) fn fields(&mut self) -> ([&mut usize; 11], [&mut u8; 2], [&mut f64; 9]) {
        let sizes = [
            &mut self.dense_max,
            &mut self.owns_max,
            &mut self.pairs_max,
            &mut self.slopes_max,
            &mut self.templates_max,
            &mut self.offers_max,
            &mut self.groups_max,
            &mut self.offer_weights_max,
            &mut self.group_weights_max,
            &mut self.numerics_max,
            &mut self.bins,
        ];
        let bits = [&mut self.plain_bits, &mut self.deep_bits];
        let numbers = [
            &mut self.dense_variance,
            &mut self.dense_drift,
            &mut self.own_variance,
            &mut self.own_drift,
            &mut self.wide_variance,
            &mut self.bias_variance,
            &mut self.group_variance,
            &mut self.offer_variance,
            &mut self.drift,
        ];
        (sizes, bits, numbers)
    }
}
