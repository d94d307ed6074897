//! What the decision for a channel comes to for the lines that are paced.

use super::Shared;
use super::decision::PlacementDecision;
use crate::core::value::Value;

/// Expected value and use of what was placed; empty where the catalog paces nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Paced {
    /// Expected value of what was placed, before prices; money.
    pub value: f64,
    /// By line: its index, the measure expected, and how many offers placed it is about.
    pub lines: Vec<(u16, f64, f64)>,
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
    if pacing.lines.is_empty() {
        return paced;
    }
    for placed in placements.iter().flat_map(|placement| &placement.offers) {
        let factors = &placed.factors;
        paced.value += factors.propensity * factors.value + factors.contact_value;
        let uses = pacing.uses(placed.offer, channel, frame, |_| true);
        for each in uses.unwrap_or_default() {
            paced.add(each.line, each.at(placed.estimate.probability));
        }
    }
    paced
}
