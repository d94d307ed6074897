//! Which node of a cluster serves which slot, as far as known; what is wrong is learnt from the
//! nodes' own answers.
//!
//! Each node has its own connections and faults, so that one that is dead or cut off holds up no call
//! to another; and what may have been done is never sent twice behind a caller's back.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use redis::{ErrorKind, RedisError, RedisResult, Value, cmd};

use super::address::host_and_port;
use super::config::RedisConfig;
use super::link::{Link, Question};
use super::node::Node;
use super::slot::SLOTS;

/// The map is asked for again no sooner than this.
const REFRESH_EVERY: Duration = Duration::from_millis(50);
/// How long one node may take to tell the map.
const MAP_TIMEOUT: Duration = Duration::from_millis(500);
/// Nodes kept track of.
const NODES_MAX: usize = 1_000;

/// A cluster.
pub(super) struct Cluster {
    config: RedisConfig,
    nodes: Mutex<BTreeMap<(String, u16), Arc<Node>>>,
    slots: ArcSwapOption<Slots>,
    /// Held while the map is asked for; when that was last done.
    refreshing: tokio::sync::Mutex<Option<Instant>>,
    /// Whom to ask next.
    turn: AtomicUsize,
}

/// The masters, and for each slot which of them.
#[derive(Clone)]
struct Slots {
    masters: Vec<Arc<Node>>,
    by_slot: Vec<u16>,
}

const NOBODY: u16 = u16::MAX;

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.config.address)
    }
}

impl Cluster {
    /// Does not connect yet.
    pub fn new(config: &RedisConfig) -> RedisResult<Self> {
        let cluster = Self {
            config: config.clone(),
            nodes: Mutex::default(),
            slots: ArcSwapOption::empty(),
            refreshing: tokio::sync::Mutex::new(None),
            turn: AtomicUsize::new(0),
        };
        for host in &config.address.hosts {
            cluster.node(host)?;
        }
        Ok(cluster)
    }

    fn node(&self, host: &(String, u16)) -> RedisResult<Arc<Node>> {
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(node) = nodes.get(host) {
            return Ok(node.clone());
        }
        if nodes.len() >= NODES_MAX {
            // Old ones are of no use; those in use live on in the map.
            nodes.clear();
        }
        let node = Arc::new(Node::new(&self.config, host)?);
        nodes.insert(host.clone(), node.clone());
        Ok(node)
    }

    /// The node that serves a slot.
    pub async fn master(self: &Arc<Self>, slot: u16) -> RedisResult<Arc<Node>> {
        let slots = self.known().await?;
        let index = slots.by_slot.get(usize::from(slot)).copied().unwrap_or(NOBODY);
        slots.masters.get(usize::from(index)).cloned().ok_or_else(|| {
            let what = "no node of the cluster serves the slot of this key";
            (ErrorKind::ClusterConnectionNotFound, what).into()
        })
    }

    /// All nodes that serve slots.
    pub async fn masters(self: &Arc<Self>) -> RedisResult<Vec<Arc<Node>>> {
        Ok(self.known().await?.masters.clone())
    }

    async fn known(self: &Arc<Self>) -> RedisResult<Arc<Slots>> {
        if let Some(slots) = self.slots.load_full() {
            return Ok(slots);
        }
        let cluster = Arc::clone(self);
        let refreshed = tokio::spawn(async move { cluster.refresh().await });
        refreshed
            .await
            .unwrap_or_else(|_| Err((ErrorKind::Client, "asking was cut short").into()))?;
        let none = || RedisError::from((ErrorKind::ClusterConnectionNotFound, "no map of slots"));
        self.slots.load_full().ok_or_else(none)
    }

    /// Asks for the map again, beside the calls.
    pub fn refresh_soon(self: &Arc<Self>) {
        if let Ok(last) = self.refreshing.try_lock()
            && last.is_none_or(|at| at.elapsed() >= REFRESH_EVERY)
        {
            let cluster = Arc::clone(self);
            drop(tokio::spawn(async move {
                if let Err(fault) = cluster.refresh().await {
                    tracing::debug!(%fault, "no node of the cluster tells the map of slots");
                }
            }));
        }
    }

