//! `InteractionService`.

use std::sync::Arc;

use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status, Streaming};

use super::identify::identify;
use super::record_stream;
use crate::api::auth::ActsFor;
use crate::api::convert::attribution::attribution;
use crate::api::convert::bounds::BATCH_MAX;
use crate::api::convert::fault::{Faults, Reason};
use crate::api::convert::{event, outcome};
use crate::api::status;
use crate::api::wire::v1;
use crate::api::wire::v1::interaction_service_server::InteractionService;
use crate::core::catalog::Catalog;
use crate::engine::{Engine, EngineError, ItemOutcome, Recorded};

/// Records what happens.
#[derive(Clone, Debug)]
pub struct Interactions {
    pub(super) engine: Arc<Engine>,
}

/// What became of a batch.
pub(super) struct Batch {
    /// One for each item, in order.
    pub(super) results: Vec<v1::RecordResult>,
    /// Why nothing at all was stored, when the store is why.
    pub(super) lost: Option<Arc<EngineError>>,
}

impl Interactions {
    /// Records by `engine`.
    pub fn new(engine: Arc<Engine>) -> Self {
        Self { engine }
    }

    /// Fills in the customer that several identities mean.
    async fn identify(
        &self,
        customer_id: &mut String,
        identities: &[v1::Identity],
    ) -> Result<(), Status> {
        if let Some(known) = identify(&self.engine, customer_id, identities).await? {
            *customer_id = known;
        }
        Ok(())
    }

    pub(super) async fn events(&self, events: Vec<v1::Event>) -> Batch {
        let catalog = self.engine.snapshot().catalog.clone();
        let mut batch = Pending::default();
        let mut calls = Vec::with_capacity(events.len());
        for mut given in events {
            if let Err(lost) = self.identify(&mut given.customer_id, &given.identities).await {
                batch.fail(given.event_id, &lost);
                continue;
            }
            match event::event(&self.engine, &catalog, &given) {
                Ok(call) => {
                    batch.accept(given.event_id, &call.customer);
                    calls.push(call);
                }
                Err(faults) => batch.reject(given.event_id, faults),
            }
        }
        batch.fill(&catalog, self.engine.record_events(calls).await)
    }

    pub(super) async fn outcomes(&self, outcomes: Vec<v1::Outcome>) -> Batch {
        let catalog = self.engine.snapshot().catalog.clone();
        let mut batch = Pending::default();
        let mut calls = Vec::with_capacity(outcomes.len());
        for mut given in outcomes {
            if let Err(lost) = self.identify(&mut given.customer_id, &given.identities).await {
                batch.fail(given.outcome_id, &lost);
                continue;
            }
            match outcome::outcome(&self.engine, &catalog, &given) {
                Ok(call) => {
                    batch.accept(given.outcome_id, &call.customer);
                    calls.push(call);
                }
                Err(faults) => batch.reject(given.outcome_id, faults),
            }
        }
        batch.fill(&catalog, self.engine.record_outcomes(calls).await)
    }
}

/// Results that wait for the engine, those of bad items among them.
#[derive(Default)]
struct Pending {
    results: Vec<v1::RecordResult>,
    accepted: Vec<usize>,
}

impl Pending {
    fn accept(&mut self, id: String, customer: &str) {
        self.accepted.push(self.results.len());
        let customer_id = customer.to_owned();
        self.results.push(v1::RecordResult { id, customer_id, ..v1::RecordResult::default() });
    }

    fn reject(&mut self, id: String, faults: Faults) {
        self.results.push(v1::RecordResult {
            id,
            status: v1::RecordStatus::Rejected.into(),
            error: Some(status::faults_item(faults)),
            ..v1::RecordResult::default()
        });
    }

