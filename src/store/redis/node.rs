//! One server, or the one that Sentinels say is the primary: a connection that all ordinary calls
//! share, pipelined, and a few of their own for calls that wait or carry much, so that those never
//! hold up the others. A connection that fails or stalls is replaced.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{AsyncConnectionConfig, Client, ErrorKind, RedisError, RedisResult, TlsMode};

use super::address::{Form, host_and_port};
use super::config::RedisConfig;

/// Failed attempts to connect are this far apart; calls in between share the last one's fault.
const RETRY_EVERY: Duration = Duration::from_millis(50);
/// Connections of their own that are kept when idle.
const OWN_IDLE_MAX: usize = 4;
/// Commands that may wait to be written on the shared connection.
const PIPELINE_MAX: usize = 1024;

/// All connections to one server.
pub(super) struct Node {
    /// `host:port`; of Sentinels, their list.
    pub name: String,
    // The driver writes each command by itself. Without Nagle's algorithm each would be a packet, and
    // a wake-up of the server: half the throughput at 64 callers. It delays nothing here: what is
    // held back goes with the next answer.
    shared: Finder,
    own: Finder,
    config: AsyncConnectionConfig,
    live: ArcSwapOption<MultiplexedConnection>,
    /// Held while dialling: one attempt at a time; holds the last failure.
    dialling: tokio::sync::Mutex<Option<(Instant, RedisError)>>,
    own_idle: Mutex<Vec<MultiplexedConnection>>,
}

/// Who knows where the server is.
enum Finder {
    Fixed(Box<Client>),
    Sentinels(Box<tokio::sync::Mutex<SentinelClient>>),
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl Node {
    /// Does not connect yet.
    pub fn new(config: &RedisConfig, host: &(String, u16)) -> RedisResult<Self> {
        let (name, shared, own) = match &config.address.form {
            Form::Sentinel { service } => (
                config.address.to_string(),
                sentinels(config, service, false)?,
                sentinels(config, service, true)?,
            ),
            Form::Single | Form::Cluster => {
                (host_and_port(host), fixed(config, host, false)?, fixed(config, host, true)?)
            }
        };
        // Deadlines are set around whole calls; the driver needs none of its own.
        let dial = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(config.connect_timeout))
            .set_response_timeout(None)
            .set_pipeline_buffer_size(PIPELINE_MAX);
        Ok(Self {
            name,
            shared,
            own,
            config: dial,
            live: ArcSwapOption::empty(),
            dialling: tokio::sync::Mutex::new(None),
            own_idle: Mutex::default(),
        })
    }

    /// The shared connection, made if there is none.
    pub async fn live(self: &Arc<Self>) -> RedisResult<Arc<MultiplexedConnection>> {
        match self.live.load_full() {
            Some(live) => Ok(live),
            None => self.dial().await,
        }
    }

    /// Whether there is a shared connection.
    pub fn is_connected(&self) -> bool {
        self.live.load().is_some()
    }

    /// Replaces a connection at the next call, unless that has happened already.
    pub fn discard(&self, used: &Arc<MultiplexedConnection>) {
        self.live.compare_and_swap(used, None);
    }

    /// A connection that no other call uses meanwhile; `true` when it is not a new one.
    pub async fn own(&self) -> RedisResult<(MultiplexedConnection, bool)> {
        let idle = self.own_idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match idle {
            Some(connection) => Ok((connection, true)),
            None => Ok((self.connect(&self.own).await?, false)),
        }
    }

    /// Keeps a connection for the next call, if there is room.
    pub fn keep(&self, connection: MultiplexedConnection) {
        let mut idle = self.own_idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < OWN_IDLE_MAX {
            idle.push(connection);
        }
    }

    /// One connection of their own was lost: the idle ones are likely to be as dead.
    pub fn drop_idle(&self) {
        self.own_idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// A new shared connection, or the one another caller has just made. The attempt goes on when
    /// the caller gives up.
    async fn dial(self: &Arc<Self>) -> RedisResult<Arc<MultiplexedConnection>> {
        let node = Arc::clone(self);
        let dialled = tokio::spawn(async move {
            let mut failed = node.dialling.lock().await;
            if let Some(live) = node.live.load_full() {
                return Ok(live);
            }
            if let Some((at, fault)) = &*failed
                && at.elapsed() < RETRY_EVERY
            {
                return Err(fault.clone());
            }
            match node.connect(&node.shared).await {
                Ok(connection) => {
                    let live = Arc::new(connection);
                    node.live.store(Some(Arc::clone(&live)));
                    *failed = None;
                    Ok(live)
                }
                Err(fault) => {
                    *failed = Some((Instant::now(), fault.clone()));
                    Err(fault)
                }
            }
        });
        dialled
            .await
            .unwrap_or_else(|_| Err((ErrorKind::Client, "connecting was cut short").into()))
    }

    async fn connect(&self, finder: &Finder) -> RedisResult<MultiplexedConnection> {
        match finder {
            Finder::Fixed(client) => {
                client.get_multiplexed_async_connection_with_config(&self.config).await
            }
            Finder::Sentinels(client) => {
                let found = client.lock().await.async_get_client().await?;
                found.get_multiplexed_async_connection_with_config(&self.config).await
            }
        }
    }
}

fn fixed(config: &RedisConfig, host: &(String, u16), nodelay: bool) -> RedisResult<Finder> {
    let tcp = TcpSettings::default().set_nodelay(nodelay);
    let info = config.address.info(host).set_tcp_settings(tcp);
    let client = match config.tls.certificates() {
        Some(certificates) if config.address.tls => Client::build_with_tls(info, certificates)?,
        _ => Client::open(info)?,
    };
    Ok(Finder::Fixed(Box::new(client)))
}

fn sentinels(config: &RedisConfig, service: &str, nodelay: bool) -> RedisResult<Finder> {
    let address = &config.address;
    let hosts = address.hosts.iter().map(|host| address.info(host).addr().clone());
    let tcp = TcpSettings::default().set_nodelay(nodelay);
    let mut client = SentinelClientBuilder::new(hosts, service, SentinelServerType::Master)?
        .set_client_to_redis_tcp_settings(tcp);
    if let Some(host) = address.hosts.first() {
        let info = address.info(host);
        let settings = info.redis_settings();
        client = client
            .set_client_to_redis_db(settings.db())
            .set_client_to_redis_protocol(settings.protocol());
        if let Some(username) = settings.username() {
            client = client.set_client_to_redis_username(username);
        }
        if let Some(password) = settings.password() {
            client = client.set_client_to_redis_password(password);
        }
    }
    if address.tls {
        client = client
            .set_client_to_redis_tls_mode(TlsMode::Secure)
            .set_client_to_sentinel_tls_mode(TlsMode::Secure);
        if let Some(certificates) = config.tls.certificates() {
            client = client
                .set_client_to_redis_certificates(certificates.clone())
                .set_client_to_sentinel_certificates(certificates);
        }
    }
    Ok(Finder::Sentinels(Box::new(tokio::sync::Mutex::new(client.build()?))))
}
