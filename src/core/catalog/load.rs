//! A folder's files to a compiled catalog: read, validate, compile, all faults at once.

use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use super::compile::{Case, compile};
use super::fault::{Fault, Faults, Severity};
use super::read::read;
use super::{Catalog, CatalogVersion};

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
    let mut sorted: Vec<&(String, Vec<u8>)> = files.iter().collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    let folder = read(&sorted, &faults);
    let version = CatalogVersion { number: 0, hash: hash(&sorted) };
    let compiled = compile(&folder, version, &faults);
    match compiled {
        Some((catalog, cases)) if !faults.failed() => {
            Ok(Loaded { catalog, cases, warnings: faults.finish() })
        }
        _ => {
            if !faults.failed() {
                let message = "the folder could not be read".to_owned();
                faults.file(Severity::Error, "", message, None);
            }
            Err(faults.finish())
        }
    }
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
