//! `arbitra evaluate policy`: what a policy would have earned, told from the log of another one.
//! `log` reads the log; `target` a policy given as a table, `rules` one that is a rules folder;
//! the estimators are in `cli::stats::off_policy`.

mod log;
mod report;
mod rules;
mod target;

use std::path::PathBuf;

use crate::cli::data;
use crate::cli::data::table::DataError;
use crate::cli::stats::off_policy;
use crate::cli::{Exit, Failure, output};

/// Flags of `evaluate policy`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// The log, a row each time something was done: CSV, NDJSON or Parquet; also compressed by gzip.
    #[arg(long)]
    log: PathBuf,
    /// Column of what was done.
    #[arg(long)]
    action: String,
    /// Column of what came of it: a number.
    #[arg(long)]
    reward: String,
    /// Column of the probability with which it was done.
    #[arg(long)]
    propensity: String,
    /// Column of the position at which it was done.
    #[arg(long)]
    position: Option<String>,
    /// The policy, as a table with columns `action`, `probability` and, where the log has
    /// positions, `position`.
    #[arg(long, conflicts_with = "rules", required_unless_present = "rules")]
    target: Option<PathBuf>,
    /// The policy, as a rules folder. Each row is decided anew: columns named as attributes, context
    /// entries or scores are what is known; actions are offers; positions are slots, from 1. Models
    /// have learned nothing; every consent is given; nothing happened before.
    #[arg(long)]
    rules: Option<PathBuf>,
    /// For `--rules`: the channel. Default: the only one.
    #[arg(long, requires = "rules")]
    channel: Option<String>,
    /// For `--rules`: the placement. Default: the channel's only one.
    #[arg(long, requires = "rules")]
    placement: Option<String>,
    /// For `--rules`: column of the moment (RFC 3339). Default: now.
    #[arg(long, requires = "rules")]
    time: Option<String>,
    /// For machines.
    #[arg(long)]
    json: bool,
}

/// Evaluates and reports.
///
/// # Errors
/// When log or policy cannot be read or used; the message names row and column.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let table = data::read(&args.log, args.json)?;
    let unusable = |error: DataError| Failure::Other(format!("`{}`: {error}", args.log.display()));
    let mut log = log::read(&table, args).map_err(unusable)?;
    let targets = match (&args.target, &args.rules) {
        (Some(path), _) => target::read(path, args, &mut log)?,
        (None, Some(folder)) => rules::decide(folder, &table, args, &mut log)?,
        (None, None) => return Err(Failure::Other("give `--target` or `--rules`".to_owned())),
    };
    let known = off_policy::estimate(&log.rows, &targets.distributions).ok_or_else(|| {
        Failure::Other(
            "the policy never does what was logged: the log tells nothing of it".to_owned(),
        )
    })?;
    let report = report::Report::of(&log, &targets, &known);
    if args.json {
        output::say_json(&report)?;
    } else {
        report.show(&args.log.display().to_string());
    }
    Ok(Exit::Good)
}
