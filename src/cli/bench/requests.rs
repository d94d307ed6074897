//! What is asked: prepared before the clock runs, so that a caller costs little.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use tonic::transport::Channel;

use super::catalog::{CHANNEL, EVENT, PLACEMENT, random_attributes, random_context};
use crate::api::wire::v1;
use crate::api::wire::v1::profile_service_client::ProfileServiceClient;
use crate::cli::{Failure, values};
use crate::core::key::{mix64, unit};
use crate::core::value::Value;

/// Calls in progress while customers are made known.
const FILL_AT_ONCE: usize = 32;
/// Customers that calls are about.
const CUSTOMERS: u64 = 2_000;

/// A request of one of the two kinds that are measured.
#[derive(Clone, Debug)]
pub enum Call {
    /// `Decide`.
    Decide(Box<v1::DecideRequest>),
    /// `RecordEvents`, with one event.
    Record(v1::RecordEventsRequest),
}

/// Ids of all customers.
#[must_use]
pub fn customers() -> Vec<String> {
    (0..CUSTOMERS).map(|number| format!("customer-{number}")).collect()
}

/// Makes the customers known to the service.
///
/// # Errors
/// The first refusal.
pub async fn make_known(channel: &Channel) -> Result<(), Failure> {
    stream::iter(profiles())
        .map(|profile| {
            let mut client = ProfileServiceClient::new(channel.clone());
            async move { client.update_profile(profile).await }
        })
        .buffer_unordered(FILL_AT_ONCE)
        .try_for_each(|_| async { Ok(()) })
        .await?;
    Ok(())
}

/// What makes each customer known.
fn profiles() -> Vec<v1::UpdateProfileRequest> {
    let customers = customers().into_iter().zip(0..);
    customers
        .map(|(customer_id, seed)| v1::UpdateProfileRequest {
            customer_id,
            set: entries(random_attributes(seed)),
            ..v1::UpdateProfileRequest::default()
        })
        .collect()
}

/// A decision for each customer, each in a random moment.
#[must_use]
pub fn decisions() -> Vec<Call> {
    let customers = customers().into_iter().zip(0..);
    customers
        .map(|(customer_id, seed)| {
            let placement = v1::PlacementRequest {
                placement: PLACEMENT.to_owned(),
                ..v1::PlacementRequest::default()
            };
            let channel = v1::ChannelRequest {
                channel: CHANNEL.to_owned(),
                placements: vec![placement],
                ..v1::ChannelRequest::default()
            };
            Call::Decide(Box::new(v1::DecideRequest {
                customer_id,
                channels: vec![channel],
                context: entries(random_context(mix64(seed, 1))),
                ..v1::DecideRequest::default()
            }))
        })
        .collect()
}

/// An event of each customer.
#[must_use]
pub fn events() -> Vec<Call> {
    let customers = customers().into_iter().zip(0..);
    customers
        .map(|(customer_id, seed)| {
            let fields = [
                ("amount".to_owned(), values::double(unit(seed, 1) * 100.0)),
                ("page".to_owned(), values::text(&format!("page-{}", seed % 50))),
            ];
            Call::Record(v1::RecordEventsRequest {
                events: vec![v1::Event {
                    customer_id,
                    r#type: EVENT.to_owned(),
                    fields: fields.into_iter().collect(),
                    ..v1::Event::default()
                }],
            })
        })
        .collect()
}

fn entries(values: Vec<(String, Value)>) -> BTreeMap<String, v1::Value> {
    let wire = |value: &Value| match value {
        Value::Double(number) => values::double(*number),
        other => values::text(other.as_str().unwrap_or_default()),
    };
    values.iter().map(|(name, value)| (name.clone(), wire(value))).collect()
}
