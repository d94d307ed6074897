//! The client: what a car would say to the service.

use tonic::transport::Channel;

use super::data::Row;
use crate::api::wire::v1;
use crate::api::wire::v1::decision_service_client::DecisionServiceClient;
use crate::api::wire::v1::interaction_service_client::InteractionServiceClient;
use crate::api::wire::v1::profile_service_client::ProfileServiceClient;
use crate::cli::Failure;

/// The channel that all decisions are for.
pub const CHANNEL: &str = "in_car";
/// Its placement.
pub const PLACEMENT: &str = "dashboard";

/// What the service answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The decision's id.
    pub decision_id: String,
    /// Offers with their propensities, best first.
    pub offers: Vec<(String, Option<f64>)>,
    /// Position of the learning log that it was decided with.
    pub log_position: u64,
}

impl Answer {
    /// The propensity that was served for `offer`.
    #[must_use]
    pub fn propensity(&self, offer: &str) -> Option<f64> {
        self.offers.iter().find(|(id, _)| id == offer).and_then(|(_, propensity)| *propensity)
    }

    /// The engine's choice.
    #[must_use]
    pub fn choice(&self) -> Option<&str> {
        self.offers.first().map(|(id, _)| id.as_str())
    }
}

/// A client of all services over one connection.
#[derive(Clone, Debug)]
pub struct Caller {
    decisions: DecisionServiceClient<Channel>,
    interactions: InteractionServiceClient<Channel>,
    profiles: ProfileServiceClient<Channel>,
}

impl Caller {
    /// A client over `channel`.
    #[must_use]
    pub fn new(channel: Channel) -> Self {
        Self {
            decisions: DecisionServiceClient::new(channel.clone()),
            interactions: InteractionServiceClient::new(channel.clone()),
            profiles: ProfileServiceClient::new(channel),
        }
    }

    /// Tells what is known of the row's customer.
    ///
    /// # Errors
    /// A refusal.
    pub async fn introduce(&mut self, row: &Row) -> Result<(), Failure> {
        let request = v1::UpdateProfileRequest {
            customer_id: row.customer.clone(),
            set: row.attributes.clone(),
            ..v1::UpdateProfileRequest::default()
        };
        self.profiles.update_profile(request).await?;
        Ok(())
    }

    /// Asks for a decision in the row's situation.
    ///
    /// # Errors
    /// A refusal.
    pub async fn decide(&mut self, row: &Row, dry_run: bool) -> Result<Answer, Failure> {
        let placement = v1::PlacementRequest {
            placement: PLACEMENT.to_owned(),
            ..v1::PlacementRequest::default()
        };
        let channel = v1::ChannelRequest {
            channel: CHANNEL.to_owned(),
            placements: vec![placement],
            ..v1::ChannelRequest::default()
        };
        let request = v1::DecideRequest {
            customer_id: row.customer.clone(),
            channels: vec![channel],
            context: row.context.clone(),
            dry_run,
            ..v1::DecideRequest::default()
        };
        let answer = self.decisions.decide(request).await?.into_inner();
        let decision = answer.decision.unwrap_or_default();
        if let Some(missing) = decision.degradations.first() {
            return Err(Failure::Other(format!("a decision was degraded: {}", missing.detail)));
        }
        let offers = decision.channels.into_iter().flat_map(|channel| channel.placements);
        let offers = offers.flat_map(|placement| placement.offers);
        Ok(Answer {
            decision_id: decision.decision_id,
            log_position: decision.versions.map_or(0, |versions| versions.log_position),
            offers: offers
                .map(|offer| (offer.offer_id, offer.propensity.map(|p| p.probability)))
                .collect(),
        })
    }

    /// Tells what the customer made of the coupon that was really shown; returns the position of
    /// the learning log behind it.
    ///
    /// # Errors
    /// A refusal, of the call or of an item.
    pub async fn record(&mut self, row: &Row, decision_id: &str) -> Result<u64, Failure> {
        let answer = if row.accepted { v1::OutcomeKind::Accept } else { v1::OutcomeKind::Reject };
        let outcome = |kind: v1::OutcomeKind| v1::Outcome {
            customer_id: row.customer.clone(),
            decision_id: decision_id.to_owned(),
            offer_id: row.shown.to_owned(),
            channel: CHANNEL.to_owned(),
            placement: PLACEMENT.to_owned(),
            kind: kind.into(),
            ..v1::Outcome::default()
        };
        let outcomes = vec![outcome(v1::OutcomeKind::Impression), outcome(answer)];
        let request = v1::RecordOutcomesRequest { outcomes };
        let results = self.interactions.record_outcomes(request).await?.into_inner().results;
        let mut position = 0;
        for result in results {
            if result.status() != v1::RecordStatus::Applied {
                let why = result.error.map_or_else(String::new, |error| error.message);
                return Err(Failure::Other(format!("an outcome was not applied: {why}")));
            }
            position = position.max(result.log_position);
        }
        Ok(position)
    }
}
