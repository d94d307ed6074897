//! `RecordStream`: events and outcomes over one stream. One message at a time: those of one
//! customer are applied in the order sent, and each is answered once all its items are stored or
//! refused. A message's items are written side by side.

use futures::StreamExt;
use tonic::codegen::BoxStream;
use tonic::{Status, Streaming};

use super::interaction::{Interactions, bounded};
use crate::api::wire::v1;
use crate::engine::Readiness;

/// The answers to `requests`.
pub fn answers(
    interactions: Interactions,
    requests: Streaming<v1::RecordStreamRequest>,
) -> BoxStream<v1::RecordStreamResponse> {
    let mut readiness = interactions.engine.watch_readiness();
    let draining = async move {
        let _closed = readiness.wait_for(|now| *now == Readiness::Draining).await;
    };
    requests
        .take_until(Box::pin(draining))
        .then(move |message| {
            let interactions = interactions.clone();
            async move { answer(&interactions, message?).await }
        })
        .boxed()
}

async fn answer(
    interactions: &Interactions,
    message: v1::RecordStreamRequest,
) -> Result<v1::RecordStreamResponse, Status> {
    let v1::RecordStreamRequest { sequence, events, outcomes } = message;
    bounded("events and outcomes", events.len() + outcomes.len())?;
    let event_results = match events.is_empty() {
        true => Vec::new(),
        false => interactions.events(events).await.results,
    };
    let outcome_results = match outcomes.is_empty() {
        true => Vec::new(),
        false => interactions.outcomes(outcomes).await.results,
    };
    Ok(v1::RecordStreamResponse { sequence, event_results, outcome_results })
}
