//! The models of one engine at one position of the learning log.

use super::arms::ArmTallies;
use super::challengers::Challengers;
use super::funnel::Funnel;
use super::heads::Heads;
use super::pending::Pending;
use super::record::{Decoded, ItemRecord, LearningRecord, OutcomeRecord};
use super::seen::Seen;
use super::tally::Tallies;
use crate::core::affinity::{Affinity, AffinitySpec, Choice};
use crate::core::codec::bytes::CodecError;
use crate::core::propensity::{Propensity, PropensitySpec};
use crate::core::segment::Populations;

/// All that is learned: a pure function of the settings and of the log up to `position`. A clone
/// is cheap (pointers, and what waits: see [`Models::serving`]) and stays as it is while the origin goes on learning.
#[derive(Clone, Debug)]
pub struct Models {
    /// Probability of the positive outcome.
    pub propensity: Propensity,
    /// What others' behaviour says.
    pub affinity: Affinity,
    /// How good the probabilities served were.
    pub tallies: Tallies,
    /// How customers compare with each other.
    pub populations: Populations,
    /// What happened in each arm of the experiment.
    pub arms: ArmTallies,
    /// How probable each stage of a funnel is.
    pub funnel: Funnel,
    /// Contacts that wait for their answer.
    pub pending: Pending,
    /// What stands beside the propensity: uplift, amounts.
    pub heads: Heads,
    /// Models that learn beside the propensity, to take its place.
    pub challengers: Challengers,
    /// What became of the records.
    pub counts: Counts,
    pub(super) position: u64,
    pub(super) seen: Seen,
}

/// How many records met which fate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Outcomes learned from.
    pub outcomes: u64,
    /// Choices of items learned from.
    pub items: u64,
    /// Records whose id had been seen.
    pub duplicates: u64,
    /// Records of a version or kind of a later build.
    pub unknown: u64,
    /// Records whose bytes were damaged.
    pub corrupt: u64,
}

/// What [`Models::apply`] did with a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// Learned from an outcome.
    Outcome,
    /// Learned from a choice.
    Item,
    /// Counted for an arm of the experiment.
    Arm,
    /// A customer moved among the others.
    Moves,
    /// A customer was forgotten.
    Forgotten,
    /// A contact began to wait for its answer.
    Shown,
    /// Time went by.
    Tick,
    /// An offer was withheld, or came to all the same.
    Withheld,
    /// Learned what a positive outcome brought.
    Amount,
    /// Challengers came or went, or one was promoted.
    Challengers,
    /// The position had been applied before; nothing changed.
    Stale,
    /// The record's id had been seen; only position and count moved.
    Duplicate,
    /// A later build wrote it; skipped and counted.
    Unknown,
    /// Its bytes are damaged; skipped and counted.
    Corrupt(CodecError),
}

impl Models {
    /// Models that have learned nothing, at position 0.
    #[must_use]
    pub fn new(propensity: PropensitySpec, affinity: AffinitySpec) -> Self {
        Self {
            propensity: Propensity::new(propensity),
            affinity: Affinity::new(affinity),
            tallies: Tallies::default(),
            arms: ArmTallies::default(),
            populations: Populations::default(),
            funnel: Funnel::default(),
            pending: Pending::default(),
            heads: Heads::default(),
            challengers: Challengers::default(),
            counts: Counts::default(),
            position: 0,
            seen: Seen::default(),
        }
    }

    /// The models as decisions need them: without what waits, so that the copy is cheap whatever
    /// waits.
    #[must_use]
    pub fn serving(&mut self) -> Self {
        self.propensity.settle();
        self.funnel.settle();
        self.challengers.settle();
        Self {
            propensity: self.propensity.clone(),
            affinity: self.affinity.clone(),
            tallies: self.tallies.clone(),
            arms: self.arms.clone(),
            populations: self.populations.clone(),
            funnel: self.funnel.clone(),
            pending: self.pending.without_queue(),
            heads: self.heads.serving(),
            challengers: self.challengers.clone(),
            counts: self.counts,
            position: self.position,
            seen: self.seen.clone(),
        }
    }

