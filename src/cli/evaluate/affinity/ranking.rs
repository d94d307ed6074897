//! Figures of one customer's ranking, with binary relevance.

use std::collections::BTreeSet;

use crate::cli::stats::count;
use crate::core::key::Key;

/// How well one customer's choices were foretold.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ranked {
    /// Normalised discounted cumulative gain of the first 10, 0 to 1 (Järvelin, Kekäläinen 2002,
    /// "Cumulated gain-based evaluation of IR techniques", with logarithm base 2): `Σ 1/log2(r+1)`
    /// over the ranks `r` of hits, by the same of a perfect ranking.
    pub ndcg_at_10: f64,
    /// Share of the customer's choices among the first 20.
    pub recall_at_20: f64,
    /// Average precision of the first 10: mean of the precision at each hit, by the most hits
    /// there could be.
    pub map_at_10: f64,
}

impl Ranked {
    /// The figures of a ranking, best first, against what was chosen.
    #[must_use]
    pub fn of(ranking: &[(Key, f32)], relevant: &BTreeSet<Key>) -> Self {
        let gain = |rank: usize| 1.0 / (count(rank) + 2.0).log2();
        let hits: Vec<usize> = ranking
            .iter()
            .enumerate()
            .filter(|(_, (item, _))| relevant.contains(item))
            .map(|(rank, _)| rank)
            .collect();
        let first = || hits.iter().copied().take_while(|rank| *rank < 10);
        let best = relevant.len().min(10);
        let ideal: f64 = (0..best).map(gain).sum();
        let precisions = first().zip(1_usize..).map(|(rank, hit)| count(hit) / count(rank + 1));
        Self {
            ndcg_at_10: first().map(gain).sum::<f64>() / ideal.max(f64::MIN_POSITIVE),
            recall_at_20: count(hits.iter().filter(|rank| **rank < 20).count())
                / count(relevant.len().max(1)),
            map_at_10: precisions.sum::<f64>() / count(best.max(1)),
        }
    }
}

/// The mean of a figure.
#[must_use]
pub fn mean(ranked: &[Ranked], figure: impl Fn(&Ranked) -> f64) -> f64 {
    ranked.iter().map(figure).sum::<f64>() / count(ranked.len().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_the_books() {
        let ranking: Vec<(Key, f32)> = (0..30).map(|n| (Key(n), -(n as f32))).collect();
        let relevant = BTreeSet::from([Key(0), Key(2), Key(15), Key(99)]);
        let ranked = Ranked::of(&ranking, &relevant);
        let ideal = 1.0 + 1.0 / 3_f64.log2() + 0.5 + 1.0 / 5_f64.log2();
        assert!((ranked.ndcg_at_10 - 1.5 / ideal).abs() < 1e-12);
        assert!((ranked.recall_at_20 - 0.75).abs() < 1e-12);
        assert!((ranked.map_at_10 - (1.0 + 2.0 / 3.0) / 4.0).abs() < 1e-12);
        assert_eq!(Ranked::of(&[], &relevant), Ranked::default());
    }
}
