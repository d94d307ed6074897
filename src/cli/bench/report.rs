//! What a run says: rates, times, ratios, and the budgets beside them.

use hdrhistogram::Histogram;
use serde::Serialize;

use super::load::Stretch;
use crate::cli::{Failure, output};

/// What the ratios should be (the house's budgets).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Budget {
    /// Least throughput, as a share of the floor's.
    pub throughput: Option<f64>,
    /// Largest p99 at half load, as a multiple of the floor's.
    pub half_p99: Option<f64>,
}

impl Budget {
    /// For `RecordEvents`, against a server doing GET and SET.
    pub const RECORD: Self = Self { throughput: Some(0.8), half_p99: None };

    /// For `Decide` with so many offers, against a server doing one GET.
    #[must_use]
    pub fn decide(offers: usize) -> Self {
        let throughput = match offers {
            0..=100 => 0.9,
            101..=1_000 => 0.65,
            _ => 0.5,
        };
        Self { throughput: Some(throughput), half_p99: Some(1.5) }
    }
}

/// One server under one load.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Side {
    /// Answers a second, over all rounds.
    pub rate: f64,
    /// Answers a second in each round.
    pub rounds: Vec<f64>,
    /// Median time, ms.
    pub p50_ms: f64,
    /// 99th percentile, ms.
    pub p99_ms: f64,
}

impl Side {
    /// All rounds together.
    ///
    /// # Errors
    /// Without rounds.
    #[expect(clippy::cast_precision_loss, reason = "times below a minute, in ns")]
    pub fn of(stretches: &[Stretch]) -> Result<Self, Failure> {
        let nothing = || Failure::Other("nothing was measured".to_owned());
        let mut times = Histogram::<u64>::new_from(&stretches.first().ok_or_else(nothing)?.times);
        let mut seconds = 0.0;
        for stretch in stretches {
            times.add(&stretch.times).map_err(|error| Failure::other("no histogram", error))?;
            seconds += stretch.elapsed.as_secs_f64();
        }
        let quantile_ms = |quantile| times.value_at_quantile(quantile) as f64 / 1e6;
        Ok(Self {
            rate: times.len() as f64 / seconds,
            rounds: stretches.iter().map(Stretch::rate).collect(),
            p50_ms: quantile_ms(0.5),
            p99_ms: quantile_ms(0.99),
        })
    }
}

/// Floor and target, side by side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// What was called.
    pub what: String,
    /// Throughput of the target as a share of the floor's: median over the rounds.
    pub throughput_ratio: f64,
    /// p99 of the target at half of its full load, as a multiple of the floor's at half of its own.
    pub half_p99_ratio: f64,
    /// What they should be.
    pub budget: Budget,
    /// The floor at full load.
    pub floor_full: Side,
    /// The target at full load.
    pub target_full: Side,
    /// The floor at half load.
    pub floor_half: Side,
    /// The target at half load.
    pub target_half: Side,
}

impl Comparison {
    /// Of (floor, target) at full and at half load.
    #[must_use]
    pub fn new(what: &str, budget: Budget, full: (Side, Side), half: (Side, Side)) -> Self {
        let rounds = full.0.rounds.iter().zip(&full.1.rounds);
        Self {
            what: what.to_owned(),
            throughput_ratio: median(rounds.map(|(floor, target)| target / floor).collect()),
            half_p99_ratio: half.1.p99_ms / half.0.p99_ms,
            budget,
            floor_full: full.0,
            target_full: full.1,
            floor_half: half.0,
            target_half: half.1,
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let upper = values.get(values.len() / 2).copied().unwrap_or(f64::NAN);
    let lower = values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN);
    f64::midpoint(lower, upper)
}

/// The table.
pub fn show(comparisons: &[Comparison]) {
    let mut rows = Vec::new();
    for comparison in comparisons {
        let Comparison { what, floor_full, target_full, floor_half, target_half, .. } = comparison;
        let sides = [("floor", floor_full, floor_half), ("arbitra", target_full, target_half)];
        for (name, full, half) in sides {
            rows.push(vec![
                what.clone(),
                name.to_owned(),
                format!("{:.0}", full.rate),
                format!("{:.2} / {:.2}", full.p50_ms, full.p99_ms),
                format!("{:.2} / {:.2}", half.p50_ms, half.p99_ms),
            ]);
        }
    }
    let header = ["call", "server", "calls/s", "full: p50 / p99 ms", "half: p50 / p99 ms"];
    output::say(&output::table(&header, 2, &rows).to_string());
    let rows: Vec<_> = comparisons.iter().map(ratios).collect();
    let header = ["call", "throughput", "budget", "p99 at half load", "budget"];
    output::say(&output::table(&header, 1, &rows).to_string());
    output::say(
        "ratios of Arbitra to the floor: a bare server with the same messages doing one GET",
    );
    output::say("(Decide) or GET and SET (RecordEvents); same run, same cores, in turns.");
}

fn ratios(comparison: &Comparison) -> Vec<String> {
    let (throughput, p99) = (comparison.throughput_ratio, comparison.half_p99_ratio);
    let verdict = |good: bool| if good { "met" } else { "missed" };
    let at_least = comparison.budget.throughput.map_or_else(
        || "-".to_owned(),
        |least| format!("≥ {least:.2} {}", verdict(throughput >= least)),
    );
    let at_most = comparison
        .budget
        .half_p99
        .map_or_else(|| "-".to_owned(), |most| format!("≤ {most:.2} {}", verdict(p99 <= most)));
    vec![
        comparison.what.clone(),
        format!("{throughput:.2}"),
        at_least,
        format!("{p99:.2}"),
        at_most,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(Vec::new()).is_nan());
    }
}
