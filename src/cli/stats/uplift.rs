//! How well customers are ranked by what a contact changes in them.
//!
//! With the best `k` of `n` rows by predicted effect, `Y` sums of outcomes and `N` counts of those
//! treated (t) and not (c): the Qini curve is `(Y_t - Y_c N_t / N_c) / N_t(n)` (Radcliffe 2007,
//! "Using control groups to target on predicted lift", §6), the uplift curve
//! `(Y_t / N_t - Y_c / N_c) k / n` (Gutierrez, Gérardy 2017, "Causal inference and uplift modelling",
//! eq. 12). `qini` is the area under the former less that under the straight line to its end (which
//! is what ranking at random gives), `auuc` the area under the latter; both over shares of rows in
//! [0, 1], in units of the outcome.

use super::count;
use crate::core::key::{mix64, unit};

/// One row of a trial.
#[derive(Clone, Copy, Debug)]
pub struct Tried {
    /// Effect that was foretold.
    pub predicted: f64,
    /// Whether the row was treated.
    pub treated: bool,
    /// What came of it.
    pub outcome: f64,
}

/// The areas, and the average effect.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Areas {
    /// Area between the Qini curve and the straight line to its end.
    pub qini: f64,
    /// Area under the uplift curve; half the average effect for a ranking at random.
    pub auuc: f64,
    /// Mean outcome of the treated less that of the others.
    pub effect: f64,
}

/// Rows by predicted effect, the highest first; equals in an order drawn from their number.
#[must_use]
pub fn ranked(rows: &[Tried]) -> Vec<Tried> {
    let mut order: Vec<(usize, &Tried)> = rows.iter().enumerate().collect();
    let draw = |number: usize| mix64(number as u64, 1);
    order.sort_by(|(a, one), (b, other)| {
        other.predicted.total_cmp(&one.predicted).then(draw(*a).cmp(&draw(*b)))
    });
    order.into_iter().map(|(_, row)| *row).collect()
}

/// The areas over ranked rows, each counted as often as `weight` says.
#[must_use]
pub fn areas(ranked: &[Tried], weight: impl Fn(usize) -> f64) -> Areas {
    let (mut treated, mut others) = ((0.0, 0.0), (0.0, 0.0));
    let (mut rows, mut under_qini, mut under_uplift) = (0.0, 0.0, 0.0);
    let mean = |(sum, count): (f64, f64)| if count > 0.0 { sum / count } else { 0.0 };
    for (place, row) in ranked.iter().enumerate() {
        let weight = weight(place);
        let side = if row.treated { &mut treated } else { &mut others };
        side.0 += weight * row.outcome;
        side.1 += weight;
        rows += weight;
        under_qini += weight * (treated.0 - mean(others) * treated.1);
        let both = treated.1 > 0.0 && others.1 > 0.0;
        under_uplift += if both { weight * (mean(treated) - mean(others)) * rows } else { 0.0 };
    }
    if treated.1 <= 0.0 || others.1 <= 0.0 {
        return Areas::default();
    }
    let effect = mean(treated) - mean(others);
    Areas {
        qini: under_qini / rows / treated.1 - effect / 2.0,
        auuc: under_uplift / rows / rows,
        effect,
    }
}

/// The areas with their standard errors, by the bootstrap with Poisson weights (Chamandy et al. 2012,
/// "Estimating uncertainty for massive data streams"): `draws` times every row counts 0, 1, 2 ...
/// times; the ranking stays.
#[must_use]
pub fn with_errors(rows: &[Tried], draws: u64) -> (Areas, Areas) {
    let ranked = ranked(rows);
    let whole = areas(&ranked, |_| 1.0);
    let drawn: Vec<Areas> = (0..draws)
        .map(|draw| areas(&ranked, |place| poisson(unit(mix64(draw, 7), place as u64))))
        .collect();
    let deviation = |of: fn(&Areas) -> f64| {
        let n = count(drawn.len()).max(2.0);
        let mean = drawn.iter().map(of).sum::<f64>() / n;
        let squares: f64 = drawn.iter().map(|areas| (of(areas) - mean).powi(2)).sum();
        (squares / (n - 1.0)).sqrt()
    };
    let errors = Areas {
        qini: deviation(|areas| areas.qini),
        auuc: deviation(|areas| areas.auuc),
        effect: deviation(|areas| areas.effect),
    };
    (whole, errors)
}

