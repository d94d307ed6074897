//! What customers chose together, counted as it happens.

use std::sync::Arc;

use super::choice::{Choice, recent, strength};
use super::panel::Panel;
use super::row::Row;
use super::spec::AffinitySpec;
use super::weights::Weights;
use crate::core::codec::cow::{CowMap, Entry};
use crate::core::time::{DAY_MS, UnixMs};

/// One observation moves the model's clock by at most this: a wrong date cannot age everything.
const CLOCK_STEP_MS_MAX: i64 = 7 * DAY_MS;
/// After so many half-lives all counts are brought back to scale.
const HALF_LIVES_MAX: f64 = 32.0;
/// After how many choices weights are first solved.
const SOLVE_FIRST: u64 = 64;

/// The item-to-item model. A clone shares everything with its origin until one of them learns.
///
/// The counts are those of `G = XᵀX` for customers' strengths `X`, each choice bringing exactly
/// what it adds. Decay is forward (Cormode, Shkapenyuk, Srivastava, Xu 2009, "Forward decay"):
/// what happens `t` after a landmark is counted `2^(t / half-life)` times, so that nothing counted
/// before need be touched; ratios of counts are then those of decayed counts.
#[derive(Clone, Debug)]
pub struct Affinity {
    pub(super) spec: AffinitySpec,
    pub(super) rows: CowMap<Row>,
    pub(super) panel: Panel,
    /// Where the clock stands; `None` before the first observation.
    pub(super) now: Option<UnixMs>,
    pub(super) landmark: UnixMs,
    pub(super) observed: u64,
    /// After how many choices weights are solved next.
    pub(super) solve_at: u64,
    /// What was last solved. Not part of the state that replicas compare: it is a function of
    /// the state that it was solved from.
    pub(super) weights: Option<Arc<Weights>>,
    /// The model as it stood when weights were last due; waits to be taken.
    due: Option<Arc<Affinity>>,
}

impl Affinity {
    /// A model that has seen nothing. The spec is bounded first.
    #[must_use]
    pub fn new(spec: AffinitySpec) -> Self {
        let spec = spec.bounded();
        Self {
            rows: CowMap::new(spec.items_max),
            spec,
            panel: Panel::default(),
            now: None,
            landmark: UnixMs::default(),
            observed: 0,
            solve_at: SOLVE_FIRST,
            weights: None,
            due: None,
        }
    }

    /// The settings, as bounded.
    #[must_use]
    pub fn spec(&self) -> &AffinitySpec {
        &self.spec
    }

    /// How many choices have been seen.
    #[must_use]
    pub fn observed(&self) -> u64 {
        self.observed
    }

    /// How many items are known.
    #[must_use]
    pub fn items(&self) -> usize {
        self.rows.len()
    }

    /// What was last solved, if anything was.
    #[must_use]
    pub fn weights(&self) -> Option<&Arc<Weights>> {
        self.weights.as_ref()
    }

    /// Serves with `weights` from now on, unless those it has are solved from more.
    pub fn adopt(&mut self, weights: Arc<Weights>) {
        if self.weights.as_ref().is_none_or(|known| known.observed() <= weights.observed()) {
            self.weights = Some(weights);
        }
    }

    /// The model as it stood when weights were last due to be solved, once. When they are due is a
    /// function of the number of choices alone, ever 10 % more, so that all replicas solve the same.
    pub fn take_due(&mut self) -> Option<Arc<Self>> {
        self.due.take()
    }

    /// Takes in a choice.
    pub fn observe(&mut self, choice: &Choice<'_>) {
        let Choice { customer, history, item, weight, at } = *choice;
        if strength(weight) <= 0.0 || !weight.is_finite() {
            return;
        }
        self.observed += 1;
        let history = recent(history, self.spec.history_max);
        self.panel.note(self.spec.panel_max, customer, history, (item, weight));
        let known = history.iter().find(|(known, _)| *known == item);
        let before = known.map_or(0.0, |(_, weight)| weight.max(0.0));
        let (before, after) = (strength(before), strength(before + weight));
        let unit = self.unit_at(at);
        let (row, evicted) = self.rows.entry(item, Row::default);
        row.count += (after * after - before * before).max(0.0) * unit;
        self.forget(evicted);
        let gain = (after - before).max(0.0) * unit;
        let max = self.spec.neighbours_max;
        for (other, other_weight) in history {
            let both = gain * strength(*other_weight);
            // An item of the history that was forgotten stays so: it has no count of its own.
            if *other == item || both <= 0.0 || self.rows.get(*other).is_none() {
                continue;
            }
            self.rows.entry(item, Row::default).0.add(*other, both as f32, max);
            self.rows.entry(*other, Row::default).0.add(item, both as f32, max);
        }
        self.note_due();
    }

    /// Forgets the history of `customer`, if it is one of those that settings are judged by. What
    /// was counted of it is part of sums that tell nobody apart.
    pub fn forget_customer(&mut self, customer: u64) {
        self.panel.forget(customer);
    }

    fn note_due(&mut self) {
        if self.observed >= self.solve_at {
            self.solve_at = self.observed + (self.observed / 10).max(SOLVE_FIRST);
            self.due = None;
            self.due = Some(Arc::new(self.clone()));
        }
    }

    /// What one observation at `at` counts; moves the clock, and the landmark when it is far.
    fn unit_at(&mut self, at: UnixMs) -> f64 {
        let now = match self.now {
            None => {
                self.landmark = at;
                at
            }
            Some(now) => UnixMs(now.0.max(at.0.min(now.0.saturating_add(CLOCK_STEP_MS_MAX)))),
        };
        self.now = Some(now);
        let half_lives = self.half_lives(now);
        if half_lives > HALF_LIVES_MAX {
            let factor = libm::exp2(-half_lives);
            self.rows.for_each_mut(|row| row.scale(factor));
            self.landmark = now;
        }
        // What comes late counts as of its own time, down to nothing worth a float.
        libm::exp2(self.half_lives(at.min(now)).max(-HALF_LIVES_MAX))
    }

    fn half_lives(&self, at: UnixMs) -> f64 {
        at.since(self.landmark) as f64 / (self.spec.half_life_days * DAY_MS as f64)
    }

    /// What an observation would count now.
    pub(super) fn unit_now(&self) -> f64 {
        self.now.map_or(1.0, |now| libm::exp2(self.half_lives(now)))
    }

    /// An evicted item leaves the rows of its neighbours too. (A row that was dropped from the
    /// evicted one's may keep a remnant; a similarity is capped at 1, so that does no harm.)
    fn forget(&mut self, evicted: Option<Entry<Row>>) {
        let Some((item, row)) = evicted else { return };
        for (neighbour, _) in row.neighbours() {
            if self.rows.get(*neighbour).is_some() {
                self.rows.entry(*neighbour, Row::default).0.forget(item);
            }
        }
    }

    /// The cosine between two items that were chosen together `both` times, whose own counts are
    /// `one` and `other`, 0 to 1, with pseudo-choices in the denominator.
    pub(super) fn cosine(both: f64, one: f64, other: f64, shrinkage: f64) -> f64 {
        (both / ((one * other).max(0.0).sqrt() + shrinkage).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0)
    }

    /// The pseudo-choices of a cosine, in units of the counts.
    pub(super) fn shrinkage(&self) -> f64 {
        self.spec.shrinkage * self.unit_now()
    }

    /// Whether every count is finite and not negative.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.rows.iter().all(|(_, row)| row.is_sound())
    }
}
