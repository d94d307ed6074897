//! What came of it, as numbers and as a table.

use std::collections::HashMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::data::Row;
use super::options::Options;
use super::replay::Replayed;
use super::world::World;
use crate::cli::stats::calibration::calibration_error;
use crate::cli::stats::log_loss::{base_log_loss, log_loss, relative_information_gain};
use crate::cli::stats::policy::{Matched, snips};
use crate::cli::stats::ranking::auc;
use crate::cli::stats::wilson::wilson;
use crate::cli::stats::{Interval, Predicted, count};
use crate::cli::{Failure, output, values};

/// Bins of the calibration error.
const BINS: usize = 15;
/// Longest time that a histogram holds, ns.
const NANOS_MAX: u64 = 60_000_000_000;

/// The figures of a replay. Times are at the client; probabilities are those served, before they
/// were learned from.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// Answers replayed.
    pub rows: usize,
    /// Customers they came from.
    pub customers: usize,
    /// Share of all rows that were accepted.
    pub historical_acceptance: f64,
    /// Rows in which the engine's first choice was the coupon that was really shown.
    pub agreed_rows: usize,
    /// Share of them that were accepted, with its 95 % interval (Wilson).
    pub agreed_acceptance: Option<Interval>,
    /// The same, each row weighted by the inverse of its coupon's share in history (SNIPS), with
    /// its 95 % interval; takes the coupon shown as drawn independently of person and situation.
    pub ips_acceptance: Option<Interval>,
    /// Mean log loss of the propensity served for the coupon shown, nats.
    pub log_loss: Option<f64>,
    /// Mean log loss of the running rate, nats.
    pub base_log_loss: Option<f64>,
    /// Share of the base's loss that is saved.
    pub relative_information_gain: Option<f64>,
    /// Area under the ROC curve.
    pub auc: Option<f64>,
    /// Expected calibration error, 15 bins.
    pub calibration_error: Option<f64>,
    /// Decisions a second, each with its outcome recorded.
    pub decisions_per_second: f64,
    /// Median of `Decide`, ms.
    pub decide_p50_ms: f64,
    /// 99th percentile of `Decide`, ms.
    pub decide_p99_ms: f64,
    /// Median from acknowledged outcome to model used, ms.
    pub lag_p50_ms: Option<f64>,
    /// 99th percentile of the same, ms.
    pub lag_p99_ms: Option<f64>,
    /// Times that it was measured.
    pub lag_samples: usize,
    /// Time for all, s.
    pub seconds: f64,
    /// Rows in progress at once.
    pub concurrency: usize,
    /// Seed of the engine's draws.
    pub seed: u64,
    /// The store.
    pub store: String,
}

/// The figures of `rows`.
///
/// # Errors
/// When there are no rows.
pub fn figures(
    rows: &[Replayed],
    customers: usize,
    busy: Duration,
    options: &Options,
    store: String,
) -> Result<Figures, Failure> {
    if rows.is_empty() {
        return Err(Failure::Setting("`--rows` is 0: there is nothing to replay".to_owned()));
    }
    let predicted: Vec<Predicted> = rows.iter().map(|row| row.predicted).collect();
    let accepted = predicted.iter().filter(|p| p.positive).count();
    let agreed: Vec<_> = rows.iter().filter(|row| row.agreed).collect();
    let agreed_accepted = agreed.iter().filter(|row| row.predicted.positive).count();
    let (loss, base) = (log_loss(&predicted), base_log_loss(&predicted));
    let decide = histogram(rows.iter().map(|row| row.decide))?;
    let lags: Vec<_> = rows.iter().filter_map(|row| row.lag).collect();
    let lag = histogram(lags.iter().copied())?;
    let seen = (!lags.is_empty()).then_some(&lag);
    Ok(Figures {
        rows: rows.len(),
        customers,
        historical_acceptance: count(accepted) / count(rows.len()),
        agreed_rows: agreed.len(),
        agreed_acceptance: wilson(agreed_accepted, agreed.len()),
        ips_acceptance: snips(&matched(rows)),
        log_loss: loss,
        base_log_loss: base,
        relative_information_gain: loss.zip(base).map(|(l, b)| relative_information_gain(l, b)),
        auc: auc(&predicted),
        calibration_error: calibration_error(&predicted, BINS),
        decisions_per_second: count(rows.len()) / busy.as_secs_f64(),
        decide_p50_ms: quantile_ms(&decide, 0.5),
        decide_p99_ms: quantile_ms(&decide, 0.99),
        lag_p50_ms: seen.map(|lag| quantile_ms(lag, 0.5)),
        lag_p99_ms: seen.map(|lag| quantile_ms(lag, 0.99)),
        lag_samples: lags.len(),
        seconds: busy.as_secs_f64(),
        concurrency: options.concurrency,
        seed: options.seed,
        store,
    })
}

