//! Quotas around a decision and an outcome: what is left goes in, what was decided is reserved
//! before the answer, and an outcome finds its unit or takes one.

use std::sync::Arc;

use super::answer::{Decided, Recorded};
use super::decide::{DecideCall, Loaded};
use super::error::EngineError;
use super::ledger::{Reservation, Reserved, Standing, claims};
use super::record::OutcomeCall;
use super::state::Engine;
use crate::core::catalog::Catalog;
use crate::core::catalog::source::ContactPoint;
use crate::core::decide::DecisionRecord;
use crate::core::interaction::Outcome;
use crate::core::key::{Key, id64};
use crate::core::policy::Supply;
use crate::core::time::UnixMs;

/// Attempts at a decision whose units others take first; then it is made without quotas' offers.
const ATTEMPTS_MAX: u32 = 64;

impl Engine {
    /// Decides within what quotas leave, and reserves what was decided. A dry run reserves nothing.
    pub(super) async fn decide_reserved(
        &self,
        call: &mut DecideCall,
        loaded: &Loaded,
        seed: u64,
    ) -> (Decided, Reserved<'_>) {
        let snapshot = call.snapshot.clone();
        let catalog = &*snapshot.catalog;
        let quotas = &catalog.policy.spec().quotas;
        if quotas.is_empty() {
            call.request.supply = Supply::Open;
            return self.unreserved(call, loaded, seed);
        }
        if call.dry_run {
            let now = call.as_of.unwrap_or_else(|| self.now());
            call.request.supply = self.ledger.outlook(quotas, now).await;
            return self.unreserved(call, loaded, seed);
        }
        let mask =
            call.request.channels.iter().fold(0, |mask, asked| {
                mask | 1_u64.checked_shl(u32::from(asked.channel)).unwrap_or(0)
            });
        for attempt in 0..ATTEMPTS_MAX {
            let now = self.now();
            let customer = (attempt == 0).then_some(&*call.customer);
            let asked = (mask, customer);
            let supply = self.ledger.supply(quotas, asked, now, call.deadline).await;
            call.request.supply = supply;
            let decided = self.decide_loaded(call, loaded, seed);
            let claims = claims(catalog, &decided.decision, &call.customer);
            if let Some(reservation) = self.ledger.reserve(claims, now) {
                let decision = decided.decision.id.low();
                return (decided, self.ledger.watch(reservation, &call.customer, decision));
            }
            metrics::counter!("arbitra_quota_conflicts_total").increment(1);
        }
        call.request.supply = Supply::Unavailable;
        self.unreserved(call, loaded, seed)
    }

    fn unreserved(&self, call: &DecideCall, loaded: &Loaded, seed: u64) -> (Decided, Reserved<'_>) {
        let decided = self.decide_loaded(call, loaded, seed);
        let nothing = self.ledger.watch(Reservation::default(), "", decided.decision.id.low());
        (decided, nothing)
    }

    /// The channels of a call that count the decision itself as the contact.
    pub(super) fn deciding_channels(call: &DecideCall) -> Vec<u16> {
        let channels = &call.snapshot.catalog.channels;
        let asked = call.request.channels.iter().map(|asked| asked.channel);
        let decides = |channel: &u16| {
            channels
                .get(usize::from(*channel))
                .is_some_and(|channel| channel.contact == ContactPoint::Decision)
        };
        asked.filter(decides).collect()
    }

    /// Where each quota stands, over all replicas; those outside of their campaign are left out.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn quota_standings(&self) -> Result<Vec<Standing>, EngineError> {
        let snapshot = self.snapshot();
        let quotas = &snapshot.catalog.policy.spec().quotas;
        Ok(self.ledger.standings(quotas, self.now()).await?)
    }

    /// By outcome: why it is refused, where a quota has no unit for it.
    pub(super) async fn refused(&self, calls: &[OutcomeCall]) -> Vec<Option<Arc<EngineError>>> {
        let snapshot = self.snapshot();
        let catalog = &*snapshot.catalog;
        let mut refused = Vec::with_capacity(calls.len());
        for call in calls {
            let bound = catalog.offer_by_key(call.outcome.offer).is_some_and(|offer| {
                catalog.policy.spec().quotas.iter().any(|quota| quota.offers.contains(offer))
            });
            refused.push(match bound {
                true => self.refusal(catalog, call).await.map(Arc::new),
                false => None,
            });
        }
        refused
    }

    async fn refusal(&self, catalog: &Catalog, call: &OutcomeCall) -> Option<EngineError> {
        let customer = id64(&call.customer);
        let known = call.outcome.decision.and_then(|low| self.decisions.get(customer, low));
        let records: Vec<Arc<DecisionRecord>> = match known {
            Some(record) => vec![record],
            None => match self.store.load_for_outcome(&call.customer).await {
                Ok((_, remembered)) => remembered
                    .iter()
                    .filter_map(|bytes| DecisionRecord::decode(bytes).ok().map(Arc::new))
                    .collect(),
                // Recording fails too, and says why.
                Err(_) => return None,
            },
        };
        let (outcome, decided) = answered(&call.outcome, &records);
        let admitted = self.ledger.admit(catalog, &outcome, decided, self.now()).await;
        admitted.err().map(|quota| EngineError::QuotaExhausted { quota })
    }

    /// Notes which outcomes were recorded: what was held for them is used up.
    pub(super) fn settle(
        &self,
        settled: &[(String, Outcome)],
        recorded: &[Result<Recorded, Arc<EngineError>>],
    ) {
        for ((customer, outcome), recorded) in settled.iter().zip(recorded) {
            if recorded.is_ok() {
                self.ledger.settle(customer, outcome.offer, outcome.kind);
            }
        }
    }
}

/// The outcome with the channel it was served on, and when that was decided.
fn answered(outcome: &Outcome, records: &[Arc<DecisionRecord>]) -> (Outcome, Option<UnixMs>) {
    let channel = Some(outcome.channel).filter(|channel| *channel != Key::default());
    let served = records.iter().find_map(|record| {
        let meant = outcome.decision.is_none_or(|low| record.id.low() == low);
        let served = record.served(outcome.offer, channel).filter(|_| meant)?;
        Some((served.channel, record.at))
    });
    match served {
        Some((channel, at)) => (Outcome { channel, ..outcome.clone() }, Some(at)),
        None => (outcome.clone(), None),
    }
}
