//! What an affinity model is told before it learns.

/// Settings of a model; they are part of its state.
#[derive(Clone, Debug, PartialEq)]
pub struct AffinitySpec {
    /// Most items known; the least seen make room.
    pub items_max: usize,
    /// Most neighbours kept of an item; the least co-occurring make room.
    pub neighbours_max: usize,
    /// Most items of a history that are looked at, the last ones first.
    pub history_max: usize,
    /// Half-life of what was seen, in days.
    pub half_life_days: f64,
    /// Pseudo-observations added to the denominator: what rests on little shrinks.
    pub shrinkage: f64,
    /// Exponent of the candidate's own count in the denominator, 0 to 1: 1/2 is the cosine,
    /// less lets popular items score higher.
    pub item_exponent: f64,
    /// Power of a similarity, 1 to 8: above 1 a few near neighbours outweigh many far ones.
    pub amplification: f64,
    /// How much less the pairs of a long history count, 0 to 1: each counts
    /// `(length + 1)^-activity_exponent`.
    pub activity_exponent: f64,
}

impl Default for AffinitySpec {
    fn default() -> Self {
        Self {
            items_max: 16_384,
            neighbours_max: 512,
            history_max: 256,
            half_life_days: 730.0,
            shrinkage: 1.0,
            item_exponent: 0.5,
            amplification: 1.25,
            activity_exponent: 0.25,
        }
    }
}

impl AffinitySpec {
    /// The same with every field brought into the range a model can work with.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        let within =
            |v: f64, low: f64, high: f64| if v.is_nan() { low } else { v.clamp(low, high) };
        self.items_max = self.items_max.clamp(1, 1 << 20);
        self.neighbours_max = self.neighbours_max.clamp(1, 1 << 14);
        self.history_max = self.history_max.clamp(1, 1 << 14);
        self.half_life_days = within(self.half_life_days, 1.0, 36_500.0);
        self.shrinkage = within(self.shrinkage, 0.0, 1e6);
        self.item_exponent = within(self.item_exponent, 0.0, 1.0);
        self.amplification = within(self.amplification, 1.0, 8.0);
        self.activity_exponent = within(self.activity_exponent, 0.0, 1.0);
        self
    }
}
