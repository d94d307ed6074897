//! What the doors are told at start. Every bound is here, with its default.

use std::path::PathBuf;
use std::time::Duration;

use super::auth::jwt::JwtConfig;
use super::auth::jwt::fetch::RETRY_INTERVAL;
use super::tls::TlsConfig;

/// Bounds and times of the doors.
#[derive(Clone, Debug)]
pub struct ApiConfig {
    /// Longest message that is read, in bytes.
    pub receive_bytes_max: usize,
    /// Longest message that is sent, in bytes; explanations are cut to stay below it.
    pub send_bytes_max: usize,
    /// Longest headers of a call, in bytes, names and values together.
    pub header_bytes_max: u32,
    /// Calls in progress at once, over all connections; more are answered UNAVAILABLE. A stream
    /// counts as one call. Health checks do not count.
    pub in_flight_max: usize,
    /// Items of one stream in progress at once.
    pub stream_in_flight_max: usize,
    /// Calls in progress at once on one connection.
    pub streams_per_connection_max: u32,
    /// Longest deadline that a caller gets, however much more it asks for.
    pub deadline_max: Duration,
    /// Time for a decision whose caller names none.
    pub decide_budget: Duration,
    /// Age at which a connection is asked to go, so that balancers can spread callers anew. Each
    /// process takes up to a tenth more or less, so that replicas do not all do so at once.
    pub connection_age_max: Duration,
    /// Silence on a connection after which the peer is asked whether it is there.
    pub keepalive_interval: Duration,
    /// How long it may take to answer that.
    pub keepalive_timeout: Duration,
    /// How long calls in progress may take to finish after the shutdown began.
    pub drain_max: Duration,
    /// The rules folder that the server was started with; what `ValidateCatalog` checks when its
    /// caller sends no files.
    pub rules: Option<PathBuf>,
    /// The certificates; without them nothing is encrypted.
    pub tls: Option<TlsConfig>,
    /// The file of callers and their roles; without it and without issuers everybody may do
    /// everything.
    pub api_keys: Option<PathBuf>,
    /// Issuers of tokens whose bearers are known; at most two.
    pub jwt: Vec<JwtConfig>,
    /// Least time between two questions for an issuer's keys at a URL.
    pub jwks_spacing: Duration,
    /// How often certificates and callers are looked at for changes.
    pub reload_interval: Duration,
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            receive_bytes_max: 4 << 20,
            send_bytes_max: 16 << 20,
            header_bytes_max: 16 << 10,
            in_flight_max: 4_096,
            stream_in_flight_max: 64,
            streams_per_connection_max: 1_024,
            deadline_max: Duration::from_secs(5),
            decide_budget: Duration::from_millis(200),
            connection_age_max: Duration::from_secs(600),
            keepalive_interval: Duration::from_secs(30),
            keepalive_timeout: Duration::from_secs(10),
            drain_max: Duration::from_secs(10),
            rules: None,
            tls: None,
            api_keys: None,
            jwt: Vec::new(),
            jwks_spacing: RETRY_INTERVAL,
            reload_interval: Duration::from_secs(5),
        }
    }
}
