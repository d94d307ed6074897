//! What customers chose together, counted as it happens.

use super::row::Row;
use super::spec::AffinitySpec;
use crate::core::codec::cow::{CowMap, Entry};
use crate::core::key::Key;
use crate::core::time::{DAY_MS, UnixMs};

/// One observation moves the model's clock by at most this: a wrong date cannot age everything.
const CLOCK_STEP_MS_MAX: i64 = 7 * DAY_MS;
/// After so many half-lives all counts are brought back to scale.
const HALF_LIVES_MAX: f64 = 32.0;
/// Most a single choice may weigh.
const WEIGHT_MAX: f32 = 100.0;

/// The item-to-item model. A clone shares everything with its origin until one of them learns.
///
/// Decay is forward (Cormode, Shkapenyuk, Srivastava, Xu 2009, "Forward decay"): what
/// happens `t` after a landmark is counted `2^(t / half-life)` times, so that nothing counted
/// before need be touched; ratios of counts are then those of decayed counts.
#[derive(Clone, Debug)]
pub struct Affinity {
    pub(super) spec: AffinitySpec,
    pub(super) rows: CowMap<Row>,
    /// Where the clock stands; `None` before the first observation.
    pub(super) now: Option<UnixMs>,
    pub(super) landmark: UnixMs,
    pub(super) observed: u64,
}

impl Affinity {
    /// A model that has seen nothing. The spec is bounded first.
    #[must_use]
    pub fn new(spec: AffinitySpec) -> Self {
        let spec = spec.bounded();
        Self {
            rows: CowMap::new(spec.items_max),
            spec,
            now: None,
            landmark: UnixMs::default(),
            observed: 0,
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

    /// Takes in that a customer with `history` (items and weights, oldest first) chose `item`
    /// with `weight` (0 to 100; what is not positive teaches nothing).
    pub fn observe(&mut self, history: &[(Key, f32)], item: Key, weight: f32, at: UnixMs) {
        if weight.is_nan() || weight <= 0.0 {
            return;
        }
        self.observed += 1;
        let weight = weight.min(WEIGHT_MAX);
        let unit = self.unit_at(at);
        let max = self.spec.neighbours_max;
        let (row, evicted) = self.rows.entry(item, Row::default);
        row.count += f64::from(weight) * f64::from(weight) * unit;
        self.forget(evicted);
        let length = history.len() as f64 + 1.0;
        let pair = unit * libm::pow(length, -self.spec.activity_exponent);
        for (other, other_weight) in recent(history, self.spec.history_max) {
            if *other == item || other_weight.is_nan() || *other_weight <= 0.0 {
                continue;
            }
            // An item of the history that was forgotten stays so: it has no count of its own.
            if self.rows.get(*other).is_none() {
                continue;
            }
            let both = f64::from(weight) * f64::from(other_weight.min(WEIGHT_MAX)) * pair;
            self.rows.entry(item, Row::default).0.add(*other, both as f32, max);
            self.rows.entry(*other, Row::default).0.add(item, both as f32, max);
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

    /// Whether every count is finite and not negative.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.rows.iter().all(|(_, row)| row.is_sound())
    }
}

/// The last `max` entries of a history.
pub(super) fn recent(history: &[(Key, f32)], max: usize) -> &[(Key, f32)] {
    history.get(history.len().saturating_sub(max)..).unwrap_or_default()
}
