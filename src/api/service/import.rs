//! Importing customers over a stream: each message is answered once its customers are stored.
//! Every step of a customer is one that can be repeated: attributes and consents are set, events and
//! outcomes known by their ids; so a message that was not answered is sent again.

use futures::stream::{self, StreamExt};
use tonic::codegen::BoxStream;
use tonic::{Request, Status, Streaming};

use super::interaction::{Interactions, bounded};
use super::profile::Profiles;
use crate::api::convert::customer;
use crate::api::convert::fault::{Faults, Reason};
use crate::api::status;
use crate::api::wire::v1;
use crate::api::wire::v1::profile_service_server::ProfileService;

/// Customers of one message stored side by side.
const CUSTOMERS_AT_ONCE: usize = 16;

/// What became of a customer.
enum Stored {
    Applied,
    Duplicate,
}

/// The answers to a stream of imports; it ends at a message that is too large.
pub(super) fn answers(
    profiles: Profiles,
    requests: Streaming<v1::ImportProfilesRequest>,
) -> BoxStream<v1::ImportProfilesResponse> {
    requests
        .then(move |message| {
            let profiles = profiles.clone();
            async move { answer(&profiles, message?).await }
        })
        .boxed()
}

async fn answer(
    profiles: &Profiles,
    message: v1::ImportProfilesRequest,
) -> Result<v1::ImportProfilesResponse, Status> {
    bounded("profiles", message.profiles.len())?;
    let sequence = message.sequence;
    let mut answer = v1::ImportProfilesResponse { sequence, ..Default::default() };
    // In order, so that two pieces of one customer are stored as they were sent.
    let mut stored = stream::iter(message.profiles)
        .map(|given| async move {
            let customer_id = given.customer_id.clone();
            (customer_id, one(profiles, given).await)
        })
        .buffered(CUSTOMERS_AT_ONCE);
    let mut index = 0;
    while let Some((customer_id, result)) = stored.next().await {
        match result {
            Ok(Stored::Applied) => answer.applied += 1,
            Ok(Stored::Duplicate) => answer.duplicate += 1,
            Err(error) => {
                answer.rejected.push(v1::ImportFault { index, customer_id, error: Some(error) });
            }
        }
        index += 1;
    }
    Ok(answer)
}

async fn one(profiles: &Profiles, given: v1::ProfileImport) -> Result<Stored, v1::ItemError> {
    let v1::ProfileImport { customer_id, identities, .. } = &given;
    let mut faults = Faults::default();
    if !given.household_id.is_empty() {
        faults.add("household_id", Reason::NotAllowed, "households are not built yet");
    }
    customer::customer(customer_id, identities, &mut faults);
    for (field, items) in [("events", given.events.len()), ("outcomes", given.outcomes.len())] {
        faults.bound_count(field, items, crate::api::convert::bounds::BATCH_MAX);
    }
    faults.done(Some(())).map_err(status::faults_item)?;
    let mut changed = false;
    let customer_id = profiles.whom(customer_id, identities).await;
    let customer_id = customer_id.map_err(|status| status::item(&status))?;
    if !given.attributes.is_empty() || !identities.is_empty() {
        let request = v1::UpdateProfileRequest {
            customer_id: customer_id.clone(),
            identities: given.identities,
            set: given.attributes,
            ..v1::UpdateProfileRequest::default()
        };
        let set = profiles.update_profile(Request::new(request)).await;
        set.map_err(|status| status::item(&status))?;
        changed = true;
    }
    if !given.consents.is_empty() {
        let request = v1::SetConsentRequest {
            customer_id: customer_id.clone(),
            consents: given.consents,
            ..v1::SetConsentRequest::default()
        };
        let set = profiles.set_consent(Request::new(request)).await;
        set.map_err(|status| status::item(&status))?;
        changed = true;
    }
    let interactions = Interactions::new(profiles.engine());
    let mut results = Vec::new();
    if !given.events.is_empty() {
        let own = |event| v1::Event { customer_id: customer_id.clone(), ..event };
        let events = given.events.into_iter().map(own).collect();
        results.extend(interactions.events(events).await.results);
    }
    if !given.outcomes.is_empty() {
        let own = |outcome| v1::Outcome { customer_id: customer_id.clone(), ..outcome };
        let outcomes = given.outcomes.into_iter().map(own).collect();
        results.extend(interactions.outcomes(outcomes).await.results);
    }
    changed |= results.iter().any(|result| result.status() == v1::RecordStatus::Applied);
    match results.into_iter().find_map(|result| result.error) {
        Some(error) => Err(error),
        None if changed => Ok(Stored::Applied),
        None => Ok(Stored::Duplicate),
    }
}
