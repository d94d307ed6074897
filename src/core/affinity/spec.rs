//! What an affinity model is told before it learns.

/// Settings of a model; they are part of its state. What is not here, the model chooses itself on
/// its panel of customers.
#[derive(Clone, Debug, PartialEq)]
pub struct AffinitySpec {
    /// Most items known; the least chosen make room.
    pub items_max: usize,
    /// Most neighbours counted of an item; the least co-occurring make room. Counts are exact
    /// while no item has more.
    pub neighbours_max: usize,
    /// Most items of a history that are looked at, the last ones first.
    pub history_max: usize,
    /// Half-life of what was seen, in days.
    pub half_life_days: f64,
    /// Pseudo-choices added to the denominator of a cosine: what rests on little shrinks.
    pub shrinkage: f64,
    /// Most items between which weights are solved in closed form, the most chosen; the others
    /// have neighbours by cosine.
    pub solved_max: usize,
    /// Most customers on whose choices settings are judged.
    pub panel_max: usize,
}

impl Default for AffinitySpec {
    fn default() -> Self {
        Self {
            items_max: 50_048,
            neighbours_max: 4_096,
            history_max: 1_024,
            half_life_days: 730.0,
            shrinkage: 1.0,
            solved_max: 4_096,
            panel_max: 1_024,
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
        self.solved_max = self.solved_max.clamp(1, 1 << 14);
        self.panel_max = self.panel_max.clamp(1, 1 << 14);
        self
    }
}
