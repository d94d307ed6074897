//! What an outcome teaches the models beside the propensity.

use crate::core::catalog::Catalog;
use crate::core::experiment;
use crate::core::feature::FeatureVector;
use crate::core::interaction::Outcome;
use crate::core::key::mix64;
use crate::core::learn::{AmountRecord, CameRecord, LearningRecord};
use crate::core::propensity::Candidate;
use crate::core::time::{DAY_MS, UnixMs};

/// Purposes of the hashes that give these records their ids.
const CAME: u64 = 0x6361_6d65;
const AMOUNT: u64 = 0x616d_6f75;

/// The record of a good end to an offer that is withheld from this customer, who came to it without:
/// `id` is the outcome's, `positive` whether it is one. Such an outcome teaches the propensity
/// nothing: that is about contacts.
#[must_use]
pub fn came(
    catalog: &Catalog,
    outcome: &Outcome,
    positive: bool,
    id: u64,
    customer: u64,
) -> Option<Vec<u8>> {
    catalog.models.heads.uplift_window_ms?;
    let kept = experiment::kept_in_control(catalog, customer)?;
    let offer = catalog.offer_by_key(outcome.offer)?;
    let transactional = catalog.offers.get(offer as usize).is_some_and(|offer| offer.transactional);
    if !positive || transactional || kept.contains(offer) {
        return None;
    }
    let (id, at, offer) = (mix64(id, CAME), outcome.at, outcome.offer);
    Some(LearningRecord::Came(CameRecord { id, at, customer, offer }).encode())
}

/// Whether the catalog learns what such an outcome brings, or how long it takes.
#[must_use]
pub fn learns_amount(catalog: &Catalog, outcome: &Outcome) -> bool {
    let heads = &catalog.models.heads;
    let learns = |outcomes: u8| outcomes & outcome.kind.bit() != 0;
    heads.value.as_ref().is_some_and(|value| learns(value.outcomes))
        || heads.days.is_some_and(learns)
}

/// The record of what an outcome brought and how long it took since the decision at `decided_at`,
/// where the catalog learns either.
#[must_use]
pub fn amount(
    catalog: &Catalog,
    outcome: &Outcome,
    id: u64,
    decided_at: Option<UnixMs>,
    candidate: &Candidate,
    features: &FeatureVector,
) -> Option<Vec<u8>> {
    let heads = &catalog.models.heads;
    let learns = |outcomes: u8| outcomes & outcome.kind.bit() != 0;
    let amount = heads.value.as_ref().filter(|value| learns(value.outcomes));
    let amount = amount.and(outcome.value).filter(|value| value.is_finite() && *value > 0.0);
    let days = decided_at.filter(|_| heads.days.is_some_and(learns));
    #[expect(clippy::cast_precision_loss, reason = "days need no more")]
    let days = days.map(|decided_at| {
        // Answers at once take a second: their logarithm must exist.
        outcome.at.0.saturating_sub(decided_at.0).max(1_000) as f64 / DAY_MS as f64
    });
    if amount.is_none() && days.is_none() {
        return None;
    }
    let (id, at) = (mix64(id, AMOUNT), outcome.at);
    let (candidate, features) = (*candidate, features.clone());
    Some(
        LearningRecord::Amount(AmountRecord { id, at, candidate, features, amount, days }).encode(),
    )
}

#[cfg(test)]
mod tests;
