//! Reading a rules folder and saying what is wrong with it, for the commands that start from one.

use std::io::{IsTerminal as _, stderr};
use std::path::Path;

use serde::Serialize;

use super::Failure;
use crate::core::catalog::fault::{Fault, Severity, render, render_coloured};
use crate::core::catalog::{self, Catalog, Loaded};
use crate::engine::read_folder;

/// Files of a rules folder: path within it, with `/`, and bytes.
pub type Files = Vec<(String, Vec<u8>)>;

/// The files of `folder`.
///
/// # Errors
/// When it cannot be read.
pub fn read(folder: &Path) -> Result<Files, Failure> {
    read_folder(folder).map_err(|error| Failure::Setting(error.to_string()))
}

/// Compiled rules.
///
/// # Errors
/// With every fault, rendered.
pub fn load(files: &[(String, Vec<u8>)], from: &str) -> Result<Loaded, Failure> {
    catalog::load(files).map_err(|faults| Failure::Setting(refused(&faults, from)))
}

/// Every fault as people read it, and how many there are.
#[must_use]
pub fn refused(faults: &[Fault], from: &str) -> String {
    format!("{}\n\nthe rules in `{from}` cannot be served: {}", show(faults), tally(faults))
}

/// Every fault as people read it; in colour on a terminal.
#[must_use]
pub fn show(faults: &[Fault]) -> String {
    if stderr().is_terminal() { render_coloured(faults) } else { render(faults) }
}

/// `2 errors, 1 warning`.
#[must_use]
pub fn tally(faults: &[Fault]) -> String {
    let errors = faults.iter().filter(|fault| fault.severity == Severity::Error).count();
    let word = |number: usize, word: &str| {
        let plural = if number == 1 { "" } else { "s" };
        format!("{number} {word}{plural}")
    };
    match faults.len() - errors {
        0 => word(errors, "error"),
        warnings => format!("{}, {}", word(errors, "error"), word(warnings, "warning")),
    }
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
