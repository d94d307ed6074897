//! `arbitra check RULES`: every fault at once, then the rules' own cases.

use std::path::PathBuf;

use serde_json::{Value as Json, json};

use super::rules::{self, Summary};
use super::{Exit, Failure, output};
use crate::core::catalog::fault::{Fault, Severity};
use crate::core::catalog::{self, Loaded, cases};

/// Flags of `check`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// The rules folder.
    #[arg(env = "ARBITRA_RULES", default_value = crate::config::DEFAULT_RULES)]
    rules: PathBuf,
    /// For machines.
    #[arg(long)]
    json: bool,
}

/// What was found.
struct Found {
    faults: Vec<Fault>,
    summary: Option<Summary>,
    cases: usize,
    passed: usize,
}

/// Checks and reports; findings are exit code 1.
///
/// # Errors
/// When the folder cannot be read.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let files = rules::read(&args.rules)?;
    let found = match catalog::load(&files) {
        Ok(loaded) => prove(loaded),
        Err(faults) => Found { faults, summary: None, cases: 0, passed: 0 },
    };
    let good = found.faults.iter().all(|fault| fault.severity == Severity::Warning);
    if args.json {
        output::say_json(&to_json(&found, good))?;
    } else {
        show(&found, good, &args.rules.to_string_lossy());
    }
    Ok(if good { Exit::Good } else { Exit::Findings })
}

/// Runs the cases of rules that load.
fn prove(loaded: Loaded) -> Found {
    let failed = cases::run(&loaded);
    let total = loaded.cases.len();
    Found {
        summary: Some(rules::summary(&loaded.catalog)),
        cases: total,
        passed: total.saturating_sub(failed.len()),
        faults: loaded.warnings.into_iter().chain(failed).collect(),
    }
}

fn show(found: &Found, good: bool, folder: &str) {
    if !found.faults.is_empty() {
        output::complain(&format!("{}\n", rules::show(&found.faults)));
    }
    if let Some(summary) = &found.summary {
        output::say(&format!(
            "{folder}: {} offers ({}), {} channels, {} distinct conditions in {} rules",
            summary.offers,
            rules::list(&summary.groups),
            summary.channels.len(),
            summary.conditions,
            summary.rules
        ));
        output::say(&format!("cases: {} of {} passed", found.passed, found.cases));
    }
    let verdict = match (good, found.faults.is_empty()) {
        (true, true) => "good".to_owned(),
        _ => rules::tally(&found.faults),
    };
    output::say(&verdict);
}

fn to_json(found: &Found, good: bool) -> Json {
    let faults = found.faults.iter().map(|fault| {
        json!({
            "severity": match fault.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            "file": fault.file,
            "line": fault.line,
            "column": fault.column,
            "message": fault.message,
            "hint": fault.hint,
        })
    });
    json!({
        "good": good,
        "faults": faults.collect::<Vec<_>>(),
        "catalog": found.summary,
        "cases": found.cases,
        "cases_passed": found.passed,
    })
}
