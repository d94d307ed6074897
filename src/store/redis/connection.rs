//! From a question to its answer: whom to ask, for how long, and what to do with a fault. Every call
//! has a deadline; only what surely was not done, or changes nothing, is asked again within it.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    Cmd, ErrorKind, FromRedisValue, Pipeline, RedisError, RedisResult, Script, ServerErrorKind,
};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::address::Form;
use super::cluster::Cluster;
use super::config::RedisConfig;
use super::link::{Link, Question};
use super::node::Node;
use super::slot::slot_of;
use crate::store::StoreError;

/// Connections of their own that may be in use at once.
const OWN_MAX: usize = 16;
/// Attempts at one question; the deadline usually ends them sooner.
const ATTEMPTS_MAX: u32 = 32;
/// Pauses between attempts: of a random part, up to twice as long each time.
const PAUSE_MIN_MS: u64 = 4;
const PAUSE_MAX_MS: u64 = 64;

/// Where a question belongs.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// With this key; `true`: it changes nothing, and can be asked again.
    Key(u16, bool),
    /// With this node.
    Node(Arc<Node>),
}

impl Place {
    /// A question about a key that changes nothing.
    pub fn read(key: &str) -> Self {
        Self::Key(slot_of(key), true)
    }

    /// A question that changes a key.
    pub fn write(key: &str) -> Self {
        Self::Key(slot_of(key), false)
    }
}

/// All connections to all servers.
#[derive(Debug)]
pub(super) struct Connections {
    servers: Servers,
    address: String,
    response_timeout: Duration,
    own: Semaphore,
}

#[derive(Debug)]
enum Servers {
    One(Arc<Node>),
    Cluster(Arc<Cluster>),
}

/// Over which connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Shared,
    Own,
}

/// What was last tried.
#[derive(Default)]
struct Tried {
    fault: Option<RedisError>,
    shared: Option<(Arc<Node>, Arc<MultiplexedConnection>)>,
}

impl Connections {
    /// Does not connect yet.
    pub fn new(config: &RedisConfig) -> Result<Self, StoreError> {
        let unusable = |cause: RedisError| StoreError::Config {
            why: format!("the address of Redis or its certificates are not usable ({cause})"),
        };
        let servers = if config.address.form == Form::Cluster {
            Servers::Cluster(Arc::new(Cluster::new(config).map_err(unusable)?))
        } else {
            let none = || StoreError::Config { why: "no address of Redis".to_owned() };
            let host = config.address.hosts.first().ok_or_else(none)?;
            Servers::One(Arc::new(Node::new(config, host).map_err(unusable)?))
        };
        Ok(Self {
            servers,
            address: config.address.to_string(),
            response_timeout: config.response_timeout,
            own: Semaphore::new(OWN_MAX),
        })
    }

    /// Whether keys are spread over several servers.
    pub fn is_cluster(&self) -> bool {
        matches!(self.servers, Servers::Cluster(_))
    }

    /// All servers that take writes.
    pub async fn nodes(&self) -> Result<Vec<Arc<Node>>, StoreError> {
        match &self.servers {
            Servers::One(node) => Ok(vec![node.clone()]),
            Servers::Cluster(cluster) => {
                match timeout(self.response_timeout, cluster.masters()).await {
                    Ok(masters) => masters.map_err(|fault| self.fault(&fault)),
                    Err(_) => Err(self.late(self.response_timeout)),
                }
            }
        }
    }

    /// Positions of `keys` by the server that has them.
    pub async fn spread(
        &self,
        keys: &[String],
    ) -> Result<Vec<(Arc<Node>, Vec<usize>)>, StoreError> {
        let mut groups: Vec<(Arc<Node>, Vec<usize>)> = Vec::new();
        for (position, key) in keys.iter().enumerate() {
            let place = Place::read(key);
            let node = match timeout(self.response_timeout, self.whom(&place)).await {
                Ok(node) => node.map_err(|fault| self.fault(&fault))?,
                Err(_) => return Err(self.late(self.response_timeout)),
            };
            match groups.iter_mut().find(|(known, _)| Arc::ptr_eq(known, &node)) {
                Some((_, positions)) => positions.push(position),
                None => groups.push((node, vec![position])),
            }
        }
        Ok(groups)
    }

    /// One command over the shared connection.
    pub async fn command<T>(&self, place: Place, command: &Cmd) -> Result<T, StoreError>
    where
        T: FromRedisValue,
    {
        self.ask(place, Question::Command(command), self.response_timeout, Line::Shared).await
    }

    /// Several commands over the shared connection.
    pub async fn pipeline<T>(&self, place: Place, pipeline: &Pipeline) -> Result<T, StoreError>
    where
        T: FromRedisValue,
    {
        self.ask(place, Question::Pipeline(pipeline), self.response_timeout, Line::Shared).await
    }

    /// A script over the shared connection.
    pub async fn script<T>(
        &self,
        place: Place,
        script: &Script,
        call: &Cmd,
    ) -> Result<T, StoreError>
    where
        T: FromRedisValue,
    {
        let question = Question::Script(script, call);
        self.ask(place, question, self.response_timeout, Line::Shared).await
    }

    /// Asks over a connection that no other call uses meanwhile.
    pub async fn alone<T: FromRedisValue>(
        &self,
        deadline: Duration,
        place: Place,
        question: Question<'_>,
    ) -> Result<T, StoreError> {
        self.ask(place, question, deadline, Line::Own).await
    }

