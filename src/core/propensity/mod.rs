//! The probability of the positive outcome.

/// Belief before any outcome.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prior {
    /// Expected probability of the positive outcome, in (0, 1).
    pub probability: f64,
    /// How many outcomes that belief is worth, > 0.
    pub evidence: f64,
}