    fn fail(&mut self, id: String, lost: &Status) {
        self.results.push(v1::RecordResult {
            id,
            status: v1::RecordStatus::Failed.into(),
            error: Some(v1::ItemError {
                code: lost.code() as i32,
                reason: "NOT_RESOLVED".to_owned(),
                message: lost.message().to_owned(),
                faults: Vec::new(),
            }),
            ..v1::RecordResult::default()
        });
    }

    fn fill(
        mut self,
        catalog: &Catalog,
        recorded: Vec<Result<Recorded, Arc<EngineError>>>,
    ) -> Batch {
        let down = |answer: &Result<Recorded, Arc<EngineError>>| match answer {
            Err(error) => status::is_unavailable(error),
            Ok(_) => false,
        };
        let lost = recorded.iter().all(down);
        let lost =
            recorded.first().filter(|_| lost).and_then(|first| first.as_ref().err()).cloned();
        for (place, answer) in self.accepted.into_iter().zip(recorded) {
            let Some(result) = self.results.get_mut(place) else { continue };
            match answer {
                Ok(recorded) => {
                    let status = match recorded.outcome {
                        ItemOutcome::Applied => v1::RecordStatus::Applied,
                        ItemOutcome::Duplicate => v1::RecordStatus::Duplicate,
                        ItemOutcome::Erased => {
                            result.error = Some(status::erased_item());
                            v1::RecordStatus::Rejected
                        }
                    };
                    result.status = status.into();
                    result.profile_version = recorded.profile_version;
                    result.log_position = recorded.log_position;
                    let credits = recorded.credits.iter();
                    result.attributions = credits.map(|one| attribution(catalog, one)).collect();
                }
                Err(error) => {
                    let (status, item) = status::engine_item(&error);
                    result.status = status.into();
                    result.error = Some(item);
                }
            }
        }
        Batch { results: self.results, lost }
    }
}

impl Batch {
    /// The results; or the failure of the call as a whole, when the store took nothing.
    fn answer(self) -> Result<Vec<v1::RecordResult>, Status> {
        match self.lost {
            Some(error) => Err(status::engine(&error)),
            None => Ok(self.results),
        }
    }
}

/// Refuses a batch that is empty or too large.
pub(super) fn bounded(field: &str, items: usize) -> Result<(), Status> {
    let mut faults = Faults::default();
    if items == 0 {
        faults.add(field, Reason::Required, "at least one is needed");
    }
    faults.bound_count(field, items, BATCH_MAX);
    faults.done(Some(())).map_err(status::faults)
}

#[tonic::async_trait]
impl InteractionService for Interactions {
    async fn record_events(
        &self,
        request: Request<v1::RecordEventsRequest>,
    ) -> Result<Response<v1::RecordEventsResponse>, Status> {
        let browser = ActsFor::of(&request);
        let mut events = request.into_inner().events;
        bounded("events", events.len())?;
        if let Some(browser) = browser {
            for own in &mut events {
                browser.bind(&mut own.customer_id, &own.identities)?;
            }
        }
        let results = self.events(events).await.answer()?;
        Ok(Response::new(v1::RecordEventsResponse { results }))
    }

    async fn record_outcomes(
        &self,
        request: Request<v1::RecordOutcomesRequest>,
    ) -> Result<Response<v1::RecordOutcomesResponse>, Status> {
        let browser = ActsFor::of(&request);
        let mut outcomes = request.into_inner().outcomes;
        bounded("outcomes", outcomes.len())?;
        if let Some(browser) = browser {
            for own in &mut outcomes {
                browser.bind(&mut own.customer_id, &own.identities)?;
            }
        }
        let results = self.outcomes(outcomes).await.answer()?;
        Ok(Response::new(v1::RecordOutcomesResponse { results }))
    }

    async fn record_stream(
        &self,
        request: Request<Streaming<v1::RecordStreamRequest>>,
    ) -> Result<Response<BoxStream<v1::RecordStreamResponse>>, Status> {
        Ok(Response::new(record_stream::answers(self.clone(), request.into_inner())))
    }
}
