//! The constrained optimum: what an offer is worth, less what it costs at the shadow prices.
//!
//! With a price μ_r on every line r, the best answer to each customer is the offer of the greatest
//! `L·(P·V + V₀) - Σ_r μ_r·E[use_r]` (the Lagrangian of the allocation problem; Balseiro, Lu,
//! Mirrokni 2023, "The Best of Many Worlds", §2): P propensity, V worth of a positive outcome, V₀
//! worth of the contact itself, L lever. 'No offer' has the value 0, so that a scarce resource is
//! kept where nothing is worth its price.

use super::score::Factors;

/// 'No offer' wins against an adjusted value below this.
pub const THRESHOLD: f64 = 0.0;

/// The value adjusted by what it costs; money.
#[must_use]
pub fn adjusted(factors: &Factors) -> f64 {
    factors.lever * (factors.propensity * factors.value + factors.contact_value) - factors.cost
}
