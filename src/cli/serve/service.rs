//! A running service: an engine behind its doors, and how both end.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::api::{self, ApiConfig};
use crate::cli::Failure;
use crate::engine::{Engine, Running};

/// What a service is made of.
pub struct Parts {
    /// Decides.
    pub engine: Arc<Engine>,
    /// Keeps it learning.
    pub running: Running,
    /// Where callers come in.
    pub listener: TcpListener,
    /// The doors.
    pub api: ApiConfig,
}

/// A running service.
pub struct Service {
    engine: Arc<Engine>,
    running: Running,
    address: SocketAddr,
    stop: CancellationToken,
    doors: JoinHandle<Result<(), api::ServeError>>,
}

impl Service {
    /// Opens the doors.
    ///
    /// # Errors
    /// When the listener has no address.
    pub fn start(parts: Parts) -> Result<Self, Failure> {
        let Parts { engine, running, listener, api } = parts;
        let address = listener.local_addr().map_err(|error| Failure::other("no address", error))?;
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let doors = tokio::spawn(api::serve(listener, engine.clone(), api, stopped));
        Ok(Self { engine, running, address, stop, doors })
    }

    /// Where callers come in.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stopped`, or until the doors fail; then ends in order.
    ///
    /// # Errors
    /// When the doors failed.
    pub async fn run_until(mut self, stopped: CancellationToken) -> Result<(), Failure> {
        tokio::select! {
            () = stopped.cancelled() => self.stop().await,
            ended = &mut self.doors => {
                self.running.stop(&self.engine).await;
                outcome(ended)
            }
        }
    }

    /// Ends in order: health says so first, calls in progress finish, then the engine writes what
    /// waits.
    ///
    /// # Errors
    /// When the doors failed.
    pub async fn stop(self) -> Result<(), Failure> {
        self.engine.start_draining();
        self.stop.cancel();
        let ended = self.doors.await;
        self.running.stop(&self.engine).await;
        outcome(ended)
    }
}

fn outcome(
    ended: Result<Result<(), api::ServeError>, tokio::task::JoinError>,
) -> Result<(), Failure> {
    match ended {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Failure::other("the service ended", error)),
        Err(error) => Err(Failure::other("the service ended", error)),
    }
}
