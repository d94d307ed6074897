//! Events that are answers to offers, although nobody says so.

use smallvec::SmallVec;

use crate::core::answers::NaturalSpec;
use crate::core::catalog::Catalog;
use crate::core::interaction::{Event, Outcome};
use crate::core::key::{Key, id64, mix64};
use crate::core::value::Value;

/// Tells the id of the answer from the event's own.
const NATURAL: u64 = 0x6e61_7475;

/// An answer that an event is, and the offers that it may answer.
pub(super) struct Natural {
    /// The outcome; its offer, channel and decision are those of the contact that has the most of
    /// it.
    pub(super) outcome: Outcome,
    /// The offers.
    pub(super) offers: SmallVec<[Key; 2]>,
}

/// The answers that an event is, by the catalog. What cannot be computed is no answer.
pub(super) fn natural(catalog: &Catalog, event: &Event) -> Vec<Natural> {
    let Some(specs) = catalog.models.answers.natural.get(&event.name) else {
        return Vec::new();
    };
    let numbered = (1_u64..).zip(specs);
    numbered.filter_map(|(number, spec)| one(catalog, event, number, spec)).collect()
}

fn one(catalog: &Catalog, event: &Event, number: u64, spec: &NaturalSpec) -> Option<Natural> {
    let frame = &event.frame;
    if let Some(when) = &spec.when
        && when.eval_bool(frame) != Ok(true)
    {
        return None;
    }
    let text = spec.offer.eval(frame).ok()?;
    let indices = spec.offers.get(text.as_str()?)?;
    let keys = indices.iter().filter_map(|index| catalog.offers.get(*index as usize));
    let value = spec.value.as_ref().and_then(|value| value.eval_f64(frame).ok());
    let order = spec.order.as_ref().and_then(|order| order.eval(frame).ok());
    let outcome = Outcome {
        id: mix64(mix64(event.id, NATURAL), number),
        decision: None,
        offer: Key::default(),
        group: Key::default(),
        treatment: Key::default(),
        channel: Key::default(),
        kind: spec.kind,
        interaction: None,
        reason: Key::default(),
        value: value.filter(|value| value.is_finite()),
        order: order.as_ref().and_then(Value::as_str).map(id64),
        at: event.at,
    };
    Some(Natural { outcome, offers: keys.map(|offer| offer.key).collect() })
}
