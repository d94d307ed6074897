//! The fate of every candidate that was not placed, read from the evaluation that decided it.

use std::sync::Arc;

use super::Shared;
use super::candidates::Scorer;
use super::channel::Field;
use super::decision::Fate;
use crate::core::arbitration::slate::Slate;
use crate::core::policy::{Bitset, Evaluation, Gate, ReadValue, Stop};
use crate::core::value::Value;

/// Paths and the values read from them.
type Values = Arc<[(Arc<str>, Option<Value>)]>;

/// Fates of all offers of the catalog on one channel, those placed left out; by offer.
pub(super) fn all(
    shared: &Shared<'_>,
    evaluation: &mut Evaluation<'_>,
    channel: u16,
    fields: &[Field<'_>],
    shown: &Slate,
    scorer: &Scorer<'_>,
    frame: &[Option<Value>],
) -> Vec<Fate> {
    let catalog = shared.catalog();
    let mut told = placed(catalog.offers.len(), fields, shown);
    let mut fates = Vec::new();
    for (board, field) in fields.iter().enumerate() {
        for (position, candidate) in field.candidates.iter().enumerate() {
            if told.contains(candidate.offer) {
                continue;
            }
            told.insert(candidate.offer);
            let mut passed = shown.passed.iter();
            let passed = passed.find(|passed| (passed.board, passed.position) == (board, position));
            let stop = match (passed, field.content.get(position)) {
                (Some(passed), _) => Stop {
                    rule: passed.rule.clone(),
                    ..plain(passed.gate, passed_words(passed.gate).to_owned())
                },
                (None, Some(Some(Err(error)))) => {
                    plain(Gate::Treatment, format!("its text cannot be made: {error}"))
                }
                _ if position >= field.worthy => {
                    plain(Gate::Threshold, "its score is below the scheme's threshold".to_owned())
                }
                _ => plain(Gate::Outranked, "others took the slots".to_owned()),
            };
            let (placement, score) = (Some(field.asked.placement), Some(candidate.score));
            let values = Arc::default();
            fates.push(Fate { offer: candidate.offer, placement, stop, values, score });
        }
    }
    for unscored in &scorer.unscored {
        if told.contains(unscored.offer) {
            continue;
        }
        told.insert(unscored.offer);
        let stop = match &unscored.error {
            Some(error) => plain(Gate::Score, format!("its score cannot be computed: {error}")),
            None => plain(Gate::Treatment, "no treatment's conditions hold".to_owned()),
        };
        let placement = Some(unscored.placement);
        let (offer, values) = (unscored.offer, Arc::default());
        fates.push(Fate { offer, placement, stop, values, score: None });
    }
    let mut seen = vec![None; catalog.policy.atoms()];
    for offer in (0_u32..).take(catalog.offers.len()) {
        if told.contains(offer) {
            continue;
        }
        let stop = evaluation.stop(offer, channel, frame).unwrap_or_else(|| {
            plain(Gate::Treatment, "no treatment for what was asked on this channel".to_owned())
        });
        let values = values_of(shared, &stop, frame, &mut seen);
        fates.push(Fate { offer, placement: None, stop, values, score: None });
    }
    fates.sort_by_key(|fate| fate.offer);
    fates
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

fn plain(gate: Gate, message: String) -> Stop {
    let (rule, condition, atom, values) = (Arc::default(), None, None, Arc::default());
    Stop { gate, rule, condition, atom, values, message: message.into() }
}

/// What the condition of `stop` read, shared by all offers that it stopped.
fn values_of(
    shared: &Shared<'_>,
    stop: &Stop,
    frame: &[Option<Value>],
    seen: &mut [Option<Values>],
) -> Values {
    let read = || stop.values.iter().map(|read| value(shared, read, frame)).collect();
    match stop.atom.and_then(|atom| seen.get_mut(atom as usize)) {
        Some(place) => place.get_or_insert_with(read).clone(),
        None => read(),
    }
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
