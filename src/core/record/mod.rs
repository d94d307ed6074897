//! What an event or outcome does: to the profile, and to the learning log. Pure: the caller stores
//! both, together. `touch` says which contacts an outcome answers, `natural` which events are
//! outcomes, `example` what is learned from, `label` what an outcome says.

mod example;
mod label;
mod natural;
#[cfg(test)]
mod tests;
mod touch;

use std::sync::Arc;

use crate::core::catalog::source::ContactPoint;
use crate::core::catalog::{Catalog, Offer};
use crate::core::decide::{self, DecisionId, DecisionRecord, Snapshot};
use crate::core::experiment;
use crate::core::expression::Slot;
use crate::core::interaction::{Event, Outcome, OutcomeKind};
use crate::core::key::{Key, mix64};
use crate::core::learn::{ArmRecord, ItemRecord, LearningRecord};
use crate::core::profile::{Contact, Profile};
use crate::core::segment::{self, MoveRecord};
use crate::core::teach;
use crate::core::time::UnixMs;
use crate::core::value::Value;
use example::Example;
use label::{already_taught, label};
pub use touch::sent;

/// Purpose of the hash that gives the record of an arm its id.
const ARM: u64 = 0x0061_726d;

/// What came of an item.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Learned {
    /// It was applied before, under the same id: nothing changed.
    pub duplicate: bool,
    /// Entries for the learning log, in order.
    pub records: Vec<Vec<u8>>,
    /// The contacts that it answers.
    pub credits: Vec<Credited>,
}

/// A contact that has a share in an outcome.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Credited {
    /// The decision that made it, while it is remembered.
    pub decision: Option<DecisionId>,
    /// Key of the offer.
    pub offer: Key,
    /// Key of the channel.
    pub channel: Key,
    /// When it was made.
    pub contact_at: UnixMs,
    /// Its share, above 0 and up to 1.
    pub share: f64,
}

/// Tells the id of what an event moves from the event's own.
const MOVES: u64 = 0x6d6f_7665;

const DUPLICATE: Learned = Learned { duplicate: true, records: Vec::new(), credits: Vec::new() };

/// Applies an event to the profile of the customer with hash `customer`. An event that names an
/// item teaches affinity what else this customer showed interest in; one that a score compares
/// moves the customer among the others; one that the catalog calls an answer is that, to the contacts
/// that led to it, with what `decisions` remember of them.
pub fn event(
    snapshot: &Snapshot,
    profile: &mut Profile,
    event: &Event,
    decisions: &[Arc<DecisionRecord>],
    customer: u64,
    now: UnixMs,
) -> Learned {
    let answers = natural::natural(&snapshot.catalog, event);
    let schema = &snapshot.catalog.schema;
    let history = decide::interests(profile, event.at);
    let spec = schema.events.get(&event.name);
    let (applied, moves) = segment::moves(schema, spec, profile, now, |profile| {
        profile.apply_event(schema, event, now)
    });
    if applied.duplicate {
        return DUPLICATE;
    }
    let item = spec.and_then(|spec| spec.item).and_then(|(slot, weight)| {
        let item = event.frame.get(slot.0 as usize)?.as_ref()?.as_str()?;
        Some((Key::of(item), weight))
    });
    let (id, at) = (mix64(customer, event.id), event.at);
    let mut records = Vec::new();
    if let Some((item, weight)) = item {
        let record = ItemRecord { id, at, customer, item, weight, history };
        records.push(LearningRecord::Item(record).encode());
    }
    if !moves.is_empty() {
        let record = MoveRecord { id: mix64(id, MOVES), at, moves };
        records.push(LearningRecord::Moves(record).encode());
    }
    let mut learned = Learned { records, ..Learned::default() };
    for answer in answers {
        let credits = touch::credits(&snapshot.catalog, profile, &answer.outcome, &answer.offers);
        let positive = label(&snapshot.catalog, answer.outcome.kind) == Some(true);
        for offer in &answer.offers {
            let outcome = Outcome { offer: *offer, ..answer.outcome.clone() };
            let id = mix64(mix64(customer, outcome.id), u64::from(offer.0));
            let catalog = &snapshot.catalog;
            learned.records.extend(teach::came(catalog, &outcome, positive, id, customer));
        }
        let most = credits.iter().flatten().max_by(|a, b| a.share.total_cmp(&b.share));
        let Some(most) = most.map(|credit| credit.contact) else { continue };
        let outcome = Outcome {
            offer: most.offer,
            channel: most.channel,
            treatment: most.treatment,
            decision: Some(most.decision).filter(|decision| *decision != 0),
            ..answer.outcome
        };
        let answered =
            answer_to((snapshot, &[]), profile, &outcome, credits, decisions, customer, now);
        learned.records.extend(answered.records);
        learned.credits.extend(answered.credits);
    }
    learned
}

