//! `arbitra bench`: measures the service beside bare servers on the same cores, so that what is
//! reported are ratios and not this machine's speed. `catalog` makes rules and customers, `floor`
//! and `target` are the servers (processes of their own), `load` calls them, `serve`,
//! `stream` and `reload` are the runs; `folder` writes the rules.

pub mod catalog;
mod child;
mod floor;
mod folder;
mod load;
mod reload;
mod report;
mod requests;
mod serve;
mod stream;
mod target;

use clap::Subcommand;

use super::{Exit, Failure};

/// What to measure.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, Subcommand)]
enum What {
    /// Decide and RecordEvents over gRPC with Redis, against bare servers that only ask Redis.
    Serve(serve::Args),
    /// DecideStream with the embedded store: decisions a second a core.
    Stream(stream::Args),
    /// Publishing a changed catalog under load: p99 with and without, and the time to serve it.
    Reload(reload::Args),
    /// Writes a synthetic catalog as a rules folder.
    Folder(folder::Args),
    /// A bare server: what `serve` measures against.
    #[command(hide = true)]
    Floor(floor::Args),
    /// The service with a synthetic catalog: what `serve` measures.
    #[command(hide = true)]
    Target(target::Args),
}

/// Measures.
///
/// # Errors
/// When something cannot be started or called.
pub fn run(args: Args) -> Result<Exit, Failure> {
    match args.what {
        What::Serve(args) => serve::run(&args),
        What::Stream(args) => stream::run(&args),
        What::Reload(args) => reload::run(&args),
        What::Folder(args) => folder::run(&args),
        What::Floor(args) => floor::run(&args),
        What::Target(args) => target::run(&args),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::other("no runtime", error))
}
