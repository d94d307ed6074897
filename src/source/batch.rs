//! One source at work: answers held for a while, customers asked for together, and none twice at the
//! same time. While all connections are busy customers gather; the next free one takes them all.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use quick_cache::sync::Cache;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::Instant;

use super::breaker::{Breaker, Circuit};
use super::cell::{Cell, typed};
use super::error::SourceError;
use super::http::HttpConnector;
use super::sql::SqlConnector;
use crate::core::live::{Access, SourceSpec};
use crate::core::value::Value;

/// Customers that wait for one source, at most.
const WAITING_MAX: usize = 16_384;

/// What a source said of a customer.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// By field; `None`: unknown.
    pub(super) values: Vec<Option<Value>>,
    /// Places of the fields that were not as declared.
    pub(super) refused: Vec<usize>,
    /// Whether it knows the customer.
    pub(super) is_there: bool,
}

/// Rows as a connector reads them: the customer, and a cell a field.
pub(super) type Rows = Vec<(Arc<str>, Vec<Cell>)>;

type Answered = Result<Arc<Answer>, SourceError>;
type Waiters = HashMap<Arc<str>, Vec<oneshot::Sender<Answered>>>;

/// How a source is asked.
#[derive(Debug)]
pub(super) enum Connector {
    Sql(SqlConnector),
    Http(HttpConnector),
    /// It cannot be asked, and why.
    Broken(Arc<str>),
}

impl Connector {
    async fn fetch(&self, spec: &SourceSpec, asked: &[Arc<str>]) -> Result<Rows, SourceError> {
        match self {
            Self::Sql(sql) => sql.fetch(spec, asked).await,
            Self::Http(http) => http.fetch(spec, asked).await,
            Self::Broken(why) => Err(SourceError::Failed(Arc::clone(why))),
        }
    }
}

struct Ask {
    customer: Arc<str>,
    answer: oneshot::Sender<Answered>,
}

struct Held {
    answer: Arc<Answer>,
    at: Instant,
}

struct Inner {
    spec: Arc<SourceSpec>,
    connector: Connector,
    breaker: Breaker,
    held: Option<Cache<Arc<str>, Arc<Held>>>,
    waiters: Mutex<Waiters>,
    queries: AtomicU64,
}

/// A source of one catalog version, as this replica asks it.
pub(super) struct Source {
    inner: Arc<Inner>,
    queue: mpsc::Sender<Ask>,
}

impl Source {
    /// Must be called on a tokio runtime.
    pub(super) fn new(spec: Arc<SourceSpec>, connector: Connector) -> Self {
        let retry_after = Duration::from_millis(u64::from(spec.retry_after_ms));
        let held = (spec.cache_ms > 0).then(|| Cache::new(spec.cache_entries_max as usize));
        let inner = Arc::new(Inner {
            breaker: Breaker::new(spec.failures_max, retry_after),
            connector,
            held,
            waiters: Mutex::default(),
            queries: AtomicU64::new(0),
            spec,
        });
        let (queue, asks) = mpsc::channel(WAITING_MAX);
        tokio::spawn(work(Arc::clone(&inner), asks));
        Self { inner, queue }
    }

    pub(super) fn fingerprint(&self) -> u64 {
        self.inner.spec.fingerprint
    }

    /// Queries made since the start.
    pub(super) fn queries(&self) -> u64 {
        self.inner.queries.load(Ordering::Relaxed)
    }

    /// Drops the answer held about a customer.
    pub(super) fn forget(&self, customer: &str) {
        if let Some(held) = &self.inner.held {
            held.remove(customer);
        }
    }

    /// What it says of a customer, and how old that is, until `deadline`.
    pub(super) async fn ask(
        &self,
        customer: &str,
        deadline: Instant,
    ) -> Result<(Arc<Answer>, Option<Duration>), SourceError> {
        let now = Instant::now();
        let spec = &self.inner.spec;
        if let Some(held) = self.inner.held.as_ref().and_then(|held| held.get(customer)) {
            let age = now.saturating_duration_since(held.at);
            if age < Duration::from_millis(u64::from(spec.cache_ms)) {
                return Ok((Arc::clone(&held.answer), Some(age)));
            }
        }
        if self.inner.breaker.circuit(now) == Circuit::Open {
            return Err(SourceError::CircuitOpen);
        }
        let (answer, answered) = oneshot::channel();
        let ask = Ask { customer: customer.into(), answer };
        self.queue.try_send(ask).map_err(|_| SourceError::Busy)?;
        let until = deadline.min(now + Duration::from_millis(u64::from(spec.timeout_ms)));
        match tokio::time::timeout_at(until, answered).await {
            Ok(Ok(answered)) => Ok((answered?, None)),
            Ok(Err(_)) => Err(SourceError::failed("the source was taken out of service")),
            Err(_) => Err(SourceError::Late),
        }
    }
}

