//! What a customer's history says of items.

use super::choice::{recent, strength};
use super::model::Affinity;
use super::row::Row;
use super::weights::{Weights, add, dot};
use crate::core::key::Key;

impl Affinity {
    /// How strongly `history` (items and weights, oldest first) speaks for `item`: 0 to 1, `None`
    /// when the item or everything in the history is unknown.
    ///
    /// With solved weights it is `Σ_h x_h B_h,item` cut off at 0 and 1: the linear estimate of
    /// whether the item is chosen (Steck 2019, eq. 1), with the share of the low-rank part. Where
    /// the solution does not know an item yet, and before there is one, each item of the history
    /// speaks by its cosine with the candidate (Sarwar, Karypis, Konstan, Riedl 2001, "Item-based
    /// collaborative filtering recommendation algorithms", §3.1.1), with a constant in its
    /// denominator, so that what rests on little shrinks; without any solution the sum `s` becomes
    /// `s / (1 + s)`.
    #[must_use]
    pub fn score(&self, history: &[(Key, f32)], item: Key) -> Option<f32> {
        self.scores(history, &[item]).into_iter().next().flatten()
    }

    /// [`Affinity::score`] of each of `items`, in their order; each history item's row is walked
    /// once.
    #[must_use]
    pub fn scores(&self, history: &[(Key, f32)], items: &[Key]) -> Vec<Option<f32>> {
        let Some(weights) = self.weights.as_deref() else {
            let known = self.known(history, None);
            if known.is_empty() {
                return vec![None; items.len()];
            }
            let sums = items.iter().map(|item| self.cosines(&known, *item));
            return sums.map(|sum| sum.map(|sum| sum / (1.0 + sum))).collect();
        };
        let user = self.user(weights, history);
        if user.is_empty() {
            return vec![None; items.len()];
        }
        // All of the history by its counts: only for candidates that came up since.
        let mut known: Option<Vec<Known<'_>>> = None;
        let mut slots: Vec<Slot> = Vec::with_capacity(items.len());
        let mut scores: Vec<Option<f32>> = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            scores.push(match weights.place(*item) {
                Some(place) => {
                    slots.push(Slot { place, at });
                    Some(user.low_rank(weights, place) + self.strange(weights, &user, *item))
                }
                None => {
                    let known = known.get_or_insert_with(|| self.known(history, None));
                    self.cosines(known, *item).map(|sum| sum * weights.cosine)
                }
            });
        }
        slots.sort_unstable_by_key(|slot| (slot.place, slot.at));
        for (slot, sum) in slots.iter().zip(sums(weights, &user, &slots)) {
            if let Some(Some(score)) = scores.get_mut(slot.at) {
                *score += sum;
            }
        }
        scores.iter_mut().flatten().for_each(|score| *score = score.clamp(0.0, 1.0));
        scores
    }

    /// The `most` items that `history` speaks for most and does not hold, best first (of equals
    /// the lower key), with the scores before they are cut off.
    #[must_use]
    pub fn recommend(&self, history: &[(Key, f32)], most: usize) -> Vec<(Key, f32)> {
        let cosines = |known: &[Known<'_>], item: Key| Some((item, self.cosines(known, item)?));
        let Some(weights) = self.weights.as_deref() else {
            let known = self.known(history, None);
            let items = self.rows.iter().map(|(item, _)| item).filter(|_| !known.is_empty());
            return best(items.filter_map(|item| cosines(&known, item)), history, most);
        };
        let user = self.user(weights, history);
        if user.is_empty() {
            return Vec::new();
        }
        let mut sums = vec![0.0_f32; weights.items.len()];
        for (place, strength) in &user.solved {
            add(&mut sums, *strength, weights.dense_row(*place));
            let (targets, values) = weights.row(*place);
            for (target, weight) in targets.iter().zip(values) {
                if let Some(sum) = sums.get_mut(*target as usize) {
                    *sum += strength * weight;
                }
            }
        }
        if !user.factors.is_empty() {
            for place in weights.solved.iter().map(|place| *place as usize) {
                if let Some(sum) = sums.get_mut(place) {
                    *sum += user.low_rank(weights, place);
                }
            }
        }
        if !user.strange.is_empty() {
            for (item, sum) in weights.items.iter().zip(&mut sums) {
                *sum += self.strange(weights, &user, *item);
            }
        }
        let solved = weights.items.iter().copied().zip(sums);
        if self.rows.len() == weights.items.len() {
            return best(solved, history, most);
        }
        let known = self.known(history, None);
        let new = self.rows.iter().map(|(item, _)| item);
        let new = new.filter(|item| weights.place(*item).is_none());
        let new = new.filter_map(|item| cosines(&known, item));
        let new = new.map(|(item, sum)| (item, sum * weights.cosine));
        best(solved.chain(new), history, most)
    }

    /// The items of `history` that speak most for `item`, at most `most` of them, with what each
    /// adds to its score (above 0), the strongest first (of equals the later).
    #[must_use]
    pub fn because(&self, history: &[(Key, f32)], item: Key, most: usize) -> Vec<(Key, f32)> {
        let weights = self.weights.as_deref();
        let to = weights.and_then(|weights| weights.place(item));
        let mut shares: Vec<(Key, f32)> = Vec::new();
        for one in self.known(history, None).iter().rev() {
            let from = weights.and_then(|weights| weights.place(one.item));
            let share = match (weights, from, to) {
                (Some(weights), Some(from), Some(to)) => one.strength * weights.between(from, to),
                _ => {
                    let cosine = self.cosines(std::slice::from_ref(one), item).unwrap_or(0.0);
                    cosine * weights.map_or(1.0, |weights| weights.cosine)
                }
            };
            if share > 0.0 && one.item != item {
                shares.push((one.item, share));
            }
        }
        shares.sort_by(|a, b| b.1.total_cmp(&a.1));
        shares.truncate(most);
        shares
    }

    /// The part of a history that is counted, without what `weights` know, with strengths.
    fn known<'a>(&'a self, history: &[(Key, f32)], but: Option<&Weights>) -> Vec<Known<'a>> {
        recent(history, self.spec.history_max)
            .iter()
            .filter(|(item, _)| but.is_none_or(|weights| weights.place(*item).is_none()))
            .filter_map(|(item, weight)| {
                let strength = strength(*weight) as f32;
                let row = self.rows.get(*item).filter(|_| strength > 0.0)?;
                Some(Known { item: *item, row, strength })
            })
            .collect()
    }

    /// A history as the solution sees it.
    fn user<'a>(&'a self, weights: &Weights, history: &[(Key, f32)]) -> User<'a> {
        let recent = recent(history, self.spec.history_max);
        let mut solved = Vec::with_capacity(recent.len());
        for (item, weight) in recent {
            let strength = strength(*weight) as f32;
            if strength > 0.0
                && let Some(place) = weights.place(*item)
            {
                solved.push((place, strength));
            }
        }
        let strange = match solved.len() == recent.len() {
            true => Vec::new(),
            false => self.known(history, Some(weights)),
        };
        let mut factors = Vec::new();
        if !weights.factors.is_empty() {
            factors.resize(weights.chosen.rank, 0.0);
            for (place, strength) in &solved {
                add(&mut factors, *strength, weights.factors(*place));
            }
        }
        User { solved, strange, factors }
    }

    /// What the part of a history that the solution does not know adds to a solved item.
    fn strange(&self, weights: &Weights, user: &User<'_>, item: Key) -> f32 {
        if user.strange.is_empty() {
            return 0.0;
        }
        self.cosines(&user.strange, item).unwrap_or(0.0) * weights.cosine
    }

    /// The sum of cosines of a history's items with an item; `None` when that is unknown.
    fn cosines(&self, known: &[Known<'_>], item: Key) -> Option<f32> {
        let row = self.rows.get(item)?;
        let shrinkage = self.shrinkage();
        let mut sum = 0.0;
        for one in known.iter().filter(|one| one.item != item) {
            let both = f64::from(row.with(one.item).max(one.row.with(item)));
            let cosine = Self::cosine(both, one.row.count, row.count, shrinkage);
            sum += f64::from(one.strength) * cosine;
        }
        Some(sum as f32)
    }
}

