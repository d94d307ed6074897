//! Tallies by arm of the experiment: decisions, outcomes and value, of all replicas, kept apart.

use std::collections::BTreeMap;

use crate::core::codec::bytes::{CodecError, Reader, Writer};
use crate::core::interaction::OutcomeKind;
use crate::core::key::Key;

/// Most arms kept; what has no room is left out.
const ARMS_MAX: usize = 64;
/// Kinds of outcomes.
const KINDS: usize = OutcomeKind::ALL.len();

/// What happened in an arm since: decisions, or one outcome.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ArmRecord {
    /// Hash of its id; one seen lately counts no second time.
    pub id: u64,
    /// Key of the arm's name.
    pub arm: Key,
    /// Decisions made.
    pub decisions: u64,
    /// Of them, those that offered something.
    pub offered: u64,
    /// The outcome, if it is one.
    pub kind: Option<OutcomeKind>,
    /// Its value.
    pub value: f64,
}

/// Sums of an arm.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ArmTally {
    /// Decisions made.
    pub decisions: u64,
    /// Of them, those that offered something.
    pub offered: u64,
    /// Outcomes, by code of their kind.
    pub outcomes: [u64; KINDS],
    /// Sum of the values.
    pub value: f64,
    /// Sum of their squares.
    pub value_squares: f64,
}

impl ArmTally {
    /// How often something happened.
    #[must_use]
    pub fn of(&self, kind: OutcomeKind) -> u64 {
        self.outcomes.get(kind as usize).copied().unwrap_or(0)
    }
}

/// Tallies by arm.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ArmTallies(BTreeMap<Key, ArmTally>);

impl ArmTallies {
    /// Takes in what happened.
    pub fn note(&mut self, record: &ArmRecord) {
        if self.0.len() >= ARMS_MAX && !self.0.contains_key(&record.arm) {
            return;
        }
        let tally = self.0.entry(record.arm).or_default();
        tally.decisions += record.decisions;
        tally.offered += record.offered;
        if let Some(place) = record.kind.and_then(|kind| tally.outcomes.get_mut(kind as usize)) {
            *place += 1;
            tally.value += record.value;
            tally.value_squares += record.value * record.value;
        }
    }

    /// The tally of an arm.
    #[must_use]
    pub fn arm(&self, arm: Key) -> ArmTally {
        self.0.get(&arm).copied().unwrap_or_default()
    }

    /// Appends all tallies.
    pub fn encode(&self, out: &mut Writer) {
        out.varint(self.0.len() as u64);
        for (arm, tally) in &self.0 {
            out.key(*arm);
            out.varint(tally.decisions);
            out.varint(tally.offered);
            tally.outcomes.iter().for_each(|count| out.varint(*count));
            out.f64(tally.value);
            out.f64(tally.value_squares);
        }
    }

    /// Takes all tallies.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no tallies.
    pub fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let count = input.count(ARMS_MAX, 29, "number of arms")?;
        let mut arms = BTreeMap::new();
        for _ in 0..count {
            let arm = input.key()?;
            let mut tally = ArmTally {
                decisions: input.varint()?,
                offered: input.varint()?,
                ..ArmTally::default()
            };
            for place in &mut tally.outcomes {
                *place = input.varint()?;
            }
            tally.value = input.finite("value of an arm")?;
            tally.value_squares = input.finite("value of an arm")?;
            arms.insert(arm, tally);
        }
        Ok(Self(arms))
    }
}

/// Appends a record.
pub(super) fn encode(record: &ArmRecord, out: &mut Writer) {
    out.u64(record.id);
    out.key(record.arm);
    out.varint(record.decisions);
    out.varint(record.offered);
    out.u8(record.kind.map_or(u8::MAX, |kind| kind as u8));
    out.f64(record.value);
}

/// Takes a record.
pub(super) fn decode(input: &mut Reader<'_>) -> Result<ArmRecord, CodecError> {
    Ok(ArmRecord {
        id: input.u64()?,
        arm: input.key()?,
        decisions: input.varint()?,
        offered: input.varint()?,
        kind: match input.u8()? {
            u8::MAX => None,
            code => Some(OutcomeKind::from_code(code).ok_or(CodecError::Invalid("outcome"))?),
        },
        value: input.finite("value of an outcome")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::affinity::AffinitySpec;
    use crate::core::learn::{LearningRecord, Models};
    use crate::core::propensity::PropensitySpec;

    #[test]
    fn arms_are_counted_once_apart_and_survive_a_checkpoint() {
        let mut models = Models::new(PropensitySpec::default(), AffinitySpec::default());
        let note = |id, arm, decisions, kind, value| {
            let arm = Key::of(arm);
            let record = ArmRecord { id, arm, decisions, offered: decisions, kind, value };
            LearningRecord::Arm(record).encode()
        };
        models.apply(1, &note(1, "control", 7, None, 0.0));
        models.apply(2, &note(2, "standard", 5, None, 0.0));
        models.apply(3, &note(3, "standard", 0, Some(OutcomeKind::Convert), 30.0));
        // Written twice, for want of an answer: counted once.
        models.apply(4, &note(2, "standard", 5, None, 0.0));
        let standard = models.arms.arm(Key::of("standard"));
        assert_eq!((standard.decisions, standard.of(OutcomeKind::Convert)), (5, 1));
        assert_eq!((standard.value, standard.value_squares), (30.0, 900.0));
        assert_eq!(models.arms.arm(Key::of("control")).decisions, 7);
        let restored = Models::restore(&models.checkpoint()).unwrap();
        assert_eq!(restored.arms, models.arms);
        assert_eq!(restored.digest(), models.digest());
    }
}
