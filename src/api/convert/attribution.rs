//! Attributions.

use super::time;
use crate::api::wire::v1;
use crate::core::catalog::Catalog;
use crate::core::record::Credited;

/// A contact's share in an outcome.
pub fn attribution(catalog: &Catalog, credited: &Credited) -> v1::Attribution {
    let offer = catalog.offer_by_key(credited.offer);
    let offer = offer.and_then(|offer| catalog.offers.get(offer as usize));
    let channel = catalog.channels.iter().find(|channel| channel.key == credited.channel);
    v1::Attribution {
        decision_id: credited.decision.map(|id| id.to_string()).unwrap_or_default(),
        offer_id: offer.map(|offer| offer.id.to_string()).unwrap_or_default(),
        channel: channel.map(|channel| channel.name.to_string()).unwrap_or_default(),
        contact_time: Some(time::timestamp(credited.contact_at)),
        weight: credited.share,
    }
}
