//! Answers within interactions. Neighbours mostly belong to one interaction, which is named once.

use super::wire::{Reader, Writer};
use crate::core::interaction::OutcomeKind;
use crate::core::key::Key;
use crate::core::profile::limits::ANSWERS_MAX;
use crate::core::profile::{Answer, ProfileError};
use crate::core::time::MINUTE_MS;

/// Bits of an answer's head: kind (3), whether a reason follows, whether an interaction follows.
const KIND_MASK: u8 = 7;
const HAS_REASON: u8 = 8;
const INTERACTION_NEW: u8 = 16;

pub(super) fn put(w: &mut Writer, answers: &[Answer]) {
    w.count_unless_empty(answers.len());
    let mut times = w.times(MINUTE_MS);
    let mut previous = Key(0);
    for answer in answers {
        let reason = if answer.reason == Key(0) { 0 } else { HAS_REASON };
        let new = if answer.interaction == previous { 0 } else { INTERACTION_NEW };
        w.byte(answer.kind as u8 | reason | new);
        if new != 0 {
            w.key(answer.interaction);
        }
        w.key(answer.offer);
        if reason != 0 {
            w.key(answer.reason);
        }
        w.next_time(&mut times, answer.at);
        previous = answer.interaction;
    }
}

pub(super) fn get(r: &mut Reader<'_>) -> Result<Vec<Answer>, ProfileError> {
    let n = r.count("answers", ANSWERS_MAX)?;
    let mut answers: Vec<Answer> = r.list(n);
    let mut times = r.times(MINUTE_MS);
    let mut interaction = Key(0);
    for _ in 0..n {
        let head = r.byte()?;
        if head > KIND_MASK | HAS_REASON | INTERACTION_NEW {
            return Err(ProfileError::Malformed("unknown flags of an answer"));
        }
        if head & INTERACTION_NEW != 0 {
            interaction = r.key()?;
        }
        answers.push(Answer {
            interaction,
            offer: r.key()?,
            kind: OutcomeKind::from_code(head & KIND_MASK)
                .ok_or(ProfileError::Malformed("unknown kind of outcome"))?,
            reason: if head & HAS_REASON == 0 { Key(0) } else { r.key()? },
            at: r.next_time(&mut times)?,
        });
    }
    if !answers.is_sorted_by_key(|answer| answer.at) {
        return Err(ProfileError::Malformed("entries out of order"));
    }
    Ok(answers)
}
