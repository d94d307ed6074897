//! `arbitra evaluate propensity`: progressive validation of the model that serves.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::columns::{self, Features};
use super::rows::RowsArgs;
use crate::cli::data::table::{Cell, Column, DataError, Table, number};
use crate::cli::stats::brier::brier;
use crate::cli::stats::calibration::calibration_error;
use crate::cli::stats::log_loss::{base_log_loss, log_loss, relative_information_gain};
use crate::cli::stats::ranking::auc;
use crate::cli::stats::{Predicted, count};
use crate::cli::{Exit, Failure, output};
use crate::core::key::Key;
use crate::core::propensity::{Candidate, Prior, Propensity, PropensitySpec};
use crate::core::time::UnixMs;

/// Bins of equal width of the calibration error.
const ECE_BINS: usize = 15;
/// Data come without a belief.
pub(super) const NOTHING_DECLARED: Prior = Prior { probability: 0.5, evidence: 0.0 };
/// Rows between two looks at the progress bar.
const BAR_ROWS: usize = 4_096;

/// Flags of `evaluate propensity`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    #[command(flatten)]
    rows: RowsArgs,
    /// Column of the outcome, 0 or 1.
    #[arg(long)]
    label: String,
    /// Column of the offer that was shown; else all rows are of one.
    #[arg(long)]
    offer: Option<String>,
    /// Column of the channel it was shown on; else all rows are of one.
    #[arg(long)]
    channel: Option<String>,
    /// Column of the time it was shown at: an instant, a date, or seconds since 1970.
    #[arg(long)]
    time: Option<String>,
}

/// The figures: means over all rows from the first.
#[derive(Clone, Debug, Serialize)]
struct Report {
    rows: usize,
    log_loss: f64,
    /// Null when all labels are equal.
    auc: Option<f64>,
    ece: f64,
    brier: f64,
    base_log_loss: f64,
    rig: f64,
    rows_per_s: f64,
}

/// Evaluates and reports.
///
/// # Errors
/// When the data cannot be read or used.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let table = args.rows.read()?;
    let unusable = |error| args.rows.unusable(error);
    let named = [&args.offer, &args.channel, &args.time].into_iter().flatten();
    let apart = named.map(String::as_str).chain([args.label.as_str()]);
    let features = args.rows.features(&table, apart)?;
    let labels = columns::labels(&table, &args.label).map_err(unusable)?;
    let order = args.rows.order(&table, args.time.as_deref())?;
    let times = args.time.as_deref().map(|name| times(&table, name)).transpose();
    let times = times.map_err(unusable)?;
    let candidates = Candidates::of(&table, args).map_err(unusable)?;
    let started = Instant::now();
    let bar = output::progress(order.len() as u64, args.rows.json);
    let mut model = Propensity::new(PropensitySpec::default());
    let mut predictions = Vec::with_capacity(order.len());
    for (done, row) in order.iter().copied().enumerate() {
        let features = features.row(&table, row);
        let candidate = candidates.row(row);
        let at = times.as_ref().and_then(|times| times.get(row)).copied();
        let at = at.unwrap_or(UnixMs(i64::try_from(done).unwrap_or(i64::MAX)));
        let positive = labels.get(row).copied().unwrap_or_default();
        let prepared = model.prepare(&features);
        let probability = model.predict(&prepared, &candidate).probability;
        predictions.push(Predicted { probability, positive });
        let label = f64::from(u8::from(positive));
        model.learn_prepared(prepared, &features, &candidate, (label, 1.0), at);
        if done.is_multiple_of(BAR_ROWS) {
            bar.set_position(done as u64);
        }
    }
    bar.finish_and_clear();
    let report = report(&predictions, started.elapsed());
    if args.rows.json {
        output::say_json(&report)?
    } else {
        show(args, &features, &report)
    }
    Ok(Exit::Good)
}

