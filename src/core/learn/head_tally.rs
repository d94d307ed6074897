//! How good the models beside the propensity were: each trial and each amount is compared with what
//! they said of it before they learned from it (progressive validation, as in `tally`).

use super::tally::Tally;
use crate::core::codec::bytes::{CodecError, Reader, Writer};

/// Trials, shown and withheld.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UpliftTally {
    /// Outcomes of all trials, against the probability that was foretold of each: with the contact
    /// where it was shown, without where it was withheld.
    pub outcomes: Tally,
    /// Trials in which it was shown.
    pub shown: Side,
    /// Trials in which it was withheld.
    pub withheld: Side,
    /// Sum over all trials of the effect that was foretold.
    pub effects: f64,
}

/// One side of the trials.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Side {
    /// How many.
    pub count: u64,
    /// Sum of the labels.
    pub positives: f64,
}

impl Side {
    fn observe(&mut self, label: f64) {
        self.count += 1;
        self.positives += label;
    }

    /// Share of positives, with its variance; one of each kind supposed (the mean and variance of a
    /// Beta(k + 1, n - k + 1)).
    fn rate(self) -> (f64, f64) {
        let n = self.count as f64 + 2.0;
        let mean = (self.positives + 1.0) / n;
        (mean, mean * (1.0 - mean) / (n + 1.0))
    }
}

impl UpliftTally {
    /// Takes in a trial: whether it was shown, the outcome, its probability as foretold, and the effect
    /// as foretold (0 while none is told).
    pub fn observe(&mut self, shown: bool, label: f64, foretold: f64, effect: f64) {
        if !foretold.is_finite() || !effect.is_finite() {
            return;
        }
        self.outcomes.observe(foretold, label);
        let side = if shown { &mut self.shown } else { &mut self.withheld };
        side.observe(label);
        self.effects += effect;
    }

    /// The difference of the two sides' shares of positives, and its standard deviation; `None`
    /// while a side is empty. A plain difference: what was shown to whom is not weighed.
    #[must_use]
    pub fn effect(&self) -> Option<(f64, f64)> {
        let ((with, a), (without, b)) = (self.shown.rate(), self.withheld.rate());
        (self.shown.count > 0 && self.withheld.count > 0).then(|| (with - without, (a + b).sqrt()))
    }

    fn encode(&self, out: &mut Writer) {
        self.outcomes.encode(out);
        for side in [self.shown, self.withheld] {
            out.varint(side.count);
            out.f64(side.positives);
        }
        out.f64(self.effects);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let outcomes = Tally::decode(input)?;
        let mut side = || -> Result<Side, CodecError> {
            Ok(Side { count: input.varint()?, positives: input.finite("trials")? })
        };
        let (shown, withheld) = (side()?, side()?);
        Ok(Self { outcomes, shown, withheld, effects: input.finite("trials")? })
    }
}

/// Amounts. The first is left out: nothing can be foretold of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AmountTally {
    /// How many were foretold.
    pub count: u64,
    /// Their sum.
    pub observed: f64,
    /// The sum of what was foretold.
    pub foretold: f64,
    /// Sum of the distances between the two.
    pub distance: f64,
    /// Sum of the distances from the mean of the amounts before.
    pub base_distance: f64,
    /// Sums of the squares of both.
    pub squares: [f64; 2],
    before: (u64, f64),
}

impl AmountTally {
    /// Takes in an amount and what was foretold of it.
    pub fn observe(&mut self, amount: f64, foretold: Option<f64>) {
        let (count, sum) = self.before;
        if let Some(foretold) = foretold.filter(|foretold| foretold.is_finite() && count > 0) {
            let (error, base) = (amount - foretold, amount - sum / count as f64);
            self.count += 1;
            self.observed += amount;
            self.foretold += foretold;
            self.distance += error.abs();
            self.base_distance += base.abs();
            self.squares[0] += error * error;
            self.squares[1] += base * base;
        }
        self.before = (count + 1, sum + amount);
    }

    fn encode(&self, out: &mut Writer) {
        out.varint(self.count);
        let [own, base] = self.squares;
        let sums = [self.observed, self.foretold, self.distance, self.base_distance, own, base];
        sums.into_iter().for_each(|sum| out.f64(sum));
        out.varint(self.before.0);
        out.f64(self.before.1);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let count = input.varint()?;
        let mut sum = || input.finite("amounts");
        let (observed, foretold) = (sum()?, sum()?);
        let (distance, base_distance) = (sum()?, sum()?);
        let squares = [sum()?, sum()?];
        let before = (input.varint()?, input.finite("amounts")?);
        Ok(Self { count, observed, foretold, distance, base_distance, squares, before })
    }
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeadTallies {
    /// Of what a contact changes.
    pub uplift: UpliftTally,
    /// Of what a positive outcome brings.
    pub amounts: AmountTally,
    /// Of the days it takes.
    pub days: AmountTally,
}

impl HeadTallies {
    /// Appends all tallies.
    pub fn encode(&self, out: &mut Writer) {
        self.uplift.encode(out);
        self.amounts.encode(out);
        self.days.encode(out);
    }

    /// Takes all tallies.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no tallies.
    pub fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self {
            uplift: UpliftTally::decode(input)?,
            amounts: AmountTally::decode(input)?,
            days: AmountTally::decode(input)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_compared_with_what_was_said_before_and_with_the_mean_so_far() {
        let mut tally = AmountTally::default();
        tally.observe(10.0, None);
        tally.observe(20.0, Some(18.0));
        tally.observe(30.0, Some(31.0));
        assert_eq!((tally.count, tally.observed, tally.foretold), (2, 50.0, 49.0));
        assert_eq!((tally.distance, tally.base_distance), (3.0, 25.0));
        assert_eq!(tally.squares, [5.0, 325.0]);
    }

    #[test]
    fn the_effect_is_the_difference_of_the_sides() {
        let mut tally = UpliftTally::default();
        assert_eq!(tally.effect(), None);
        for n in 0..998 {
            let label = |one_in| f64::from(u8::from(n % one_in == 0));
            tally.observe(true, label(2), 0.5, 0.25);
            tally.observe(false, label(4), 0.25, 0.25);
        }
        let (effect, deviation) = tally.effect().unwrap();
        assert!((effect - 0.25).abs() < 0.002 && (deviation - 0.0209).abs() < 0.001, "{deviation}");
        assert_eq!((tally.shown.count, tally.outcomes.count), (998, 1_996));
        let mut out = Writer::default();
        let all = HeadTallies { uplift: tally, ..HeadTallies::default() };
        all.encode(&mut out);
        assert_eq!(HeadTallies::decode(&mut Reader::new(&out.0)).unwrap(), all);
    }
}
