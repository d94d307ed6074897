//! What the decision for a channel comes to for the lines that are paced.

use super::Shared;
use super::candidates::{Candidate, ContactPrice};
use super::decision::PlacementDecision;
use crate::core::objective::LimitTally;
use crate::core::policy::LimitState;
use crate::core::value::Value;

/// Expected value and use of what was placed; empty where the catalog paces nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Paced {
    /// Expected value of what was placed, before prices; money.
    pub value: f64,
    /// By line: its index, the measure expected, and how many offers placed it is about.
    pub lines: Vec<(u16, f64, f64)>,
    /// By contact limit that is paced, its place among those: what the occasion came to.
    pub limits: Vec<(u16, LimitTally)>,
}

impl Paced {
    /// Adds one contact with an offer.
    fn add(&mut self, line: u16, measure: f64) {
        match self.lines.iter_mut().find(|(own, ..)| *own == line) {
            Some((_, sum, contacts)) => {
                *sum += measure;
                *contacts += 1.0;
            }
            None => self.lines.push((line, measure, 1.0)),
        }
    }
}

/// What was placed on one channel comes to. A measure that cannot be computed counts nothing.
pub(super) fn of(
    shared: &Shared<'_>,
    channel: u16,
    placements: &[PlacementDecision],
    frame: &[Option<Value>],
) -> Paced {
    let mut paced = Paced::default();
    let pacing = &shared.catalog().pacing;
    if pacing.is_idle() {
        return paced;
    }
    for placed in placements.iter().flat_map(|placement| &placement.offers) {
        let factors = &placed.factors;
        paced.value += factors.propensity * factors.value + factors.contact_value;
        let rates = pacing.rates.with(&placed.funnel, placed.estimate.probability);
        let uses = pacing.uses(placed.offer, channel, frame, &rates, |_| true);
        for each in uses.unwrap_or_default() {
            paced.add(each.line, each.at(placed.estimate.probability));
        }
    }
    paced
}

/// What the occasion came to for the contact limits that are paced: what stood before, the best
/// worth among `candidates` where a contact was left, and what was placed.
pub(super) fn occasions<'c>(
    shared: &Shared<'_>,
    prices: &[ContactPrice],
    before: &[LimitState],
    candidates: impl Iterator<Item = &'c Candidate> + Clone,
    placements: &[PlacementDecision],
) -> Vec<(u16, LimitTally)> {
    let specs = &shared.catalog().policy.spec().limits;
    let mut tallies = Vec::with_capacity(prices.len());
    for price in prices {
        let Some(limit) = shared.catalog().pacing.limits.get(usize::from(price.number)) else {
            continue;
        };
        let index = usize::from(limit.index);
        let (Some(spec), Some(state)) = (specs.get(index), before.get(index)) else { continue };
        let Some(outlook) = &state.outlook else { continue };
        let used = limit.max.saturating_sub(state.remaining);
        let passed = outlook.passed_ms as f64 / outlook.window_ms as f64;
        let mut tally = LimitTally::occasion(used, passed);
        if state.remaining > 0 {
            let under = candidates.clone().filter(|own| spec.offers.contains(own.offer));
            let worth = under.map(|own| {
                let factors = &own.factors;
                let paid = if own.charged { price.price } else { 0.0 };
                factors.propensity * factors.value + factors.contact_value - factors.cost + paid
            });
            tally.note(worth.fold(0.0, f64::max));
        }
        let placed = placements.iter().flat_map(|placement| &placement.offers);
        let count = placed.filter(|placed| spec.offers.contains(placed.offer)).count() as f64;
        (tally.contacts, tally.paid) = (count, count * price.price);
        tallies.push((price.number, tally));
    }
    tallies
}
