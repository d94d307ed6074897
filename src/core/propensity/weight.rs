//! A weight with its uncertainty, and how an outcome changes it.
//!
//! The belief over the weights is Gaussian with a diagonal covariance (Graepel, Candela,
//! Borchert, Herbrich 2010, "Web-scale Bayesian click-through rate prediction", AdPredictor, §3),
//! here with a logistic likelihood. An outcome is taken in by the iterated extended Kalman filter
//! (Bell, Cathey 1993, IEEE TAC 38(2): the filter's update is a Gauss-Newton step to the
//! posterior mode, iterated): since one outcome informs one direction, the mode is found on a
//! line, exactly.

use crate::core::codec::bytes::{CodecError, Reader, Writer};

/// Largest magnitude of a weight's mean and of a logit.
pub const LOGIT_MAX: f64 = 30.0;
/// Smallest share of its prior variance a weight keeps.
const SPREAD_MIN: f32 = 1e-5;

/// One weight: its mean, and its variance as a share of its prior variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weight {
    /// Mean, in logits.
    pub mean: f32,
    /// Variance over prior variance, in (0, 1]; 1 until something is learned.
    pub spread: f32,
}

impl Default for Weight {
    fn default() -> Self {
        Self::PRISTINE
    }
}

impl Weight {
    /// A weight nothing has been learned of.
    pub const PRISTINE: Self = Self { mean: 0.0, spread: 1.0 };

    /// Takes in `step` through input `x`; `prior` is the weight's prior variance, `drift` what
    /// the random walk gives back. EKF form: `mean += v x g`, `v -= (v x)^2 i`.
    #[inline]
    pub fn update(&mut self, x: f64, prior: f64, step: &Step, drift: f64) {
        let variance = prior * f64::from(self.spread);
        let mean = f64::from(self.mean) + variance * x * step.gradient;
        self.mean = mean.clamp(-LOGIT_MAX, LOGIT_MAX) as f32;
        let kept = 1.0 - variance * x * x * step.information;
        let spread = f64::from(self.spread) * kept + drift / prior;
        self.spread = (spread as f32).clamp(SPREAD_MIN, 1.0);
    }

    /// Whether the weight is what a model may hold.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.mean.is_finite() && self.spread >= SPREAD_MIN && self.spread <= 1.0
    }
}

/// Appends a weight: eight bytes.
pub fn encode_weight(weight: &Weight, out: &mut Writer) {
    out.f32(weight.mean);
    out.f32(weight.spread);
}

/// Takes a weight.
///
/// # Errors
/// [`CodecError`] when the bytes are short or the weight is not sound.
pub fn decode_weight(input: &mut Reader<'_>) -> Result<Weight, CodecError> {
    let weight = Weight { mean: input.f32()?, spread: input.f32()? };
    weight.is_sound().then_some(weight).ok_or(CodecError::Invalid("weight"))
}

/// What one outcome teaches along its direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Residual at the posterior mode, times the outcome's weight.
    pub gradient: f64,
    /// Share of a weight's `v x^2` by which its variance shrinks: `h / (1 + h s^2)`, with `h`
    /// the likelihood's curvature at the mode.
    pub information: f64,
}

impl Step {
    /// The step for an outcome `label` (0 to 1) of `weight` where the belief of the logit has
    /// `mean` and `variance`. The mode solves `a = mean + variance * weight * (label - σ(a))`,
    /// which has one root, between `mean` and the right side's value at `mean`.
    #[must_use]
    pub fn new(mean: f64, variance: f64, label: f64, weight: f64) -> Self {
        let pull = variance * weight;
        let far = mean + pull * (label - sigmoid(mean));
        let (mut low, mut high) = if far < mean { (far, mean) } else { (mean, far) };
        let mut at = mean;
        // Newton, kept within the bracket: a dozen steps reach rounding from anywhere.
        for _ in 0..12 {
            let p = sigmoid(at);
            let excess = at - mean - pull * (label - p);
            if excess > 0.0 {
                high = at;
            } else {
                low = at;
            }
            let newton = at - excess / (1.0 + pull * p * (1.0 - p));
            let next = if newton >= low && newton <= high { newton } else { 0.5 * (low + high) };
            let moved = (next - at).abs();
            at = next;
            if moved < 1e-7 {
                break;
            }
        }
        let p = sigmoid(at);
        let curvature = weight * p * (1.0 - p);
        Self {
            gradient: weight * (label - p),
            information: curvature / (1.0 + curvature * variance),
        }
    }
}

/// The logistic function.
#[must_use]
pub fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-logit.clamp(-LOGIT_MAX, LOGIT_MAX)))
}

/// The inverse of [`sigmoid`] for a probability strictly between 0 and 1.
#[must_use]
pub fn logit(probability: f64) -> f64 {
    libm::log(probability / (1.0 - probability))
}

/// `1 / sqrt(1 + π s² / 8)`: by what an uncertain logit's distance shrinks so that its sigmoid is
/// the expected probability (MacKay 1992, "The evidence framework applied to classification
/// networks", the moderated output).
#[must_use]
pub fn moderation(variance: f64) -> f64 {
    1.0 / (1.0 + std::f64::consts::PI / 8.0 * variance).sqrt()
}
