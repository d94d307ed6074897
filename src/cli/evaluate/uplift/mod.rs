//! `arbitra evaluate uplift`: what the effects that are foretold are worth on a trial.

mod arms;
mod report;

use std::time::Instant;

use super::amounts::amounts;
use super::columns::Features;
use super::rows::RowsArgs;
use crate::cli::data::table::Table;
use crate::cli::stats::count;
use crate::cli::{Exit, Failure, output};
use crate::core::head::amount::Amounts;
use crate::core::head::uplift::{Trial, Uplift};
use crate::core::propensity::{Candidate, Propensity, PropensitySpec};
use crate::core::time::UnixMs;
use arms::Arms;
use report::Foretold;

/// Rows between two looks at the progress bar.
const BAR_ROWS: usize = 4_096;

/// Flags of `evaluate uplift`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    #[command(flatten)]
    rows: RowsArgs,
    /// Column of the outcome: 0 or 1, or an amount from 0 on.
    #[arg(long)]
    label: String,
    /// Column that says how a row was treated; chance must have decided it.
    #[arg(long)]
    treatment: String,
    /// The value of that column for rows that were not treated. Default: the one that reads so
    /// (`0`, `control`, `none`, `no ...`).
    #[arg(long)]
    control: Option<String>,
}

/// Evaluates and reports.
///
/// # Errors
/// When the data cannot be read or used.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let table = args.rows.read()?;
    let unusable = |error| args.rows.unusable(error);
    let apart = [args.label.as_str(), args.treatment.as_str()];
    let features = args.rows.features(&table, apart)?;
    let outcomes = amounts(&table, &args.label).map_err(unusable)?;
    let arms = Arms::of(&table, &args.treatment, args.control.as_deref()).map_err(unusable)?;
    let order = args.rows.order(&table, None)?;
    let started = Instant::now();
    let foretold = foretell(args, (&table, &features), &outcomes, &arms, &order);
    let took = started.elapsed();
    let report = report::of(&arms, &foretold, took);
    if args.rows.json {
        output::say_json(&report)?;
    } else {
        report::show(&args.rows.data.display().to_string(), &arms, &report);
    }
    Ok(Exit::Good)
}

/// Foretells each row, then learns from it. The outcome that is learned is whether there was one, and
/// of amounts how large; the
/// propensity learns from the treated, as it does when it serves.
fn foretell(
    args: &Args,
    (table, features): (&Table, &Features),
    outcomes: &[f64],
    arms: &Arms,
    order: &[usize],
) -> Vec<Foretold> {
    let bar = output::progress(order.len() as u64, args.rows.json);
    let mut propensity = Propensity::new(PropensitySpec::default());
    let mut uplift = Uplift::default();
    let are_labels = outcomes.iter().all(|outcome| [0.0, 1.0].contains(outcome));
    let mut amounts = (!are_labels).then(Amounts::default);
    let mut all = Vec::with_capacity(order.len());
    for (done, row) in order.iter().copied().enumerate() {
        let features = features.row(table, row);
        let outcome = outcomes.get(row).copied().unwrap_or_default();
        let shown = arms.row(table, row);
        let prepared = propensity.prepare(&features);
        let predict = |candidate: &Candidate| propensity.predict(&prepared, candidate).probability;
        let probabilities: Vec<f64> = arms.candidates.iter().map(predict).collect();
        let ready = uplift.prepare(&features);
        // Where the outcome is an amount, the effect is on the probability of one, at its size.
        let amount = amounts
            .as_ref()
            .zip(arms.candidates.first())
            .and_then(|(amounts, any)| amounts.expect(&amounts.prepare(&features), any));
        let worth = amount.map_or(1.0, |amount| amount.mean);
        let effects = arms.candidates.iter().zip(&probabilities).map(|(candidate, probability)| {
            let effect = uplift.belief(&ready, candidate, *probability);
            effect.map_or((0.0, 0.0), |effect| (effect.effect * worth, effect.deviation * worth))
        });
        let probability = probabilities.iter().sum::<f64>() / count(probabilities.len().max(1));
        all.push(Foretold { effects: effects.collect(), probability, shown, outcome });
        let label = f64::from(u8::from(outcome > 0.0));
        // Who had no treatment is the other side of each of them.
        for (number, candidate) in arms.candidates.iter().enumerate() {
            if shown.is_none_or(|shown| shown == number) {
                let probability = probabilities.get(number).copied().unwrap_or(0.5);
                let (features, shown) = (&features, shown.is_some());
                uplift.learn(&Trial { features, candidate, shown, probability, label });
            }
        }
        if let Some((amounts, any)) = amounts.as_mut().zip(arms.candidates.first()) {
            amounts.learn(&features, any, outcome);
        }
        if let Some(candidate) = shown.and_then(|shown| arms.candidates.get(shown)) {
            let at = UnixMs(i64::try_from(done).unwrap_or(i64::MAX));
            propensity.learn_prepared(prepared, &features, candidate, (label, 1.0), at);
        }
        if done.is_multiple_of(BAR_ROWS) {
            bar.set_position(done as u64);
        }
    }
    bar.finish_and_clear();
    all
}
