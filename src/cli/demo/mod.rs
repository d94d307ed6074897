//! `arbitra demo`: the main job on real customers and real outcomes. It boots the real service on
//! loopback ports and drives it as a client, through gRPC. `data` is what happened, `world` the
//! service, `caller` the client, `replay` the job, `report` what came of it.

mod caller;
mod data;
mod lag;
mod options;
mod replay;
mod report;
mod world;

pub use options::Args;

use super::{Exit, Failure, output, serve};
use options::Options;

/// Runs it.
///
/// # Errors
/// When it cannot be configured, started, or driven to its end.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let options = Options::check(args)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::other("no runtime", error))?;
    let result = runtime.block_on(demo(&options));
    runtime.shutdown_background();
    result
}

async fn demo(options: &Options) -> Result<Exit, Failure> {
    let guard = crate::telemetry::init(options.log.format, &options.log.filter, None)
        .map_err(|error| Failure::Setting(error.to_string()))?;
    let rows = data::rows(options.rows)?;
    let world = world::World::boot(options).await?;
    let replayed = replay::replay(&world, &rows, options).await;
    let figures = match replayed {
        Ok(figures) => figures,
        Err(failure) => {
            world.stop().await?;
            return Err(failure);
        }
    };
    if options.json {
        output::say_json(&figures)?;
    } else {
        report::show(&figures);
    }
    if options.keep {
        report::what_to_try(&world, &rows);
        serve::stop_on_signals()?.cancelled().await;
    }
    world.stop().await?;
    guard.flush();
    Ok(Exit::Good)
}
