//! `arbitra serve`: check, load, open, listen, say so; then serve until told to stop, and drain.
//! `service` is a running service, which `demo` and `bench` start too.

mod banner;
pub mod boot;
pub mod service;
mod signals;
mod waiting;

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Exit, Failure, output, rules};
use crate::config::{ServeArgs, ServeConfig, check_serve};
use crate::engine::{EngineConfig, RulesFolder};
use crate::telemetry::admin::Probe;
use crate::telemetry::{self, TelemetryGuard};
use service::{Parts, Service};
pub use signals::stop_on_signals;

/// Flags of `serve`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    #[command(flatten)]
    serve: ServeArgs,
    /// Print what was started as JSON.
    #[arg(long)]
    json: bool,
}

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// When it cannot be configured or started.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let started = Instant::now();
    let config = check_serve(&args.serve)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::other("no runtime", error))?;
    let result = runtime.block_on(async {
        let log = &config.log;
        let guard = telemetry::init(log.format, &log.filter, log.otlp.as_deref())
            .map_err(|error| Failure::Setting(error.to_string()))?;
        let result = serve(&config, args.json, started).await;
        flush(guard).await;
        result
    });
    // What is still blocked, on a disk that hangs say, does not keep the process alive.
    runtime.shutdown_background();
    result
}

async fn serve(config: &ServeConfig, json: bool, started: Instant) -> Result<Exit, Failure> {
    let folder = config.rules.to_string_lossy().into_owned();
    let files = rules::read(&config.rules)?;
    let proved = rules::load(&files, &folder)?;
    if !proved.warnings.is_empty() {
        output::complain(&rules::show(&proved.warnings));
    }
    let summary = rules::summary(&proved.catalog);
    let stopped = stop_on_signals()?;
    let (probe, probed) = watch::channel(Probe::NotReady("starting".to_owned()));
    let metrics = telemetry::metrics::install().map_err(|e| Failure::other("no metrics", e))?;
    let admin_stop = CancellationToken::new();
    let (admin, admin_task) = match config.admin {
        Some(address) => {
            let listener = boot::listen("--admin", address).await?;
            let at = listener.local_addr().ok();
            let serving = telemetry::admin::serve(listener, metrics, probed, admin_stop.clone());
            (at, Some(tokio::spawn(serving)))
        }
        None => (None, None),
    };
    let listener = boot::listen("--listen", config.listen).await?;
    let booted = boot::engine(config, &proved, &listener, &probe, &stopped).await?;
    let Some((engine, running)) = booted else {
        tracing::info!("stopped before the store answered");
        return Ok(Exit::Good);
    };
    for risk in engine.store_warnings().await {
        tracing::warn!(risk, "the store as it is set up is a risk");
    }
    let parts = Parts { engine: engine.clone(), running, listener, api: config.api.clone() };
    let service = Service::start(parts)?;
    let watcher = match RulesFolder::watch(&config.rules) {
        Ok(folder) => Some(engine.watch_rules(folder)),
        Err(error) => {
            tracing::warn!(%error, "changes of the rules folder are not followed");
            None
        }
    };
    let prober = tokio::spawn(boot::follow_readiness(Arc::clone(&engine), probe));
    let started = banner::Started {
        grpc: service.address(),
        admin,
        rules: folder,
        catalog: match engine.snapshot().catalog.version.number {
            0 => summary,
            _ => rules::summary(&engine.snapshot().catalog),
        },
        store: engine.describe_store().await,
        learned: engine.learned_position(),
        took: started.elapsed(),
    };
    banner::show(&started, json)?;
    let result = service.run_until(stopped).await;
    if let Some(watcher) = watcher {
        watcher.abort();
    }
    prober.abort();
    admin_stop.cancel();
    if let Some(task) = admin_task {
        let _served = task.await;
    }
    result?;
    tracing::info!("drained and stopped");
    Ok(Exit::Good)
}

async fn flush(guard: TelemetryGuard) {
    let _finished = tokio::task::spawn_blocking(move || guard.flush()).await;
}

/// The engine's bounds for a service started from the command line.
#[must_use]
pub fn engine_config(seed: Option<u64>) -> EngineConfig {
    EngineConfig { seed, ..EngineConfig::default() }
}
