//! `arbitra evaluate value`: how well amounts are foretold, in one pass.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::amounts::amounts;
use super::columns::Features;
use super::propensity::NOTHING_DECLARED;
use super::rows::RowsArgs;
use crate::cli::data::table::Table;
use crate::cli::stats::amount::{Foretold, base_rmse, by_part, gini, mae, rmse};
use crate::cli::stats::count;
use crate::cli::{Exit, Failure, output};
use crate::core::head::amount::Amounts;
use crate::core::key::Key;
use crate::core::propensity::{Candidate, Propensity, PropensitySpec};
use crate::core::time::UnixMs;

/// Rows between two looks at the progress bar.
const BAR_ROWS: usize = 4_096;
/// Parts of the calibration.
const PARTS: usize = 10;

/// Flags of `evaluate value`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    #[command(flatten)]
    rows: RowsArgs,
    /// Column of the amount, from 0 on; where some are 0, the probability of more than 0 is learned too.
    #[arg(long)]
    label: String,
}

/// The figures, over all rows from the first.
#[derive(Clone, Debug, Serialize)]
struct Report {
    rows: usize,
    /// Rows with more than 0.
    positive_rows: usize,
    rmse: f64,
    mae: f64,
    base_rmse: f64,
    /// Null when all amounts are equal.
    gini: Option<f64>,
    mean_predicted: f64,
    mean_observed: f64,
    calibration: Vec<Part>,
    rows_per_s: f64,
}

#[derive(Clone, Debug, Serialize)]
struct Part {
    predicted: f64,
    observed: f64,
    observed_se: f64,
}

/// Evaluates and reports.
///
/// # Errors
/// When the data cannot be read or used.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let table = args.rows.read()?;
    let unusable = |error| args.rows.unusable(error);
    let features = args.rows.features(&table, [args.label.as_str()])?;
    let amounts = amounts(&table, &args.label).map_err(unusable)?;
    let order = args.rows.order(&table, None)?;
    let started = Instant::now();
    let foretold = foretell(args, (&table, &features), &amounts, &order);
    let report = report(&foretold, started.elapsed());
    if args.rows.json {
        output::say_json(&report)?;
    } else {
        show(args, &report);
    }
    Ok(Exit::Good)
}

/// Foretells each row, then learns from it.
fn foretell(
    args: &Args,
    (table, features): (&Table, &Features),
    amounts: &[f64],
    order: &[usize],
) -> Vec<Foretold> {
    let bar = output::progress(order.len() as u64, args.rows.json);
    let some_are_nothing = amounts.contains(&0.0);
    let candidate = Candidate {
        offer: Key::of("offer"),
        group: Key::of("group"),
        channel: Key::of("channel"),
        prior: NOTHING_DECLARED,
        ..Candidate::default()
    };
    let mut propensity = Propensity::new(PropensitySpec::default());
    let mut model = Amounts::default();
    let mut all = Vec::with_capacity(order.len());
    for (done, row) in order.iter().copied().enumerate() {
        let features = features.row(table, row);
        let observed = amounts.get(row).copied().unwrap_or_default();
        let expected = model.expect(&model.prepare(&features), &candidate);
        let mut predicted = expected.map_or(0.0, |expected| expected.mean);
        if some_are_nothing {
            let prepared = propensity.prepare(&features);
            predicted *= propensity.predict(&prepared, &candidate).probability;
            let label = f64::from(u8::from(observed > 0.0));
            let at = UnixMs(i64::try_from(done).unwrap_or(i64::MAX));
            propensity.learn_prepared(prepared, &features, &candidate, (label, 1.0), at);
        }
        all.push(Foretold { predicted, observed });
        model.learn(&features, &candidate, observed);
        if done.is_multiple_of(BAR_ROWS) {
            bar.set_position(done as u64);
        }
    }
    bar.finish_and_clear();
    all
}

fn report(rows: &[Foretold], took: Duration) -> Report {
    let mean =
        |of: fn(&Foretold) -> f64| rows.iter().map(of).sum::<f64>() / count(rows.len().max(1));
    let part = |(predicted, observed, observed_se)| Part { predicted, observed, observed_se };
    Report {
        rows: rows.len(),
        positive_rows: rows.iter().filter(|row| row.observed > 0.0).count(),
        rmse: rmse(rows).unwrap_or_default(),
        mae: mae(rows).unwrap_or_default(),
        base_rmse: base_rmse(rows).unwrap_or_default(),
        gini: gini(rows),
        mean_predicted: mean(|row| row.predicted),
        mean_observed: mean(|row| row.observed),
        calibration: by_part(rows, PARTS).into_iter().map(part).collect(),
        rows_per_s: count(rows.len()) / took.as_secs_f64().max(1e-9),
    }
}

fn show(args: &Args, report: &Report) {
    output::say(&format!("{}, one pass, predict then learn", args.rows.data.display()));
    let row = |name: &str, number: String, what: &str| vec![name.to_owned(), number, what.into()];
    let gini = report.gini.map_or_else(|| "-".to_owned(), |gini| format!("{gini:.4}"));
    let above = format!("{} of them above 0", output::thousands(report.positive_rows as u64));
    let rows = [
        row("rows", output::thousands(report.rows as u64), &above),
        row("RMSE", format!("{:.4}", report.rmse), "root of the mean squared error"),
        row("base RMSE", format!("{:.4}", report.base_rmse), "of the mean so far"),
        row("MAE", format!("{:.4}", report.mae), "mean absolute error"),
        row("Gini", gini, "order of amounts: 0 at random, 1 perfect"),
        row("mean foretold", format!("{:.4}", report.mean_predicted), "over all rows"),
        row("mean observed", format!("{:.4}", report.mean_observed), "over all rows"),
        row("rows a second", format!("{:.0}", report.rows_per_s), "on one core"),
    ];
    output::say(&output::table(&["figure", "value", "which is"], 1, &rows).to_string());
    let rows: Vec<Vec<String>> = (1..)
        .zip(&report.calibration)
        .map(|(number, part)| {
            vec![
                format!("{number}"),
                format!("{:.4}", part.predicted),
                format!("{:.4} ± {:.4}", part.observed, part.observed_se),
            ]
        })
        .collect();
    output::say(&output::table(&["tenth", "foretold", "observed"], 1, &rows).to_string());
}
