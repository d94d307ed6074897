//! What an event or outcome does: to the profile, and to the learning log. Pure: the caller stores
//! both, together.

use std::sync::Arc;

use crate::core::catalog::source::{ContactPoint, Label};
use crate::core::catalog::{Catalog, Offer};
use crate::core::decide::{self, DecisionRecord, RememberedOffer, Request, Snapshot};
use crate::core::experiment;
use crate::core::expression::Slot;
use crate::core::feature::FeatureVector;
use crate::core::interaction::{Event, Outcome, OutcomeKind};
use crate::core::key::{Key, mix64};
use crate::core::learn::{ArmRecord, ItemRecord, LearningRecord, OutcomeRecord};
use crate::core::policy::Subject;
use crate::core::profile::Profile;
use crate::core::propensity::Candidate;
use crate::core::segment::{self, MoveRecord};
use crate::core::time::UnixMs;
use crate::core::value::Value;

/// Purpose of the hash that gives the record of an arm its id.
const ARM: u64 = 0x0061_726d;

/// What came of an item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learned {
    /// It was applied before, under the same id: nothing changed.
    pub duplicate: bool,
    /// Entries for the learning log, in order.
    pub records: Vec<Vec<u8>>,
}

/// Tells the id of what an event moves from the event's own.
const MOVES: u64 = 0x6d6f_7665;

const DUPLICATE: Learned = Learned { duplicate: true, records: Vec::new() };

/// Applies an event to the profile of the customer with hash `customer`. An event that names an
/// item teaches affinity what else this customer showed interest in; one that a score compares
/// moves the customer among the others.
pub fn event(
    snapshot: &Snapshot,
    profile: &mut Profile,
    event: &Event,
    customer: u64,
    now: UnixMs,
) -> Learned {
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
    Learned { duplicate: false, records }
}

/// Applies an outcome. It is learned from with the features of the decision it answers (by id, else
/// the newest that served the offer), or, when none is remembered, with what is known now and
/// `context`. A label already learned for the same contact is not learned twice; a positive after a
/// negative is.
pub fn outcome(
    snapshot: &Snapshot,
    profile: &mut Profile,
    outcome: &Outcome,
    context: &[(Slot, Value)],
    decisions: &[Arc<DecisionRecord>],
    customer: u64,
    now: UnixMs,
) -> Learned {
    let catalog = &*snapshot.catalog;
    let decision = decisions.iter().find(|decision| match outcome.decision {
        Some(low) => decision.id.low() == low,
        None => decision.served(outcome.offer, Some(outcome.channel)).is_some(),
    });
    let served = decision.and_then(|decision| {
        decision.served(outcome.offer, Some(outcome.channel).filter(|key| *key != Key::default()))
    });
    let mut completed = outcome.clone();
    if let (Some(decision), Some(served)) = (decision, served) {
        completed.decision = Some(decision.id.low());
        completed.interaction = outcome.interaction.or(decision.interaction);
        completed.treatment = served.treatment;
        completed.channel = served.channel;
    }
    let features = match decision {
        Some(decision) => decision.features.clone(),
        None => current_features(snapshot, profile, context, customer, now),
    };
    let history = decide::interests(profile, outcome.at);
    let contact = is_contact(catalog, &completed);
    let applied = profile.apply_outcome(&completed, contact, now);
    if applied.duplicate {
        return DUPLICATE;
    }
    let mut records = Vec::new();
    // Ids are the customer's own: two customers may both have an outcome `1`.
    let id = mix64(customer, outcome.id);
    // Of a decision that is remembered, the arm it was made in: experiments may have changed since.
    let arm = match decision {
        Some(decision) => Some(&*decision.arm).filter(|arm| !arm.is_empty()).map(Key::of),
        None => experiment::arm_key(catalog, customer),
    };
    if let Some(arm) = arm {
        let (id, kind, value) = (mix64(id, ARM), Some(outcome.kind), outcome.value);
        let value = value.filter(|value| value.is_finite()).unwrap_or(0.0);
        let record = ArmRecord { id, arm, decisions: 0, offered: 0, kind, value };
        records.push(LearningRecord::Arm(record).encode());
    }
    let Some(offer) = catalog.offer_by_key(outcome.offer) else {
        return Learned { duplicate: false, records };
    };
    let Some(offer) = catalog.offers.get(offer as usize) else {
        return Learned { duplicate: false, records };
    };
    if let Some(positive) = label(catalog, outcome.kind)
        && !already_taught(catalog, applied.before, positive)
    {
        let asked = candidate(catalog, offer, &completed, served);
        let estimate = |asked: &Candidate| {
            let model = &snapshot.models.propensity;
            model.predict(&model.prepare(&features), asked).probability
        };
        #[expect(clippy::cast_possible_truncation, reason = "f32 is enough to learn")]
        let probability_served =
            served.map_or_else(|| estimate(&asked) as f32, |served| served.probability);
        let selection_probability = served.map_or(1.0, |served| served.selection_probability);
        let record = OutcomeRecord {
            id,
            at: outcome.at,
            customer,
            candidate: asked,
            features,
            label: f64::from(u8::from(positive)),
            weight: 1.0,
            probability_served,
            selection_probability,
        };
        records.push(LearningRecord::Outcome(record).encode());
    }
    if outcome.kind == OutcomeKind::Accept {
        let weight = catalog.models.accept_item_weight;
        profile.add_interest(offer.item, weight, outcome.at, now);
        let (id, at, item) = (mix64(id, 1), outcome.at, offer.item);
        let record = ItemRecord { id, at, customer, item, weight, history };
        records.push(LearningRecord::Item(record).encode());
    }
    Learned { duplicate: false, records }
}

fn current_features(
    snapshot: &Snapshot,
    profile: &Profile,
    context: &[(Slot, Value)],
    customer: u64,
    now: UnixMs,
) -> FeatureVector {
    let request = Request { customer, context: context.to_vec(), ..Request::default() };
    let frame = decide::frame(snapshot, Subject::Known(profile), &request, now);
    decide::features(&snapshot.catalog, &frame)
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

fn label(catalog: &Catalog, kind: OutcomeKind) -> Option<bool> {
    let labels = &catalog.models.labels;
    let label = match kind {
        OutcomeKind::Impression => labels.impression,
        OutcomeKind::Click => labels.click,
        OutcomeKind::Accept => labels.accept,
        OutcomeKind::Reject => labels.reject,
        OutcomeKind::Convert => labels.convert,
        OutcomeKind::NoResponse => labels.no_response,
        OutcomeKind::Sent => Label::Ignore,
    };
    match label {
        Label::Positive => Some(true),
        Label::Negative => Some(false),
        Label::Ignore => None,
    }
}

/// Whether the outcomes seen before on the same contact taught this label, or a better one.
fn already_taught(catalog: &Catalog, before: u8, positive: bool) -> bool {
    OutcomeKind::ALL.into_iter().filter(|kind| before & kind.bit() != 0).any(|kind| {
        match label(catalog, kind) {
            Some(known) => known || known == positive,
            None => false,
        }
    })
}

fn candidate(
    catalog: &Catalog,
    offer: &Offer,
    outcome: &Outcome,
    served: Option<&RememberedOffer>,
) -> Candidate {
    let group = catalog.groups.get(usize::from(offer.group)).map(|group| group.key);
    Candidate {
        offer: offer.key,
        group: group.unwrap_or_default(),
        treatment: outcome.treatment,
        channel: outcome.channel,
        placement: Key::default(),
        prior: offer.prior,
        affinity: served.and_then(|served| served.affinity),
    }
}