/// An item of a history.
#[derive(Clone, Copy)]
struct Known<'a> {
    item: Key,
    row: &'a Row,
    strength: f32,
}

/// A history as the solution sees it.
struct User<'a> {
    /// Its items that the solution knows: places and strengths.
    solved: Vec<(usize, f32)>,
    /// Those it does not know.
    strange: Vec<Known<'a>>,
    /// The sum of its items' factors; empty where there are none.
    factors: Vec<f32>,
}

impl User<'_> {
    fn is_empty(&self) -> bool {
        self.solved.is_empty() && self.strange.is_empty()
    }

    fn low_rank(&self, weights: &Weights, place: usize) -> f32 {
        if self.factors.is_empty() {
            return 0.0;
        }
        dot(&self.factors, weights.factors(place)) * weights.scale(place)
    }
}

#[derive(Clone, Copy)]
struct Slot {
    place: usize,
    at: usize,
}

/// What the weights of a history's items add to each slot.
fn sums(weights: &Weights, user: &User<'_>, slots: &[Slot]) -> Vec<f32> {
    // Whole dense rows are added at once, several weights an instruction: faster than picking
    // some of them out as soon as those are not few.
    if slots.len() * 8 > weights.items.len() && !weights.dense.is_empty() {
        let mut all = vec![0.0; weights.items.len()];
        for (place, strength) in &user.solved {
            add(&mut all, *strength, weights.dense_row(*place));
        }
        return slots.iter().map(|slot| all.get(slot.place).copied().unwrap_or_default()).collect();
    }
    let mut sums = vec![0.0; slots.len()];
    for (place, strength) in &user.solved {
        let row = weights.dense_row(*place);
        if row.is_empty() {
            gather(weights.row(*place), *strength, slots, &mut sums);
            continue;
        }
        for (sum, slot) in sums.iter_mut().zip(slots) {
            *sum += strength * row.get(slot.place).copied().unwrap_or_default();
        }
    }
    sums
}

