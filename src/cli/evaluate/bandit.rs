//! `arbitra evaluate bandit`: labelled rows as a bandit. At each row one of the labels is chosen;
//! only whether it was the right one is learned.

use std::time::Instant;

use serde::Serialize;

use super::propensity::NOTHING_DECLARED;
use super::rows::RowsArgs;
use crate::cli::data::table::{Cell, DataError, Table};
use crate::cli::stats::count;
use crate::cli::stats::wilson::wilson;
use crate::cli::{Exit, Failure, output};
use crate::core::arbitration::explore::normal;
use crate::core::feature::FeatureVector;
use crate::core::key::{Key, mix64};
use crate::core::propensity::{Candidate, Propensity, PropensitySpec};
use crate::core::time::UnixMs;

/// Most labels to choose from.
const LABELS_MAX: usize = 1_000;
/// Thompson's draws are this share of the belief's spread: the catalog's default.
const SPREAD: f64 = 0.1;
/// Rows between two looks at the progress bar.
const BAR_ROWS: usize = 1_024;

/// Flags of `evaluate bandit`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    #[command(flatten)]
    rows: RowsArgs,
    /// Column of the right choice.
    #[arg(long)]
    label: String,
    /// Seed of the exploration's draws.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// The figures.
#[derive(Clone, Debug, Serialize)]
struct Report {
    rows: usize,
    mean_reward: f64,
    rows_per_s: f64,
}

/// Evaluates and reports.
///
/// # Errors
/// When the data cannot be read or used.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let table = args.rows.read()?;
    let unusable = |error| args.rows.unusable(error);
    let features = args.rows.features(&table, [args.label.as_str()])?;
    let order = args.rows.order(&table, None)?;
    let labels = labels(&table, &args.label).map_err(unusable)?;
    let right = &table.column(&args.label).map_err(unusable)?.cells;
    let started = Instant::now();
    let bar = output::progress(order.len() as u64, args.rows.json);
    let mut model = Propensity::new(PropensitySpec::default());
    let (mut rewarded, mut done) = (0_usize, 0_usize);
    for row in order {
        let features = features.row(&table, row);
        let chosen = choose(&model, &features, &labels, mix64(args.seed, done as u64));
        let hit = right.get(row).is_some_and(|label| *label as usize == chosen);
        if let Some(candidate) = labels.get(chosen) {
            let at = UnixMs(i64::try_from(done).unwrap_or(i64::MAX));
            model.learn(&features, candidate, f64::from(u8::from(hit)), 1.0, at);
        }
        rewarded += usize::from(hit);
        done += 1;
        if done.is_multiple_of(BAR_ROWS) {
            bar.set_position(done as u64);
        }
    }
    bar.finish_and_clear();
    let report = Report {
        rows: done,
        mean_reward: count(rewarded) / count(done.max(1)),
        rows_per_s: count(done) / started.elapsed().as_secs_f64().max(1e-9),
    };
    if args.rows.json {
        output::say_json(&report)?
    } else {
        show(args, labels.len(), rewarded, &report)
    }
    Ok(Exit::Good)
}

/// One candidate a label, by the label's number in the column.
fn labels(table: &Table, name: &str) -> Result<Vec<Candidate>, DataError> {
    let column = table.column(name)?;
    if column.distinct.len() > LABELS_MAX {
        let reason = format!("{} labels; at most {LABELS_MAX}", column.distinct.len());
        return Err(DataError::column(name, reason));
    }
    let candidate = |(at, cell): (usize, &Cell)| match cell {
        Cell::Text(text) => Ok(Candidate {
            offer: Key::of(text),
            group: Key::of("group"),
            treatment: Key::of(text),
            channel: Key::of("channel"),
            prior: NOTHING_DECLARED,
            ..Candidate::default()
        }),
        Cell::Missing | Cell::List(_) => {
            Err(DataError::cell(column.first_row(at), name, "there is no label"))
        }
    };
    column.distinct.iter().enumerate().map(candidate).collect()
}

fn choose(model: &Propensity, features: &FeatureVector, labels: &[Candidate], seed: u64) -> usize {
    let prepared = model.prepare(features);
    let (mut best, mut best_score) = (0, f64::NEG_INFINITY);
    for (number, candidate) in labels.iter().enumerate() {
        let score =
            model.belief(&prepared, candidate).sample(SPREAD * normal(mix64(seed, number as u64)));
        if score > best_score {
            (best, best_score) = (number, score);
        }
    }
    best
}

fn show(args: &Args, labels: usize, rewarded: usize, report: &Report) {
    output::say(&format!("{}, one pass, the chosen reward only", args.rows.data.display()));
    let row = |name: &str, number: String, what: String| vec![name.to_owned(), number, what];
    let interval = wilson(rewarded, report.rows).map_or(String::new(), |interval| {
        format!("95 %: {:.4} to {:.4}", interval.lower, interval.upper)
    });
    let rows = [
        row("rows", output::thousands(report.rows as u64), format!("{labels} labels")),
        row("mean reward", format!("{:.4}", report.mean_reward), interval),
        row("rows a second", format!("{:.0}", report.rows_per_s), "on one core".to_owned()),
    ];
    output::say(&output::table(&["figure", "value", "which is"], 1, &rows).to_string());
}
