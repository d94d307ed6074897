//! `arbitra evaluate affinity`: learns all choices marked as train, in order, then ranks for each
//! customer what it did not choose there against what it chose in test. `choices` reads the file,
//! `ranking` has the figures.

mod choices;
mod ranking;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use self::choices::{Choice, Choices};
use self::ranking::{Ranked, mean};
use crate::cli::data;
use crate::cli::data::table::DataError;
use crate::cli::stats::count;
use crate::cli::{Exit, Failure, output};
use crate::core::affinity::{Affinity, AffinitySpec, Choice as Chosen, Weights, solve};
use crate::core::key::{Key, mix64};

/// Choices between two looks at the progress bar.
const BAR_CHOICES: usize = 1_024;
/// Most places of a ranking that a figure looks at.
const PLACES: usize = 20;

/// Flags of `evaluate affinity`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// The data, a row for each choice: CSV or NDJSON, also compressed by gzip.
    #[arg(long)]
    data: PathBuf,
    /// Column of the customer.
    #[arg(long)]
    user: String,
    /// Column of the item that was chosen.
    #[arg(long)]
    item: String,
    /// Column that is 0 for choices to learn from and 1 for those to be foretold.
    #[arg(long)]
    split: String,
    /// Column of the time: an instant, a date, or seconds since 1970. Else all happened at once,
    /// in the order of the file.
    #[arg(long)]
    time: Option<String>,
    /// Share of train, its last, that is learned event by event after the weights were solved, to
    /// see what that keeps of the quality: 0 to 0.9.
    #[arg(long, value_parser = share)]
    stream: Option<f64>,
    /// For machines.
    #[arg(long)]
    json: bool,
}

/// The figures: means over all users with a choice in test.
#[derive(Clone, Debug, Serialize)]
struct Report {
    users: usize,
    ndcg_at_10: f64,
    recall_at_20: f64,
    map_at_10: f64,
    fit_s: f64,
    us_per_user: f64,
    /// With `--stream`: NDCG@10 when only the first part was solved from.
    #[serde(skip_serializing_if = "Option::is_none")]
    streamed_ndcg_at_10: Option<f64>,
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| (0.0..=0.9).contains(share));
    share.ok_or_else(|| format!("`{text}` is no share from 0 to 0.9"))
}

/// Evaluates and reports.
///
/// # Errors
/// When the data cannot be read or used.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let table = data::read(&args.data, args.json)?;
    let unusable = |error: DataError| Failure::Other(format!("`{}`: {error}", args.data.display()));
    let mut choices = Choices::read(&table, args).map_err(unusable)?;
    drop(table);
    let started = Instant::now();
    let bar = output::progress(choices.train.len() as u64, args.json);
    bar.set_message("learning");
    let mut model = Affinity::new(AffinitySpec::default());
    let mut histories = vec![Vec::new(); choices.users];
    let train = std::mem::take(&mut choices.train);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count is a count"
    )]
    let first = args.stream.map(|share| (count(train.len()) * (1.0 - share)) as usize);
    let mut streamed = None;
    for (done, choice) in train.into_iter().enumerate() {
        if first == Some(done) {
            streamed = Some(solved(&model));
        }
        learn(&mut model, &mut histories, &choice);
        if done.is_multiple_of(BAR_CHOICES) {
            bar.set_position(done as u64);
        }
    }
    bar.finish_and_clear();
    let streaming = streamed.map(|streamed| {
        model.adopt(streamed);
        rank(&model, &histories, &choices, 0.0).ndcg_at_10
    });
    model.adopt(solved(&model));
    let fit_s = started.elapsed().as_secs_f64();
    let mut report = rank(&model, &histories, &choices, fit_s);
    report.streamed_ndcg_at_10 = streaming;
    if args.json {
        output::say_json(&report)?
    } else {
        show(args, &choices, &report)
    }
    Ok(Exit::Good)
}

type History = Vec<(Key, f32)>;

/// Learns a choice as serving does: with what the customer had chosen before; a repeated choice
/// weighs more and counts as the latest.
fn learn(model: &mut Affinity, histories: &mut [History], choice: &Choice) {
    let Some(history) = histories.get_mut(choice.user) else { return };
    let Choice { user, item, at } = *choice;
    let customer = mix64(user as u64, 0);
    model.observe(&Chosen { customer, history, item, weight: 1.0, at });
    // Nothing is solved on the way: only what was learned in the end is ranked with.
    model.take_due();
    let known = history.iter().position(|(item, _)| *item == choice.item);
    let weight = known.map_or(0.0, |place| history.remove(place).1);
    history.push((choice.item, weight + 1.0));
}

fn solved(model: &Affinity) -> Arc<Weights> {
    Arc::new(solve::solve(model).unwrap_or_default())
}

fn rank(model: &Affinity, histories: &[History], choices: &Choices, fit_s: f64) -> Report {
    let mut ranked = Vec::with_capacity(choices.test.len());
    let mut took = 0.0;
    for (user, relevant) in &choices.test {
        let history = histories.get(*user).map(Vec::as_slice).unwrap_or_default();
        let started = Instant::now();
        let best = model.recommend(history, PLACES);
        took += started.elapsed().as_secs_f64();
        ranked.push(Ranked::of(&best, relevant));
    }
    Report {
        users: ranked.len(),
        ndcg_at_10: mean(&ranked, |one| one.ndcg_at_10),
        recall_at_20: mean(&ranked, |one| one.recall_at_20),
        map_at_10: mean(&ranked, |one| one.map_at_10),
        fit_s,
        us_per_user: took * 1e6 / count(ranked.len().max(1)),
        streamed_ndcg_at_10: None,
    }
}

fn show(args: &Args, choices: &Choices, report: &Report) {
    output::say(&format!("{}, {} items", args.data.display(), choices.items));
    let row =
        |name: &str, number: String, what: &str| vec![name.to_owned(), number, what.to_owned()];
    let score = |number: f64| format!("{number:.4}");
    let mut rows = vec![
        row("users", output::thousands(report.users as u64), "with a choice in test"),
        row("NDCG@10", score(report.ndcg_at_10), "of a perfect ranking's gain"),
        row("Recall@20", score(report.recall_at_20), "of a user's choices in test"),
        row("MAP@10", score(report.map_at_10), "mean average precision"),
        row("fit", format!("{:.2} s", report.fit_s), "learning all of train"),
        row("a user", format!("{:.1} µs", report.us_per_user), "to rank all items, on one core"),
    ];
    if let Some(streamed) = report.streamed_ndcg_at_10 {
        rows.push(row("streamed NDCG@10", score(streamed), "the last part event by event"));
    }
    output::say(&output::table(&["figure", "value", "which is"], 1, &rows).to_string());
}
