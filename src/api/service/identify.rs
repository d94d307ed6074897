//! Whom several identities mean: the first that leads to a customer wins.

use tonic::Status;

use crate::api::convert::bounds::{ID_BYTES_MAX, IDENTITIES_MAX};
use crate::api::convert::customer;
use crate::api::status;
use crate::api::wire::v1;
use crate::engine::Engine;

/// The id of the customer that several identities mean. `None`, and no round trip, where a
/// `customer_id` says it, where one identity is a name as good as an id, or where the identities
/// are refused anyway.
///
/// # Errors
/// The store does not answer.
pub(super) async fn identify(
    engine: &Engine,
    customer_id: &str,
    identities: &[v1::Identity],
) -> Result<Option<String>, Status> {
    if !customer_id.is_empty() || !(2..=IDENTITIES_MAX).contains(&identities.len()) {
        return Ok(None);
    }
    let names = names(identities);
    if names.len() < identities.len() {
        return Ok(None);
    }
    let resolved = engine.resolve(&names).await;
    resolved.map(Some).map_err(|error| status::engine(&error))
}

/// Attaches identities to `customer`: what is held under those that lead to nobody else is merged
/// into it. Returns the customer that they lead to.
///
/// # Errors
/// More names than a customer can have; the store does not answer.
pub(super) async fn attach(
    engine: &Engine,
    customer: String,
    identities: &[v1::Identity],
) -> Result<String, Status> {
    let names = names(identities);
    if names.iter().all(|name| *name == customer) {
        return Ok(customer);
    }
    engine.attach(&customer, &names).await.map_err(|error| status::engine(&error))
}

/// The names of those identities that can be names.
fn names(identities: &[v1::Identity]) -> Vec<String> {
    let named = identities.iter().take(IDENTITIES_MAX).map(customer::name);
    let sound = |name: &String| name.len() <= ID_BYTES_MAX;
    named
        .zip(identities)
        .filter(|(_, one)| customer::is_sound(one))
        .map(|(name, _)| name)
        .filter(sound)
        .collect()
}
