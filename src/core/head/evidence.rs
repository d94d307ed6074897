//! Which of several forms of one model is believed: by how probable each found what happened
//! (Bayesian model averaging: Hoeting, Madigan, Raftery, Volinsky 1999, "Bayesian model averaging: a
//! tutorial", eq. 1; with a bound on certainty, so that a form that was wrong once can come back).

use crate::core::codec::bytes::{CodecError, Reader, Writer};

/// Log-odds beyond which a form is written off no further.
const LOG_ODDS_MAX: f64 = 20.0;
/// Log-odds that a start from others' evidence has at most.
const START_MAX: f64 = 3.0;

/// Log evidence of `N` forms, the best at 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence<const N: usize>([f64; N]);

impl<const N: usize> Default for Evidence<N> {
    fn default() -> Self {
        Self([0.0; N])
    }
}

impl<const N: usize> Evidence<N> {
    /// Takes in the log likelihood that each form gave to what happened.
    pub fn note(&mut self, log_likelihoods: [f64; N]) {
        for (sum, one) in self.0.iter_mut().zip(log_likelihoods) {
            *sum += if one.is_nan() { 0.0 } else { one.clamp(-LOG_ODDS_MAX, LOG_ODDS_MAX) };
        }
        let best = self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        for sum in &mut self.0 {
            *sum = (*sum - best).max(-LOG_ODDS_MAX);
        }
    }

    /// How much each form is believed; they sum to 1.
    #[must_use]
    pub fn weights(&self) -> [f64; N] {
        let mut weights = self.0.map(libm::exp);
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= sum);
        weights
    }

    /// Where something new starts that is likely to be as the others are.
    #[must_use]
    pub fn start(&self) -> Self {
        Self(self.0.map(|sum| sum.max(-START_MAX)))
    }

    /// Appends the evidence.
    pub fn encode(&self, out: &mut Writer) {
        self.0.iter().for_each(|sum| out.f64(*sum));
    }

    /// Takes the evidence.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no such evidence.
    pub fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut sums = [0.0; N];
        for sum in &mut sums {
            *sum = input.finite("evidence")?;
        }
        let sound = sums.iter().all(|sum| (-LOG_ODDS_MAX..=0.0).contains(sum));
        sound.then_some(Self(sums)).ok_or(CodecError::Invalid("evidence"))
    }
}
