//! Answers within an interaction: what was accepted or rejected in it does not return, and what was
//! objected to shifts the rest. Kept for a day, apart from the history, which is by offer.

use super::Profile;
use super::limits::{ANSWERS_MAX, ANSWERS_MS, ceil_to};
use crate::core::interaction::{Outcome, OutcomeKind};
use crate::core::key::Key;
use crate::core::time::{MINUTE_MS, UnixMs};

/// An answer that settles an offer for the interaction it was given in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Key of the interaction's id; never 0.
    pub interaction: Key,
    /// Key of the offer.
    pub offer: Key,
    /// Accepted, rejected or converted.
    pub kind: OutcomeKind,
    /// Key of the reason; 0 when none.
    pub reason: Key,
    /// When, rounded up to the minute.
    pub at: UnixMs,
}

impl Profile {
    /// The answers of the last day, oldest first.
    #[must_use]
    pub fn answers(&self) -> &[Answer] {
        &self.answers
    }

    /// Keeps what `outcome`, which happened at `at`, settles in its interaction.
    pub(super) fn add_answer(&mut self, outcome: &Outcome, at: UnixMs) {
        use OutcomeKind::{Accept, Convert, Reject};
        self.forget_answers();
        let Some(interaction) = outcome.interaction.filter(|key| *key != Key(0)) else { return };
        if !matches!(outcome.kind, Accept | Convert | Reject) {
            return;
        }
        let answer = Answer {
            interaction,
            offer: outcome.offer,
            kind: outcome.kind,
            reason: outcome.reason,
            at: ceil_to(at, MINUTE_MS),
        };
        let place = self.answers.partition_point(|known| known.at <= answer.at);
        self.answers.insert(place, answer);
        if self.answers.len() > ANSWERS_MAX {
            self.answers.remove(0);
        }
        self.forget_answers();
    }

    /// Forgets the answers older than [`ANSWERS_MS`].
    pub(super) fn forget_answers(&mut self) {
        let horizon = UnixMs(self.updated_at.0.saturating_sub(ANSWERS_MS));
        let old = self.answers.partition_point(|answer| answer.at < horizon);
        self.answers.drain(..old);
    }
}
