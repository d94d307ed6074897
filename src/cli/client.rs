//! The way to a running service.

use std::time::Duration;

use clap::Args;
use tonic::transport::{Channel, Endpoint};

use super::Failure;
use crate::config::DEFAULT_LISTEN;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Which service.
#[derive(Args, Clone, Debug)]
pub struct ServerArgs {
    /// Address of the running service.
    #[arg(long, env = "ARBITRA_SERVER", value_name = "HOST:PORT", default_value = DEFAULT_LISTEN)]
    pub server: String,
}

/// A connection to the service at `address` (`host:port`, or a URL).
///
/// # Errors
/// When it is no address, or nobody answers there.
pub async fn connect(address: &str) -> Result<Channel, Failure> {
    let url =
        if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
    let endpoint = Endpoint::from_shared(url)
        .map_err(|error| Failure::Setting(format!("`{address}` is no address: {error}")))?
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true);
    endpoint.connect().await.map_err(|error| {
        let why = std::error::Error::source(&error).map_or_else(String::new, |e| format!(": {e}"));
        Failure::Other(format!(
            "nobody answers at `{address}`{why}; start a service with `arbitra serve`, or name \
             another with `--server`"
        ))
    })
}

/// Runs a client's work on a runtime of its own.
///
/// # Errors
/// Those of the work, or when no runtime can be had.
pub fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::other("no runtime", error))?
        .block_on(work)
}
