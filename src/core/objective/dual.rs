//! One shadow price: the dual variable of one bound, moved after each batch of decisions.
//!
//! The decisions of a period solve, one at a time, `max Σ value` subject to `Σ use ≤ budget`.
//! With a price μ ≥ 0 on use, each takes the offer of the greatest `value - μ·use`, and μ follows
//! the subgradient of the Lagrangian dual: dual mirror descent with the Euclidean mirror map
//! (Balseiro, Lu, Mirrokni, "The Best of Many Worlds: Dual Mirror Descent for Online Allocation
//! Problems", Operations Research 71, 2023, Algorithm 1):
//!
//! ```text
//! μ ← max(0, μ + η (use - ρ))          ρ: what may be used a decision
//! ```
//!
//! Four things differ from the plain algorithm:
//! - ρ is what is left by the decisions that are left (`B_t / (T - t)`), not what was planned at
//!   the start: an error made early is spread over the rest, so that the budget comes out even.
//!   That is the re-solving with the remaining budget of Agrawal, Wang, Ye, "A Dynamic
//!   Near-Optimal Algorithm for Online Linear Programming", Operations Research 62, 2014, applied
//!   to the target in place of the programme.
//! - η is AdaGrad's (Duchi, Hazan, Singer, "Adaptive Subgradient Methods", JMLR 12, 2011, the
//!   diagonal case): a rate over the root of the sum of the squared subgradients, here of the last
//!   period. So a price finds its place fast and then holds still, however noisy use is.
//! - Where the subgradients of the last while agree, the price is far from its place and steps are
//!   longer: by the ratio of their mean to their root mean square, as in Adam (Kingma, Ba, ICLR
//!   2015). So a price follows what customers are worth when that changes, and does not mind noise.
//! - All is measured in shares of the budget, and the price in value by use, so that minutes,
//!   euros and contacts need no tuning of their own.

use serde::{Deserialize, Serialize};

/// How far a price may move, by the root of what the subgradients have summed up to. Found by
/// simulation: between 0.03 and 0.06 all families of instances keep their value.
const RATE: f64 = 0.035;
/// Share of the period over which subgradients are held against each other.
const TREND_SHARE: f64 = 0.03;
/// The least agreement that counts: noise has some, too.
const AGREED_MIN: f64 = 0.3;
/// How much longer steps get, by agreement beyond that.
const AGREED_GAIN: f64 = 4.0;
/// From this share of the period on, steps grow as what is left shrinks: a correction must come
/// before the end.
const HURRY_FROM: f64 = 0.15;
/// By how much they grow at most.
const HURRY_MAX: f64 = 5.0;
/// The least sum of squares: bounds the first steps.
const SQUARES_MIN: f64 = 1e-6;
/// The most that one batch counts for, as a share of the budget: an accident is not to slow down
/// all steps after it.
const GRADIENT_MAX: f64 = 0.02;
/// The farthest one step goes, in scales.
const STEP_MAX: f64 = 0.1;

/// A shadow price and what its steps depend on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Dual {
    /// Value forgone by one more unit of use, ≥ 0; money by the line's unit.
    pub price: f64,
    /// Sum of the squared subgradients of about the last period, ≥ 0.
    pub squares: f64,
    /// Mean of the subgradients of late.
    pub trend: f64,
    /// Mean of their squares, ≥ 0.
    pub noise: f64,
}

/// What a step is taken from: one batch of decisions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// What the batch used beyond what it should have; negative: less.
    pub excess: f64,
    /// What is used in a whole period when all goes to plan; > 0.
    pub size: f64,
    /// The batch's share of the period's decisions, 0 to 1.
    pub share: f64,
    /// Share of the period's decisions still to come after it, 0 to 1.
    pub left: f64,
    /// Value by unit of use, the order of magnitude of a price; ≥ 0.
    pub scale: f64,
    /// The highest price.
    pub price_max: f64,
}

impl Dual {
    /// Moves the price after a batch. Numbers that are not finite, or no size, change nothing.
    pub fn step(&mut self, step: &Step) {
        let gradient = step.excess / step.size;
        if !gradient.is_finite() || !step.scale.is_finite() || step.size <= 0.0 {
            return;
        }
        let gradient = gradient.clamp(-GRADIENT_MAX, GRADIENT_MAX);
        let kept = 1.0 - step.share.clamp(0.0, 1.0);
        self.squares = self.squares * kept + gradient * gradient;
        let hurry = (HURRY_FROM / step.left.max(1e-9)).clamp(1.0, HURRY_MAX);
        let gain = self.gain(gradient, step.share);
        let moved = RATE * hurry * gain * gradient / libm::sqrt(SQUARES_MIN + self.squares);
        let moved = step.scale * moved.clamp(-STEP_MAX, STEP_MAX);
        self.price = (self.price + moved).min(step.price_max).max(0.0);
    }
    /// How much longer a step is for the subgradients of late agreeing with it, ≥ 1.
    fn gain(&mut self, gradient: f64, share: f64) -> f64 {
        let weight = (share / TREND_SHARE).clamp(0.0, 1.0);
        self.trend += weight * (gradient - self.trend);
        self.noise += weight * (gradient * gradient - self.noise);
        if self.noise <= 0.0 || self.trend * gradient <= 0.0 {
            return 1.0;
        }
        let agreed = self.trend.abs() / libm::sqrt(self.noise);
        1.0 + AGREED_GAIN * (agreed - AGREED_MIN).max(0.0)
    }
}
