//! `DecideStream`: many customers over one stream. The next message is read only when there is room
//! for its items; every item is answered once, in the order in which the answers are ready.

use std::sync::Arc;
use std::time::Instant;

use futures::future::OptionFuture;
use futures::{StreamExt, stream};
use tonic::codegen::BoxStream;
use tonic::{Status, Streaming};

use super::decision::Decisions;
use crate::api::convert::bounds::{REQUEST_ID_BYTES_MAX, STREAM_ITEMS_MAX};
use crate::api::convert::fault::{Faults, Reason};
use crate::api::layer::admission::Admission;
use crate::api::status;
use crate::api::wire::v1;
use crate::api::wire::v1::decide_item_result::Result as Answer;
use crate::engine::Readiness;

/// Answers to one message, at most.
const ANSWERS_MAX: usize = 64;

/// An item and the defaults that hold for it.
type Work = (v1::DecideItem, Option<Arc<v1::DecideRequest>>);

/// The answers to `requests`.
pub fn answers(
    decisions: Decisions,
    admission: Option<Admission>,
    requests: Streaming<v1::DecideStreamRequest>,
) -> BoxStream<v1::DecideStreamResponse> {
    let in_flight = decisions.config.stream_in_flight_max.max(1);
    let mut readiness = decisions.engine.watch_readiness();
    let draining = async move {
        let _closed = readiness.wait_for(|now| *now == Readiness::Draining).await;
    };
    requests
        .take_until(Box::pin(draining))
        .scan(None, |defaults, message| std::future::ready(Some(items(defaults, message))))
        .flat_map(stream::iter)
        .map(move |work| {
            let (decisions, admission) = (decisions.clone(), admission.clone());
            async move {
                match work {
                    Ok(work) => {
                        let turn =
                            admission.as_ref().map(|a| a.turn(decisions.config.decide_budget));
                        let _turn = OptionFuture::from(turn).await;
                        Ok(answer(&decisions, work).await)
                    }
                    Err(status) => Err(status),
                }
            }
        })
        .buffer_unordered(in_flight)
        .ready_chunks(ANSWERS_MAX)
        .map(|ready| {
            let results: Result<Vec<_>, Status> = ready.into_iter().collect();
            results.map(|results| v1::DecideStreamResponse { results })
        })
        .boxed()
}

/// The items of a message; or what is wrong with the stream.
fn items(
    defaults: &mut Option<Arc<v1::DecideRequest>>,
    message: Result<v1::DecideStreamRequest, Status>,
) -> Vec<Result<Work, Status>> {
    let message = match message {
        Ok(message) => message,
        Err(status) => return vec![Err(status)],
    };
    if let Some(given) = message.defaults {
        *defaults = Some(Arc::new(given));
    }
    if message.items.len() > STREAM_ITEMS_MAX {
        let mut faults = Faults::default();
        faults.bound_count("items", message.items.len(), STREAM_ITEMS_MAX);
        return vec![Err(status::faults(faults))];
    }
    message.items.into_iter().map(|item| Ok((item, defaults.clone()))).collect()
}

async fn answer(decisions: &Decisions, (item, defaults): Work) -> v1::DecideItemResult {
    let v1::DecideItem { item_id, request } = item;
    let request = merged(request.unwrap_or_default(), defaults.as_deref());
    let deadline = Instant::now() + decisions.config.decide_budget;
    let decided = match checked(&item_id, &request) {
        Ok(()) => decisions.decide_one(&request, deadline).await,
        Err(faults) => Err(status::faults(faults)),
    };
    let result = match decided {
        Ok(response) => response.decision.map(Answer::Decision),
        Err(status) => Some(Answer::Error(status::item(&status))),
    };
    v1::DecideItemResult { item_id, result }
}

fn checked(item_id: &str, request: &v1::DecideRequest) -> Result<(), Faults> {
    let mut faults = Faults::default();
    faults.bound_text("item_id", item_id, REQUEST_ID_BYTES_MAX);
    let compares = request.what_if.as_ref().is_some_and(|w| !w.compare_schemes.is_empty());
    if compares {
        let message = "a stream has no place for alternatives";
        faults.add("request.what_if.compare_schemes", Reason::NotAllowed, message);
    }
    faults.done(Some(()))
}

/// The request, with the stream's defaults where it leaves a field empty.
fn merged(
    mut request: v1::DecideRequest,
    defaults: Option<&v1::DecideRequest>,
) -> v1::DecideRequest {
    let Some(defaults) = defaults else { return request };
    let text = |own: &mut String, default: &String| {
        if own.is_empty() {
            own.clone_from(default);
        }
    };
    if request.customer_id.is_empty() && request.identities.is_empty() {
        request.customer_id.clone_from(&defaults.customer_id);
        request.identities.clone_from(&defaults.identities);
    }
    text(&mut request.request_id, &defaults.request_id);
    text(&mut request.interaction_id, &defaults.interaction_id);
    text(&mut request.locale, &defaults.locale);
    if request.channels.is_empty() {
        request.channels.clone_from(&defaults.channels);
    }
    for (key, value) in &defaults.context {
        if !request.context.contains_key(key) {
            request.context.insert(key.clone(), value.clone());
        }
    }
    if request.view == 0 {
        request.view = defaults.view;
    }
    request.dry_run |= defaults.dry_run;
    if request.what_if.is_none() {
        request.what_if.clone_from(&defaults.what_if);
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(n: i64) -> v1::Value {
        v1::Value { kind: Some(v1::value::Kind::IntValue(n)) }
    }

    #[test]
    fn an_item_wins_over_the_stream() {
        let defaults = v1::DecideRequest {
            locale: "es".into(),
            dry_run: true,
            context: [("a".to_owned(), number(1)), ("b".to_owned(), number(1))].into(),
            ..v1::DecideRequest::default()
        };
        let own = v1::DecideRequest {
            customer_id: "ana".into(),
            locale: "en".into(),
            context: [("b".to_owned(), number(2))].into(),
            ..v1::DecideRequest::default()
        };
        let merged = merged(own, Some(&defaults));
        assert_eq!((merged.locale.as_str(), merged.dry_run), ("en", true));
        assert_eq!(merged.context["a"], number(1));
        assert_eq!(merged.context["b"], number(2));
    }
}
