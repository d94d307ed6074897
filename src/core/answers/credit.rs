//! Sharing an outcome out among the contacts that may have led to it (the usual heuristic rules of
//! multi-touch attribution: Shao, Li 2011, "Data-driven multi-touch attribution models", KDD,
//! section 1).

use super::spec::{Credit, CreditRule};
use crate::core::time::UnixMs;

/// A contact that may have led to an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// When it was made.
    pub at: UnixMs,
    /// How long the outcome can belong to it, ms.
    pub window_ms: i64,
    /// Whether it was clicked.
    pub clicked: bool,
    /// Whether a click would be told of: else nothing follows from there being none.
    pub clickable: bool,
}

/// The share of each claim in an outcome at `at`: at least 0, in sum 1, or below where only contacts
/// without a click may claim and their weight is below 1; all 0 when none may.
#[must_use]
pub fn share(claims: &[Claim], credit: &Credit, at: UnixMs) -> Vec<f64> {
    let weights: Vec<f64> = claims.iter().map(|claim| weight(claim, credit, at)).collect();
    let able = || weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0);
    let chosen = |place: usize| (0..claims.len()).map(move |own| own == place);
    match credit.rule {
        CreditRule::Last => {
            // Of equally recent ones the later in the list.
            let best = able().max_by_key(|(place, _)| claims.get(*place).map(|claim| claim.at));
            let Some((place, weight)) = best else { return vec![0.0; claims.len()] };
            chosen(place).map(|own| if own { *weight } else { 0.0 }).collect()
        }
        CreditRule::First => {
            let best = able().min_by_key(|(place, _)| claims.get(*place).map(|claim| claim.at));
            let Some((place, weight)) = best else { return vec![0.0; claims.len()] };
            chosen(place).map(|own| if own { *weight } else { 0.0 }).collect()
        }
        CreditRule::Linear | CreditRule::TimeDecayed => {
            let decayed: Vec<f64> = claims
                .iter()
                .zip(&weights)
                .map(|(claim, weight)| weight * decay(claim, credit, at))
                .collect();
            let whole: f64 = claims
                .iter()
                .zip(&weights)
                .filter(|(_, weight)| **weight > 0.0)
                .map(|(claim, _)| decay(claim, credit, at))
                .sum();
            // Views that count less leave something to nobody only where there is no click.
            let sum: f64 = decayed.iter().sum();
            let clicked = claims.iter().zip(&weights).any(|(claim, w)| claim.clicked && *w > 0.0);
            let by = if clicked { sum } else { whole };
            decayed.iter().map(|part| if by > 0.0 { part / by } else { 0.0 }).collect()
        }
    }
}

/// What a claim counts, in [0, 1].
fn weight(claim: &Claim, credit: &Credit, at: UnixMs) -> f64 {
    let since = at.since(claim.at);
    if since > claim.window_ms {
        return 0.0;
    }
    match credit.view_through {
        Some((window_ms, weight, _)) if claim.clickable && !claim.clicked => {
            if since <= window_ms {
                weight
            } else {
                0.0
            }
        }
        _ => 1.0,
    }
}

fn decay(claim: &Claim, credit: &Credit, at: UnixMs) -> f64 {
    if credit.rule != CreditRule::TimeDecayed {
        return 1.0;
    }
    let since = at.since(claim.at).max(0) as f64;
    libm::exp2(-since / credit.half_life_ms.max(1) as f64)
}
