//! A folder's files to a compiled catalog: read, validate, compile, all faults at once.

use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use super::compile::{Case, compile};
use super::fault::{Fault, Faults, Severity};
use super::read::{Folder, read};
use super::{Catalog, CatalogVersion, analysis};
use crate::core::cases::{self, CaseReport, Coverage};
use crate::core::time::UnixMs;

/// What a good folder gives.
#[derive(Debug)]
pub struct Loaded {
    /// The catalog.
    pub catalog: Catalog,
    /// Its tests.
    pub cases: Vec<Case>,
    /// What is probably not meant.
    pub warnings: Vec<Fault>,
}

/// Loads a rules folder: `files` are its files by path within the folder (with `/`), in any order.
///
/// # Errors
/// Everything that is wrong with it (warnings too), sorted by file and position; at least one is of
/// [`Severity::Error`].
pub fn load(files: &[(String, Vec<u8>)]) -> Result<Loaded, Vec<Fault>> {
    let faults = Faults::default();
    let (_, compiled) = take_in(files, &faults);
    match compiled {
        Some((catalog, cases)) if !faults.failed() => {
            Ok(Loaded { catalog, cases, warnings: faults.finish() })
        }
        _ => Err(refused(faults)),
    }
}

/// What a good folder gives when it is looked at closely.
#[derive(Debug)]
pub struct Inspected {
    /// The catalog.
    pub catalog: Arc<Catalog>,
    /// What came of its cases, in the order of the files.
    pub cases: Vec<CaseReport>,
    /// What the cases have shown.
    pub coverage: Coverage,
    /// Warnings and hints, by file and position.
    pub findings: Vec<Fault>,
}

/// Loads a rules folder as [`load`] does, runs its cases, and analyses what it means. With `at`,
/// what can only have held before that moment counts as never.
///
/// # Errors
/// As [`load`].
pub fn inspect(files: &[(String, Vec<u8>)], at: Option<UnixMs>) -> Result<Inspected, Vec<Fault>> {
    let faults = Faults::default();
    let (folder, compiled) = take_in(files, &faults);
    if let Some((catalog, _)) = &compiled {
        analysis::analyse(&folder, catalog, &faults, at);
    }
    match compiled {
        Some((catalog, cases)) if !faults.failed() => {
            let catalog = Arc::new(catalog);
            let (reports, coverage) = cases::run_covering(&catalog, &cases);
            analysis::uncovered(&folder, &catalog, &faults, &cases, &coverage);
            Ok(Inspected { catalog, cases: reports, coverage, findings: faults.finish() })
        }
        _ => Err(refused(faults)),
    }
}

/// Reads and compiles; what is wrong goes to `faults`.
fn take_in(files: &[(String, Vec<u8>)], faults: &Faults) -> (Folder, Option<(Catalog, Vec<Case>)>) {
    let mut sorted: Vec<&(String, Vec<u8>)> = files.iter().collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    let folder = read(&sorted, faults);
    let version = CatalogVersion { number: 0, hash: hash(&sorted) };
    let compiled = compile(&folder, version, faults);
    (folder, compiled)
}

/// All faults, of which at least one is an error.
fn refused(faults: Faults) -> Vec<Fault> {
    if !faults.failed() {
        let message = "the folder could not be read".to_owned();
        faults.file(Severity::Error, "", message, None);
    }
    faults.finish()
}

/// Hex of XXH3-128 over the files, each as length and bytes of its path and of its content.
fn hash(sorted: &[&(String, Vec<u8>)]) -> Arc<str> {
    let mut hasher = Xxh3::new();
    for (path, bytes) in sorted {
        for part in [path.as_bytes(), bytes] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
    }
    format!("{:032x}", hasher.digest128()).into()
}
