//! How a channel explores: what is declared, and the mathematics of drawing. Pure: a draw is a
//! function of a seed.

use crate::core::key::{mix64, unit};

/// How an order is drawn when it is not the best one known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Draw {
    /// Not at all: only the uniform share explores.
    #[default]
    Ranked,
    /// Each score is what it would be at a draw from the belief of its probability (Thompson 1933,
    /// Biometrika 25; with a narrowed belief: Russo et al. 2018, "A tutorial on Thompson sampling",
    /// 8.2).
    Thompson {
        /// Share of the belief's standard deviation that is drawn from, above 0.
        spread: f64,
    },
    /// The first slot goes to each candidate with a probability that falls with the gap to the
    /// best score ([`gap_probabilities`]).
    Gap {
        /// How fast, above 0.
        gamma: f64,
    },
}

/// Exploration on one channel. By default none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Exploration {
    /// How the order is drawn.
    pub draw: Draw,
    /// Share of decisions in an order drawn uniformly, 0 to 1.
    pub epsilon: f64,
    /// Least probability of each candidate's uniform draw for a first slot, 0 to 0.1: with n
    /// candidates the uniform share is at least n times this, at most one half.
    pub floor: f64,
    /// Share of the expected score that exploring may cost, 0 to 1; `None`: any.
    pub budget: Option<f64>,
    /// Share of customers, always the same ones, for whom the order is uniform: 0 to 1.
    pub control: f64,
}

impl Exploration {
    /// Whether nothing is ever drawn.
    #[must_use]
    pub fn is_none(&self) -> bool {
        let uniform = self.epsilon > 0.0 || self.floor > 0.0 || self.control > 0.0;
        self.draw == Draw::Ranked && !uniform
    }
}

/// A standard normal draw (Box, Muller 1958, Ann. Math. Stat. 29).
#[must_use]
pub fn normal(seed: u64) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(1.0 - unit(seed, 1)));
    radius * libm::cos(std::f64::consts::TAU * unit(seed, 2))
}

/// Inverse gap weighting (Foster, Rakhlin 2020, "Beyond UCB: optimal and efficient contextual
/// bandits with regression oracles", algorithm 1): of n scores, best first, each but the best gets
/// `1 / (n + γ gap)`, with the gap as a share of the best score; the best gets the rest.
#[must_use]
pub fn gap_probabilities(scores: &[f64], gamma: f64) -> Vec<f64> {
    let Some(best) = scores.first().copied() else { return Vec::new() };
    let count = scores.len() as f64;
    let unit = best.abs().max(f64::MIN_POSITIVE);
    let one = |score: &f64| 1.0 / (count + gamma * ((best - score) / unit).clamp(0.0, 1e9));
    let mut all: Vec<f64> = scores.iter().map(one).collect();
    let rest: f64 = all.iter().skip(1).sum();
    if let Some(first) = all.first_mut() {
        *first = 1.0 - rest;
    }
    all
}

/// The place that a uniform draw in [0, 1) falls on; the first when probabilities fall short.
#[must_use]
pub fn place(probabilities: &[f64], draw: f64) -> usize {
    let mut sum = 0.0;
    let reached = probabilities.iter().position(|probability| {
        sum += probability;
        draw < sum
    });
    reached.unwrap_or(0)
}

/// Whether a customer is in a control group of `share` of all: the same customer always is, on one
/// channel as on another only by chance.
#[must_use]
pub fn in_control(customer: u64, channel: u64, share: f64) -> bool {
    const SALT: u64 = 0x636f_6e74_726f_6c00;
    share > 0.0 && unit(mix64(customer, SALT), channel) < share
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn normal_draws_have_their_moments() {
        let draws: Vec<f64> = (0..20_000).map(|n| normal(mix64(7, n))).collect();
        let mean = draws.iter().sum::<f64>() / 20_000.0;
        let variance = draws.iter().map(|z| z * z).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
    }

    #[test]
    fn a_control_group_is_as_large_as_declared_and_stays() {
        let inside = (0..10_000).filter(|id| in_control(mix64(3, *id), 5, 0.1)).count();
        assert!((900..1100).contains(&inside), "{inside}");
        assert_eq!(in_control(42, 5, 0.1), in_control(42, 5, 0.1));
        assert!(!in_control(42, 5, 0.0) && in_control(42, 5, 1.0));
    }

    proptest! {
        #[test]
        fn gap_probabilities_are_a_distribution_that_falls_with_the_gap(
            mut scores in prop::collection::vec(0.0..10.0_f64, 1..20),
            gamma in 0.0..1e6_f64,
            draw in 0.0..1.0_f64,
        ) {
            scores.sort_by(|a, b| b.total_cmp(a));
            let all = gap_probabilities(&scores, gamma);
            prop_assert!((all.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            prop_assert!(all.iter().all(|p| *p >= 0.0));
            prop_assert!(all.is_sorted_by(|a, b| *a >= b - 1e-12));
            prop_assert!(place(&all, draw) < scores.len());
        }
    }
}
