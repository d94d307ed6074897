//! `arbitra schema FILE`: the JSON Schema of a file of a rules folder, so that editors complete and
//! check while one writes.

use super::{Exit, Failure, output};
use crate::core::catalog::{FileKind, json_schema};

/// Flags of `schema`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// Which file: `schema`, `channels`, `offers`, `policies`, `cases` ...
    #[arg(value_parser = kind)]
    file: FileKind,
}

fn kind(name: &str) -> Result<FileKind, String> {
    FileKind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
        let known: Vec<_> = FileKind::ALL.iter().map(|kind| kind.name()).collect();
        format!("`{name}` is none of {}", known.join(", "))
    })
}

/// Prints it.
///
/// # Errors
/// When it cannot be written.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    output::say_json(&json_schema(args.file))?;
    Ok(Exit::Good)
}
