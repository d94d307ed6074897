//! The service itself with a synthetic catalog, as a process of its own.

use std::net::Ipv4Addr;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::{catalog, child};
use crate::api::ApiConfig;
use crate::cli::serve::engine_config;
use crate::cli::serve::service::{Parts, Service};
use crate::cli::{Exit, Failure, rules};
use crate::engine::{Engine, SystemClock};
use crate::store::{EmbeddedConfig, EmbeddedStore, RedisConfig, RedisStore, Store};

/// Flags of the target.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// The Redis server. Default: the embedded store, in a folder that goes with the process.
    #[arg(long)]
    redis: Option<String>,
    /// In front of its keys.
    #[arg(long, default_value = "bench:")]
    prefix: String,
    /// Offers in the catalog.
    #[arg(long)]
    offers: usize,
}

/// Serves until the starter is gone.
///
/// # Errors
/// When it cannot be started.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let runtime = super::runtime()?;
    let folder = tempfile::tempdir().map_err(|error| Failure::other("no folder", error))?;
    let service = runtime.block_on(async {
        let files = catalog::synthetic_rules(args.offers, catalog::SEED);
        let rules = rules::load(&files, "synthetic")?;
        let store: Arc<dyn Store> = match &args.redis {
            Some(address) => {
                let prefix = args.prefix.clone();
                let config = RedisConfig { prefix, ..RedisConfig::new(address.parse()?) };
                Arc::new(RedisStore::new(&config)?)
            }
            None => Arc::new(EmbeddedStore::open(&EmbeddedConfig::new(folder.path()))?),
        };
        let clock = Arc::new(SystemClock);
        let (engine, running) =
            Engine::start(store, rules, clock, engine_config(Some(catalog::SEED)))
                .await
                .map_err(|error| Failure::other("cannot start", error))?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(|error| Failure::other("cannot listen", error))?;
        Service::start(Parts { engine, running, listener, api: ApiConfig::default() })
    })?;
    child::say_and_wait(&service.address().to_string());
    runtime.block_on(service.stop())?;
    Ok(Exit::Good)
}
