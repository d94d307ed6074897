//! How good the probabilities were that were served: each outcome is compared with the
//! probability served before anything is learned from it (progressive validation: Blum, Kalai,
//! Langford 1999, "Beating the hold-out").

use super::drift::Drift;
use crate::core::codec::bytes::{CodecError, Reader, Writer};
use crate::core::codec::cow::{CowMap, Ranked, decode_map, encode_map};
use crate::core::key::Key;

/// Equal-width bins of the calibration.
pub const CALIBRATION_BINS: usize = 15;
/// Equal-width bins of the logit in [-8, 8], for the area under the curve.
const RANK_BINS: usize = 256;
const RANK_LOGIT_MAX: f64 = 8.0;
const OFFERS_MAX: usize = 1024;
const P_MIN: f64 = 1e-6;

/// One bin of the calibration.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CalibrationBin {
    /// Outcomes.
    pub count: u64,
    /// Sum of the probabilities served.
    pub predicted: f64,
    /// Sum of the labels.
    pub observed: f64,
}

/// Sums over outcomes.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally {
    /// Outcomes.
    pub count: u64,
    /// Sum of the labels.
    pub positives: f64,
    /// Whether outcomes have begun to surprise.
    pub drift: Drift,
    log_loss: f64,
    base_log_loss: f64,
    squares: f64,
    bins: [CalibrationBin; CALIBRATION_BINS],
    /// Negative and positive mass by logit.
    ranks: [(f64, f64); RANK_BINS],
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            count: 0,
            positives: 0.0,
            drift: Drift::default(),
            log_loss: 0.0,
            base_log_loss: 0.0,
            squares: 0.0,
            bins: [CalibrationBin::default(); CALIBRATION_BINS],
            ranks: [(0.0, 0.0); RANK_BINS],
        }
    }
}

impl Ranked for Tally {
    fn rank(&self) -> u64 {
        self.count
    }
}

fn log_loss(probability: f64, label: f64) -> f64 {
    let p = probability.clamp(P_MIN, 1.0 - P_MIN);
    -(label * libm::log(p) + (1.0 - label) * libm::log(1.0 - p))
}

/// The bin of a probability in (0, 1) by its logit.
fn rank_of(p: f64) -> usize {
    let logit = libm::log(p / (1.0 - p));
    let share = (logit + RANK_LOGIT_MAX) / (2.0 * RANK_LOGIT_MAX);
    ((share.max(0.0) * RANK_BINS as f64) as usize).min(RANK_BINS - 1)
}

impl Tally {
    /// Takes in an outcome `label` (0 to 1) of what was served with `probability`; anything that
    /// is not a number is left out.
    pub fn observe(&mut self, probability: f64, label: f64) {
        if probability.is_nan() || label.is_nan() {
            return;
        }
        let p = probability.clamp(P_MIN, 1.0 - P_MIN);
        let label = label.clamp(0.0, 1.0);
        let base = (self.positives + 1.0) / (self.count as f64 + 2.0);
        self.base_log_loss += log_loss(base, label);
        self.log_loss += log_loss(p, label);
        self.squares += (p - label) * (p - label);
        self.drift.observe(p, label);
        self.count += 1;
        self.positives += label;
        let bin = (p * CALIBRATION_BINS as f64) as usize;
        if let Some(bin) = self.bins.get_mut(bin.min(CALIBRATION_BINS - 1)) {
            bin.count += 1;
            bin.predicted += p;
            bin.observed += label;
        }
        if let Some(rank) = self.ranks.get_mut(rank_of(p)) {
            rank.0 += 1.0 - label;
            rank.1 += label;
        }
    }

    /// Turns a negative that was taken in before, of what was served with `probability`, into a label
    /// of `label` (0 to 1).
    pub fn correct(&mut self, probability: f64, label: f64) {
        if self.count == 0 || probability.is_nan() || label.is_nan() {
            return;
        }
        let p = probability.clamp(P_MIN, 1.0 - P_MIN);
        let label = label.clamp(0.0, 1.0);
        let base = (self.positives + 1.0) / (self.count as f64 + 2.0);
        self.base_log_loss += log_loss(base, label) - log_loss(base, 0.0);
        self.log_loss += log_loss(p, label) - log_loss(p, 0.0);
        self.squares += (p - label) * (p - label) - p * p;
        self.positives += label;
        let bin = (p * CALIBRATION_BINS as f64) as usize;
        // What was said then may have been another probability: only where something was said.
        let bin = self.bins.get_mut(bin.min(CALIBRATION_BINS - 1));
        if let Some(bin) = bin.filter(|bin| bin.count > 0) {
            bin.observed += label;
        }
        if let Some(rank) = self.ranks.get_mut(rank_of(p)).filter(|rank| rank.0 >= label) {
            rank.0 -= label;
            rank.1 += label;
        }
    }

