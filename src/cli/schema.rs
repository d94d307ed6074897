//! `arbitra schema FILE`: the JSON Schema of a file of a rules folder, so that editors complete and
//! check while one writes.

use clap::ValueEnum;
use schemars::{Schema, schema_for};

use super::{Exit, Failure, output};
use crate::core::catalog::source;

/// Flags of `schema`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// Which file.
    file: File,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum File {
    Schema,
    Channels,
    Offers,
    Policies,
    Segments,
    Objectives,
    Arbitration,
    Models,
    Cases,
}

/// Prints it.
///
/// # Errors
/// When it cannot be written.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let schema: Schema = match args.file {
        File::Schema => schema_for!(source::SchemaFile),
        File::Channels => schema_for!(source::ChannelsFile),
        File::Offers => schema_for!(source::OffersFile),
        File::Policies => schema_for!(source::PoliciesFile),
        File::Segments => schema_for!(source::SegmentsFile),
        File::Objectives => schema_for!(source::ObjectivesFile),
        File::Arbitration => schema_for!(source::ArbitrationFile),
        File::Models => schema_for!(source::ModelsFile),
        File::Cases => schema_for!(source::CasesFile),
    };
    output::say_json(&schema)?;
    Ok(Exit::Good)
}