    /// The last position of the log that was applied; 0 is none, so a log counts from 1.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Whether every number of the models is one they may hold: finite, and within its bounds.
    /// As costly as a checkpoint.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.propensity.is_sound()
            && self.affinity.is_sound()
            && self.funnel.is_sound()
            && self.heads.is_sound()
            && self.challengers.is_sound()
    }

    /// Goes on from after `position` without having seen what lies before it: entries that are lost
    /// cannot be waited for. Never goes back.
    pub fn skip_to(&mut self, position: u64) {
        self.position = self.position.max(position);
    }

    /// Applies the record at `position`. Positions ascend (gaps are allowed); one that is not
    /// above the last changes nothing, so a log may be read again from any earlier place.
    pub fn apply(&mut self, position: u64, record: &[u8]) -> Applied {
        if position <= self.position {
            return Applied::Stale;
        }
        self.position = position;
        let record = match LearningRecord::decode(record) {
            Ok(Decoded::Record(record)) => record,
            Ok(Decoded::Unknown { .. }) => {
                self.counts.unknown += 1;
                return Applied::Unknown;
            }
            Err(error) => {
                self.counts.corrupt += 1;
                return Applied::Corrupt(error);
            }
        };
        if self.seen.note(record.id()) {
            self.counts.duplicates += 1;
            return Applied::Duplicate;
        }
        let at = record.at();
        let applied = match record {
            LearningRecord::Outcome(outcome) => self.learn(&outcome),
            LearningRecord::Item(item) => self.observe(&item),
            LearningRecord::Arm(arm) => {
                self.arms.note(&arm);
                Applied::Arm
            }
            LearningRecord::Withheld(withheld) => {
                self.heads.withheld(withheld);
                Applied::Withheld
            }
            LearningRecord::Came(came) => {
                self.heads.came(&came);
                Applied::Withheld
            }
            LearningRecord::Amount(amount) => {
                self.heads.amount(&amount);
                Applied::Amount
            }
            LearningRecord::Moves(moves) => {
                self.populations.apply(&moves);
                Applied::Moves
            }
            LearningRecord::Forget(forget) => {
                self.affinity.forget_customer(forget.customer);
                self.pending.forget_customer(forget.customer);
                self.heads.forget_customer(forget.customer);
                Applied::Forgotten
            }
            LearningRecord::Shown(shown) => self.shown(&shown),
            LearningRecord::Answer(answer) => self.answer(&answer),
            LearningRecord::Tick(tick) => self.tick(tick),
            LearningRecord::Challengers(record) => {
                self.challengers.declare(&record.declared);
                Applied::Challengers
            }
            LearningRecord::Promote(record) => {
                self.challengers.promote(record.name, &mut self.propensity);
                Applied::Challengers
            }
        };
        self.pass(at);
        applied
    }

    pub(super) fn learn(&mut self, record: &OutcomeRecord) -> Applied {
        self.counts.outcomes += 1;
        let served = f64::from(record.probability_served);
        self.tallies.observe(record.candidate.offer, served, record.label);
        self.challengers.learn(record, &self.propensity);
        self.teach(record);
        Applied::Outcome
    }

    /// Lets the models learn from a contact with its label and weight.
    pub(super) fn teach(&mut self, record: &OutcomeRecord) {
        self.heads.shown(record);
        let (features, candidate) = (&record.features, &record.candidate);
        self.propensity.learn(features, candidate, record.label, record.weight, record.at);
    }

    fn observe(&mut self, record: &ItemRecord) -> Applied {
        self.counts.items += 1;
        let ItemRecord { customer, item, weight, at, .. } = *record;
        self.affinity.observe(&Choice { customer, history: &record.history, item, weight, at });
        Applied::Item
    }
}
