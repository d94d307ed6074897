//! What was solved: weights from each item of a history to each candidate. Between few items one
//! dense matrix; between many sparse rows, and factors of low rank between the most chosen.
//! Immutable; made by [`super::solve`].

use crate::core::key::Key;

/// In place of a number: the item is not among the solved.
pub(super) const NOT_SOLVED: u32 = u32::MAX;

/// The settings that did best on the panel, and how well.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Chosen {
    /// What is added to the diagonal of the Gram matrix, in choices.
    pub ridge: f64,
    /// What share of itself is added to the diagonal of the Gram matrix.
    pub dropout: f64,
    /// How many factors the low-rank part has.
    pub rank: usize,
    /// What the low-rank part weighs in the score, 0 to 1.
    pub blend: f64,
    /// NDCG@10 on the panel's held-out choices, 0 to 1; 0 without a panel.
    pub ndcg: f64,
    /// Share of the closed form's squared weights that sparsification dropped, 0 to 1.
    pub dropped: f64,
}

/// The solved weights.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights {
    pub(super) chosen: Chosen,
    /// After how many choices the counts were as solved from.
    pub(super) observed: u64,
    /// All items, ascending.
    pub(super) items: Vec<Key>,
    /// The places of the solved items, ascending.
    pub(super) solved: Vec<u32>,
    /// By place: the number among the solved, or [`NOT_SOLVED`].
    pub(super) numbers: Vec<u32>,
    /// Between few items: a row for each item of a history. Else empty.
    pub(super) dense: Vec<f32>,
    /// Between many: where each item's weights begin; one more than items.
    pub(super) starts: Vec<u32>,
    /// The places that weights lead to, ascending within an item.
    pub(super) targets: Vec<u32>,
    /// The weights.
    pub(super) weights: Vec<f32>,
    /// Factors by number, `rank` each, already by their share of the blend.
    pub(super) factors: Vec<f32>,
    /// By number: what an item's factors are multiplied by where it is the candidate.
    pub(super) scales: Vec<f32>,
    /// What a cosine counts where the solution does not know one of two items.
    pub(super) cosine: f32,
}

impl Weights {
    /// The settings that were chosen, and how well they did.
    #[must_use]
    pub fn chosen(&self) -> Chosen {
        self.chosen
    }

    /// After how many choices the model was as solved from.
    #[must_use]
    pub fn observed(&self) -> u64 {
        self.observed
    }

    /// How many weights are kept.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.weights.len() + self.dense.len() + self.factors.len()
    }

    /// The place of an item.
    pub(super) fn place(&self, item: Key) -> Option<usize> {
        self.items.binary_search(&item).ok()
    }

    /// The dense row of an item of the history; empty when there is no dense matrix.
    pub(super) fn dense_row(&self, place: usize) -> &[f32] {
        if self.dense.is_empty() {
            return &[];
        }
        let size = self.items.len();
        self.dense.get(place * size..(place + 1) * size).unwrap_or_default()
    }

    /// The sparse weights that lead from an item of the history.
    pub(super) fn row(&self, place: usize) -> (&[u32], &[f32]) {
        let start = self.starts.get(place).map_or(0, |at| *at as usize);
        let end = self.starts.get(place + 1).map_or(start, |at| *at as usize);
        let targets = self.targets.get(start..end).unwrap_or_default();
        (targets, self.weights.get(start..end).unwrap_or_default())
    }

    /// An item's factors; none when it is not among the solved.
    pub(super) fn factors(&self, place: usize) -> &[f32] {
        let rank = self.chosen.rank;
        match self.numbers.get(place) {
            Some(number) if *number != NOT_SOLVED => {
                let start = *number as usize * rank;
                self.factors.get(start..start + rank).unwrap_or_default()
            }
            _ => &[],
        }
    }

    /// What an item's factors are multiplied by where it is the candidate.
    pub(super) fn scale(&self, place: usize) -> f32 {
        let number = self.numbers.get(place).copied().unwrap_or(NOT_SOLVED);
        self.scales.get(number as usize).copied().unwrap_or_default()
    }

    /// What one item of a history says of another, for strength 1.
    pub(super) fn between(&self, from: usize, to: usize) -> f32 {
        if let Some(weight) = self.dense_row(from).get(to) {
            return *weight;
        }
        let (targets, weights) = self.row(from);
        let at = u32::try_from(to).ok().and_then(|to| targets.binary_search(&to).ok());
        let direct = at.and_then(|at| weights.get(at)).copied().unwrap_or_default();
        direct + dot(self.factors(from), self.factors(to)) * self.scale(to)
    }
}

/// The inner product, in four sums side by side, so that it is as fast as it is repeatable.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 4];
    let (a4, b4) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f32 = a4.remainder().iter().zip(b4.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a4.zip(b4) {
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            *sum += x * y;
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// `sums += factor * values`.
pub(super) fn add(sums: &mut [f32], factor: f32, values: &[f32]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += factor * value;
    }
}
