//! `arbitra check RULES`: every fault at once; of rules without faults what they probably do not
//! mean, and their own cases, with what these leave untested.

use std::path::PathBuf;

use serde_json::{Value as Json, json};

use super::rules::{self, Summary};
use super::{Exit, Failure, output};
use crate::core::cases::CaseReport;
use crate::core::catalog::fault::{Fault, Severity};
use crate::core::catalog::{self, Inspected};
use crate::core::time::UnixMs;

/// Flags of `check`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// The rules folder.
    #[arg(env = "ARBITRA_RULES", default_value = crate::config::DEFAULT_RULES)]
    rules: PathBuf,
    /// Warnings fail too: for continuous integration. Hints never do.
    #[arg(long)]
    strict: bool,
    /// The moment (RFC 3339) from which rules are read: an offer whose validity ended before it can
    /// never be served. Default: now.
    #[arg(long, value_name = "TIME")]
    at: Option<jiff::Timestamp>,
    /// For machines.
    #[arg(long)]
    json: bool,
}

/// What was found.
struct Found {
    /// The worst first, then by file and line.
    faults: Vec<Fault>,
    summary: Option<Summary>,
    cases: Vec<CaseReport>,
    coverage: Option<Covered>,
}

/// How much of the rules the cases have shown.
#[derive(Clone, Copy, Debug, serde::Serialize)]
struct Covered {
    /// Distinct conditions.
    conditions: usize,
    /// Those that held in one case and not in another.
    conditions_covered: usize,
    /// Policies, limits, cool-downs and exclusions that stopped an offer in some case.
    rules_covered: usize,
    /// Offers.
    offers: usize,
    /// Those that some case places.
    offers_covered: usize,
}

impl Found {
    fn passed(&self) -> usize {
        self.cases.iter().filter(|case| case.passed()).count()
    }

    /// Whether nothing is as bad as `least`, and all cases pass.
    fn good(&self, least: Severity) -> bool {
        self.faults.iter().all(|fault| fault.severity > least) && self.passed() == self.cases.len()
    }
}

/// Checks and reports; findings are exit code 1.
///
/// # Errors
/// When the folder cannot be read.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let files = rules::read(&args.rules)?;
    let at = args.at.unwrap_or_else(jiff::Timestamp::now);
    let mut found = match catalog::inspect(&files, Some(UnixMs(at.as_millisecond()))) {
        Ok(inspected) => proved(inspected),
        Err(faults) => Found { faults, summary: None, cases: Vec::new(), coverage: None },
    };
    found.faults.sort_by_key(|fault| fault.severity);
    let good = found.good(if args.strict { Severity::Warning } else { Severity::Error });
    if args.json {
        output::say_json(&to_json(&found, good))?;
    } else {
        show(&found, good, &args.rules.to_string_lossy());
    }
    Ok(if good { Exit::Good } else { Exit::Findings })
}

fn proved(inspected: Inspected) -> Found {
    let Inspected { catalog, cases, coverage, findings } = inspected;
    let covered = Covered {
        conditions: catalog.policy.atoms(),
        conditions_covered: coverage.conditions(),
        rules_covered: coverage.rules.len(),
        offers: catalog.offers.len(),
        offers_covered: coverage.placed.len(),
    };
    Found {
        summary: Some(rules::summary(&catalog)),
        coverage: (!cases.is_empty()).then_some(covered),
        cases,
        faults: findings,
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
    if let Some(covered) = &found.coverage {
        output::say(&format!(
            "they show {} of {} conditions both hold and not, {} rules stop an offer, and {} of {} \
             offers placed",
            covered.conditions_covered,
            covered.conditions,
            covered.rules_covered,
            covered.offers_covered,
            covered.offers
        ));
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
            "severity": fault.severity.name(),
            "code": fault.code,
            "file": fault.file,
            "line": fault.line,
            "column": fault.column,
            "message": fault.message,
            "length": fault.length,
            "hint": fault.hint,
            "snippet": fault.snippet,
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
        "coverage": found.coverage,
    })
}
