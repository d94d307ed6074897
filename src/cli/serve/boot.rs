//! From a configuration to a running engine; a store that is down is waited for, visibly.

use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::waiting::Waiting;
use crate::cli::Failure;
use crate::config::{ServeConfig, StoreConfig};
use crate::engine::{Engine, EngineConfig, Proved, Readiness, Running, StartError, SystemClock};
use crate::source::SourcesConfig;
use crate::store::{EmbeddedStore, RedisStore, Store, StoreError};
use crate::telemetry::admin::Probe;

const BACKOFF_MIN: Duration = Duration::from_millis(200);
const BACKOFF_MAX: Duration = Duration::from_secs(5);

/// A listener of `flag`'s address.
///
/// # Errors
/// When the address cannot be had.
pub async fn listen(flag: &str, address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address)
        .await
        .map_err(|error| Failure::Setting(format!("{flag}: cannot listen on {address}: {error}")))
}

/// The store, opened; a Redis server is not asked yet.
///
/// # Errors
/// A folder that is in use, damaged or cannot be written; a bad configuration.
pub fn open(config: &StoreConfig) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match config {
        StoreConfig::Embedded(config) => Arc::new(EmbeddedStore::open(config)?),
        StoreConfig::Redis(config) => Arc::new(RedisStore::new(config)?),
    })
}

/// A running engine; a Redis server that is down is asked again and again, while health says so.
/// `None` when told to stop first.
///
/// # Errors
/// Anything that waiting does not mend.
pub async fn engine(
    config: &ServeConfig,
    rules: &Proved,
    listener: &TcpListener,
    probe: &watch::Sender<Probe>,
    stopped: &CancellationToken,
) -> Result<Option<(Arc<Engine>, Running)>, Failure> {
    let store = open(&config.store)?;
    let sources = sources()?;
    let mut waiting: Option<Waiting> = None;
    let mut pause = BACKOFF_MIN;
    loop {
        match start(store.clone(), rules, &sources).await {
            Ok(started) => {
                if let Some(waiting) = waiting {
                    tracing::info!("the store answers");
                    waiting.close();
                }
                return Ok(Some(started));
            }
            Err(StartError::Store(error @ StoreError::Unavailable { .. })) => {
                tracing::warn!(%error, again_in = ?pause, "waiting for the store; not serving yet");
                probe.send_replace(Probe::NotReady(error.to_string()));
                if waiting.is_none() {
                    waiting = Some(Waiting::open(&duplicate(listener)?).await?);
                }
            }
            Err(error) => return Err(Failure::other("cannot start", error)),
        }
        tokio::select! {
            () = stopped.cancelled() => return Ok(None),
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(BACKOFF_MAX),
        }
    }
}

/// Where the live sources are, as the environment says.
fn sources() -> Result<SourcesConfig, Failure> {
    let variables = std::env::vars_os();
    let texts = variables
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    SourcesConfig::from_variables(texts).map_err(|error| Failure::Setting(error.to_string()))
}

async fn start(
    store: Arc<dyn Store>,
    rules: &Proved,
    sources: &SourcesConfig,
) -> Result<(Arc<Engine>, Running), StartError> {
    let rules = Proved {
        catalog: rules.catalog.clone(),
        warnings: rules.warnings.clone(),
        cases: rules.cases.clone(),
    };
    let config = EngineConfig { sources: sources.clone(), ..super::engine_config(None) };
    Engine::start(store, rules, Arc::new(SystemClock), config).await
}

fn duplicate(listener: &TcpListener) -> Result<StdListener, Failure> {
    use std::os::fd::AsFd as _;
    let descriptor = listener.as_fd().try_clone_to_owned();
    descriptor
        .map(StdListener::from)
        .map_err(|error| Failure::other("the listener cannot be shared", error))
}

/// Tells the probe what the engine says of itself.
pub async fn follow_readiness(engine: Arc<Engine>, probe: watch::Sender<Probe>) {
    let mut readiness = engine.watch_readiness();
    loop {
        let now = match &*readiness.borrow_and_update() {
            Readiness::Ready => Probe::Ready,
            Readiness::StoreDown { why } => Probe::NotReady(why.clone()),
            Readiness::Draining => Probe::NotReady("draining".to_owned()),
        };
        probe.send_replace(now);
        if readiness.changed().await.is_err() {
            return;
        }
    }
}
