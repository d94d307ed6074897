//! Certificates and callers: what may be said, what it means, and who may listen where.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::tokens::TokenArgs;
use crate::api::auth::KeysFile;
use crate::api::tls::{Tls, TlsConfig};

/// Certificates and callers.
#[derive(Args, Clone, Debug, Default)]
pub struct SecurityArgs {
    /// The server's certificate chain in PEM; calls are encrypted. Taken anew when it changes.
    #[arg(long, env = "ARBITRA_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// The private key of the certificate, in PEM.
    #[arg(long, env = "ARBITRA_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Authorities in PEM: callers must show a certificate that one of them signed.
    #[arg(long, env = "ARBITRA_TLS_CLIENT_CA", value_name = "FILE")]
    pub tls_client_ca: Option<PathBuf>,
    /// The callers, their roles and the digests of their keys; see `arbitra keys new`. Taken anew
    /// when it changes.
    #[arg(long, env = "ARBITRA_API_KEYS", value_name = "FILE")]
    pub api_keys: Option<PathBuf>,
    /// Callers known by tokens.
    #[command(flatten)]
    pub tokens: TokenArgs,
    /// Listen beyond this machine although calls are not encrypted or callers not authenticated.
    #[arg(long, env = "ARBITRA_INSECURE")]
    pub insecure: bool,
}

/// A flag and what is wrong with it.
pub(super) type Fault = (&'static str, String);

impl SecurityArgs {
    /// Where the certificates are, when there are any; tried, so that a start shows every fault.
    pub(super) fn tls(&self, faults: &mut Vec<Fault>) -> Option<TlsConfig> {
        let (cert, key) = match (&self.tls_cert, &self.tls_key) {
            (Some(cert), Some(key)) => (cert.clone(), key.clone()),
            (None, None) => {
                if self.tls_client_ca.is_some() {
                    let message = "needs `--tls-cert` and `--tls-key`".to_owned();
                    faults.push(("--tls-client-ca", message));
                }
                return None;
            }
            (Some(_), None) => {
                faults.push(("--tls-key", "`--tls-cert` needs it".to_owned()));
                return None;
            }
            (None, Some(_)) => {
                faults.push(("--tls-cert", "`--tls-key` needs it".to_owned()));
                return None;
            }
        };
        let config = TlsConfig { cert, key, client_ca: self.tls_client_ca.clone() };
        if let Err(error) = Tls::open(&config) {
            faults.push(("--tls-cert", error.to_string()));
        }
        Some(config)
    }

    /// The file of callers, when there is one; tried.
    pub(super) fn keys(&self, faults: &mut Vec<Fault>) -> Option<PathBuf> {
        let path = self.api_keys.clone()?;
        if let Err(error) = KeysFile::open(&path) {
            faults.push(("--api-keys", error.to_string()));
        }
        Some(path)
    }

    /// Why calls may not come to `address`, if they may not.
    pub(super) fn closed(&self, address: SocketAddr) -> Option<String> {
        if address.ip().is_loopback() || self.insecure {
            return None;
        }
        let encrypted = self.tls_cert.is_some();
        let known = self.tls_client_ca.is_some()
            || self.api_keys.is_some()
            || self.tokens.jwt_keys.is_some()
            || self.tokens.customer_keys.is_some();
        let why = match (encrypted, known) {
            (true, true) => return None,
            (true, false) => {
                "callers are not authenticated; give `--api-keys`, \
                              `--jwt-keys` or `--tls-client-ca`"
            }
            (false, true) => {
                "nothing is encrypted, and keys would be read on the way; give \
                              `--tls-cert` and `--tls-key`"
            }
            (false, false) => {
                "nothing is encrypted and callers are not authenticated; give \
                               `--tls-cert`, `--tls-key` and `--api-keys`"
            }
        };
        Some(format!(
            "`{address}` can be reached from other machines, but {why}, or listen on 127.0.0.1, \
             or say `--insecure` if the network keeps strangers out"
        ))
    }
}