/// Adds the weights of a sparse row: by search where the slots are few, else walking both
/// ascending lists.
fn gather(row: (&[u32], &[f32]), strength: f32, slots: &[Slot], sums: &mut [f32]) {
    let (targets, values) = row;
    if slots.len() * 8 < targets.len() {
        for (slot, sum) in slots.iter().zip(sums) {
            let at = targets.binary_search_by_key(&slot.place, |target| *target as usize).ok();
            *sum += strength * at.and_then(|at| values.get(at)).copied().unwrap_or_default();
        }
        return;
    }
    let mut slots = slots.iter().zip(sums).peekable();
    for (target, weight) in targets.iter().zip(values) {
        let target = *target as usize;
        while slots.next_if(|(slot, _)| slot.place < target).is_some() {}
        while let Some((_, sum)) = slots.next_if(|(slot, _)| slot.place == target) {
            *sum += strength * weight;
        }
    }
}

/// The best of what the history does not hold.
fn best(
    scored: impl Iterator<Item = (Key, f32)>,
    history: &[(Key, f32)],
    most: usize,
) -> Vec<(Key, f32)> {
    let mut known: Vec<Key> = history.iter().map(|(item, _)| *item).collect();
    known.sort_unstable();
    let order = |a: &(Key, f32), b: &(Key, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    // Room for twice as many as asked for, so that cutting back is rare.
    let room = most.max(1) * 4;
    let mut kept: Vec<(Key, f32)> = Vec::with_capacity(room);
    let mut least = f32::NEG_INFINITY;
    for one in scored {
        if one.1 < least || known.binary_search(&one.0).is_ok() {
            continue;
        }
        kept.push(one);
        if kept.len() >= room {
            kept.select_nth_unstable_by(most.saturating_sub(1), order);
            kept.truncate(most);
            least = kept.iter().map(|one| one.1).fold(f32::INFINITY, f32::min);
        }
    }
    kept.sort_unstable_by(order);
    kept.truncate(most);
    kept
}
