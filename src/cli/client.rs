//! The way to a running service.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use tonic::metadata::AsciiMetadataValue;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Request, Status};

use super::Failure;
use crate::config::DEFAULT_LISTEN;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Which service.
#[derive(Args, Clone, Debug)]
pub struct ServerArgs {
    /// Address of the running service.
    #[arg(long, env = "ARBITRA_SERVER", value_name = "HOST:PORT", default_value = DEFAULT_LISTEN)]
    pub server: String,
    /// Authorities in PEM that the service's certificate is checked against; the connection is
    /// encrypted.
    #[arg(long, env = "ARBITRA_TLS_CA", value_name = "FILE")]
    pub tls_ca: Option<PathBuf>,
    /// A client certificate in PEM, for a service that asks for one.
    #[arg(long, env = "ARBITRA_CLIENT_CERT", value_name = "FILE", requires_all = ["tls_key", "tls_ca"])]
    pub tls_cert: Option<PathBuf>,
    /// The private key of the client certificate, in PEM.
    #[arg(long, env = "ARBITRA_CLIENT_KEY", value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// File that holds an API key, for a service that knows its callers by one.
    #[arg(long, env = "ARBITRA_API_KEY_FILE", value_name = "FILE")]
    pub api_key_file: Option<PathBuf>,
}

/// A connection whose calls carry the API key, if there is one.
pub type Connection = InterceptedService<Channel, ApiKey>;

/// Puts an API key on every call.
#[derive(Clone, Debug)]
pub struct ApiKey(Option<AsciiMetadataValue>);

impl Interceptor for ApiKey {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(bearer) = &self.0 {
            request.metadata_mut().insert("authorization", bearer.clone());
        }
        Ok(request)
    }
}

impl ServerArgs {
    /// A connection to the service.
    ///
    /// # Errors
    /// When a file cannot be used, the address is none, or nobody answers there.
    pub async fn connect(&self) -> Result<Connection, Failure> {
        let key = ApiKey(self.api_key_file.as_deref().map(bearer).transpose()?);
        let Some(ca) = &self.tls_ca else {
            return Ok(InterceptedService::new(connect(&self.server).await?, key));
        };
        let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(read(ca)?));
        if let (Some(cert), Some(key)) = (&self.tls_cert, &self.tls_key) {
            tls = tls.identity(Identity::from_pem(read(cert)?, read(key)?));
        }
        let endpoint = endpoint(&self.server, "https")?
            .tls_config(tls)
            .map_err(|error| Failure::Setting(format!("--tls-ca: {}", causes(&error))))?;
        Ok(InterceptedService::new(reach(&endpoint, &self.server).await?, key))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::Setting(format!("`{}`: {error}", path.display())))
}

/// The header of the key in a file; the key itself is never shown.
fn bearer(path: &Path) -> Result<AsciiMetadataValue, Failure> {
    let text = String::from_utf8(read(path)?).unwrap_or_default();
    let header = format!("Bearer {}", text.trim()).parse::<AsciiMetadataValue>();
    let mut header =
        header.map_err(|_| Failure::Setting(format!("`{}` holds no API key", path.display())))?;
    header.set_sensitive(true);
    Ok(header)
}

/// A connection to the service at `address` (`host:port`, or a URL).
///
/// # Errors
/// When it is no address, or nobody answers there.
pub async fn connect(address: &str) -> Result<Channel, Failure> {
    reach(&endpoint(address, "http")?, address).await
}

fn endpoint(address: &str, scheme: &str) -> Result<Endpoint, Failure> {
    let url =
        if address.contains("://") { address.to_owned() } else { format!("{scheme}://{address}") };
    let endpoint = Endpoint::from_shared(url)
        .map_err(|error| Failure::Setting(format!("`{address}` is no address: {error}")))?;
    Ok(endpoint.connect_timeout(CONNECT_TIMEOUT).tcp_nodelay(true))
}

async fn reach(endpoint: &Endpoint, address: &str) -> Result<Channel, Failure> {
    endpoint.connect().await.map_err(|error| {
        let why = causes(&error);
        Failure::Other(format!(
            "nobody answers at `{address}`{why}; start a service with `arbitra serve`, or name \
             another with `--server`"
        ))
    })
}

/// What lies behind an error: `: this: that`.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = String::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
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
