//! The service that the demo drives: the same that `serve` runs, on loopback ports of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::data;
use super::options::Options;
use crate::api::ApiConfig;
use crate::cli::serve::service::{Parts, Service};
use crate::cli::serve::{boot, engine_config};
use crate::cli::{Failure, rules};
use crate::engine::{Engine, SystemClock};
use crate::telemetry;
use crate::telemetry::admin::Probe;

/// Any free port of this machine.
const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A running service.
pub struct World {
    service: Service,
    admin: Option<SocketAddr>,
    admin_stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    engine: Arc<Engine>,
}

impl World {
    /// Boots it.
    ///
    /// # Errors
    /// When it cannot be started, or has learned before and was not told to go on.
    pub async fn boot(options: &Options) -> Result<Self, Failure> {
        let loaded = rules::load(&data::rules(), "examples/coupons/rules")?;
        let store = boot::open(&options.store)?;
        let (engine, running) =
            Engine::start(store, loaded, Arc::new(SystemClock), engine_config(Some(options.seed)))
                .await
                .map_err(|error| Failure::other("cannot start", error))?;
        if engine.learned_position() > 0 && !options.go_on {
            let learned = engine.learned_position();
            let store = engine.describe_store().await;
            running.stop(&engine).await;
            return Err(Failure::Setting(format!(
                "the store has learned before (its learning log is at {learned}), and the figures \
                 would not be those of a fresh start; name an empty `--data` or `--redis-prefix`, or say \
                 `--continue` ({store})"
            )));
        }
        let listener = boot::listen("loopback", ANY_PORT).await?;
        let mut world = Self {
            service: Service::start(Parts {
                engine: engine.clone(),
                running,
                listener,
                api: ApiConfig::default(),
            })?,
            admin: None,
            admin_stop: CancellationToken::new(),
            tasks: Vec::new(),
            engine: engine.clone(),
        };
        if options.keep {
            world.open_admin(engine).await?;
        }
        Ok(world)
    }

    async fn open_admin(&mut self, engine: Arc<Engine>) -> Result<(), Failure> {
        let metrics =
            telemetry::metrics::install().map_err(|error| Failure::other("no metrics", error))?;
        let listener = boot::listen("loopback", ANY_PORT).await?;
        self.admin = listener.local_addr().ok();
        let (probe, probed) = watch::channel(Probe::Ready);
        let serving = telemetry::admin::serve(listener, metrics, probed, self.admin_stop.clone());
        self.tasks.push(tokio::spawn(async move {
            if let Err(error) = serving.await {
                tracing::warn!(%error, "the admin port failed");
            }
        }));
        self.tasks.push(tokio::spawn(boot::follow_readiness(engine, probe)));
        Ok(())
    }

    /// Where the service listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.service.address()
    }

    /// The store, in a line.
    pub async fn store(&self) -> String {
        self.engine.describe_store().await
    }

    /// Where its metrics are, if anywhere.
    #[must_use]
    pub fn admin(&self) -> Option<SocketAddr> {
        self.admin
    }

    /// Ends it in order.
    ///
    /// # Errors
    /// When the service failed.
    pub async fn stop(self) -> Result<(), Failure> {
        self.admin_stop.cancel();
        let stopped = self.service.stop().await;
        for task in self.tasks {
            task.abort();
        }
        stopped
    }
}
