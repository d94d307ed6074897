//! Events.

use super::bounds::{ENTRIES_MAX, REQUEST_ID_BYTES_MAX};
use super::fault::{Faults, Reason, quoted};
use super::{customer, fresh, name, time, value};
use crate::api::wire::v1;
use crate::core::catalog::Catalog;
use crate::core::catalog::schema::EventSpec;
use crate::core::interaction::Event;
use crate::core::key::id64;
use crate::core::value::Value;
use crate::engine::{Engine, EventCall};

/// The call behind an event.
///
/// # Errors
/// With every bad field.
pub fn event(engine: &Engine, catalog: &Catalog, event: &v1::Event) -> Result<EventCall, Faults> {
    let mut faults = Faults::default();
    faults.bound_text("event_id", &event.event_id, REQUEST_ID_BYTES_MAX);
    faults.bound_text("interaction_id", &event.interaction_id, REQUEST_ID_BYTES_MAX);
    let customer = customer::customer(&event.customer_id, &event.identities, &mut faults);
    let at = time::optional(event.event_time.as_ref());
    let at = faults.take("event_time", at).flatten();
    if !event.channel.is_empty() {
        faults.take("channel", name::channel(catalog, &event.channel));
    }
    let typed = match catalog.schema.events.get(event.r#type.as_str()) {
        Some(spec) => Some((spec.name.clone(), frame(spec, event, &mut faults))),
        None => {
            let known = catalog.schema.events.keys().map(|name| &**name);
            let wrong = name::unknown(Reason::UnknownName, "event type", &event.r#type, known);
            faults.note("type", wrong);
            None
        }
    };
    let (customer, (name, frame)) = faults.done(customer.zip(typed))?;
    let id = match event.event_id.as_str() {
        "" => fresh::id(),
        id => id64(id),
    };
    let event = Event { id, name, at: engine.clamp_time(at), frame };
    Ok(EventCall { customer, event })
}

/// The event frame: what is given, else what is declared as the default.
fn frame(spec: &EventSpec, event: &v1::Event, faults: &mut Faults) -> Vec<Option<Value>> {
    let places = spec.fields.iter().map(|field| field.slot.0 as usize + 1).max().unwrap_or(0);
    let mut frame = vec![None; places];
    if !faults.bound_count("fields", event.fields.len(), ENTRIES_MAX) {
        return frame;
    }
    for field in &spec.fields {
        if let Some(place) = frame.get_mut(field.slot.0 as usize) {
            place.clone_from(&field.default);
        }
    }
    for (key, given) in &event.fields {
        let at = || format!("fields.{}", quoted(key));
        let known = spec.fields.binary_search_by(|field| (*field.name).cmp(key.as_str()));
        let Some(field) = known.ok().and_then(|place| spec.fields.get(place)) else {
            let known = spec.fields.iter().map(|field| &*field.name);
            let wrong = name::unknown(Reason::UnknownField, "field of this event", key, known);
            faults.note(at(), wrong);
            continue;
        };
        let declared = value::Declared { ty: &field.ty, range: field.range };
        let typed = faults.take(at(), value::typed(given, declared));
        if let (Some(place), Some(value)) = (frame.get_mut(field.slot.0 as usize), typed) {
            *place = Some(value);
        }
    }
    frame
}
