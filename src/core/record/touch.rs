//! Contacts and their answers, for the learning log: that a contact was made, which contacts an
//! outcome answers and with which share, and the answer to each.

use std::sync::Arc;

use super::example::Example;
use super::label::{already_taught, label, was_negative};
use super::{Credited, Learned};
use crate::core::answers::{Claim, share};
use crate::core::catalog::{Catalog, Channel};
use crate::core::decide::{DecisionRecord, Snapshot};
use crate::core::interaction::{Outcome, OutcomeKind};
use crate::core::key::{Key, mix64};
use crate::core::learn::{AnswerRecord, LearningRecord, OutcomeRecord, ShownRecord};
use crate::core::profile::{Contact, Profile};
use crate::core::time::UnixMs;

/// A contact that an outcome answers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Credit {
    /// Its place among the profile's contacts.
    pub(super) place: usize,
    /// As it was before the outcome.
    pub(super) contact: Contact,
    /// Its share, above 0.
    pub(super) share: f64,
}

/// Which contacts with the offers an outcome answers: that of its decision, whole; else those that
/// may claim it, as the catalog shares it out. `None`: the log was told of none of these offers'
/// contacts, so that the outcome stands for itself.
pub(super) fn credits(
    catalog: &Catalog,
    profile: &Profile,
    outcome: &Outcome,
    offers: &[Key],
) -> Option<Vec<Credit>> {
    let told = |offer: &Key| profile.told(*offer, outcome.channel);
    let told: Vec<(usize, Contact)> =
        offers.iter().flat_map(told).map(|(place, contact)| (place, *contact)).collect();
    if told.is_empty() {
        return None;
    }
    if let Some(decision) = outcome.decision.filter(|decision| *decision != 0) {
        let own = told.iter().rev().find(|(_, contact)| contact.decision == decision);
        if let Some((place, contact)) = own {
            return Some(vec![Credit { place: *place, contact: *contact, share: 1.0 }]);
        }
        // A decision older than contacts remember theirs: its contact is among those without.
        if told.iter().all(|(_, contact)| contact.decision != 0) {
            return None;
        }
    }
    let open = |contact: &Contact| outcome.decision.is_none() || contact.decision == 0;
    let mut told: Vec<_> = told
        .into_iter()
        .filter(|(_, contact)| open(contact) && contact.at <= ceil(outcome.at))
        .collect();
    told.sort_by_key(|(place, _)| *place);
    let credit = catalog.models.answers.credit(outcome.kind);
    let claim = |(_, contact): &(usize, Contact)| {
        let channel = catalog.channels.iter().position(|channel| channel.key == contact.channel);
        let window_ms = channel
            .map_or_else(Default::default, |index| catalog.models.answers.windows(index))
            .of(outcome.kind);
        let bit = channel.and_then(|index| 1_u64.checked_shl(index as u32)).unwrap_or(0);
        let clickable = credit.view_through.is_some_and(|(.., channels)| channels & bit != 0);
        let clicked = contact.outcomes & OutcomeKind::Click.bit() != 0;
        Claim { at: contact.at, window_ms, clicked, clickable }
    };
    let claims: Vec<Claim> = told.iter().map(claim).collect();
    let shares = share(&claims, &credit, outcome.at);
    let credits = told.into_iter().zip(shares).filter(|(_, share)| *share > 0.0);
    Some(credits.map(|((place, contact), share)| Credit { place, contact, share }).collect())
}

/// Contacts are kept to the second, rounded up.
fn ceil(at: UnixMs) -> UnixMs {
    UnixMs(at.0.saturating_add(999))
}