/// What each row's outcome is of.
struct Candidates<'a> {
    offer: Option<(&'a Column, Vec<Key>)>,
    channel: Option<(&'a Column, Vec<Key>)>,
}

impl<'a> Candidates<'a> {
    fn of(table: &'a Table, args: &Args) -> Result<Self, DataError> {
        let keys = |name: &String| -> Result<(&'a Column, Vec<Key>), DataError> {
            let column = table.column(name)?;
            Ok((column, column.distinct.iter().map(key).collect()))
        };
        Ok(Self {
            offer: args.offer.as_ref().map(keys).transpose()?,
            channel: args.channel.as_ref().map(keys).transpose()?,
        })
    }

    fn row(&self, row: usize) -> Candidate {
        let of = |known: &Option<(&Column, Vec<Key>)>, otherwise: &str| {
            let key = known.as_ref().and_then(|(column, keys)| {
                column.cells.get(row).and_then(|cell| keys.get(*cell as usize))
            });
            key.copied().unwrap_or_else(|| Key::of(otherwise))
        };
        Candidate {
            offer: of(&self.offer, "offer"),
            group: Key::of("group"),
            treatment: of(&self.offer, "treatment"),
            channel: of(&self.channel, "channel"),
            prior: NOTHING_DECLARED,
            ..Candidate::default()
        }
    }
}

fn key(cell: &Cell) -> Key {
    match cell {
        Cell::Missing => Key::of(""),
        Cell::Text(text) => Key::of(text),
        Cell::List(list) => Key::of(&list.join("\u{1f}")),
    }
}

/// Instants by row.
///
/// # Errors
/// When the column is not there, or a cell is no time.
pub(super) fn times(table: &Table, name: &str) -> Result<Vec<UnixMs>, DataError> {
    let column = table.column(name)?;
    let time = |(at, cell): (usize, &Cell)| -> Result<UnixMs, DataError> {
        let Cell::Text(text) = cell else {
            return Err(DataError::cell(column.first_row(at), name, "there is no time"));
        };
        instant(text).ok_or_else(|| {
            let reason = format!("`{text}` is no instant, date or number of seconds");
            DataError::cell(column.first_row(at), name, reason)
        })
    };
    let distinct: Vec<UnixMs> =
        column.distinct.iter().enumerate().map(time).collect::<Result<_, _>>()?;
    let of = |cell: &u32| distinct.get(*cell as usize).copied().unwrap_or_default();
    Ok(column.cells.iter().map(of).collect())
}

fn instant(text: &str) -> Option<UnixMs> {
    let text = text.trim();
    if let Some(Some(seconds)) = number(text) {
        #[expect(clippy::cast_possible_truncation, reason = "a float's cast saturates")]
        return seconds.is_finite().then_some(UnixMs((seconds * 1e3) as i64));
    }
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(UnixMs(at.as_millisecond()));
    }
    let civil = text.parse::<jiff::civil::DateTime>().ok()?;
    let at = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(UnixMs(at.timestamp().as_millisecond()))
}

fn report(predictions: &[Predicted], took: Duration) -> Report {
    let log_loss = log_loss(predictions).unwrap_or_default();
    let base_log_loss = base_log_loss(predictions).unwrap_or_default();
    Report {
        rows: predictions.len(),
        log_loss,
        auc: auc(predictions),
        ece: calibration_error(predictions, ECE_BINS).unwrap_or_default(),
        brier: brier(predictions).unwrap_or_default(),
        base_log_loss,
        rig: relative_information_gain(log_loss, base_log_loss),
        rows_per_s: count(predictions.len()) / took.as_secs_f64().max(1e-9),
    }
}

fn show(args: &Args, features: &Features, report: &Report) {
    let shown = |names: &[String]| match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    };
    output::say(&format!("{}, one pass, predict then learn", args.rows.data.display()));
    output::say(&format!("numbers: {}", shown(&features.numeric)));
    output::say(&format!("categories: {}", shown(&features.categorical)));
    let row = |name: &str, number: String, what: &str| vec![name.to_owned(), number, what.into()];
    let auc = report.auc.map_or_else(|| "-".to_owned(), |auc| format!("{auc:.4}"));
    let rows = [
        row("rows", output::thousands(report.rows as u64), "predicted, then learned from"),
        row("log loss", format!("{:.5}", report.log_loss), "nats; less is better"),
        row("base log loss", format!("{:.5}", report.base_log_loss), "of the rate so far"),
        row("information gain", output::percent(report.rig), "share of the base's loss saved"),
        row("AUC", auc, "0.5 is chance"),
        row("calibration error", format!("{:.5}", report.ece), "15 bins; 0 is perfect"),
        row("Brier score", format!("{:.5}", report.brier), "mean squared error"),
        row("rows a second", format!("{:.0}", report.rows_per_s), "on one core"),
    ];
    output::say(&output::table(&["figure", "value", "which is"], 1, &rows).to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let day = Some(UnixMs(1_700_006_400_000));
        assert_eq!(instant("1700006400"), day);
        assert_eq!(instant("2023-11-15T00:00:00Z"), day);
        assert_eq!(instant("2023-11-15 00:00:00"), day);
        assert_eq!(instant("2023-11-15"), day);
        assert_eq!(instant("yesterday"), None);
    }
}
