//! TLS, and who must show a certificate: handshakes beside the accepting of connections, and
//! certificates that are taken anew when their files change.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use futures::StreamExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;
use tokio_stream::Stream;

use super::reload::{Print, Reload};

/// Handshakes in progress at once; more wait to be accepted.
const HANDSHAKES_MAX: usize = 1_024;
/// How long a handshake may take.
const HANDSHAKE_MAX: Duration = Duration::from_secs(5);
/// The one protocol that is spoken inside (RFC 7540, section 3.3).
const ALPN_H2: &[u8] = b"h2";

/// Where the certificates are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsConfig {
    /// The server's certificate chain, in PEM, its own certificate first.
    pub cert: PathBuf,
    /// The private key of the first certificate, in PEM.
    pub key: PathBuf,
    /// Authorities, in PEM; when given, a caller must show a certificate that one of them signed.
    pub client_ca: Option<PathBuf>,
}

/// Why certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("`{path}` cannot be read: {why}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// A file does not hold what it should.
    #[error("`{path}` holds no {what} in PEM{why}")]
    Content {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
        /// What it holds instead.
        why: String,
    },
    /// The parts do not fit together.
    #[error("certificate, key and client authorities do not fit: {0}")]
    Unfit(String),
}

/// The certificates in use.
#[derive(Debug)]
pub struct Tls {
    config: TlsConfig,
    current: ArcSwap<ServerConfig>,
    seen: Print,
}

impl Tls {
    /// Reads the certificates.
    ///
    /// # Errors
    /// A file that cannot be read, or parts that do not fit together.
    pub fn open(config: &TlsConfig) -> Result<Self, TlsError> {
        let files = Files::read(config)?;
        let current = ArcSwap::from_pointee(files.server(config)?);
        Ok(Self { config: config.clone(), current, seen: Print::of(&files.all()) })
    }

    /// The connections of `incoming` whose handshake succeeded. One that fails or takes longer
    /// than five seconds is dropped, and hinders no other.
    pub fn accepting(
        self: Arc<Self>,
        incoming: impl Stream<Item = io::Result<TcpStream>> + Send + 'static,
    ) -> impl Stream<Item = io::Result<TlsStream<TcpStream>>> + Send + 'static {
        let shaken = incoming.map(move |accepted| {
            let acceptor = TlsAcceptor::from(self.current.load_full());
            async move {
                let stream = match accepted {
                    Ok(stream) => stream,
                    Err(error) => return Some(Err(error)),
                };
                let shake = tokio::time::timeout(HANDSHAKE_MAX, acceptor.accept(stream));
                match tokio::spawn(shake).await {
                    Ok(Ok(Ok(stream))) => return Some(Ok(stream)),
                    Ok(Ok(Err(error))) => tracing::debug!(%error, "a TLS handshake failed"),
                    Ok(Err(_)) => tracing::debug!("a TLS handshake took too long"),
                    Err(error) => tracing::debug!(%error, "a TLS handshake was broken off"),
                }
                None
            }
        });
        shaken.buffer_unordered(HANDSHAKES_MAX).filter_map(std::future::ready)
    }
}

impl Reload for Tls {
    const WHAT: &'static str = "certificates";

    fn reload(&self) -> Result<bool, String> {
        let files = Files::read(&self.config).map_err(|error| error.to_string())?;
        if !self.seen.changed(&files.all()) {
            return Ok(false);
        }
        let server = files.server(&self.config).map_err(|error| error.to_string())?;
        self.current.store(Arc::new(server));
        Ok(true)
    }
}

/// What the files hold.
struct Files {
    cert: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

impl Files {
    fn read(config: &TlsConfig) -> Result<Self, TlsError> {
        let client_ca = config.client_ca.as_deref().map(read).transpose()?;
        Ok(Self { cert: read(&config.cert)?, key: read(&config.key)?, client_ca })
    }

    fn all(&self) -> [&[u8]; 3] {
        [&self.cert, &self.key, self.client_ca.as_deref().unwrap_or_default()]
    }

    fn server(&self, config: &TlsConfig) -> Result<ServerConfig, TlsError> {
        let unfit = |error: &dyn std::fmt::Display| TlsError::Unfit(error.to_string());
        let chain = certificates(&config.cert, &self.cert)?;
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|error| content(&config.key, "private key", Some(&error)))?;
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| unfit(&error))?;
        let builder = match (&config.client_ca, &self.client_ca) {
            (Some(path), Some(bytes)) => {
                let mut roots = RootCertStore::empty();
                for authority in certificates(path, bytes)? {
                    roots.add(authority).map_err(|error| unfit(&error))?;
                }
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                        .build()
                        .map_err(|error| unfit(&error))?;
                builder.with_client_cert_verifier(verifier)
            }
            _ => builder.with_no_client_auth(),
        };
        let mut server = builder.with_single_cert(chain, key).map_err(|error| unfit(&error))?;
        server.alpn_protocols = vec![ALPN_H2.to_vec()];
        Ok(server)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|why| TlsError::Unreadable { path: path.to_owned(), why })
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| content(path, "certificate", Some(&error)))?;
    if certificates.is_empty() {
        return Err(content(path, "certificate", None));
    }
    Ok(certificates)
}

fn content(path: &Path, what: &'static str, why: Option<&dyn std::fmt::Display>) -> TlsError {
    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
    TlsError::Content { path: path.to_owned(), what, why }
}