    async fn ask<T: FromRedisValue>(
        &self,
        place: Place,
        question: Question<'_>,
        deadline: Duration,
        line: Line,
    ) -> Result<T, StoreError> {
        let mut tried = Tried::default();
        let asked = async {
            // The semaphore is never closed.
            let _turn = match line {
                Line::Own => self.own.acquire().await.ok(),
                Line::Shared => None,
            };
            self.attempts(&place, question, line, &mut tried).await
        };
        match timeout(deadline, asked).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(fault)) => Err(self.fault(&fault)),
            Err(_) => {
                // A server that stalls and a network that swallows packets look alike; a new
                // connection costs little and mends the second.
                if let Some((node, used)) = &tried.shared {
                    node.discard(used);
                }
                if let Servers::Cluster(cluster) = &self.servers {
                    cluster.refresh_soon();
                }
                Err(tried.fault.map_or_else(|| self.late(deadline), |fault| self.fault(&fault)))
            }
        }
    }

    async fn attempts<T: FromRedisValue>(
        &self,
        place: &Place,
        question: Question<'_>,
        line: Line,
        tried: &mut Tried,
    ) -> RedisResult<T> {
        let mut redirected: Option<(Arc<Node>, bool)> = None;
        let mut attempt = 0;
        loop {
            tried.shared = None;
            let mut asked = None;
            let mut known = false;
            let answered = async {
                let (node, asking) = match redirected.take() {
                    Some(redirected) => redirected,
                    None => (self.whom(place).await?, false),
                };
                let node = &*asked.insert(node);
                let on = match line {
                    Line::Shared => {
                        known = node.is_connected();
                        let live = node.live().await?;
                        tried.shared = Some((node.clone(), live.clone()));
                        MultiplexedConnection::clone(&live)
                    }
                    Line::Own => {
                        let (on, kept) = node.own().await?;
                        known = kept;
                        on
                    }
                };
                let answer = Link { on: on.clone(), asking }.ask(question).await?;
                if line == Line::Own {
                    node.keep(on);
                }
                Ok(answer)
            };
            let fault = match answered.await {
                Ok(answer) => return Ok(answer),
                Err(fault) => first(fault),
            };
            attempt += 1;
            if attempt >= ATTEMPTS_MAX {
                return Err(fault);
            }
            if is_lost(&fault) {
                self.lost(asked.as_ref(), tried);
                // One that had been good: perhaps only the connection is gone.
                if matches!(place, Place::Key(_, true)) && known && attempt == 1 {
                    continue;
                }
            }
            redirected = self.redirect(place, asked.as_ref(), &fault, attempt).await?;
            tried.fault = Some(fault);
        }
    }

    async fn whom(&self, place: &Place) -> RedisResult<Arc<Node>> {
        match (place, &self.servers) {
            (Place::Node(node), _) | (Place::Key(..), Servers::One(node)) => Ok(node.clone()),
            (Place::Key(slot, _), Servers::Cluster(cluster)) => cluster.master(*slot).await,
        }
    }

    fn lost(&self, node: Option<&Arc<Node>>, tried: &Tried) {
        if let Some((node, used)) = &tried.shared {
            node.discard(used);
        } else if let Some(node) = node {
            node.drop_idle();
        }
        if let Servers::Cluster(cluster) = &self.servers {
            cluster.refresh_soon();
        }
    }

    /// Whom to ask after a fault that says the question was not taken: `None` for whom the map says
    /// by then. Any other fault is handed back.
    async fn redirect(
        &self,
        place: &Place,
        asked: Option<&Arc<Node>>,
        fault: &RedisError,
        attempt: u32,
    ) -> RedisResult<Option<(Arc<Node>, bool)>> {
        use ServerErrorKind as Kind;
        let (Servers::Cluster(cluster), Place::Key(slot, _)) = (&self.servers, place) else {
            return Err(fault.clone());
        };
        let to = fault.redirect_node().zip(asked);
        match (fault.kind(), to) {
            (ErrorKind::Server(Kind::Moved), Some(((to, _), asked))) => {
                Ok(Some((cluster.moved(*slot, to, asked)?, false)))
            }
            (ErrorKind::Server(Kind::Ask), Some(((to, _), asked))) => {
                Ok(Some((cluster.at(to, asked)?, true)))
            }
            (
                ErrorKind::ClusterConnectionNotFound
                | ErrorKind::Server(
                    Kind::TryAgain
                    | Kind::ClusterDown
                    | Kind::MasterDown
                    | Kind::BusyLoading
                    | Kind::ReadOnly,
                ),
                _,
            ) => {
                cluster.refresh_soon();
                tokio::time::sleep(pause(attempt)).await;
                Ok(None)
            }
            _ => Err(fault.clone()),
        }
    }

    /// What was found is not what a store wrote.
    pub fn corrupt(&self, what: impl Into<String>) -> StoreError {
        StoreError::Corrupt { address: self.address.clone(), what: what.into() }
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
        StoreError::Unavailable { address: self.address.clone(), why }
    }
}

/// A random part of a time that doubles with each attempt.
fn pause(attempt: u32) -> Duration {
    let most = PAUSE_MIN_MS.saturating_mul(1 << attempt.min(8)).min(PAUSE_MAX_MS);
    let drawn = u64::from(getrandom::u32().unwrap_or(0));
    Duration::from_millis(PAUSE_MIN_MS + drawn % most)
}

/// Of the faults of a pipeline the first, as if it had been alone.
fn first(fault: RedisError) -> RedisError {
    match fault.clone().into_server_errors() {
        Some(faults) => match faults.first() {
            Some((_, first)) => RedisError::from(first.clone()),
            None => fault,
        },
        None => fault,
    }
}

/// Whether another connection might fare better.
fn is_lost(fault: &RedisError) -> bool {
    // A replica where the primary was: the name may lead to the new primary by now.
    fault.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly) || fault.is_unrecoverable_error()
}
