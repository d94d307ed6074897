//! A logistic regression with the full covariance of its weights, learned by the extended Kalman
//! filter: fast starts, and correlated inputs share what they explain.
//!
//! Belief over the weights: Gaussian with mean `m` and covariance `P`. An outcome through inputs
//! `x` moves `m` by `P x g` and takes `i (P x)(P x)'` off `P`, with gradient `g` and information
//! `i` of [`Step`] (Bell, Cathey 1993, IEEE TAC 38(2); as a learner of weights that walk at
//! random: Haykin 2001, "Kalman Filtering and Neural Networks", 2.3). Sparse inputs make `P x`
//! cost `k d`, the update `d^2`, in single precision. Wider vectors do the same operations on each
//! number, multiplication and addition apart, so that all machines get the same bits.

use pulp::Arch;

use super::weight::{LOGIT_MAX, Step};
use crate::core::codec::bytes::{CodecError, Reader, Writer};

/// Rows grow by this many slots, so that loops run over whole vectors of the processor.
const LANES: usize = 16;
/// Smallest share of its prior variance that a weight keeps.
const VARIANCE_SHARE_MIN: f32 = 1e-6;

/// One input: a slot and its amount.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dot {
    /// Slot of the dense core.
    pub slot: u16,
    /// Amount.
    pub x: f32,
}

/// Mean and variance of a sum of weights.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sum {
    /// Mean, in logits.
    pub mean: f64,
    /// Variance, in squared logits.
    pub variance: f64,
}

/// The regression.
#[derive(Clone, Debug, PartialEq)]
pub struct Dense {
    /// Prior variance of a weight.
    prior: f32,
    /// Length of a row: slots in use, rounded up to [`LANES`].
    stride: usize,
    mean: Vec<f32>,
    /// `stride` rows of `stride` covariances.
    covariance: Vec<f32>,
}

#[expect(clippy::indexing_slicing, reason = "slots are below the stride, which `fit` sees to")]
impl Dense {
    /// A regression that has learned nothing; slot 0 is the bias, of unit prior variance.
    #[must_use]
    pub fn new(prior: f64) -> Self {
        Self { prior: prior as f32, stride: 0, mean: Vec::new(), covariance: Vec::new() }
    }