/// Applies an outcome. It is learned from with the features of the decision it answers (by id, else
/// by the contacts that may claim it), or, when none is remembered, with what is known now and
/// `context`. A label already learned for the same contact is not learned twice; a positive after a
/// negative corrects it.
pub fn outcome(
    snapshot: &Snapshot,
    profile: &mut Profile,
    outcome: &Outcome,
    context: &[(Slot, Value)],
    decisions: &[Arc<DecisionRecord>],
    customer: u64,
    now: UnixMs,
) -> Learned {
    let credits = match outcome.kind {
        OutcomeKind::Impression | OutcomeKind::Sent => None,
        _ => touch::credits(&snapshot.catalog, profile, outcome, &[outcome.offer]),
    };
    answer_to((snapshot, context), profile, outcome, credits, decisions, customer, now)
}

fn answer_to(
    (snapshot, context): (&Snapshot, &[(Slot, Value)]),
    profile: &mut Profile,
    outcome: &Outcome,
    credits: Option<Vec<touch::Credit>>,
    decisions: &[Arc<DecisionRecord>],
    customer: u64,
    now: UnixMs,
) -> Learned {
    let catalog = &*snapshot.catalog;
    let order = outcome.order.map(|order| mix64(order, outcome.kind as u64));
    if order.is_some_and(|order| profile.knows_order(order)) {
        return DUPLICATE;
    }
    let completed = completed(outcome, credits.as_deref(), decisions);
    let mut example = Example::new(snapshot, decisions, context, customer, now);
    let remembered = match credits.as_deref() {
        None | Some([]) => example.remembers(&standing(&completed)),
        Some(credits) => credits.iter().all(|credit| example.remembers(&credit.contact)),
    };
    if !remembered {
        example.look(profile);
    }
    // What was chosen before this.
    let accepted = outcome.kind == OutcomeKind::Accept;
    let history = accepted.then(|| decide::interests(profile, outcome.at));
    let is_contact = is_contact(catalog, &completed);
    let applied = profile.apply_outcome(&completed, is_contact, now);
    if applied.duplicate {
        return DUPLICATE;
    }
    if let Some(order) = order {
        profile.note_order(order, now);
    }
    let mut learned = Learned::default();
    // Ids are the customer's own: two customers may both have an outcome `1`.
    let id = mix64(customer, outcome.id);
    learned.records.extend(by_arm(catalog, &completed, decisions, id, customer));
    let offer = catalog.offer_by_key(completed.offer);
    let Some(offer) = offer.and_then(|offer| catalog.offers.get(offer as usize)) else {
        return learned;
    };
    let positive = label(catalog, outcome.kind) == Some(true);
    if let Some(came) = teach::came(catalog, &completed, positive, id, customer) {
        learned.records.push(came);
        return learned;
    }
    learned.records.extend(brought(catalog, &completed, id, credits.as_deref(), &example));
    match (applied.contact.filter(|_| is_contact), credits) {
        (Some(contact), _) => {
            touch::shown(snapshot, profile, &contact, &mut example, &mut learned);
            alone(&mut learned, catalog, &completed, (id, applied.before), &example);
        }
        (None, Some(credits)) => {
            let (example, learned) = (&mut example, &mut learned);
            touch::answered(catalog, profile, &completed, id, &credits, example, learned);
        }
        (None, None) => alone(&mut learned, catalog, &completed, (id, applied.before), &example),
    }
    if let Some(history) = history {
        learned.records.push(chosen(
            catalog,
            profile,
            outcome,
            offer,
            (id, customer, now),
            history,
        ));
    }
    learned
}

/// The contact that an outcome stands for which answers none that the log was told of.
fn standing(outcome: &Outcome) -> Contact {
    Contact {
        offer: outcome.offer,
        treatment: outcome.treatment,
        channel: outcome.channel,
        decision: outcome.decision.unwrap_or_default(),
        at: outcome.at,
        outcomes: 0,
    }
}

