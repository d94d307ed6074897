//! Marketers' scores: weight × score (0..=100) × interest, as campaign suites of the Unica kind
//! rank.

use super::score::Factors;
use crate::core::catalog::source::InterestSource;
use crate::core::expression::Program;
use crate::core::policy::Bitset;

/// What an offer scores that no judgement fits.
pub const NEUTRAL_SCORE: f64 = 50.0;

/// One judgement.
#[derive(Clone, Debug)]
pub struct MarketerRule {
    /// Which offers; `None`: all.
    pub offers: Option<Bitset>,
    /// For whom; `None`: for all.
    pub when: Option<Program>,
    /// 0..=100.
    pub score: f64,
    /// > 0.
    pub weight: f64,
}

/// All judgements of a scheme, in order.
#[derive(Clone, Debug)]
pub struct MarketerScores {
    /// The judgements.
    pub rules: Vec<MarketerRule>,
    /// What they are multiplied with.
    pub interest: InterestSource,
}

/// The customer's interest: the propensity, the affinity (0 when unknown), or the mean of both.
#[must_use]
pub fn interest(kind: InterestSource, factors: &Factors) -> f64 {
    let affinity = factors.affinity.unwrap_or(0.0);
    match kind {
        InterestSource::Propensity => factors.propensity,
        InterestSource::Affinity => affinity,
        InterestSource::Both => 0.5 * (factors.propensity + affinity),
    }
}

/// Weight and score of the first of `rules` that fits the offer, else 1 and [`NEUTRAL_SCORE`].
pub fn judged<'r>(mut rules: impl Iterator<Item = &'r MarketerRule>, offer: u32) -> (f64, f64) {
    let fits =
        |rule: &&MarketerRule| rule.offers.as_ref().is_none_or(|offers| offers.contains(offer));
    rules.find(fits).map_or((1.0, NEUTRAL_SCORE), |rule| (rule.weight, rule.score))
}