    /// How many slots it has room for.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.stride
    }

    /// Makes room for `slots` slots; the new ones have their prior.
    pub fn fit(&mut self, slots: usize) {
        if slots <= self.stride {
            return;
        }
        let stride = slots.next_multiple_of(LANES);
        let mut covariance = vec![0.0; stride * stride];
        for (row, into) in covariance.chunks_exact_mut(stride).enumerate() {
            if row < self.stride {
                let from = row * self.stride;
                into[..self.stride].copy_from_slice(&self.covariance[from..from + self.stride]);
            } else {
                into[row] = if row == 0 { 1.0 } else { self.prior };
            }
        }
        self.covariance = covariance;
        self.mean.resize(stride, 0.0);
        self.stride = stride;
    }

    /// The mean of `x' w`; slots it has no room for add nothing.
    #[must_use]
    #[inline]
    pub fn mean(&self, inputs: &[Dot]) -> f64 {
        let weight = |dot: &Dot| self.mean.get(usize::from(dot.slot)).map_or(0.0, |m| m * dot.x);
        f64::from(inputs.iter().map(weight).sum::<f32>())
    }

    /// The mean of one weight.
    #[must_use]
    pub fn weight(&self, slot: u16) -> f32 {
        self.mean.get(usize::from(slot)).copied().unwrap_or(0.0)
    }

    /// Adds `P x` to `gain`, which is brought to the length of a row.
    pub fn gain(&self, inputs: &[Dot], gain: &mut Vec<f32>) {
        gain.resize(self.stride, 0.0);
        Arch::new().dispatch(|| {
            for dot in inputs.iter().filter(|dot| usize::from(dot.slot) < self.stride) {
                let from = usize::from(dot.slot) * self.stride;
                let row = &self.covariance[from..from + self.stride];
                for (sum, one) in gain.iter_mut().zip(row) {
                    *sum += dot.x * one;
                }
            }
        });
    }

    /// The belief of `x' w`, given `gain` = `P x`. What has no slot yet has its prior variance.
    #[must_use]
    pub fn sum(&self, inputs: &[Dot], gain: &[f32]) -> Sum {
        let variance = |dot: &Dot| match gain.get(usize::from(dot.slot)) {
            Some(gain) => gain * dot.x,
            None => dot.x * dot.x * if dot.slot == 0 { 1.0 } else { self.prior },
        };
        let variance: f32 = inputs.iter().map(variance).sum();
        Sum { mean: self.mean(inputs), variance: f64::from(variance.max(0.0)) }
    }

    /// `x' P x` of a few inputs; what has no slot yet has its prior variance.
    #[must_use]
    pub fn quadratic(&self, inputs: &[Dot]) -> f64 {
        let mut sum = 0.0_f32;
        for (at, one) in inputs.iter().enumerate() {
            let slot = usize::from(one.slot);
            if slot >= self.stride {
                let prior = if slot == 0 { 1.0 } else { self.prior };
                sum += prior * one.x * one.x;
                continue;
            }
            let row = &self.covariance[slot * self.stride..(slot + 1) * self.stride];
            let with = |other: &Dot| row.get(usize::from(other.slot)).map_or(0.0, |c| c * other.x);
            let after: f32 = inputs.iter().skip(at + 1).map(with).sum();
            sum += one.x * (row[slot] * one.x + 2.0 * after);
        }
        f64::from(sum)
    }

    /// Takes in what a [`Step`] teaches along `gain` = `P x`, of a row's length; then every
    /// variance regains `drift`, up to its prior.
    pub fn update(&mut self, gain: &[f32], step: &Step, drift: f64) {
        let (gradient, information) = (step.gradient as f32, step.information as f32);
        let bound = LOGIT_MAX as f32;
        for (mean, gain) in self.mean.iter_mut().zip(gain) {
            *mean = (*mean + gain * gradient).clamp(-bound, bound);
        }
        Arch::new().dispatch(|| {
            for (row, own) in self.covariance.chunks_exact_mut(self.stride.max(1)).zip(gain) {
                let scale = own * information;
                if scale != 0.0 {
                    for (covariance, gain) in row.iter_mut().zip(gain) {
                        *covariance -= scale * gain;
                    }
                }
            }
        });
        self.walk(drift as f32);
    }

    /// Gives variances their drift and keeps them within their bounds. A variance that rounding
    /// brought to nothing is repaired: its covariances are forgotten.
    fn walk(&mut self, drift: f32) {
        for slot in 0..self.stride {
            let prior = if slot == 0 { 1.0 } else { self.prior };
            let at = slot * self.stride + slot;
            let variance = self.covariance[at] + drift;
            if variance > prior * VARIANCE_SHARE_MIN {
                self.covariance[at] = variance.min(prior);
            } else {
                self.forget(slot, prior * VARIANCE_SHARE_MIN * 2.0);
            }
        }
    }

    fn forget(&mut self, slot: usize, variance: f32) {
        for other in 0..self.stride {
            self.covariance[slot * self.stride + other] = 0.0;
            self.covariance[other * self.stride + slot] = 0.0;
        }
        self.covariance[slot * self.stride + slot] = variance;
    }

    /// Whether every number is finite and every variance within its prior.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let variances = (0..self.stride).all(|slot| {
            let variance = self.covariance[slot * self.stride + slot];
            variance > 0.0 && variance <= self.prior.max(1.0)
        });
        variances && self.mean.iter().chain(&self.covariance).all(|number| number.is_finite())
    }

    /// Appends the state.
    pub fn encode(&self, out: &mut Writer) {
        out.varint(self.stride as u64);
        self.mean.iter().chain(&self.covariance).for_each(|number| out.f32(*number));
    }

    /// Takes a state of prior variance `prior` and at most `slots_max` slots.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no such state.
    pub fn decode(
        prior: f64,
        slots_max: usize,
        input: &mut Reader<'_>,
    ) -> Result<Self, CodecError> {
        let stride = input.count(slots_max.next_multiple_of(LANES), 4, "slots of a regression")?;
        let mut numbers = |count: usize| -> Result<Vec<f32>, CodecError> {
            (0..count).map(|_| input.finite32("weight")).collect()
        };
        let mean = numbers(stride)?;
        let covariance = numbers(stride * stride)?;
        let dense = Self { prior: prior as f32, stride, mean, covariance };
        let whole = stride.is_multiple_of(LANES) && dense.is_sound();
        whole.then_some(dense).ok_or(CodecError::Invalid("regression"))
    }
}
