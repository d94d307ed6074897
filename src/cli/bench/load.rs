//! The callers: a fixed number of connections, each with callers that wait for their answer before
//! they ask again. At full load they ask at once; at a given rate each keeps to its timetable, and
//! the time of an answer counts from when it was due, so that a stalled server cannot hide its
//! stalls (Tene's "coordinated omission").

use std::sync::Arc;
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::time::Instant;
use tonic::transport::Channel;

use super::requests::Call;
use crate::api::wire::v1;
use crate::api::wire::v1::decision_service_client::DecisionServiceClient;
use crate::api::wire::v1::interaction_service_client::InteractionServiceClient;
use crate::cli::{Failure, client};

/// Longest time that a histogram holds, ns.
const NANOS_MAX: u64 = 60_000_000_000;

/// Connections to one server, and who calls over them.
#[derive(Clone)]
pub struct Callers {
    channels: Vec<Channel>,
    callers: usize,
}

/// What one stretch of load gave.
#[derive(Clone, Debug)]
pub struct Stretch {
    /// Times of all answers, ns.
    pub times: Histogram<u64>,
    /// How long it took.
    pub elapsed: Duration,
}

impl Stretch {
    /// Answers a second.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    pub fn rate(&self) -> f64 {
        self.times.len() as f64 / self.elapsed.as_secs_f64()
    }
}

impl Callers {
    /// `callers` callers over `connections` connections to `address`.
    ///
    /// # Errors
    /// When nobody answers there.
    pub async fn connect(
        address: &str,
        connections: usize,
        callers: usize,
    ) -> Result<Self, Failure> {
        let mut channels = Vec::with_capacity(connections);
        for _ in 0..connections {
            channels.push(client::connect(address).await?);
        }
        Ok(Self { channels, callers })
    }

    /// A connection.
    #[must_use]
    pub fn channel(&self) -> Option<Channel> {
        self.channels.first().cloned()
    }

    /// Asks for `time`; `rate`: so many calls a second over all callers, or as many as possible.
    ///
    /// # Errors
    /// The first refusal: a run with refusals measures nothing.
    pub async fn run(
        &self,
        calls: &Arc<Vec<Call>>,
        time: Duration,
        rate: Option<f64>,
    ) -> Result<Stretch, Failure> {
        let started = Instant::now();
        let mut tasks = tokio::task::JoinSet::new();
        for (number, channel) in self.channels.iter().cycle().take(self.callers).enumerate() {
            let caller = Caller {
                decide: DecisionServiceClient::new(channel.clone()),
                record: InteractionServiceClient::new(channel.clone()),
                calls: calls.clone(),
                first: number * calls.len() / self.callers.max(1),
            };
            let pace = rate.map(|rate| Pace::of(number, self.callers, rate));
            tasks.spawn(caller.run(started, time, pace));
        }
        let mut times = histogram()?;
        while let Some(done) = tasks.join_next().await {
            let done = done.map_err(|error| Failure::other("a caller failed", error))??;
            times.add(done).map_err(|error| Failure::other("no histogram", error))?;
        }
        Ok(Stretch { times, elapsed: started.elapsed() })
    }
}

/// A caller's timetable.
#[derive(Clone, Copy)]
struct Pace {
    first: Duration,
    every: Duration,
}

impl Pace {
    /// That of caller `number` of `callers` who make `rate` calls a second together, evenly apart.
    #[expect(clippy::cast_precision_loss, reason = "a few callers")]
    fn of(number: usize, callers: usize, rate: f64) -> Self {
        let every = Duration::from_secs_f64(callers as f64 / rate.max(1.0));
        let first = every.mul_f64(number as f64 / callers as f64);
        Self { first, every }
    }
}

struct Caller {
    decide: DecisionServiceClient<Channel>,
    record: InteractionServiceClient<Channel>,
    calls: Arc<Vec<Call>>,
    first: usize,
}

impl Caller {
    async fn run(
        mut self,
        started: Instant,
        time: Duration,
        pace: Option<Pace>,
    ) -> Result<Histogram<u64>, Failure> {
        let mut times = histogram()?;
        let calls = self.calls.clone();
        let mut due = started + pace.map_or(Duration::ZERO, |pace| pace.first);
        for call in calls.iter().cycle().skip(self.first) {
            match pace {
                Some(pace) => {
                    tokio::time::sleep_until(due).await;
                    due += pace.every;
                }
                None => due = Instant::now(),
            }
            if started.elapsed() >= time {
                break;
            }
            let asked = pace.map_or(due, |pace| due - pace.every);
            self.call(call).await?;
            times.saturating_record(u64::try_from(asked.elapsed().as_nanos()).unwrap_or(NANOS_MAX));
        }
        Ok(times)
    }

    async fn call(&mut self, call: &Call) -> Result<(), Failure> {
        match call {
            Call::Decide(request) => {
                let answer = self.decide.decide((**request).clone()).await?.into_inner();
                let decision = answer.decision.unwrap_or_default();
                match decision.degradations.first() {
                    None => Ok(()),
                    Some(missing) => Err(Failure::Other(missing.detail.clone())),
                }
            }
            Call::Record(request) => {
                let answer = self.record.record_events(request.clone()).await?.into_inner();
                match answer.results.iter().find(|r| r.status() != v1::RecordStatus::Applied) {
                    None => Ok(()),
                    Some(refused) => Err(Failure::Other(format!("refused: {:?}", refused.error))),
                }
            }
        }
    }
}

fn histogram() -> Result<Histogram<u64>, Failure> {
    Histogram::new_with_bounds(1, NANOS_MAX, 3)
        .map_err(|error| Failure::other("no histogram", error))
}
