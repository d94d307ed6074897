//! The counts, as matrices: sparse between all items, dense between the most chosen.

use ndarray::Array2;

use crate::core::affinity::model::Affinity;
use crate::core::key::Key;

/// All counts, in choices as of now.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Items, ascending.
    pub items: Vec<Key>,
    /// How much each was chosen.
    pub own: Vec<f64>,
    /// Where each item's pairs begin; one more than items.
    pub starts: Vec<usize>,
    /// The other item of each pair, ascending within an item.
    pub others: Vec<u32>,
    /// How much the two were chosen together.
    pub both: Vec<f32>,
}

impl Counts {
    /// The counts of a model.
    pub fn of(model: &Affinity) -> Self {
        let unit = 1.0 / model.unit_now();
        let mut rows: Vec<_> = model.rows.iter().collect();
        rows.sort_unstable_by_key(|(item, _)| *item);
        let items: Vec<Key> = rows.iter().map(|(item, _)| *item).collect();
        let mut counts = Self { own: Vec::with_capacity(items.len()), ..Self::default() };
        counts.starts.push(0);
        for (_, row) in rows {
            counts.own.push((row.count * unit).max(1e-9));
            let mut from = 0;
            for (other, both) in row.neighbours() {
                let rest = items.get(from..).unwrap_or_default();
                let Ok(at) = rest.binary_search(other) else { continue };
                from += at + 1;
                counts.others.push(u32::try_from(from - 1).unwrap_or(u32::MAX));
                counts.both.push((f64::from(*both) * unit) as f32);
            }
            counts.starts.push(counts.others.len());
        }
        counts.items = items;
        counts
    }

    /// The counts between the `most` most chosen items (of equals the lower key), and their places
    /// here, ascending.
    pub fn of_most(&self, most: usize) -> (Self, Vec<usize>) {
        let mut places: Vec<usize> = (0..self.items.len()).collect();
        places.sort_by(|a, b| self.own(*b).total_cmp(&self.own(*a)));
        places.truncate(most);
        places.sort_unstable();
        let mut numbers = vec![None; self.items.len()];
        for (number, place) in (0_u32..).zip(&places) {
            if let Some(known) = numbers.get_mut(*place) {
                *known = Some(number);
            }
        }
        let mut kept = Self { starts: vec![0], ..Self::default() };
        for place in &places {
            kept.items.push(self.items.get(*place).copied().unwrap_or_default());
            kept.own.push(self.own(*place));
            for (other, both) in self.pairs(*place) {
                if let Some(Some(number)) = numbers.get(other) {
                    kept.others.push(*number);
                    kept.both.push(both);
                }
            }
            kept.starts.push(kept.others.len());
        }
        (kept, places)
    }

    /// Takes `amount` off what was counted of a pair, or of an item with itself.
    pub fn subtract(&mut self, one: usize, other: usize, amount: f64) {
        if one == other {
            if let Some(own) = self.own.get_mut(one) {
                *own = (*own - amount).max(1e-9);
            }
            return;
        }
        for (from, to) in [(one, other), (other, one)] {
            let start = self.starts.get(from).copied().unwrap_or_default();
            let end = self.starts.get(from + 1).copied().unwrap_or(start);
            let others = self.others.get(start..end).unwrap_or_default();
            let at = u32::try_from(to).ok().and_then(|to| others.binary_search(&to).ok());
            if let Some(both) = at.and_then(|at| self.both.get_mut(start + at)) {
                *both = (f64::from(*both) - amount).max(0.0) as f32;
            }
        }
    }

    /// The Gram matrix.
    #[expect(clippy::indexing_slicing, reason = "all items are within the matrix")]
    pub fn dense(&self) -> Array2<f64> {
        let size = self.items.len();
        let mut matrix = Array2::zeros((size, size));
        for item in 0..size {
            matrix[[item, item]] = self.own(item);
            for (other, both) in self.pairs(item) {
                // A pair dropped from one side's neighbours stands on the other's.
                let both = f64::max(f64::from(both), matrix[[other, item]]);
                matrix[[item, other]] = both;
                matrix[[other, item]] = both;
            }
        }
        matrix
    }

    /// The pairs of an item.
    pub fn pairs(&self, item: usize) -> impl Iterator<Item = (usize, f32)> {
        let start = self.starts.get(item).copied().unwrap_or_default();
        let end = self.starts.get(item + 1).copied().unwrap_or(start);
        let others = self.others.get(start..end).unwrap_or_default();
        let both = self.both.get(start..end).unwrap_or_default();
        others.iter().map(|other| *other as usize).zip(both.iter().copied())
    }

    /// How often two items were chosen together, in choices.
    pub fn both(&self, one: usize, other: usize) -> f64 {
        let side = |from: usize, to: usize| {
            let start = self.starts.get(from).copied().unwrap_or_default();
            let end = self.starts.get(from + 1).copied().unwrap_or(start);
            let others = self.others.get(start..end).unwrap_or_default();
            let at = u32::try_from(to).ok().and_then(|to| others.binary_search(&to).ok());
            at.and_then(|at| self.both.get(start + at)).copied().unwrap_or_default()
        };
        // A pair dropped from one side's neighbours stands on the other's.
        f64::from(side(one, other).max(side(other, one)))
    }

    /// How much an item was chosen, in choices.
    pub fn own(&self, item: usize) -> f64 {
        self.own.get(item).copied().unwrap_or(1.0)
    }

    /// How often the item of an average choice was chosen: `Σ count² / Σ count`. The scale that
    /// regularisation is measured in.
    pub fn typical(&self) -> f64 {
        let sum: f64 = self.own.iter().sum();
        let squares: f64 = self.own.iter().map(|own| own * own).sum();
        squares / sum.max(f64::MIN_POSITIVE)
    }
}
