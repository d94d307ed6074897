//! The fate of every candidate that was not placed, read from the evaluation that decided it.

use std::sync::Arc;

use super::Shared;
use super::candidates::Scorer;
use super::channel::Field;
use super::decision::{Cause, Fate, Fates};
use crate::core::arbitration::slate::Slate;
use crate::core::interaction::OutcomeKind;
use crate::core::policy::{Bitset, Evaluation, Explainer, Gate, ReadValue, Stop, StoppedBy};
use crate::core::value::Value;

/// Fates of all offers of the catalog on one channel, those placed left out; by offer.
pub(super) fn all(
    shared: &Shared<'_>,
    evaluation: &mut Evaluation<'_>,
    channel: u16,
    fields: &[Field<'_>],
    shown: &Slate,
    scorer: &Scorer<'_>,
    frame: &[Option<Value>],
) -> Fates {
    let catalog = shared.catalog();
    let mut told = placed(catalog.offers.len(), fields, shown);
    let mut explainer = evaluation.explain(channel, frame);
    let mut reached = Vec::new();
    for (board, field) in fields.iter().enumerate() {
        for (position, candidate) in field.candidates.iter().enumerate() {
            if told.contains(candidate.offer) {
                continue;
            }
            told.insert(candidate.offer);
            let cause = explainer.tell(not_placed(field, board, position, shown));
            let (placement, score) = (Some(field.asked.placement), Some(candidate.score));
            reached.push(Fate { offer: candidate.offer, placement, cause, score });
        }
    }
    for unscored in &scorer.unscored {
        if told.contains(unscored.offer) {
            continue;
        }
        told.insert(unscored.offer);
        let cause = explainer.tell(match &unscored.error {
            Some(error) => plain(Gate::Score, format!("its score cannot be computed: {error}")),
            None => plain(Gate::Treatment, "no treatment's conditions hold"),
        });
        let placement = Some(unscored.placement);
        reached.push(Fate { offer: unscored.offer, placement, cause, score: None });
    }
    reached.sort_unstable_by_key(|fate| fate.offer);
    let fates = merge(shared, &told, reached, &mut explainer);
    let causes = explainer.stops().iter().map(|stop| Cause {
        stop: stop.clone(),
        values: stop.reads.iter().map(|read| value(shared, read, frame)).collect(),
    });
    Fates { fates, causes: causes.collect() }
}

/// The fates of those `told` of already, `reached`, and of all others, in order of offer.
fn merge(
    shared: &Shared<'_>,
    told: &Bitset,
    reached: Vec<Fate>,
    explainer: &mut Explainer<'_, '_>,
) -> Vec<Fate> {
    let offers = shared.catalog().offers.len();
    let mut reached = reached.into_iter().peekable();
    let mut fates = Vec::with_capacity(offers);
    for offer in (0_u32..).take(offers) {
        if told.contains(offer) {
            fates.extend(reached.next_if(|fate| fate.offer == offer));
            continue;
        }
        let cause = explainer.stop(offer).unwrap_or_else(|| {
            if let Some(kind) = shared.answers.settled_by(offer) {
                let words = match kind {
                    OutcomeKind::Reject => "it was rejected in this interaction",
                    _ => "it was accepted in this interaction",
                };
                return explainer.tell(plain(Gate::Interaction, words));
            }
            let words = "no treatment for what was asked on this channel";
            explainer.tell(plain(Gate::Treatment, words))
        });
        fates.push(Fate { offer, placement: None, cause, score: None });
    }
    fates
}

/// Why a candidate was scored and not placed.
fn not_placed(field: &Field<'_>, board: usize, position: usize, shown: &Slate) -> Stop {
    let mut passed = shown.passed.iter();
    let passed = passed.find(|passed| (passed.board, passed.position) == (board, position));
    match (passed, field.content.get(position)) {
        (Some(passed), _) => {
            let by = match &*passed.rule {
                "" => StoppedBy::Decision,
                _ => StoppedBy::Rule(passed.rule.clone()),
            };
            Stop { by, ..plain(passed.gate, passed_words(passed.gate)) }
        }
        (None, Some(Some(Err(error)))) => {
            plain(Gate::Treatment, format!("its text cannot be made: {error}"))
        }
        _ if position >= field.worthy => {
            plain(Gate::Threshold, "its score is below the scheme's threshold")
        }
        _ => plain(Gate::Outranked, "others took the slots"),
    }
}

fn placed(offers: usize, fields: &[Field<'_>], shown: &Slate) -> Bitset {
    let taken = fields.iter().zip(&shown.slots).flat_map(|(field, slots)| {
        slots.iter().flatten().filter_map(|position| field.candidates.get(*position))
    });
    Bitset::of(offers, taken.map(|candidate| candidate.offer))
}

fn passed_words(gate: Gate) -> &'static str {
    match gate {
        Gate::Exclusion => "another of an exclusive set was placed",
        Gate::ContactLimit => "the offers placed before it use up a contact limit",
        _ => "placed elsewhere in this decision",
    }
}

fn plain(gate: Gate, message: impl Into<Arc<str>>) -> Stop {
    let (by, condition, reads) = (StoppedBy::Decision, None, Arc::default());
    Stop { gate, by, condition, reads, message: message.into() }
}

/// The value a condition read; sensitive and personal ones are withheld.
fn value(
    shared: &Shared<'_>,
    read: &ReadValue,
    frame: &[Option<Value>],
) -> (Arc<str>, Option<Value>) {
    let spec = shared.catalog().schema.slots.get(read.slot as usize);
    let known = frame.get(read.slot as usize).and_then(Option::as_ref);
    let withheld = spec.is_some_and(|spec| spec.sensitive || spec.personal);
    let shown = known.map(|value| if withheld { Value::from("(withheld)") } else { value.clone() });
    (read.path.clone(), shown)
}
