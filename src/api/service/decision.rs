//! `DecisionService`.

use std::sync::Arc;
use std::time::Instant;

use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status, Streaming};

use super::identify::identify;
use super::{deadline, decide_stream};
use crate::api::auth::ActsFor;
use crate::api::config::ApiConfig;
use crate::api::convert::decide::{self, Asked};
use crate::api::convert::decision::{Echo, decision};
use crate::api::status;
use crate::api::wire::v1;
use crate::api::wire::v1::decision_service_server::DecisionService;
use crate::engine::{Decided, Engine};

/// Decides what to offer.
#[derive(Clone, Debug)]
pub struct Decisions {
    pub(super) engine: Arc<Engine>,
    pub(super) config: Arc<ApiConfig>,
}

impl Decisions {
    /// Decides by `engine`.
    pub fn new(engine: Arc<Engine>, config: Arc<ApiConfig>) -> Self {
        Self { engine, config }
    }

    /// Decides one request.
    pub(super) async fn decide_one(
        &self,
        request: &v1::DecideRequest,
        deadline: Instant,
    ) -> Result<v1::DecideResponse, Status> {
        let named;
        let mut request = request;
        let v1::DecideRequest { customer_id, identities, .. } = request;
        if let Some(customer_id) = identify(&self.engine, customer_id, identities).await? {
            named = v1::DecideRequest { customer_id, ..request.clone() };
            request = &named;
        }
        let snapshot = self.engine.snapshot();
        let asked = decide::asked(request, &snapshot, deadline).map_err(status::faults)?;
        let shares = asked.compare.len() + 1;
        let decided = self.engine.decide(asked.call.clone()).await;
        let decided = decided.map_err(|error| status::engine(&error))?;
        let mut alternatives = Vec::with_capacity(asked.compare.len());
        for scheme in &asked.compare {
            let call = Self::compared(&asked, *scheme, &decided);
            let other = self.engine.decide(call).await.map_err(|error| status::engine(&error))?;
            alternatives.push(self.answer(request, &asked, &other, shares));
        }
        let decision = Some(self.answer(request, &asked, &decided, shares));
        Ok(v1::DecideResponse { decision, alternatives })
    }

    /// The same call on the same inputs, by another scheme.
    fn compared(asked: &Asked, scheme: u16, decided: &Decided) -> crate::engine::DecideCall {
        let mut call = asked.call.clone();
        for channel in &mut call.request.channels {
            channel.scheme = Some(scheme);
        }
        call.request.live.clone_from(&decided.live);
        call.seed = Some(decided.decision.seed);
        call.as_of = Some(decided.decision.at);
        call
    }

    /// The decision for the wire; all that one answer holds of fates takes at most half of what
    /// may be sent.
    fn answer(
        &self,
        request: &v1::DecideRequest,
        asked: &Asked,
        decided: &Decided,
        shares: usize,
    ) -> v1::Decision {
        let echo = Echo {
            customer: &decided.customer,
            interaction: &request.interaction_id,
            dry_run: asked.call.dry_run,
            explain: asked.call.request.explain,
            channels: &asked.call.request.channels,
        };
        decision(decided, &echo, self.config.send_bytes_max / 2 / shares.max(1))
    }
}

#[tonic::async_trait]
impl DecisionService for Decisions {
    async fn decide(
        &self,
        mut request: Request<v1::DecideRequest>,
    ) -> Result<Response<v1::DecideResponse>, Status> {
        let deadline = deadline(&request);
        if let Some(browser) = ActsFor::of(&request) {
            browser.bind_decision(request.get_mut())?;
        }
        self.decide_one(request.get_ref(), deadline).await.map(Response::new)
    }

    async fn decide_stream(
        &self,
        request: Request<Streaming<v1::DecideStreamRequest>>,
    ) -> Result<Response<BoxStream<v1::DecideStreamResponse>>, Status> {
        let admission = request.extensions().get().cloned();
        Ok(Response::new(decide_stream::answers(self.clone(), admission, request.into_inner())))
    }

    async fn get_decision(
        &self,
        _: Request<v1::GetDecisionRequest>,
    ) -> Result<Response<v1::GetDecisionResponse>, Status> {
        Err(status::unimplemented("DecisionService.GetDecision"))
    }
}
