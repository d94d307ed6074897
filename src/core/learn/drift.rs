//! Whether outcomes have begun to surprise: a cumulative sum of how much more was lost than the
//! served probabilities themselves expected (Page 1954, "Continuous inspection schemes", Biometrika
//! 41; on the loss of an online learner: Gama et al. 2014, "A survey on concept drift adaptation",
//! 3.2.2).
//!
//! A probability p expects the loss H(p) with variance p (1 - p) logit(p)². The standardised excess
//! has mean 0 and variance 1 while probabilities are true, whatever the base rate, so that one
//! threshold serves every model.

use crate::core::codec::bytes::{CodecError, Reader, Writer};

/// Excess a row that is no news.
const SLACK: f64 = 0.1;
/// Sum that raises an alarm. With [`SLACK`], true probabilities raise one in some 10^7 outcomes
/// (Siegmund 1985, "Sequential Analysis", 2.6), a shift of 0.3 after about 300.
const ALARM: f64 = 60.0;
/// Bound of one row's excess: a single shock is no drift.
const EXCESS_MAX: f64 = 5.0;
const P_MIN: f64 = 1e-3;
/// Near one half a loss says nothing: no division by what is next to nothing.
const DEVIATION_MIN: f64 = 0.05;

/// The detector.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Drift {
    sum: f64,
    alarmed: bool,
    /// How often an alarm was raised; it is raised again only after outcomes were as foretold for a
    /// while.
    pub alarms: u64,
}

impl Drift {
    /// Takes in an outcome `label` (0 to 1) of what was served with `probability`; whether it raises
    /// an alarm.
    pub fn observe(&mut self, probability: f64, label: f64) -> bool {
        if probability.is_nan() || label.is_nan() {
            return false;
        }
        let p = probability.clamp(P_MIN, 1.0 - P_MIN);
        let logit = libm::log(p / (1.0 - p));
        // Loss less expected loss is (p - y) logit(p).
        let deviation = (p * (1.0 - p)).sqrt() * logit.abs();
        let excess = (p - label.clamp(0.0, 1.0)) * logit / deviation.max(DEVIATION_MIN);
        let excess = excess.clamp(-EXCESS_MAX, EXCESS_MAX);
        self.sum = (self.sum + excess - SLACK).clamp(0.0, ALARM);
        if self.alarmed {
            self.alarmed = self.sum > ALARM / 2.0;
            return false;
        }
        self.alarmed = self.sum >= ALARM;
        self.alarms += u64::from(self.alarmed);
        self.alarmed
    }

    /// How near the sum is to an alarm: 0 when outcomes are as foretold, 1 while the alarm stands.
    #[must_use]
    pub fn level(&self) -> f64 {
        self.sum / ALARM
    }

    /// Appends the state.
    pub fn encode(&self, out: &mut Writer) {
        out.f64(self.sum);
        out.u8(u8::from(self.alarmed));
        out.varint(self.alarms);
    }

    /// Takes a state.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no such state.
    pub fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let sum = input.finite("sum of a drift")?.clamp(0.0, ALARM);
        Ok(Self { sum, alarmed: input.u8()? == 1, alarms: input.varint()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::key::{mix64, unit};

    fn outcomes(drift: &mut Drift, rows: u64, truth: impl Fn(f64) -> f64) -> Option<u64> {
        (0..rows).find(|n| {
            let p = 0.02 + 0.4 * unit(mix64(11, *n), 1);
            let label = f64::from(u8::from(unit(mix64(11, *n), 2) < truth(p)));
            drift.observe(p, label)
        })
    }

    #[test]
    fn true_probabilities_raise_no_alarm() {
        let mut drift = Drift::default();
        assert_eq!(outcomes(&mut drift, 200_000, |p| p), None);
        assert_eq!(drift.alarms, 0);
    }

    #[test]
    fn a_world_that_moved_is_noticed_within_a_thousand_outcomes() {
        let mut drift = Drift::default();
        assert_eq!(outcomes(&mut drift, 5_000, |p| p), None);
        let noticed = outcomes(&mut drift, 5_000, |p| (p * 2.0).min(0.9));
        assert!(noticed.is_some_and(|rows| rows < 1_000), "{noticed:?}");
        assert_eq!((drift.alarms, drift.level()), (1, 1.0));
        // What stays is said once; the level falls when outcomes are as foretold again.
        assert_eq!(outcomes(&mut drift, 2_000, |p| (p * 2.0).min(0.9)), None);
        assert_eq!(outcomes(&mut drift, 5_000, |p| p), None);
        assert!(drift.level() < 0.5 && drift.alarms == 1);
    }
}
