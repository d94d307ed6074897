//! `arbitra check RULES`: every fault at once, then the rules' own cases.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::rules::{self, Summary};
use super::{Exit, Failure, output};
use crate::core::cases::{self, CaseReport};
use crate::core::catalog::fault::{Fault, Severity};
use crate::core::catalog::{self, Loaded};

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
    cases: Vec<CaseReport>,
}

impl Found {
    fn passed(&self) -> usize {
        self.cases.iter().filter(|case| case.passed()).count()
    }

    /// Warnings are no findings.
    fn good(&self) -> bool {
        self.faults.iter().all(|fault| fault.severity == Severity::Warning)
            && self.passed() == self.cases.len()
    }
}

/// Checks and reports; findings are exit code 1.
///
/// # Errors
/// When the folder cannot be read.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let files = rules::read(&args.rules)?;
    let found = match catalog::load(&files) {
        Ok(loaded) => prove(loaded),
        Err(faults) => Found { faults, summary: None, cases: Vec::new() },
    };
    let good = found.good();
    if args.json {
        output::say_json(&to_json(&found, good))?;
    } else {
        show(&found, good, &args.rules.to_string_lossy());
    }
    Ok(if good { Exit::Good } else { Exit::Findings })
}

/// Runs the cases of rules that load.
fn prove(loaded: Loaded) -> Found {
    let catalog = Arc::new(loaded.catalog);
    Found {
        summary: Some(rules::summary(&catalog)),
        cases: cases::run(&catalog, &loaded.cases),
        faults: loaded.warnings,
    }
}

fn show(found: &Found, good: bool, folder: &str) {
    if !found.faults.is_empty() {
        output::complain(&format!("{}\n", rules::show(&found.faults)));
    }
    if found.passed() < found.cases.len() {
        output::complain(&format!("{}\n", rules::show_cases(&found.cases)));
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
        output::say(&format!("cases: {} of {} passed", found.passed(), found.cases.len()));
    }
    let verdict = if good { "good" } else { "not good" };
    output::say(&match found.faults.as_slice() {
        [] => verdict.to_owned(),
        faults => format!("{verdict}: {}", rules::tally(faults)),
    });
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
    let failed =
        found.cases.iter().filter(|case| !case.passed()).map(
            |case| json!({ "case": case.name, "at": case.position, "failures": case.failures }),
        );
    json!({
        "good": good,
        "faults": faults.collect::<Vec<_>>(),
        "catalog": found.summary,
        "cases": found.cases.len(),
        "cases_passed": found.passed(),
        "cases_failed": failed.collect::<Vec<_>>(),
    })
}
