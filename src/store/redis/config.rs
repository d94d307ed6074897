//! How a Redis store is set up, and the form of its address.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _};

use crate::store::{StoreBounds, StoreError};

/// Where a Redis is and how to log in: `redis://[user:password@]host[:port][/database]`.
/// Printing it shows host, port and database only.
#[derive(Clone)]
pub struct RedisAddress {
    info: ConnectionInfo,
    shown: String,
}

impl RedisAddress {
    pub(super) fn info(&self) -> ConnectionInfo {
        self.info.clone()
    }
}

impl FromStr for RedisAddress {
    type Err = StoreError;

    /// # Errors
    /// [`StoreError::Config`], which never repeats the text, since it may hold a password.
    fn from_str(text: &str) -> Result<Self, StoreError> {
        let fault = |why: &str| {
            let form = "redis://[user:password@]host[:port][/database]";
            StoreError::Config { why: format!("the address of Redis {why}; its form is `{form}`") }
        };
        if text.starts_with("rediss://") || text.starts_with("valkeys://") {
            return Err(fault("asks for TLS, which is not supported yet"));
        }
        let info = text.into_connection_info().map_err(|cause| {
            // Only the fixed part of the message: the detail may repeat the text.
            fault(&format!("is not usable ({})", cause.category()))
        })?;
        let ConnectionAddr::Tcp(host, port) = info.addr() else {
            return Err(fault("is not a host and port"));
        };
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let shown = format!("redis://{host}:{port}/{}", info.redis_settings().db());
        Ok(Self { info, shown })
    }
}

impl fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// How a Redis store is set up; `RedisConfig::new(address)` has the defaults.
#[derive(Clone, Debug)]
pub struct RedisConfig {
    /// Which server.
    pub address: RedisAddress,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        let address: RedisAddress = "redis://ana:s3cret@db.example:7000/2".parse().unwrap();
        assert_eq!(address.to_string(), "redis://db.example:7000/2");
        assert!(!format!("{:?}", RedisConfig::new(address)).contains("s3cret"));
    }

    #[test]
    fn a_bad_address_says_the_form_and_not_the_password() {
        for text in [
            "",
            "localhost:6379",
            "http://:s3cret@localhost",
            "redis://:s3cret@localhost:port",
            "redis://:s3cret@localhost/one",
            "rediss://:s3cret@localhost",
            "unix:///s3cret",
        ] {
            let error = text.parse::<RedisAddress>().unwrap_err().to_string();
            assert!(error.contains("redis://[user:password@]host"), "{text}: {error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