/// Tells the log of a contact just made, where its channel waits for answers.
pub(super) fn shown(
    snapshot: &Snapshot,
    profile: &mut Profile,
    contact: &Contact,
    example: &mut Example<'_>,
    learned: &mut Learned,
) {
    let catalog = &*snapshot.catalog;
    let answers = &catalog.models.answers;
    let channel = catalog.channels.iter().position(|channel| channel.key == contact.channel);
    let windows = channel.map(|index| answers.windows(index));
    let Some(silence_ms) = windows.and_then(|windows| windows.silence_ms) else { return };
    // What teaches at once does not wait; and a decision's offer is one contact, however often it
    // is seen.
    if label(catalog, OutcomeKind::Impression).is_some()
        || profile.has_told(contact.decision, contact.offer)
    {
        return;
    }
    let Some(shown) = example.of(contact, contact.touch(example.customer), contact.at, 0.0) else {
        return;
    };
    profile.tell(contact);
    let closes_at = UnixMs(contact.at.0.saturating_add(silence_ms));
    let record = ShownRecord { shown, closes_at, stages: answers.stages.clone() };
    learned.records.push(LearningRecord::Shown(record).encode());
}

/// Tells the log of contacts that a decision itself makes, where their channels wait for answers.
pub fn sent(
    snapshot: &Snapshot,
    profile: &mut Profile,
    contacts: &[Contact],
    decision: &Arc<DecisionRecord>,
    customer: u64,
    now: UnixMs,
) -> Vec<Vec<u8>> {
    let mut learned = Learned::default();
    let decisions = std::slice::from_ref(decision);
    for contact in contacts {
        let own = |known: &&Contact| {
            known.decision == contact.decision
                && known.offer == contact.offer
                && known.channel == contact.channel
        };
        let Some(made) = profile.contacts().iter().rev().find(own).copied() else { continue };
        let mut example = Example::new(snapshot, decisions, &[], customer, now);
        shown(snapshot, profile, &made, &mut example, &mut learned);
    }
    learned.records
}

/// Tells the log what came of the contacts that an outcome answers.
pub(super) fn answered(
    catalog: &Catalog,
    profile: &mut Profile,
    outcome: &Outcome,
    id: u64,
    credits: &[Credit],
    example: &mut Example<'_>,
    learned: &mut Learned,
) {
    for credit in credits {
        let Credit { place, contact, share } = credit;
        profile.answer_at(*place, outcome.kind);
        let touch = contact.touch(example.customer);
        learned.credits.push(Credited {
            decision: example.decision(contact),
            offer: contact.offer,
            channel: contact.channel,
            contact_at: contact.at,
            share: *share,
        });
        let positive = label(catalog, outcome.kind);
        let taught =
            positive.is_some_and(|positive| !already_taught(catalog, contact.outcomes, positive));
        let answers = &catalog.models.answers;
        let reached = answers.reached(contact.outcomes);
        let stage = answers.stage(outcome.kind);
        if !taught && stage <= reached {
            continue;
        }
        let label = if positive == Some(true) { *share } else { 0.0 };
        let Some(given) = example.of(contact, mix64(id, touch), outcome.at, label) else {
            continue;
        };
        let record = AnswerRecord {
            touch,
            taught,
            corrects: was_negative(catalog, contact.outcomes),
            stages: answers.stages.clone(),
            reached,
            stage,
            next_closes_at: next_closes_at(catalog, contact, stage, outcome.at),
            outcome: OutcomeRecord { ..given },
        };
        learned.records.push(LearningRecord::Answer(record).encode());
    }
}

/// When the stage after `stage` becomes a negative: its outcome's window after this answer.
fn next_closes_at(catalog: &Catalog, contact: &Contact, stage: u8, at: UnixMs) -> UnixMs {
    let answers = &catalog.models.answers;
    let own = |channel: &Channel| channel.key == contact.channel;
    let windows = catalog.channels.iter().position(own).map(|index| answers.windows(index));
    let next = answers.stages.get(usize::from(stage));
    let wait = next.map_or(0, |next| windows.unwrap_or_default().of(next.kind));
    UnixMs(at.0.saturating_add(wait))
}
