//! All that is held about a customer, in readable form, in pieces: the profile, then consents,
//! outcomes and decisions, each from old to new.

use tonic::Status;

use crate::api::convert::bounds::RECENT_MAX;
use crate::api::convert::profile::{Sections, profile};
use crate::api::convert::time::timestamp;
use crate::api::convert::{fault::Faults, name};
use crate::api::status;
use crate::api::wire::v1;
use crate::api::wire::v1::export_profile_response::Record;
use crate::core::catalog::Catalog;
use crate::core::decide::{DecisionRecord, RememberedOffer};
use crate::engine::Engine;

/// The pieces: at most what one profile holds.
///
/// # Errors
/// The store does not answer.
pub(super) async fn pieces(engine: &Engine, customer: &str) -> Result<Vec<Record>, Status> {
    let snapshot = engine.snapshot();
    let view = engine.profile(customer).await.map_err(|error| status::engine(&error))?;
    let decisions = engine.remembered(&view).await.map_err(|error| status::engine(&error))?;
    let request =
        v1::GetProfileRequest { recent_max: RECENT_MAX, ..v1::GetProfileRequest::default() };
    let sections = Sections::asked(&request, &mut Faults::default());
    let (ttl, now) = (engine.config().profile_ttl, engine.now());
    let shown = profile(&snapshot, &view.customer, &view, &sections, ttl, now);
    let consents = shown.past_consents.iter().chain(&shown.consents);
    let mut consents: Vec<v1::Consent> = consents.cloned().collect();
    consents.sort_by_key(|consent| consent.consent_time.map(|at| (at.seconds, at.nanos)));
    let outcomes: Vec<v1::Outcome> = shown.recent_outcomes.iter().rev().cloned().collect();
    let mut pieces = vec![Record::Profile(shown)];
    pieces.extend(consents.into_iter().map(Record::Consent));
    pieces.extend(outcomes.into_iter().map(Record::Outcome));
    let shown = |record: &DecisionRecord| decision(&snapshot.catalog, &view.customer, record);
    pieces.extend(decisions.iter().map(shown).map(Record::Decision));
    Ok(pieces)
}

/// A remembered decision, by the names of the present catalog.
fn decision(catalog: &Catalog, customer: &str, record: &DecisionRecord) -> v1::Decision {
    let mut shown = v1::Decision {
        decision_id: record.id.to_string(),
        customer_id: customer.to_owned(),
        decide_time: Some(timestamp(record.at)),
        ..v1::Decision::default()
    };
    for offer in &record.offers {
        let channel = name::channel_of(catalog, offer.channel);
        if shown.channels.last().is_none_or(|last| last.channel != channel) {
            shown.channels.push(v1::ChannelDecision { channel, ..v1::ChannelDecision::default() });
        }
        let Some(last) = shown.channels.last_mut() else { continue };
        let placement = placement(catalog, offer);
        if last.placements.last().is_none_or(|last| last.placement != placement) {
            last.placements.push(v1::PlacementDecision { placement, ..Default::default() });
        }
        let Some(last) = last.placements.last_mut() else { continue };
        last.offers.push(v1::OfferDecision {
            offer_id: name::offer_of(catalog, offer.offer),
            rank: u32::from(offer.slot) + 1,
            affinity: offer.affinity.map(f64::from),
            ..v1::OfferDecision::default()
        });
    }
    shown
}

fn placement(catalog: &Catalog, offer: &RememberedOffer) -> String {
    let channel = catalog.channels.iter().find(|channel| channel.key == offer.channel);
    let mut placements = channel.into_iter().flat_map(|channel| &channel.placements);
    let found = placements.find(|placement| placement.key == offer.placement);
    found.map(|placement| placement.name.to_string()).unwrap_or_default()
}