    /// A node said that another serves a slot now (`host:port`; the host may be missing).
    pub fn moved(self: &Arc<Self>, slot: u16, to: &str, said_by: &Node) -> RedisResult<Arc<Node>> {
        let node = self.at(to, said_by)?;
        self.slots.rcu(|slots| {
            let mut slots = Slots::clone(slots.as_ref()?);
            let found = slots.masters.iter().position(|master| master.name == node.name);
            let index = found.unwrap_or_else(|| {
                slots.masters.push(node.clone());
                slots.masters.len() - 1
            });
            if let Some(entry) = slots.by_slot.get_mut(usize::from(slot)) {
                *entry = u16::try_from(index).unwrap_or(NOBODY);
            }
            Some(Arc::new(slots))
        });
        self.refresh_soon();
        Ok(node)
    }

    /// The node at an address as nodes write it.
    pub fn at(&self, address: &str, said_by: &Node) -> RedisResult<Arc<Node>> {
        let parsed = address.rsplit_once(':').and_then(|(host, port)| {
            let port: u16 = port.split('@').next()?.parse().ok()?;
            let host = if host.is_empty() { said_by.name.rsplit_once(':')?.0 } else { host };
            Some((host.trim_matches(['[', ']']).to_owned(), port))
        });
        let bad = || RedisError::from((ErrorKind::Client, "an address that is none"));
        self.node(&parsed.ok_or_else(bad)?)
    }

    /// Asks one node after another until one tells the map.
    async fn refresh(&self) -> RedisResult<()> {
        let mut last = self.refreshing.lock().await;
        if self.slots.load().is_some() && last.is_some_and(|at| at.elapsed() < REFRESH_EVERY) {
            return Ok(());
        }
        let mut asked = self.slots.load_full().map_or_else(Vec::new, |slots| slots.masters.clone());
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let length = asked.len();
        asked.rotate_left(turn.checked_rem(length).unwrap_or(0));
        // Those that answer first, then the addresses that were given.
        asked.sort_by_key(|node| !node.is_connected());
        for host in &self.config.address.hosts {
            asked.push(self.node(host)?);
        }
        let mut fault = RedisError::from((
            ErrorKind::ClusterConnectionNotFound,
            "no node of the cluster answers",
        ));
        for node in asked {
            match tokio::time::timeout(MAP_TIMEOUT, self.ask_map(&node)).await {
                Ok(Ok(slots)) => {
                    self.slots.store(Some(Arc::new(slots)));
                    *last = Some(Instant::now());
                    return Ok(());
                }
                Ok(Err(why)) => fault = why,
                Err(_) => {}
            }
        }
        *last = Some(Instant::now());
        Err(fault)
    }

    async fn ask_map(&self, node: &Arc<Node>) -> RedisResult<Slots> {
        let mut ask = cmd("CLUSTER");
        ask.arg("SLOTS");
        let on = redis::aio::MultiplexedConnection::clone(&*node.live().await?);
        let rows: Vec<Vec<Value>> = Link { on, asking: false }.ask(Question::Command(&ask)).await?;
        let mut slots = Slots { masters: Vec::new(), by_slot: vec![NOBODY; SLOTS] };
        for row in rows {
            let Some((first, last, host)) = range(&row, node) else { continue };
            let master = self.node(&host)?;
            let found = slots.masters.iter().position(|known| Arc::ptr_eq(known, &master));
            let index = found.unwrap_or_else(|| {
                slots.masters.push(master);
                slots.masters.len() - 1
            });
            let index = u16::try_from(index).unwrap_or(NOBODY);
            if let Some(range) = slots.by_slot.get_mut(first..=last) {
                range.fill(index);
            }
        }
        if slots.masters.is_empty() {
            let what = "the node serves in a cluster without slots";
            return Err((ErrorKind::ClusterConnectionNotFound, what).into());
        }
        Ok(slots)
    }
}

/// A row of CLUSTER SLOTS: first and last slot, and where their master is.
fn range(row: &[Value], said_by: &Node) -> Option<(usize, usize, (String, u16))> {
    let [Value::Int(first), Value::Int(last), Value::Array(master), ..] = row else { return None };
    let [host, Value::Int(port), ..] = master.as_slice() else { return None };
    let host = match host {
        Value::BulkString(host) => String::from_utf8_lossy(host).into_owned(),
        Value::SimpleString(host) => host.clone(),
        // A node that does not know its own name.
        _ => String::new(),
    };
    let host = if host.is_empty() || host == "?" {
        said_by.name.rsplit_once(':')?.0.trim_matches(['[', ']']).to_owned()
    } else {
        host
    };
    let host = (host, u16::try_from(*port).ok()?);
    tracing::trace!(first, last, master = host_and_port(&host), "slots");
    Some((usize::try_from(*first).ok()?, usize::try_from(*last).ok()?, host))
}
