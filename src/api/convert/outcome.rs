//! Outcomes.

use super::bounds::{ID_BYTES_MAX, REASON_BYTES_MAX, REQUEST_ID_BYTES_MAX};
use super::fault::{Faults, Reason, Wrong};
use super::{context, customer, fresh, kind, name, time};
use crate::api::wire::v1;
use crate::core::catalog::{Catalog, Offer};
use crate::core::decide::DecisionId;
use crate::core::interaction::{Outcome, OutcomeKind};
use crate::core::key::{Key, id64};
use crate::engine::{Engine, OutcomeCall};

/// An offer, as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
struct Named {
    offer: Key,
    group: Key,
    treatment: Key,
}

/// The call behind an outcome.
///
/// # Errors
/// With every bad field.
pub fn outcome(
    engine: &Engine,
    catalog: &Catalog,
    outcome: &v1::Outcome,
) -> Result<OutcomeCall, Faults> {
    let mut faults = Faults::default();
    faults.bound_text("outcome_id", &outcome.outcome_id, REQUEST_ID_BYTES_MAX);
    faults.bound_text("interaction_id", &outcome.interaction_id, REQUEST_ID_BYTES_MAX);
    faults.bound_text("order_id", &outcome.order_id, REQUEST_ID_BYTES_MAX);
    faults.bound_text("reason", &outcome.reason, REASON_BYTES_MAX);
    let customer = customer::customer(&outcome.customer_id, &outcome.identities, &mut faults);
    let decision = faults.take("decision_id", decision(&outcome.decision_id)).flatten();
    let named = named(catalog, outcome, &mut faults);
    let channel = channel(catalog, outcome, &mut faults);
    let kind = faults.take("kind", kind::outcome_kind_given(outcome.kind));
    let at = time::optional(outcome.outcome_time.as_ref());
    let at = faults.take("outcome_time", at).flatten();
    amounts(outcome, &mut faults);
    let context = context::context(&catalog.schema, &outcome.context, &mut faults);
    let (customer, kind) = faults.done(customer.zip(kind))?;
    let outcome = Outcome {
        id: id(outcome, kind),
        decision: decision.map(DecisionId::low),
        offer: named.offer,
        group: named.group,
        treatment: named.treatment,
        channel,
        kind,
        interaction: Some(key_or_none(&outcome.interaction_id)).filter(|key| *key != Key(0)),
        reason: key_or_none(&outcome.reason),
        value: outcome.value,
        order: Some(&outcome.order_id).filter(|order| !order.is_empty()).map(|order| id64(order)),
        at: engine.clamp_time(at),
    };
    Ok(OutcomeCall { customer, outcome, context })
}

/// The id that makes a repetition change nothing: the caller's; else one made of what happened to
/// what, when there is a decision; else a new one.
fn id(outcome: &v1::Outcome, kind: OutcomeKind) -> u64 {
    if !outcome.outcome_id.is_empty() {
        return id64(&outcome.outcome_id);
    }
    if outcome.decision_id.is_empty() {
        return fresh::id();
    }
    let v1::Outcome { decision_id, offer_id, placement, .. } = outcome;
    let decision_id = decision_id.to_ascii_lowercase();
    id64(&format!("{decision_id}\0{offer_id}\0{placement}\0{}", kind.name()))
}

fn decision(id: &str) -> Result<Option<DecisionId>, Wrong> {
    if id.is_empty() {
        return Ok(None);
    }
    let malformed = || (Reason::Malformed, "is no decision id: 32 hexadecimal digits".to_owned());
    DecisionId::parse(id).map(Some).ok_or_else(malformed)
}

/// The offer and its treatment. An offer that the catalog no longer has is taken when a decision is
/// named, so that late outcomes are not lost.
fn named(catalog: &Catalog, outcome: &v1::Outcome, faults: &mut Faults) -> Named {
    let id = outcome.offer_id.as_str();
    faults.bound_text("treatment_id", &outcome.treatment_id, ID_BYTES_MAX);
    if id.is_empty() {
        faults.add("offer_id", Reason::Required, "an offer is needed");
        return Named::default();
    }
    faults.bound_text("offer_id", id, ID_BYTES_MAX);
    let known = catalog.offer_index.get(id).and_then(|index| catalog.offers.get(*index as usize));
    match known {
        Some(offer) => {
            let group = catalog.groups.get(usize::from(offer.group));
            Named {
                offer: offer.key,
                group: group.map(|group| group.key).unwrap_or_default(),
                treatment: treatment(offer, &outcome.treatment_id, faults),
            }
        }
        None if !outcome.decision_id.is_empty() => {
            let treatment = match outcome.treatment_id.as_str() {
                "" => Key::default(),
                treatment => Key::of(&format!("{id}/{treatment}")),
            };
            Named { offer: Key::of(id), group: Key::default(), treatment }
        }
        None => {
            faults.take("offer_id", name::offer(catalog, id, true));
            Named::default()
        }
    }
}

fn treatment(offer: &Offer, id: &str, faults: &mut Faults) -> Key {
    if id.is_empty() {
        return Key::default();
    }
    let known = offer.treatments.iter().find(|treatment| &*treatment.id == id);
    if known.is_none() {
        let ids = offer.treatments.iter().map(|treatment| &*treatment.id);
        let wrong = name::unknown(Reason::UnknownName, "treatment of this offer", id, ids);
        faults.note("treatment_id", wrong);
    }
    known.map(|treatment| treatment.key).unwrap_or_default()
}

/// The channel; it and the placement are the decision's where they are not given.
fn channel(catalog: &Catalog, outcome: &v1::Outcome, faults: &mut Faults) -> Key {
    if outcome.channel.is_empty() {
        let shows = matches!(
            kind::outcome_kind_given(outcome.kind),
            Ok(OutcomeKind::Impression | OutcomeKind::Sent)
        );
        if outcome.decision_id.is_empty() && shows {
            let message = "a channel is needed where something is shown and no decision is named";
            faults.add("channel", Reason::Required, message);
        }
        return Key::default();
    }
    let found = faults.take("channel", name::channel(catalog, &outcome.channel));
    let Some(channel) = found.and_then(|index| catalog.channels.get(usize::from(index))) else {
        return Key::default();
    };
    if !outcome.placement.is_empty() {
        faults.take("placement", name::placement(channel, &outcome.placement));
    }
    channel.key
}

fn amounts(outcome: &v1::Outcome, faults: &mut Faults) {
    if outcome.value.is_some_and(|value| !value.is_finite()) {
        faults.add("value", Reason::OutOfRange, "must be a finite number");
    }
    if !outcome.currency.is_empty() {
        let message = "the catalog declares one currency for all money; leave it out";
        faults.add("currency", Reason::NotAllowed, message);
    }
    let chance = outcome.selection_probability;
    if chance.is_some_and(|chance| !(chance > 0.0 && chance <= 1.0)) {
        faults.add("selection_probability", Reason::OutOfRange, "must lie above 0 and up to 1");
    }
}

fn key_or_none(name: &str) -> Key {
    if name.is_empty() { Key::default() } else { Key::of(name) }
}
