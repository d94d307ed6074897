//! Reading a rules folder and saying what is wrong with it, for the commands that start from one.

use std::io::{IsTerminal as _, stderr};
use std::path::Path;

use serde::Serialize;

use super::Failure;
use crate::core::cases::CaseReport;
use crate::core::catalog::Catalog;
use crate::core::catalog::fault::{Fault, Severity, render, render_coloured};
use crate::engine::{Proved, RulesError, prove, read_folder};

/// Files of a rules folder: path within it, with `/`, and bytes.
pub type Files = Vec<(String, Vec<u8>)>;

/// The files of `folder`.
///
/// # Errors
/// When it cannot be read.
pub fn read(folder: &Path) -> Result<Files, Failure> {
    read_folder(folder).map_err(|error| Failure::Setting(error.to_string()))
}

/// Compiled rules that pass their own cases.
///
/// # Errors
/// With every fault, or every case that failed, rendered.
pub fn load(files: &[(String, Vec<u8>)], from: &str) -> Result<Proved, Failure> {
    prove(files).map_err(|error| {
        let (shown, why) = match &error {
            RulesError::Faults(faults) => (show(faults), tally(faults)),
            RulesError::Cases(cases) => (show_cases(cases), plural(cases.len(), "failed case")),
        };
        Failure::Setting(format!("{shown}\n\nthe rules in `{from}` cannot be served: {why}"))
    })
}

/// Every failed case as people read it.
#[must_use]
pub fn show_cases(cases: &[CaseReport]) -> String {
    let blocks = cases.iter().filter(|case| !case.passed()).map(|case| {
        let why: String = case.failures.iter().map(|failure| format!("\n  {failure}")).collect();
        format!("{}: case `{}` fails:{why}", case.position, case.name)
    });
    blocks.collect::<Vec<_>>().join("\n")
}

/// Every fault as people read it; in colour on a terminal.
#[must_use]
pub fn show(faults: &[Fault]) -> String {
    if stderr().is_terminal() { render_coloured(faults) } else { render(faults) }
}

/// `2 errors, 1 warning, 3 hints`.
#[must_use]
pub fn tally(faults: &[Fault]) -> String {
    let count = |severity: Severity| {
        let number = faults.iter().filter(|fault| fault.severity == severity).count();
        (number, plural(number, severity.name()))
    };
    let counts = [Severity::Error, Severity::Warning, Severity::Hint].map(count);
    let told = counts.into_iter().enumerate();
    let told =
        told.filter(|(first, (number, _))| *number > 0 || (*first == 0 && faults.is_empty()));
    told.map(|(_, (_, words))| words).collect::<Vec<_>>().join(", ")
}

fn plural(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

/// What a catalog holds.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// First letters of the catalog's hash.
    pub catalog: String,
    /// Offers.
    pub offers: usize,
    /// Offers by group.
    pub groups: Vec<(String, usize)>,
    /// Channels with their placements.
    pub channels: Vec<(String, usize)>,
    /// Distinct conditions.
    pub conditions: usize,
    /// Rules that use them: policies count once, an offer's own conditions once each.
    pub rules: usize,
    /// Names that conditions, formulas and models may read.
    pub names: usize,
}

/// What `catalog` holds.
#[must_use]
pub fn summary(catalog: &Catalog) -> Summary {
    let groups = catalog.groups.iter().enumerate().map(|(number, group)| {
        let members = catalog.offers.iter().filter(|offer| usize::from(offer.group) == number);
        (group.name.to_string(), members.count())
    });
    let channels =
        catalog.channels.iter().map(|channel| (channel.name.to_string(), channel.placements.len()));
    Summary {
        catalog: catalog.version.hash.chars().take(12).collect(),
        offers: catalog.offers.len(),
        groups: groups.collect(),
        channels: channels.collect(),
        conditions: catalog.policy.atoms(),
        rules: catalog.policy.rules(),
        names: catalog.schema.by_path.len(),
    }
}

/// `acquire 3, develop 6`.
#[must_use]
pub fn list(counts: &[(String, usize)]) -> String {
    let parts: Vec<_> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    parts.join(", ")
}