    fn mean(&self, sum: f64) -> Option<f64> {
        (self.count > 0).then(|| sum / self.count as f64)
    }

    /// Mean log loss, in nats; probabilities clipped to [1e-6, 1 - 1e-6].
    #[must_use]
    pub fn log_loss(&self) -> Option<f64> {
        self.mean(self.log_loss)
    }

    /// Mean log loss of the running base rate `(k + 1) / (n + 2)`.
    #[must_use]
    pub fn base_log_loss(&self) -> Option<f64> {
        self.mean(self.base_log_loss)
    }

    /// Mean squared distance of probability and label (Brier 1950).
    #[must_use]
    pub fn brier(&self) -> Option<f64> {
        self.mean(self.squares)
    }

    /// Area under the ROC curve, from the mass by logit (what shares one of 256 bins counts as
    /// tied); `None` until both outcomes occurred.
    #[must_use]
    pub fn auc(&self) -> Option<f64> {
        let (mut negatives, mut positives, mut wins) = (0.0, 0.0, 0.0);
        for (down, up) in &self.ranks {
            wins += up * (negatives + down / 2.0);
            negatives += down;
            positives += up;
        }
        let pairs = negatives * positives;
        (pairs > 0.0).then(|| wins / pairs)
    }

    /// Expected calibration error: mean over outcomes of |predicted - observed| of their bin.
    #[must_use]
    pub fn calibration_error(&self) -> Option<f64> {
        self.mean(self.bins.iter().map(|bin| f64::abs(bin.predicted - bin.observed)).sum())
    }

    /// The bins of the calibration, by ascending probability.
    #[must_use]
    pub fn calibration(&self) -> &[CalibrationBin] {
        &self.bins
    }

    /// Appends the tally.
    pub fn encode(&self, out: &mut Writer) {
        out.varint(self.count);
        for sum in [self.positives, self.log_loss, self.base_log_loss, self.squares] {
            out.f64(sum);
        }
        self.drift.encode(out);
        for bin in &self.bins {
            out.varint(bin.count);
            if bin.count > 0 {
                out.f64(bin.predicted);
                out.f64(bin.observed);
            }
        }
        for rank in &self.ranks {
            let used = rank.0 + rank.1 > 0.0;
            out.u8(u8::from(used));
            if used {
                out.f64(rank.0);
                out.f64(rank.1);
            }
        }
    }

    /// Takes a tally.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no tally.
    pub fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut tally = Self { count: input.varint()?, ..Self::default() };
        tally.positives = input.finite("tally")?;
        tally.log_loss = input.finite("tally")?;
        tally.base_log_loss = input.finite("tally")?;
        tally.squares = input.finite("tally")?;
        tally.drift = Drift::decode(input)?;
        for bin in &mut tally.bins {
            bin.count = input.varint()?;
            if bin.count > 0 {
                bin.predicted = input.finite("tally")?;
                bin.observed = input.finite("tally")?;
            }
        }
        for rank in &mut tally.ranks {
            if input.u8()? == 1 {
                *rank = (input.finite("tally")?, input.finite("tally")?);
            }
        }
        Ok(tally)
    }
}

/// Tallies of all outcomes and of each offer (the least shown offers make room).
#[derive(Clone, Debug)]
pub struct Tallies {
    /// Over all outcomes.
    pub overall: Tally,
    offers: CowMap<Tally>,
}

impl Default for Tallies {
    fn default() -> Self {
        Self { overall: Tally::default(), offers: CowMap::new(OFFERS_MAX) }
    }
}

impl Tallies {
    /// Takes in an outcome of `offer`.
    pub fn observe(&mut self, offer: Key, probability: f64, label: f64) {
        self.overall.observe(probability, label);
        self.offers.entry(offer, Tally::default).0.observe(probability, label);
    }

    /// Turns a negative of `offer` into a label.
    pub fn correct(&mut self, offer: Key, probability: f64, label: f64) {
        self.overall.correct(probability, label);
        self.offers.entry(offer, Tally::default).0.correct(probability, label);
    }

    /// The tally of an offer.
    #[must_use]
    pub fn offer(&self, offer: Key) -> Option<&Tally> {
        self.offers.get(offer)
    }

    /// All offers' tallies, in an order that depends on the keys alone.
    pub fn offers(&self) -> impl Iterator<Item = (Key, &Tally)> {
        self.offers.iter()
    }

    /// Appends all tallies.
    pub fn encode(&self, out: &mut Writer) {
        self.overall.encode(out);
        encode_map(&self.offers, Tally::encode, out);
    }

    /// Takes all tallies.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no tallies.
    pub fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut tallies = Self { overall: Tally::decode(input)?, ..Self::default() };
        decode_map(&mut tallies.offers, Tally::decode, input)?;
        Ok(tallies)
    }
}
