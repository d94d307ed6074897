//! The synthetic catalog as a folder: for `check`, `serve` and `publish` at any size.

use std::path::PathBuf;

use super::catalog;
use crate::cli::{Exit, Failure, output};

/// Flags of `bench folder`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// Where; made if it is not there.
    folder: PathBuf,
    /// Offers in the catalog.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    offers: usize,
}

/// Writes it.
///
/// # Errors
/// When a file cannot be written.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let files = catalog::synthetic_rules(args.offers, catalog::SEED);
    for (path, content) in &files {
        let path = args.folder.join(path);
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        made.and_then(|()| std::fs::write(&path, content))
            .map_err(|error| Failure::other("a file cannot be written", error))?;
    }
    output::say(&format!("{} files in {}", files.len(), args.folder.display()));
    Ok(Exit::Good)
}
