//! How contacts are learned from: each once, with its final label. A contact waits; an answer that
//! comes while it waits is its label; when it closes in silence, it is a negative; an answer after
//! that corrects the negative.
//!
//! **The correction.** Silence moved the logit by a step along `-p`. What should have been learned
//! is a positive, a step along `1 - p`; so one along `1 - p + p = 1` is missing, which is a positive
//! of weight `1 / (1 - p)`. Whatever share of the positives comes late, the expected step is
//! `q - p` for a true rate `q`, as if all had come in time: of q positives, (1 - s) q in time give
//! (1 - p) each, s q late ones -p and then (1 / (1 - p)) (1 - p) = 1, the 1 - q others -p, in sum
//! q - p. (Importance weights for labels that turn out false: Ktena et al. 2019, "Addressing delayed
//! feedback for continuous training with neural networks in CTR prediction", RecSys, section 4;
//! waiting for a while first: Yang et al. 2021, "Capturing delayed feedback in conversion rate
//! prediction via elapsed-time sampling", AAAI, section 4.)

use super::models::{Applied, Models};
use super::packed::Packed;
use super::pending::MAIN;
use super::record::OutcomeRecord;
use super::touch::{AnswerRecord, ShownRecord, TickRecord};
use crate::core::time::UnixMs;

/// Questions closed after one record, at most: what falls due at once must not hold up answers.
const CLOSED_BY_RECORD_MAX: usize = 4;
/// The same after a tick.
const CLOSED_BY_TICK_MAX: usize = 2_048;
/// Most a correction may weigh.
const CORRECTION_MAX: f64 = 50.0;

/// The weight of a positive with share `credit` of the whole that corrects a negative, where the
/// model now says `probability`.
pub(super) fn correction(credit: f64, probability: f64) -> f64 {
    (credit / (1.0 - probability).max(1e-6)).min(CORRECTION_MAX)
}

impl Models {
    /// A contact begins to wait.
    pub(super) fn shown(&mut self, record: &ShownRecord) -> Applied {
        self.pending.counts.shown += 1;
        self.ask(&record.shown, MAIN, record.closes_at, &record.stages);
        if !record.stages.is_empty() {
            self.ask(&record.shown, 1, record.closes_at, &record.stages);
        }
        Applied::Shown
    }

    fn ask(
        &mut self,
        shown: &OutcomeRecord,
        model: u8,
        closes_at: UnixMs,
        stages: &super::touch::Stages,
    ) {
        let packed = Packed::of(shown, stages, self.pending.shapes());
        if !self.pending.ask(shown.id, model, closes_at, packed.clone()) {
            self.close((closes_at, shown.id, model), &packed, true);
        }
    }

    /// An answer to a contact.
    pub(super) fn answer(&mut self, record: &AnswerRecord) -> Applied {
        if record.taught {
            self.answer_main(record);
        }
        self.answer_funnel(record);
        Applied::Outcome
    }

    fn answer_main(&mut self, record: &AnswerRecord) {
        let given = &record.outcome;
        if let Some(packed) = self.pending.take(record.touch, MAIN) {
            self.pending.counts.answered += 1;
            let shown = packed.outcome(record.touch, given.at, given.label);
            self.learn(&shown);
        } else if given.label > 0.0 {
            self.pending.counts.corrected += u64::from(!record.corrects);
            self.correct(given);
        }
    }

    /// Learns that what was taken for a negative is a positive.
    fn correct(&mut self, given: &OutcomeRecord) {
        let served = f64::from(given.probability_served);
        self.tallies.correct(given.candidate.offer, served, given.label);
        let prepared = self.propensity.prepare(&given.features);
        let said = self.propensity.predict(&prepared, &given.candidate).probability;
        let weight = correction(given.label, said);
        self.challengers.correct(given, &self.propensity);
        self.teach(&OutcomeRecord { label: 1.0, weight, ..given.clone() });
    }

    fn answer_funnel(&mut self, record: &AnswerRecord) {
        let stages = &record.stages;
        if stages.is_empty() {
            return;
        }
        let given = &record.outcome;
        let (reached, stage) = (usize::from(record.reached), usize::from(record.stage));
        let next = reached + 1;
        if stage <= reached {
            // A refusal is the end of the way.
            if record.taught && given.label == 0.0 {
                let waiting = self.pending.take(record.touch, next as u8);
                if let Some(packed) = waiting {
                    let shown = packed.outcome(record.touch, given.at, 0.0);
                    let seen = (&shown.features, &shown.candidate);
                    self.funnel.learn(stages, next, seen, (0.0, false), given.at);
                }
            }
            return;
        }
        let waiting = self.pending.take(record.touch, next as u8);
        let late = waiting.is_none();
        let shown = match &waiting {
            Some(packed) => packed.outcome(record.touch, given.at, 0.0),
            None => OutcomeRecord { id: record.touch, ..given.clone() },
        };
        for number in next..=stage.min(stages.len()) {
            let seen = (&shown.features, &shown.candidate);
            let corrects = late && number == next;
            self.funnel.learn(stages, number, seen, (1.0, corrects), given.at);
        }
        if stage < stages.len() {
            self.ask(&shown, stage as u8 + 1, record.next_closes_at, stages);
        }
    }

    /// Time went by.
    pub(super) fn tick(&mut self, record: TickRecord) -> Applied {
        self.pending.advance(record.at);
        self.close_due(CLOSED_BY_TICK_MAX);
        self.heads.tick(record.at, CLOSED_BY_TICK_MAX);
        Applied::Tick
    }

    /// Counts time on to `at`, and closes what is due: a few at a time.
    pub(super) fn pass(&mut self, at: Option<UnixMs>) {
        if let Some(at) = at {
            self.pending.advance(at);
        }
        self.close_due(CLOSED_BY_RECORD_MAX);
        while let Some((place, packed)) = self.pending.take_over() {
            self.close(place, &packed, true);
        }
    }

    fn close_due(&mut self, closed_max: usize) {
        for _ in 0..closed_max {
            let Some((place, packed)) = self.pending.take_due() else { return };
            self.close(place, &packed, false);
        }
    }

    /// Silence was the answer.
    fn close(&mut self, (at, touch, model): (UnixMs, u64, u8), packed: &Packed, early: bool) {
        let shown = packed.outcome(touch, at, 0.0);
        if model == MAIN {
            self.pending.counts.closed += 1;
            self.pending.counts.closed_early += u64::from(early);
            self.learn(&shown);
        } else {
            let seen = (&shown.features, &shown.candidate);
            self.funnel.learn(packed.stages(), usize::from(model), seen, (0.0, false), at);
        }
    }
}
