//! `arbitra import --history FILE`: years of past contacts, told to a running service in the order
//! in which they happened, so that models and profiles are warm before the first day. Lives here:
//! what a file's rows mean (`rows`) and how they are sent (`send`). Not here: reading files.

mod rows;
mod send;

use std::path::PathBuf;
use std::time::Instant;

use serde::Serialize;

use super::client::{self, ServerArgs};
use super::data;
use super::{Exit, Failure, output};
use rows::{Rows, Words};

/// Flags of `import`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// Past contacts and what came of them, one a row: CSV (also .gz), NDJSON or Parquet. Columns
    /// that bear the name of an attribute or a context entry are taken as such, as they were then.
    #[arg(long, value_name = "FILE")]
    history: PathBuf,
    /// Column of the customer's id.
    #[arg(long, value_name = "COL", default_value = "customer")]
    customer: String,
    /// Column of the offer's id.
    #[arg(long, value_name = "COL", default_value = "offer")]
    offer: String,
    /// Column of what happened: impression, click, accept, reject, convert, no_response; or 1
    /// (what `--positive` says) and 0 (no response).
    #[arg(long, value_name = "COL", default_value = "outcome")]
    outcome: String,
    /// What a 1 in the outcome's column stands for.
    #[arg(long, value_name = "KIND", default_value = "accept")]
    positive: String,
    /// Column of the time (RFC 3339, or seconds since 1970); rows are sent in its order. Without it
    /// they happened now, in the file's order.
    #[arg(long, value_name = "COL")]
    time: Option<String>,
    /// Column of the channel. Default: `channel`, where there is such a column.
    #[arg(long, value_name = "COL", conflicts_with = "on")]
    channel: Option<String>,
    /// The channel of all rows, where no column says it.
    #[arg(long, value_name = "CHANNEL")]
    on: Option<String>,
    /// Column of the treatment.
    #[arg(long, value_name = "COL")]
    treatment: Option<String>,
    /// Column of the reason.
    #[arg(long, value_name = "COL")]
    reason: Option<String>,
    /// Column of the money it came to.
    #[arg(long, value_name = "COL")]
    value: Option<String>,
    /// Column of the probability with which the offer was chosen, where chance chose.
    #[arg(long, value_name = "COL")]
    selection_probability: Option<String>,
    /// A column that stands for an attribute or context entry of another name; may be repeated.
    #[arg(long, value_name = "COL=NAME")]
    rename: Vec<String>,
    /// Goes on at this row in the order sent, counted from 1, where an import broke off. Rows sent
    /// twice count once.
    #[arg(long, value_name = "N", default_value_t = 1)]
    from_row: usize,
    /// For machines.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// What became of the rows.
#[derive(Clone, Debug, Default, Serialize)]
struct Report {
    /// Rows of the file.
    rows: usize,
    /// Stored and learned from.
    applied: usize,
    /// Told before.
    duplicates: usize,
    /// Refused by the service.
    rejected: usize,
    /// Why the first of them were.
    reasons: Vec<String>,
    /// Position of the learning log after the last of them.
    log_position: u64,
    /// Rows a second.
    rows_per_s: f64,
}

/// Sends and reports.
///
/// # Errors
/// When the file cannot be read or used (the message names row and column), when nobody answers, or
/// the service stopped answering (the message says how to go on).
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let table = data::read(&args.history, args.json)?;
    let report = client::block_on(async {
        let channel = args.server.connect().await?;
        let words = Words::ask(&channel).await?;
        let unusable = |error| Failure::Other(format!("`{}`: {error}", args.history.display()));
        let rows = Rows::of(args, &table, &words).map_err(unusable)?;
        rows.check().map_err(unusable)?;
        let start = Instant::now();
        let mut report = send::all(channel, &rows, args.from_row, args.json).await?;
        report.rows = table.rows;
        let sent = table.rows.saturating_sub(args.from_row.saturating_sub(1));
        report.rows_per_s = sent as f64 / start.elapsed().as_secs_f64().max(1e-9);
        Ok(report)
    })?;
    if args.json {
        output::say_json(&report)?;
    } else {
        show(&report);
    }
    Ok(if report.rejected > 0 { Exit::Findings } else { Exit::Good })
}

fn show(report: &Report) {
    let count = |number: usize| output::thousands(number as u64);
    output::say(&format!(
        "{} rows: {} stored, {} told before, {} refused; {} a second",
        count(report.rows),
        count(report.applied),
        count(report.duplicates),
        count(report.rejected),
        count(report.rows_per_s as usize),
    ));
    for reason in &report.reasons {
        output::say(&format!("  {reason}"));
    }
}
