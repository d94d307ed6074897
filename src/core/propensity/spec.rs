//! What a propensity model is told before it learns.

/// Settings of a model. A model with other settings is another model: they are part of its state.
///
/// Variances are those of a weight's prior, in squared logits; small ones shrink what has little
/// evidence. The defaults were chosen on several public data sets, not tuned to one.
#[derive(Clone, Debug, PartialEq)]
pub struct PropensitySpec {
    /// Shared weights: 2 to this power, 8..=24.
    pub table_bits: u8,
    /// Most offers with weights of their own.
    pub offers_max: usize,
    /// Most groups with weights of their own.
    pub groups_max: usize,
    /// Most weights of one offer; a power of two.
    pub offer_weights_max: usize,
    /// Most weights of one group; a power of two.
    pub group_weights_max: usize,
    /// Most numeric names whose moments are kept.
    pub numerics_max: usize,
    /// Bins of a number, beside its standardised value; 0 leaves bins out.
    pub bins: usize,
    /// Most crosses of two features that all offers share; 0 leaves crosses out.
    pub pairs_max: usize,
    /// Prior variance of the intercept and of a group's bias.
    pub bias_variance: f64,
    /// Prior variance of a feature's effect on every offer.
    pub main_variance: f64,
    /// Prior variance of a cross of two features.
    pub pair_variance: f64,
    /// Prior variance of a feature's effect on the offers of one group.
    pub group_variance: f64,
    /// Prior variance of a feature's effect on one offer.
    pub offer_variance: f64,
    /// Random walk: what a weight's variance regains at each update, up to its prior.
    pub drift: f64,
}

impl Default for PropensitySpec {
    fn default() -> Self {
        Self {
            table_bits: 18,
            offers_max: 16_384,
            groups_max: 1_024,
            offer_weights_max: 1_024,
            group_weights_max: 4_096,
            numerics_max: 1_024,
            bins: 8,
            pairs_max: 0,
            bias_variance: 0.5,
            main_variance: 0.04,
            pair_variance: 0.003,
            group_variance: 0.01,
            offer_variance: 0.02,
            drift: 1e-7,
        }
    }
}

impl PropensitySpec {
    /// The same with every field brought into the range a model can work with.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        let variance = |v: f64| {
            if v.is_finite() { v.clamp(1e-6, 16.0) } else { 0.1 }
        };
        let weights = |n: usize| n.clamp(64, 1 << 16).next_power_of_two();
        self.table_bits = self.table_bits.clamp(8, 24);
        self.offers_max = self.offers_max.clamp(1, 1 << 20);
        self.groups_max = self.groups_max.clamp(1, 1 << 16);
        self.offer_weights_max = weights(self.offer_weights_max);
        self.group_weights_max = weights(self.group_weights_max);
        self.numerics_max = self.numerics_max.clamp(1, 1 << 16);
        self.bins = self.bins.min(32);
        self.pairs_max = self.pairs_max.min(1 << 14);
        self.bias_variance = variance(self.bias_variance);
        self.main_variance = variance(self.main_variance);
        self.pair_variance = variance(self.pair_variance);
        self.group_variance = variance(self.group_variance);
        self.offer_variance = variance(self.offer_variance);
        self.drift = if self.drift.is_finite() { self.drift.clamp(0.0, 1.0) } else { 0.0 };
        self
    }
}
