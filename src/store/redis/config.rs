//! How a Redis store is set up.

use std::fmt;
use std::time::Duration;

use redis::{ClientTlsConfig, TlsCertificates};

use super::address::RedisAddress;
use crate::store::{StoreBounds, StoreError};

/// Whom to trust, and who we are, over TLS; all in PEM.
#[derive(Clone, Default)]
pub struct RedisTls {
    /// Certificates of the authorities that are trusted; `None`: those of the operating system.
    pub authorities: Option<Vec<u8>>,
    /// Our own certificate and its key, for servers that ask for one.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
}

impl RedisTls {
    pub(super) fn certificates(&self) -> Option<TlsCertificates> {
        let client_tls = self.identity.clone();
        let client_tls =
            client_tls.map(|(client_cert, client_key)| ClientTlsConfig { client_cert, client_key });
        let root_cert = self.authorities.clone();
        let given = client_tls.is_some() || root_cert.is_some();
        given.then_some(TlsCertificates { client_tls, root_cert })
    }
}

impl fmt::Debug for RedisTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (authorities, identity) = (self.authorities.is_some(), self.identity.is_some());
        write!(f, "RedisTls {{ authorities: {authorities}, identity: {identity} }}")
    }
}

/// How a Redis store is set up; `RedisConfig::new(address)` has the defaults.
#[derive(Clone, Debug)]
pub struct RedisConfig {
    /// Which servers.
    pub address: RedisAddress,
    /// Used where the address asks for TLS.
    pub tls: RedisTls,
    /// In front of every key, so that several installations can share a database; letters,
    /// digits and `:.-_` only.
    pub prefix: String,
    /// How long an ordinary call may take in all, connecting included.
    pub response_timeout: Duration,
    /// How long one attempt to connect may take.
    pub connect_timeout: Duration,
    /// How long a call with a document, or one page of the log, may take.
    pub bulk_timeout: Duration,
    /// What is accepted in one call.
    pub bounds: StoreBounds,
}

impl RedisConfig {
    /// The defaults: 250 ms a call, 1 s to connect, 10 s for a document.
    #[must_use]
    pub fn new(address: RedisAddress) -> Self {
        Self {
            address,
            tls: RedisTls::default(),
            prefix: "arbitra:".to_owned(),
            response_timeout: Duration::from_millis(250),
            connect_timeout: Duration::from_secs(1),
            bulk_timeout: Duration::from_secs(10),
            bounds: StoreBounds::default(),
        }
    }

    /// # Errors
    /// [`StoreError::Config`] for a value outside its range.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.bounds.check()?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || ":.-_".contains(c);
        if !self.prefix.chars().all(allowed) {
            let why = format!(
                "the key prefix `{}` may hold only letters, digits and `:.-_`",
                self.prefix.escape_debug()
            );
            return Err(StoreError::Config { why });
        }
        Ok(())
    }
}