/// What an outcome brought and how long it took since the contact with the largest share in it.
fn brought(
    catalog: &Catalog,
    outcome: &Outcome,
    id: u64,
    credits: Option<&[touch::Credit]>,
    example: &Example<'_>,
) -> Option<Vec<u8>> {
    if !teach::learns_amount(catalog, outcome) {
        return None;
    }
    let credited = credits.into_iter().flatten().max_by(|a, b| a.share.total_cmp(&b.share));
    let contact = credited.map_or_else(|| standing(outcome), |credit| credit.contact);
    let known = example.of(&contact, id, outcome.at, 1.0)?;
    let decided_at = credited.map(|credit| credit.contact.at);
    let decided_at = decided_at.or_else(|| example.decided_at(&contact));
    teach::amount(catalog, outcome, id, decided_at, &known.candidate, &known.features)
}

/// The outcome with what the decision says that it answers.
fn completed(
    outcome: &Outcome,
    credits: Option<&[touch::Credit]>,
    decisions: &[Arc<DecisionRecord>],
) -> Outcome {
    let mut completed = outcome.clone();
    let channel = Some(outcome.channel).filter(|key| *key != Key::default());
    let decision = decisions.iter().find(|decision| match outcome.decision {
        Some(low) => decision.id.low() == low,
        None => decision.served(outcome.offer, channel).is_some(),
    });
    let served =
        decision.and_then(|decision| Some((decision, decision.served(outcome.offer, channel)?)));
    // Of several contacts, the latest stands for what the profile notes.
    let credited = credits.into_iter().flatten().max_by_key(|credit| credit.place);
    if outcome.decision.is_none()
        && let Some(credit) = credited
    {
        completed.decision = Some(credit.contact.decision).filter(|decision| *decision != 0);
        completed.treatment = credit.contact.treatment;
        completed.channel = credit.contact.channel;
        let own = decisions.iter().find(|known| Some(known.id.low()) == completed.decision);
        let interaction = own.and_then(|decision| decision.interaction);
        completed.interaction = outcome.interaction.or(interaction);
    } else if let Some((decision, served)) = served {
        completed.decision = Some(decision.id.low());
        completed.interaction = outcome.interaction.or(decision.interaction);
        completed.treatment = served.treatment;
        completed.channel = served.channel;
    }
    completed
}

/// The outcome in its arm of the experiment, where there is one: of a decision that is remembered,
/// the arm it was made in, since experiments may have changed since.
fn by_arm(
    catalog: &Catalog,
    outcome: &Outcome,
    decisions: &[Arc<DecisionRecord>],
    id: u64,
    customer: u64,
) -> Option<Vec<u8>> {
    let own = |decision: &&Arc<DecisionRecord>| Some(decision.id.low()) == outcome.decision;
    let arm = match decisions.iter().find(own) {
        Some(decision) => Some(&*decision.arm).filter(|arm| !arm.is_empty()).map(Key::of),
        None => experiment::arm_key(catalog, customer),
    }?;
    let (id, kind, value) = (mix64(id, ARM), Some(outcome.kind), outcome.value);
    let value = value.filter(|value| value.is_finite()).unwrap_or(0.0);
    let record = ArmRecord { id, arm, decisions: 0, offered: 0, kind, value };
    Some(LearningRecord::Arm(record).encode())
}

/// Learns from an outcome that stands for itself: of a contact that nobody waits for.
fn alone(
    learned: &mut Learned,
    catalog: &Catalog,
    outcome: &Outcome,
    (id, before): (u64, u8),
    example: &Example<'_>,
) {
    let Some(positive) = label(catalog, outcome.kind) else { return };
    if already_taught(catalog, before, positive) {
        return;
    }
    let record = example.of(&standing(outcome), id, outcome.at, f64::from(u8::from(positive)));
    learned.records.extend(record.map(|record| LearningRecord::Outcome(record).encode()));
}

/// An accepted offer speaks for its item.
fn chosen(
    catalog: &Catalog,
    profile: &mut Profile,
    outcome: &Outcome,
    offer: &Offer,
    (id, customer, now): (u64, u64, UnixMs),
    history: Vec<(Key, f32)>,
) -> Vec<u8> {
    let weight = catalog.models.accept_item_weight;
    profile.add_interest(offer.item, weight, outcome.at, now);
    let (id, at, item) = (mix64(id, 1), outcome.at, offer.item);
    LearningRecord::Item(ItemRecord { id, at, customer, item, weight, history }).encode()
}

/// Whether the outcome is the contact itself: an impression where impressions are, something sent
/// where the decision is (and was not committed by us).
fn is_contact(catalog: &Catalog, outcome: &Outcome) -> bool {
    let channel = catalog.channels.iter().find(|channel| channel.key == outcome.channel);
    matches!(
        (outcome.kind, channel.map(|channel| channel.contact)),
        (OutcomeKind::Impression, Some(ContactPoint::Impression) | None) | (OutcomeKind::Sent, _)
    )
}
