//! Connections: one that all ordinary calls share, pipelined, and a few of their own for calls
//! that wait or carry much, so that those never hold up the others. Every call has a deadline; a
//! connection that fails or stalls is replaced.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, FromRedisValue, RedisError, RedisResult, Script,
    ServerErrorKind,
};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::config::RedisConfig;
use crate::store::StoreError;

/// Failed attempts to connect are this far apart; calls in between share the last one's fault.
const RETRY_EVERY: Duration = Duration::from_millis(50);
/// Connections of their own that may be open at once, and that are kept when idle.
const OWN_MAX: usize = 16;
const OWN_IDLE_MAX: usize = 4;
/// Commands that may wait to be written on the shared connection.
const PIPELINE_MAX: usize = 1024;

/// All connections to one server.
#[derive(Debug)]
pub(super) struct Connections {
    dialer: Arc<Dialer>,
    response_timeout: Duration,
    own: Semaphore,
    own_idle: Mutex<Vec<MultiplexedConnection>>,
}

#[derive(Debug)]
struct Dialer {
    shared: Client,
    own: Client,
    config: AsyncConnectionConfig,
    address: String,
    live: ArcSwapOption<MultiplexedConnection>,
    /// Held while dialling: one attempt at a time; holds the last failure.
    dialling: tokio::sync::Mutex<Option<(Instant, RedisError)>>,
}

impl Connections {
    /// Does not connect yet.
    pub fn new(config: &RedisConfig) -> Result<Self, StoreError> {
        let client = |nodelay| {
            let tcp = TcpSettings::default().set_nodelay(nodelay);
            let opened = Client::open(config.address.info().set_tcp_settings(tcp));
            opened.map_err(|cause| StoreError::Config {
                why: format!("the address of Redis is not usable ({})", cause.category()),
            })
        };
        // Deadlines are set around whole calls, below; the driver needs none of its own.
        let dial = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(config.connect_timeout))
            .set_response_timeout(None)
            .set_pipeline_buffer_size(PIPELINE_MAX);
        Ok(Self {
            dialer: Arc::new(Dialer {
                // The driver writes each command by itself. Without Nagle's algorithm each would be
                // a packet, and a wake-up of the server: half the throughput at 64 callers. It
                // delays nothing here: what is held back goes with the next answer.
                shared: client(false)?,
                own: client(true)?,
                config: dial,
                address: config.address.to_string(),
                live: ArcSwapOption::empty(),
                dialling: tokio::sync::Mutex::new(None),
            }),
            response_timeout: config.response_timeout,
            own: Semaphore::new(OWN_MAX),
            own_idle: Mutex::new(Vec::new()),
        })
    }

    /// Asks over the shared connection.
    pub async fn ask<T, F>(
        &self,
        question: impl FnOnce(MultiplexedConnection) -> F + Send,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = RedisResult<T>> + Send,
    {
        let mut used = None;
        let asked = async {
            let live = match self.dialer.live.load_full() {
                Some(live) => live,
                None => self.dialer.dial().await?,
            };
            let connection = MultiplexedConnection::clone(&live);
            used = Some(live);
            question(connection).await
        };
        match timeout(self.response_timeout, asked).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(fault)) => {
                if is_lost(&fault) {
                    self.dialer.discard(used);
                }
                Err(self.fault(&fault))
            }
            Err(_) => {
                // A server that stalls and a network that swallows packets look alike; a new
                // connection costs little and mends the second.
                self.dialer.discard(used);
                Err(self.late(self.response_timeout))
            }
        }
    }

    /// Asks over a connection that no other call uses meanwhile.
    pub async fn ask_alone<T, F>(
        &self,
        deadline: Duration,
        question: impl FnOnce(MultiplexedConnection) -> F + Send,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = RedisResult<T>> + Send,
    {
        let asked = async {
            // The semaphore is never closed.
            let _turn = self.own.acquire().await;
            let idle = self.own_idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = match idle {
                Some(connection) => connection,
                None => self.dialer.connect(&self.dialer.own).await?,
            };
            let answer = question(connection.clone()).await?;
            let mut idle = self.own_idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < OWN_IDLE_MAX {
                idle.push(connection);
            }
            Ok(answer)
        };
        match timeout(deadline, asked).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(fault)) => {
                // The idle ones are likely to be as dead as this one.
                self.own_idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
                Err(self.fault(&fault))
            }
            Err(_) => Err(self.late(deadline)),
        }
    }

    /// What was found is not what a store wrote.
    pub fn corrupt(&self, what: impl Into<String>) -> StoreError {
        StoreError::Corrupt { address: self.dialer.address.clone(), what: what.into() }
    }

    fn late(&self, deadline: Duration) -> StoreError {
        self.unavailable(format!("no answer within {} ms", deadline.as_millis()))
    }

    fn fault(&self, fault: &RedisError) -> StoreError {
        match (fault.kind(), fault.code()) {
            (_, Some("WRONGTYPE")) => self.corrupt("a key holds another type of value"),
            // Without the detail, which would show what is stored.
            (ErrorKind::UnexpectedReturnType, _) => self.corrupt("an answer of the wrong form"),
            _ => self.unavailable(fault.to_string()),
        }
    }

    fn unavailable(&self, why: String) -> StoreError {
        StoreError::Unavailable { address: self.dialer.address.clone(), why }
    }
}

impl Dialer {
    /// A new shared connection, or the one another caller has just made. The attempt goes on when
    /// the caller gives up.
    async fn dial(self: &Arc<Self>) -> RedisResult<Arc<MultiplexedConnection>> {
        let dialer = Arc::clone(self);
        let dialled = tokio::spawn(async move {
            let mut failed = dialer.dialling.lock().await;
            if let Some(live) = dialer.live.load_full() {
                return Ok(live);
            }
            if let Some((at, fault)) = &*failed
                && at.elapsed() < RETRY_EVERY
            {
                return Err(fault.clone());
            }
            match dialer.connect(&dialer.shared).await {
                Ok(connection) => {
                    let live = Arc::new(connection);
                    dialer.live.store(Some(Arc::clone(&live)));
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

    async fn connect(&self, client: &Client) -> RedisResult<MultiplexedConnection> {
        client.get_multiplexed_async_connection_with_config(&self.config).await
    }

    /// Replaces a connection at the next call, unless that has happened already.
    fn discard(&self, used: Option<Arc<MultiplexedConnection>>) {
        if let Some(used) = used {
            self.live.compare_and_swap(&used, None);
        }
    }
}

/// Whether another connection might fare better.
fn is_lost(fault: &RedisError) -> bool {
    // A replica where the primary was: the name may lead to the new primary by now.
    fault.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly) || fault.is_unrecoverable_error()
}

/// Runs a script by its hash; a server that does not know it is given it first.
pub(super) async fn run<T: FromRedisValue>(
    mut connection: MultiplexedConnection,
    script: &Script,
    call: Cmd,
) -> RedisResult<T> {
    match call.query_async(&mut connection).await {
        Err(fault) if fault.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
            script.load_async(&mut connection).await?;
            call.query_async(&mut connection).await
        }
        answered => answered,
    }
}

/// The call of a script by its hash, up to and including its keys.
pub(super) fn call(script: &Script, keys: &[&str]) -> Cmd {
    let mut call = redis::cmd("EVALSHA");
    call.arg(script.get_hash()).arg(keys.len());
    for key in keys {
        call.arg(*key);
    }
    call
}
