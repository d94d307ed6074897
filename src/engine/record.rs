//! Recording: idempotent by id, one compare-and-set a customer and call, what is to be learned
//! appended to the learning log in the same write.

use std::sync::Arc;

use futures::stream::{self, StreamExt};

use super::answer::{ItemOutcome, Recorded};
use super::error::EngineError;
use super::state::{Engine, STRIPES};
use crate::core::decide::{DecisionRecord, Snapshot};
use crate::core::interaction::{Event, Outcome};
use crate::core::key::id64;
use crate::core::profile::Profile;
use crate::core::record::{self, Learned};
use crate::core::time::UnixMs;
use crate::store::{Commit, CommitResult, StoreError};

/// An event to record.
#[derive(Clone, Debug)]
pub struct EventCall {
    /// The customer's id.
    pub customer: String,
    /// What happened.
    pub event: Event,
}

/// An outcome to record.
#[derive(Clone, Debug)]
pub struct OutcomeCall {
    /// The customer's id.
    pub customer: String,
    /// What happened.
    pub outcome: Outcome,
    /// What was known of the moment, when another system showed the offer: context by slot.
    pub context: Vec<(crate::core::expression::Slot, crate::core::value::Value)>,
}

/// Customers of one call written side by side.
const CUSTOMERS_AT_ONCE: usize = 32;

/// Customers taken in, the latest, whose remembered decisions are looked through.
const ELDER_MAX: usize = 8;

/// What came of one attempt.
enum Tried {
    Recorded(Vec<Recorded>),
    /// The record leads elsewhere.
    Moved,
    /// It changed meanwhile.
    Conflict,
}

enum Item {
    Event(Event),
    Outcome(OutcomeCall),
}

impl Item {
    fn at(&self) -> UnixMs {
        match self {
            Self::Event(event) => event.at,
            Self::Outcome(call) => call.outcome.at,
        }
    }

    /// Low half of the id of the decision it names.
    fn decision(&self) -> Option<u64> {
        match self {
            Self::Event(_) => None,
            Self::Outcome(call) => call.outcome.decision,
        }
    }
}

fn decoded(remembered: &[bytes::Bytes]) -> Vec<Arc<DecisionRecord>> {
    let read = |bytes: &bytes::Bytes| DecisionRecord::decode(bytes).ok().map(Arc::new);
    remembered.iter().filter_map(read).collect()
}

impl Engine {
    /// Records events; one answer for each, in order. Those of one customer are applied in order.
    pub async fn record_events(
        &self,
        events: Vec<EventCall>,
    ) -> Vec<Result<Recorded, Arc<EngineError>>> {
        let items =
            events.into_iter().map(|call| (call.customer, Item::Event(call.event))).collect();
        self.record(items).await
    }

    /// Records outcomes; one answer for each, in order. Those of one customer are applied in order.
    pub async fn record_outcomes(
        &self,
        outcomes: Vec<OutcomeCall>,
    ) -> Vec<Result<Recorded, Arc<EngineError>>> {
        let refused = self.refused(&outcomes).await;
        let admitted = outcomes.into_iter().zip(&refused).filter(|(_, why)| why.is_none());
        let calls: Vec<OutcomeCall> = admitted.map(|(call, _)| call).collect();
        let settled: Vec<(String, Outcome)> =
            calls.iter().map(|call| (call.customer.clone(), call.outcome.clone())).collect();
        let items =
            calls.into_iter().map(|call| (call.customer.clone(), Item::Outcome(call))).collect();
        let recorded = self.record(items).await;
        self.settle(&settled, &recorded);
        let mut recorded = recorded.into_iter();
        let mut answer = |why: Option<Arc<EngineError>>| match why {
            Some(why) => Some(Err(why)),
            None => recorded.next(),
        };
        refused.into_iter().filter_map(&mut answer).collect()
    }

    async fn record(&self, items: Vec<(String, Item)>) -> Vec<Result<Recorded, Arc<EngineError>>> {
        let snapshot = self.snapshot();
        let total = items.len();
        let mut customers: Vec<(String, Vec<(usize, Item)>)> = Vec::new();
        let mut places = std::collections::HashMap::new();
        for (number, (customer, item)) in items.into_iter().enumerate() {
            let place = *places.entry(customer.clone()).or_insert_with(|| {
                customers.push((customer, Vec::new()));
                customers.len() - 1
            });
            if let Some((_, list)) = customers.get_mut(place) {
                list.push((number, item));
            }
        }
        let written = stream::iter(customers)
            .map(|(customer, items)| {
                let snapshot = &snapshot;
                async move { self.record_customer(snapshot, &customer, items).await }
            })
            .buffer_unordered(CUSTOMERS_AT_ONCE)
            .collect::<Vec<_>>()
            .await;
        let mut answers: Vec<Option<Result<Recorded, Arc<EngineError>>>> = vec![None; total];
        for (number, answer) in written.into_iter().flatten() {
            if let Some(place) = answers.get_mut(number) {
                *place = Some(answer);
            }
        }
        answers.into_iter().flatten().collect()
    }

