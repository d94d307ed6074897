//! What a customer's history says of items.

use super::model::{Affinity, recent};
use super::row::Row;
use crate::core::key::Key;

impl Affinity {
    /// How strongly `history` (items and weights, oldest first) speaks for `item`: 0 to 1, `None`
    /// when the item or everything in the history is unknown.
    ///
    /// `s = (Σ_h w_h sim(h, item)^a)^(1/a)`, brought to [0, 1) by `s / (1 + s)`. `a` is the case
    /// amplification of Breese, Heckerman, Kadie 1998 ("Empirical analysis of predictive
    /// algorithms for collaborative filtering"); `sim` the item-based cosine of Sarwar, Karypis,
    /// Konstan, Riedl 2001 ("Item-based collaborative filtering recommendation algorithms",
    /// §3.1.1), with a constant added to its denominator, `both / (norm norm' + shrinkage)`, so
    /// that what has little support shrinks (as in Bell, Koren 2007, "Improved neighborhood-based
    /// collaborative filtering").
    #[must_use]
    pub fn score(&self, history: &[(Key, f32)], item: Key) -> Option<f32> {
        self.scores(history, &[item]).into_iter().next().flatten()
    }

    /// [`Affinity::score`] of each of `items`, in their order; each history item's row is walked
    /// once.
    #[must_use]
    pub fn scores(&self, history: &[(Key, f32)], items: &[Key]) -> Vec<Option<f32>> {
        let rows = self.history_rows(history);
        let mut scores = vec![None; items.len()];
        if rows.is_empty() {
            return scores;
        }
        let shrinkage = self.spec.shrinkage * self.unit_now();
        let amplification = self.spec.amplification;
        let mut order: Vec<Slot> = items
            .iter()
            .enumerate()
            .filter_map(|(at, item)| {
                let row = self.rows.get(*item)?;
                let norm = power(row.count, self.spec.item_exponent);
                Some(Slot { item: *item, at, norm, sum: 0.0 })
            })
            .collect();
        order.sort_unstable_by_key(|slot| (slot.item, slot.at));
        for (row, weight) in rows {
            let norm = power(row.count, 1.0 - self.spec.item_exponent);
            gather(row, &mut order, |both, slot| {
                let similarity = (f64::from(both) / (norm * slot.norm + shrinkage)).min(1.0);
                slot.sum += weight * raised(similarity, amplification);
            });
        }
        for slot in order {
            if let Some(score) = scores.get_mut(slot.at) {
                let sum = libm::pow(slot.sum, 1.0 / amplification);
                *score = Some((sum / (1.0 + sum)) as f32);
            }
        }
        scores
    }

    /// The `most` items that `history` speaks for most and does not hold, best first (of equals
    /// the lower key).
    #[must_use]
    pub fn recommend(&self, history: &[(Key, f32)], most: usize) -> Vec<(Key, f32)> {
        let mut known: Vec<Key> = history.iter().map(|(item, _)| *item).collect();
        known.sort_unstable();
        let new = |item: &Key| known.binary_search(item).is_err();
        let items: Vec<Key> = self.rows.iter().map(|(item, _)| item).filter(new).collect();
        let scores = self.scores(history, &items);
        let scored = items.into_iter().zip(scores);
        let mut ranked: Vec<(Key, f32)> =
            scored.filter_map(|(item, score)| Some((item, score?))).collect();
        ranked.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        ranked.truncate(most);
        ranked
    }

    /// The item of `history` that spoke most for `item` (of equals the later), when one did.
    #[must_use]
    pub fn because(&self, history: &[(Key, f32)], item: Key) -> Option<Key> {
        let target = self.rows.get(item)?;
        let norm = power(target.count, self.spec.item_exponent);
        let shrinkage = self.spec.shrinkage * self.unit_now();
        let mut best: Option<(Key, f64)> = None;
        for (other, weight) in recent(history, self.spec.history_max) {
            let Some(row) = self.rows.get(*other) else {
                continue;
            };
            let other_norm = power(row.count, 1.0 - self.spec.item_exponent);
            let share = f64::from(*weight) * f64::from(row.with(item))
                / (other_norm * norm + shrinkage).max(f64::MIN_POSITIVE);
            if share > 0.0 && best.is_none_or(|(_, most)| share >= most) {
                best = Some((*other, share));
            }
        }
        best.map(|(key, _)| key)
    }

    fn history_rows(&self, history: &[(Key, f32)]) -> Vec<(&Row, f64)> {
        recent(history, self.spec.history_max)
            .iter()
            .filter(|(_, weight)| *weight > 0.0)
            .filter_map(|(key, weight)| Some((self.rows.get(*key)?, f64::from(weight.min(100.0)))))
            .collect()
    }
}

struct Slot {
    item: Key,
    at: usize,
    norm: f64,
    sum: f64,
}

/// Calls `found` for each slot whose item is a neighbour: by search where the slots are few, else
/// walking both ascending lists at once.
fn gather(row: &Row, slots: &mut [Slot], mut found: impl FnMut(f32, &mut Slot)) {
    let neighbours = row.neighbours();
    if slots.len() * 8 < neighbours.len() {
        for slot in slots {
            let both = row.with(slot.item);
            if both > 0.0 {
                found(both, slot);
            }
        }
        return;
    }
    let mut slots = slots.iter_mut().peekable();
    for (item, both) in neighbours {
        while slots.next_if(|slot| slot.item < *item).is_some() {}
        while let Some(slot) = slots.next_if(|slot| slot.item == *item) {
            found(*both, slot);
        }
    }
}

fn raised(similarity: f64, amplification: f64) -> f64 {
    // The default is cheap; the general power is only for other settings.
    if amplification == 1.25 {
        similarity * similarity.sqrt().sqrt()
    } else {
        libm::pow(similarity, amplification)
    }
}

fn power(count: f64, exponent: f64) -> f64 {
    // The square root is exact and fast; the general power is only for other settings.
    let power = if exponent == 0.5 { count.sqrt() } else { libm::pow(count, exponent) };
    power.max(f64::MIN_POSITIVE.sqrt())
}