/// Takes asks as long as there is anybody who may ask.
async fn work(inner: Arc<Inner>, mut asks: mpsc::Receiver<Ask>) {
    let connections = Arc::new(Semaphore::new(inner.spec.connections_max as usize));
    let batch_max = match inner.spec.access {
        Access::HttpGet(_) => 1,
        _ => inner.spec.batch_max as usize,
    };
    while let Some(first) = asks.recv().await {
        let Ok(permit) = Arc::clone(&connections).acquire_owned().await else { return };
        // Whoever is about to ask as well gets a turn to say so.
        tokio::task::yield_now().await;
        let mut batch = Vec::new();
        inner.join(first, &mut batch);
        while batch.len() < batch_max
            && let Ok(ask) = asks.try_recv()
        {
            inner.join(ask, &mut batch);
        }
        if !batch.is_empty() {
            let inner = Arc::clone(&inner);
            tokio::spawn(async move {
                inner.fly(batch).await;
                drop(permit);
            });
        }
    }
}

impl Inner {
    /// Lets an ask wait for a query that is under way, or adds its customer to the next one. Nobody
    /// is asked for whom nobody waits any more.
    fn join(&self, ask: Ask, batch: &mut Vec<Arc<str>>) {
        if ask.answer.is_closed() {
            return;
        }
        let mut waiters = self.waiters.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = waiters.entry(Arc::clone(&ask.customer)).or_insert_with(|| {
            batch.push(ask.customer);
            Vec::new()
        });
        waiting.push(ask.answer);
    }

    async fn fly(&self, batch: Vec<Arc<str>>) {
        let answered = self.query(&batch).await;
        let now = Instant::now();
        for customer in batch {
            let answer = match &answered {
                Ok(answers) => Ok(answers.get(&customer).cloned().unwrap_or_else(|| {
                    Arc::new(Answer {
                        values: vec![None; self.spec.fields.len()],
                        ..Answer::default()
                    })
                })),
                Err(error) => Err(error.clone()),
            };
            if let (Some(held), Ok(answer)) = (&self.held, &answer) {
                let answer = Arc::clone(answer);
                held.insert(Arc::clone(&customer), Arc::new(Held { answer, at: now }));
            }
            let mut waiters = self.waiters.lock().unwrap_or_else(PoisonError::into_inner);
            let waiting = waiters.remove(&customer);
            drop(waiters);
            for waiter in waiting.into_iter().flatten() {
                // Who asked may have gone.
                let _gone = waiter.send(answer.clone());
            }
        }
    }

    async fn query(
        &self,
        batch: &[Arc<str>],
    ) -> Result<HashMap<Arc<str>, Arc<Answer>>, SourceError> {
        let started = Instant::now();
        if !self.breaker.begin(started) {
            return Err(SourceError::CircuitOpen);
        }
        let name = self.spec.name.to_string();
        self.queries.fetch_add(1, Ordering::Relaxed);
        let timeout = Duration::from_millis(u64::from(self.spec.timeout_ms));
        let fetched = tokio::time::timeout(timeout, self.connector.fetch(&self.spec, batch)).await;
        let fetched = fetched.unwrap_or(Err(SourceError::Late));
        let is_open = self.breaker.end(fetched.is_ok(), Instant::now());
        metrics::gauge!("arbitra_source_circuit_open", "source" => name.clone())
            .set(f64::from(u8::from(is_open)));
        metrics::histogram!("arbitra_source_query_seconds", "source" => name)
            .record(started.elapsed().as_secs_f64());
        if let Err(error) = &fetched {
            tracing::warn!(source = %self.spec.name, %error, "a live source did not answer");
        }
        Ok(fetched?
            .into_iter()
            .map(|(customer, cells)| (customer, Arc::new(self.answer(cells))))
            .collect())
    }

    /// A row, held to the declarations.
    fn answer(&self, cells: Vec<Cell>) -> Answer {
        let mut answer = Answer { is_there: true, ..Answer::default() };
        for (place, (cell, field)) in cells.into_iter().zip(&self.spec.fields).enumerate() {
            answer.values.push(typed(cell, field).unwrap_or_else(|_refused| {
                answer.refused.push(place);
                None
            }));
        }
        answer
    }
}