    /// Applies one customer's items and writes them in one commit, again from the start when the
    /// record changed meanwhile.
    async fn record_customer(
        &self,
        snapshot: &Snapshot,
        customer: &str,
        items: Vec<(usize, Item)>,
    ) -> Vec<(usize, Result<Recorded, Arc<EngineError>>)> {
        let hash = id64(customer);
        let _turn = match self.stripes.get(hash as usize % STRIPES) {
            Some(stripe) => Some(stripe.lock().await),
            None => None,
        };
        let numbers: Vec<usize> = items.iter().map(|(number, _)| *number).collect();
        let result = async {
            let mut name = customer.to_owned();
            for _ in 0..self.config.commit_attempts_max {
                match self.try_record(snapshot, &name, customer, &items).await? {
                    Tried::Recorded(recorded) => return Ok(recorded),
                    Tried::Moved => name = self.settle_moves(&name).await?,
                    Tried::Conflict => {
                        metrics::counter!("arbitra_commit_conflicts_total").increment(1);
                    }
                }
            }
            Err(EngineError::Contended { attempts: self.config.commit_attempts_max })
        }
        .await;
        match result {
            Ok(recorded) => numbers.into_iter().zip(recorded.into_iter().map(Ok)).collect(),
            Err(error) => {
                if let EngineError::Store(cause @ StoreError::Unavailable { .. }) = &error {
                    self.note_store(Some(cause.to_string()));
                }
                let error = Arc::new(error);
                numbers.into_iter().map(|number| (number, Err(error.clone()))).collect()
            }
        }
    }

    async fn try_record(
        &self,
        snapshot: &Snapshot,
        customer: &str,
        given: &str,
        items: &[(usize, Item)],
    ) -> Result<Tried, EngineError> {
        let hash = id64(customer);
        let decisions = self.decisions_for(snapshot, hash, items);
        let (found, remembered) = match &decisions {
            Some(_) => {
                let mut found = self.store.load(&[customer]).await?;
                (found.pop().flatten(), Vec::new())
            }
            None => self.store.load_for_outcome(customer).await?,
        };
        let (profile, version) = self.decode(hash, found)?;
        if profile.moved().is_some() {
            return Ok(Tried::Moved);
        }
        let decisions = match decisions {
            Some(decisions) => decisions,
            None => self.with_elder(&profile, given, items, decoded(&remembered)).await?,
        };
        // A record begun after an erasure is younger than all that was erased.
        let begun_at = profile.created_at();
        let erased_at = match version == 0 || items.iter().any(|(_, item)| item.at() <= begun_at) {
            true => self.erasure(customer).await?.map(|erasure| erasure.erased_at),
            false => None,
        };
        let now = self.now();
        let mut next = Profile::clone(&profile);
        let mut log = Vec::new();
        let mut outcomes = Vec::with_capacity(items.len());
        let mut credits = Vec::with_capacity(items.len());
        for (_, item) in items {
            if erased_at.is_some_and(|erased_at| item.at() <= erased_at) {
                outcomes.push(ItemOutcome::Erased);
                credits.push(Vec::new());
                continue;
            }
            let Learned { duplicate, records, credits: given } = match item {
                Item::Event(event) => {
                    record::event(snapshot, &mut next, event, &decisions, hash, now)
                }
                Item::Outcome(call) => {
                    let context = &call.context;
                    let outcome = &call.outcome;
                    record::outcome(snapshot, &mut next, outcome, context, &decisions, hash, now)
                }
            };
            outcomes.push(match duplicate {
                true => ItemOutcome::Duplicate,
                false => ItemOutcome::Applied,
            });
            credits.push(given);
            log.extend(records.into_iter().map(bytes::Bytes::from));
        }
        let (version, log_position) = if outcomes
            .iter()
            .all(|outcome| *outcome != ItemOutcome::Applied)
        {
            (version, None)
        } else {
            let record = next.encode().into();
            let (customer, ttl) = (customer.to_owned(), self.config.profile_ttl);
            match self
                .store
                .commit(Commit { customer, expected: version, record, ttl, log, decision: None })
                .await?
            {
                CommitResult::Committed { version, log_position } => {
                    self.profiles.put(hash, version, Arc::new(next));
                    (version, log_position)
                }
                CommitResult::Conflict(_) => return Ok(Tried::Conflict),
            }
        };
        let log_position = log_position.unwrap_or(0);
        Ok(Tried::Recorded(
            outcomes
                .into_iter()
                .zip(credits)
                .map(|(outcome, credits)| Recorded {
                    credits,
                    outcome,
                    profile_version: version,
                    log_position,
                })
                .collect(),
        ))
    }

    /// `decisions`, and where they are not all that is named, those of the customers that were taken
    /// in: the one under whose id the items came, and the latest.
    async fn with_elder(
        &self,
        profile: &Profile,
        given: &str,
        items: &[(usize, Item)],
        mut decisions: Vec<Arc<DecisionRecord>>,
    ) -> Result<Vec<Arc<DecisionRecord>>, EngineError> {
        let absorbed = profile.absorbed().iter().rev();
        let came = absorbed.clone().find(|one| *one.customer == *given);
        let others = absorbed.filter(|one| *one.customer != *given).take(ELDER_MAX);
        for elder in came.into_iter().chain(others) {
            let known = |low| decisions.iter().any(|decision| decision.id.low() == low);
            if items.iter().all(|(_, item)| item.decision().is_some_and(known)) {
                break;
            }
            let (_, remembered) = self.store.load_for_outcome(&elder.customer).await?;
            decisions.extend(decoded(&remembered));
        }
        Ok(decisions)
    }

    /// The decisions that the items answer, when all of them are in memory (or none is named).
    fn decisions_for(
        &self,
        snapshot: &Snapshot,
        hash: u64,
        items: &[(usize, Item)],
    ) -> Option<Vec<Arc<DecisionRecord>>> {
        let natural = &snapshot.catalog.models.answers.natural;
        items
            .iter()
            .filter_map(|(_, item)| match item {
                // An event that is an answer may be one to any decision.
                Item::Event(event) => natural.contains_key(&event.name).then_some(None),
                Item::Outcome(call) => Some(call.outcome.decision),
            })
            .map(|decision| decision.and_then(|low| self.decisions.get(hash, low)))
            .collect()
    }
}