/// The Poisson variable of mean 1 at the quantile `u`.
fn poisson(u: f64) -> f64 {
    let (mut n, mut p) = (0.0, (-1.0_f64).exp());
    let mut sum = p;
    while u > sum && n < 20.0 {
        n += 1.0;
        p /= n;
        sum += p;
    }
    n
}

/// Mean predicted and observed effect of each of `parts` parts of the ranked rows, the highest first,
/// with the standard error of the observed one.
#[must_use]
pub fn by_part(ranked: &[Tried], parts: usize) -> Vec<(f64, f64, f64)> {
    let size = ranked.len().div_ceil(parts.max(1)).max(1);
    let part = |rows: &[Tried]| {
        let side = |treated| {
            let side: Vec<f64> =
                rows.iter().filter(|row| row.treated == treated).map(|row| row.outcome).collect();
            let n = count(side.len()).max(1.0);
            let mean = side.iter().sum::<f64>() / n;
            let squares: f64 = side.iter().map(|one| (one - mean).powi(2)).sum();
            (mean, squares / n / n)
        };
        let (with, without) = (side(true), side(false));
        let predicted = rows.iter().map(|row| row.predicted).sum::<f64>() / count(rows.len());
        (predicted, with.0 - without.0, (with.1 + without.1).sqrt())
    };
    ranked.chunks(size).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(effect: impl Fn(f64) -> f64, predicted: impl Fn(f64) -> f64) -> Vec<Tried> {
        let row = |n: u64| {
            let x = unit(mix64(3, n), 1);
            let treated = unit(mix64(3, n), 2) < 0.5;
            let p = 0.2 + if treated { effect(x) } else { 0.0 };
            let outcome = f64::from(u8::from(unit(mix64(3, n), 3) < p));
            Tried { predicted: predicted(x), treated, outcome }
        };
        (0..40_000).map(row).collect()
    }

    #[test]
    fn the_areas_of_a_known_effect_are_what_they_must_be() {
        // Effect 0.4 x: the best share s of rows has effect 0.4 (s - s²/2); less the line, 0.4 / 12.
        let (areas, errors) = with_errors(&rows(|x| 0.4 * x, |x| x), 100);
        assert!((areas.qini - 0.4 / 12.0).abs() < 3.0 * errors.qini, "{areas:?} {errors:?}");
        assert!((areas.auuc - 0.4 / 3.0).abs() < 3.0 * errors.auuc, "{areas:?} {errors:?}");
        assert!((areas.effect - 0.2).abs() < 3.0 * errors.effect);
        assert!(errors.qini > 1e-4 && errors.qini < 4e-3);
    }

    #[test]
    fn a_ranking_that_knows_nothing_is_worth_nothing_and_a_reversed_one_less() {
        let (at_random, errors) = with_errors(&rows(|x| 0.4 * x, |_| 0.0), 100);
        assert!(at_random.qini.abs() < 3.0 * errors.qini, "{at_random:?}");
        assert!(areas(&ranked(&rows(|x| 0.4 * x, |x| -x)), |_| 1.0).qini < -0.02);
    }

    #[test]
    fn without_a_control_group_there_is_no_figure() {
        let all = rows(|x| x, |x| x);
        let treated: Vec<Tried> = all.into_iter().filter(|row| row.treated).collect();
        assert_eq!(areas(&treated, |_| 1.0), Areas::default());
        assert_eq!(areas(&[], |_| 1.0), Areas::default());
    }
}
