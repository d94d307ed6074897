//! `InsightService`.

use std::sync::Arc;

use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status};

use crate::api::convert::fault::{Faults, Reason};
use crate::api::convert::{arm, beside, model, name, pacing};
use crate::api::status;
use crate::api::wire::v1;
use crate::api::wire::v1::insight_service_server::InsightService;
use crate::core::key::Key;
use crate::core::learn::Challengers;
use crate::engine::Engine;

/// Shows how the models fare.
#[derive(Clone, Debug)]
pub struct Insights {
    engine: Arc<Engine>,
}

/// The model that serves.
const PROPENSITY: &str = "propensity";

impl Insights {
    /// Shows what `engine` has learned.
    pub fn new(engine: Arc<Engine>) -> Self {
        Self { engine }
    }
}

#[tonic::async_trait]
impl InsightService for Insights {
    async fn get_model_insights(
        &self,
        request: Request<v1::GetModelInsightsRequest>,
    ) -> Result<Response<v1::GetModelInsightsResponse>, Status> {
        let snapshot = self.engine.snapshot();
        let names = &snapshot.catalog.models.challengers.names;
        let besides = beside::names(&snapshot.catalog);
        let known = names.iter().map(AsRef::as_ref).chain(besides.iter().map(String::as_str));
        let by_offer = asked(request.get_ref(), known).map_err(status::faults)?;
        let models = &request.get_ref().models;
        let wanted = |name: &str| models.is_empty() || models.iter().any(|model| model == name);
        let tallies = &snapshot.models.tallies;
        let mut insights = Vec::new();
        if !wanted(PROPENSITY) {
            // Only challengers are asked for.
        } else if by_offer {
            let offers = tallies.offers();
            insights.extend(offers.map(|(offer, tally)| {
                model::insight(tally, vec![name::offer_of(&snapshot.catalog, offer)])
            }));
            insights.sort_by(|a, b| a.cell.cmp(&b.cell));
        } else {
            insights.push(model::insight(&tallies.overall, Vec::new()));
        }
        for name in names.iter().filter(|name| !by_offer && wanted(name)) {
            insights.extend(challenger(&snapshot.models.challengers, name));
        }
        for name in besides.iter().filter(|name| !by_offer && wanted(name)) {
            insights.extend(beside::insight(&snapshot.catalog, &snapshot.models, name));
        }
        Ok(Response::new(v1::GetModelInsightsResponse {
            insights,
            log_position: snapshot.models.position(),
            learning_lag: None,
        }))
    }

    async fn get_offer_insights(
        &self,
        request: Request<v1::GetOfferInsightsRequest>,
    ) -> Result<Response<v1::GetOfferInsightsResponse>, Status> {
        let request = request.get_ref();
        if request.dimensions != [v1::Dimension::Arm as i32] {
            return Err(status::unimplemented("InsightService.GetOfferInsights but by arm"));
        }
        let mut faults = Faults::default();
        for (given, name) in [
            (request.range.is_some(), "range"),
            (request.step.is_some(), "step"),
            (request.filter.is_some(), "filter"),
        ] {
            if given {
                let message = "arms are counted over all time and all offers, for now";
                faults.add(name, Reason::NotAllowed, message);
            }
        }
        faults.done(Some(())).map_err(status::faults)?;
        let snapshot = self.engine.snapshot();
        let insights = arm::insights(&snapshot.catalog, &snapshot.models.arms);
        Ok(Response::new(v1::GetOfferInsightsResponse { insights }))
    }

    async fn get_objective_insights(
        &self,
        request: Request<v1::GetObjectiveInsightsRequest>,
    ) -> Result<Response<v1::GetObjectiveInsightsResponse>, Status> {
        let insights = pacing::objectives(&self.engine, request.get_ref());
        let insights = insights.map_err(status::faults)?;
        Ok(Response::new(v1::GetObjectiveInsightsResponse { insights }))
    }

    async fn get_limit_insights(
        &self,
        request: Request<v1::GetLimitInsightsRequest>,
    ) -> Result<Response<v1::GetLimitInsightsResponse>, Status> {
        let quotas = self.engine.quota_standings().await;
        let quotas = quotas.map_err(|error| status::engine(&error))?;
        let insights = pacing::limits(&self.engine, &quotas, request.get_ref());
        let insights = insights.map_err(status::faults)?;
        Ok(Response::new(v1::GetLimitInsightsResponse { insights }))
    }

    async fn get_service_insights(
        &self,
        _: Request<v1::GetServiceInsightsRequest>,
    ) -> Result<Response<v1::GetServiceInsightsResponse>, Status> {
        Err(status::unimplemented("InsightService.GetServiceInsights"))
    }

    async fn get_scorecard(
        &self,
        _: Request<v1::GetScorecardRequest>,
    ) -> Result<Response<v1::GetScorecardResponse>, Status> {
        Err(status::unimplemented("InsightService.GetScorecard"))
    }

    async fn watch_decisions(
        &self,
        _: Request<v1::WatchDecisionsRequest>,
    ) -> Result<Response<BoxStream<v1::WatchDecisionsResponse>>, Status> {
        Err(status::unimplemented("InsightService.WatchDecisions"))
    }
}

/// Whether numbers are asked by offer. What is kept is of all time.
fn asked<'n>(
    request: &v1::GetModelInsightsRequest,
    names: impl Iterator<Item = &'n str> + Clone,
) -> Result<bool, Faults> {
    let mut faults = Faults::default();
    for (number, model) in request.models.iter().enumerate().take(16) {
        let mut known = std::iter::once(PROPENSITY).chain(names.clone());
        if !known.clone().any(|known| known == model) {
            let wrong = name::unknown(Reason::UnknownName, "model", model, known.by_ref());
            faults.note(format_args!("models[{number}]"), wrong);
        }
    }
    faults.bound_count("models", request.models.len(), 16);
    if request.range.is_some() {
        faults.add("range", Reason::NotAllowed, "numbers are kept over all time only, for now");
    }
    if request.step.is_some() {
        faults.add("step", Reason::NotAllowed, "numbers are kept over all time only, for now");
    }
    let by_offer = request.dimensions == [v1::Dimension::Offer as i32];
    if !by_offer && !request.dimensions.is_empty() {
        let message = "numbers are kept as a whole or by offer only, for now";
        faults.add("dimensions", Reason::NotAllowed, message);
    }
    faults.done(Some(by_offer))
}

/// How a challenger does, beside the model that serves on the same outcomes.
fn challenger(challengers: &Challengers, name: &str) -> Option<v1::ModelInsight> {
    let challenger = challengers.get(Key::of(name))?;
    Some(v1::ModelInsight {
        model: name.to_owned(),
        serving: false,
        champion_log_loss: challenger.champion.log_loss(),
        champion_auc: challenger.champion.auc(),
        ..model::insight(&challenger.tally, Vec::new())
    })
}