/// The rows where engine and history agree, with the share of the coupon in history.
fn matched(rows: &[Replayed]) -> Vec<Matched> {
    let mut shown: HashMap<&str, usize> = HashMap::new();
    for row in rows {
        *shown.entry(row.shown).or_default() += 1;
    }
    let share =
        |row: &Replayed| count(shown.get(row.shown).copied().unwrap_or(0)) / count(rows.len());
    let agreed = rows.iter().filter(|row| row.agreed);
    agreed
        .map(|row| Matched {
            propensity: share(row),
            reward: f64::from(u8::from(row.predicted.positive)),
        })
        .collect()
}

fn histogram(times: impl Iterator<Item = Duration>) -> Result<Histogram<u64>, Failure> {
    let mut histogram = Histogram::new_with_bounds(1, NANOS_MAX, 3)
        .map_err(|error| Failure::other("no histogram", error))?;
    for time in times {
        histogram.saturating_record(u64::try_from(time.as_nanos()).unwrap_or(NANOS_MAX));
    }
    Ok(histogram)
}

#[expect(clippy::cast_precision_loss, reason = "at most a minute in ns")]
fn quantile_ms(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    histogram.value_at_quantile(quantile) as f64 / 1e6
}

/// The table at the end.
pub fn show(figures: &Figures) {
    let interval = |interval: &Option<Interval>| match interval {
        Some(i) => format!(
            "{}  (95 %: {} .. {})",
            output::percent(i.value),
            output::percent(i.lower),
            output::percent(i.upper)
        ),
        None => "-".to_owned(),
    };
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| format!("{v:.4}"));
    let ms = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| format!("{v:.2} ms"));
    let whole = |value: usize| output::thousands(value as u64);
    let rows = [
        ("rows", whole(figures.rows)),
        ("customers", whole(figures.customers)),
        ("accepted in history", output::percent(figures.historical_acceptance)),
        ("rows where the engine chose what history showed", whole(figures.agreed_rows)),
        ("accepted there (replay estimate)", interval(&figures.agreed_acceptance)),
        ("the same, by inverse propensity *", interval(&figures.ips_acceptance)),
        ("log loss of the propensity served, before learning", number(figures.log_loss)),
        ("log loss of the running rate", number(figures.base_log_loss)),
        ("share of that loss saved", number(figures.relative_information_gain)),
        ("AUC", number(figures.auc)),
        ("calibration error, 15 bins", number(figures.calibration_error)),
        (
            "decisions a second, each with its outcome",
            format!("{:.0}  ({} at a time)", figures.decisions_per_second, figures.concurrency),
        ),
        (
            "Decide, p50 / p99",
            format!("{:.2} ms / {:.2} ms", figures.decide_p50_ms, figures.decide_p99_ms),
        ),
        (
            "outcome acknowledged to model used, p50 / p99",
            format!("{} / {}", ms(figures.lag_p50_ms), ms(figures.lag_p99_ms)),
        ),
        ("store", figures.store.clone()),
    ];
    let rows: Vec<_> = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    output::say(&output::table(&["what", "figure"], 2, &rows).to_string());
    output::say(
        "* self-normalised; takes the share of each coupon in history as the chance with which it \
         was shown,\n  as if drawn without regard to person and situation.",
    );
}

/// What to try on the service that is left up.
pub fn what_to_try(world: &World, rows: &[Row]) {
    let server = world.address();
    let (mut customer, mut context) = (String::from("respondent-1"), String::new());
    if let Some(row) = rows.first() {
        customer.clone_from(&row.customer);
        for (name, value) in &row.context {
            context.push_str(&format!(" \\\n    --context {name}='{}'", values::show(value)));
        }
    }
    output::say("\nThe service is still up; Ctrl-C ends it. In another terminal:\n");
    output::say(&format!("  arbitra profile {customer} --server {server}"));
    output::say(&format!(
        "  arbitra decide --customer {customer} --channel in_car --why --server {server}{context}"
    ));
    if let Some(admin) = world.admin() {
        output::say(&format!("  curl http://{admin}/metrics"));
    }
}
