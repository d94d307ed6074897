//! The fate of every candidate that was not placed, read from the evaluation that decided it.

use std::sync::Arc;

use super::Shared;
use super::candidates::Unscored;
use super::channel::Field;
use super::decision::{Cause, Fate, Fates};
use crate::core::arbitration::slate::{Board, Slate};
use crate::core::interaction::OutcomeKind;
use crate::core::policy::{
    Bitset, Evaluation, Explainer, Gate, QuotaSpec, ReadValue, Stop, StoppedBy,
};
use crate::core::value::Value;

/// What the fates of one channel are told from.
pub(super) struct Told<'t> {
    pub(super) channel: u16,
    pub(super) fields: &'t [Field<'t>],
    pub(super) boards: &'t [Board],
    pub(super) shown: &'t Slate,
    pub(super) unscored: &'t [Unscored],
    /// Offers that another channel of the decision shows.
    pub(super) elsewhere: &'t [u32],
}

impl Told<'_> {
    /// Fates of all offers of the catalog on the channel, those placed left out; by offer.
    pub(super) fn all(
        &self,
        shared: &Shared<'_>,
        evaluation: &mut Evaluation<'_>,
        frame: &[Option<Value>],
    ) -> Fates {
        let catalog = shared.catalog();
        let mut told = placed(catalog.offers.len(), self.fields, self.shown);
        let mut explainer = evaluation.explain(self.channel, frame);
        let mut reached = Vec::new();
        let quotas = &catalog.policy.spec().quotas;
        for (number, (field, board)) in self.fields.iter().zip(self.boards).enumerate() {
            let least = least_shown(field, number, self.shown);
            for (position, candidate) in field.candidates.iter().enumerate() {
                if told.contains(candidate.offer) {
                    continue;
                }
                told.insert(candidate.offer);
                let stop = not_placed((field, board, number), position, self.shown, least);
                let cause = explainer.tell(as_quota(stop, quotas));
                let (placement, score) = (Some(field.asked.placement), Some(candidate.score));
                reached.push(Fate { offer: candidate.offer, placement, cause, score });
            }
        }
        for unscored in self.unscored {
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
        let fates = self.merge(shared, &told, reached, &mut explainer);
        let causes = explainer.stops().iter().map(|stop| Cause {
            stop: stop.clone(),
            values: stop.reads.iter().map(|read| value(shared, read, frame)).collect(),
        });
        Fates { fates, causes: causes.collect() }
    }

    /// The fates of those `told` of already, `reached`, and of all others, in order of offer.
    fn merge(
        &self,
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
            let cause = explainer.stop(offer);
            let cause = cause.unwrap_or_else(|| explainer.tell(self.withheld(shared, offer)));
            fates.push(Fate { offer, placement: None, cause, score: None });
        }
        fates
    }

    /// Why an offer that no policy stops was not even scored.
    fn withheld(&self, shared: &Shared<'_>, offer: u32) -> Stop {
        match shared.answers.settled_by(offer) {
            Some(OutcomeKind::Reject) => {
                plain(Gate::Interaction, "it was rejected in this interaction")
            }
            Some(_) => plain(Gate::Interaction, "it was accepted in this interaction"),
            None if shared.answers.withholds(shared.catalog(), offer) => plain(
                Gate::Interaction,
                "whether it was rejected in this interaction cannot be known now",
            ),
            None if self.elsewhere.contains(&offer) => {
                plain(Gate::Slate, "another channel of this decision shows it")
            }
            None => plain(Gate::Treatment, "no treatment for what was asked on this channel"),
        }
    }
}

/// Why a candidate was scored and not placed.
fn not_placed(
    (field, board, number): (&Field<'_>, &Board, usize),
    position: usize,
    shown: &Slate,
    least: f64,
) -> Stop {
    let mut passed = shown.passed.iter();
    let passed = passed.find(|passed| (passed.board, passed.position) == (number, position));
    let score = field.candidates.get(position).map_or(0.0, |candidate| candidate.score);
    match (passed, field.content.get(position)) {
        (Some(passed), _) => {
            let by = passed.rule.id().map_or(StoppedBy::Decision, StoppedBy::Rule);
            Stop { by, ..plain(passed.rule.gate(), passed.rule.words()) }
        }
        (None, Some(Some(Err(error)))) => {
            plain(Gate::Treatment, format!("its text cannot be made: {error}"))
        }
        _ if position >= field.worthy => {
            plain(Gate::Threshold, "its score is below the scheme's threshold")
        }
        _ if score > least && board.diversity.is_some() => Stop {
            by: StoppedBy::Rule("diversity".into()),
            ..plain(Gate::Slate, "further offers of its category count less")
        },
        _ if score > least => plain(Gate::Slate, "the best combination leaves it out"),
        _ => plain(Gate::Outranked, "others took the slots"),
    }
}

/// The least score that was shown in a placement whose slots are full; infinite otherwise.
fn least_shown(field: &Field<'_>, number: usize, shown: &Slate) -> f64 {
    let slots = shown.slots.get(number).map(Vec::as_slice).unwrap_or_default();
    if slots.iter().any(Option::is_none) {
        return f64::INFINITY;
    }
    let scores = slots.iter().flatten().filter_map(|position| field.candidates.get(*position));
    scores.map(|candidate| candidate.score).fold(f64::INFINITY, f64::min)
}

fn placed(offers: usize, fields: &[Field<'_>], shown: &Slate) -> Bitset {
    let taken = fields.iter().zip(&shown.slots).flat_map(|(field, slots)| {
        slots.iter().flatten().filter_map(|position| field.candidates.get(*position))
    });
    Bitset::of(offers, taken.map(|candidate| candidate.offer))
}

/// The slate counts quotas as it counts limits; people are told which it was.
fn as_quota(stop: Stop, quotas: &[QuotaSpec]) -> Stop {
    let is_quota = |id: &Arc<str>| quotas.iter().any(|quota| quota.id == *id);
    match &stop.by {
        StoppedBy::Rule(id) if stop.gate == Gate::ContactLimit && is_quota(id) => {
            let message = "the offers placed before it use up a quota".into();
            Stop { gate: Gate::Quota, message, ..stop }
        }
        _ => stop,
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
