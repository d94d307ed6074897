//! Choices of the panel's customers, held out: taken out of the counts exactly, to be foretold from
//! the customer's others.

use super::gram::Counts;
use crate::core::affinity::choice::strength;
use crate::core::affinity::panel::Panel;
use crate::core::key::{mix64, unit};

/// Share of a customer's choices that is held out.
const HELD_OUT: f64 = 0.2;

/// One customer.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// What is known of it: items by number, with strengths.
    pub query: Vec<(usize, f64)>,
    /// What was held out, likewise.
    pub held: Vec<(usize, f64)>,
}

/// Splits each member's choices, for each `salt` in another way, and takes what is held out off the
/// counts.
pub fn hold_out(panel: &Panel, salt: u64, counts: &mut Counts) -> Vec<Case> {
    let mut cases = Vec::new();
    for member in panel.members() {
        let mut case = Case::default();
        for (item, weight) in member.history.iter() {
            let Ok(number) = counts.items.binary_search(item) else { continue };
            let held = unit(mix64(member.rank, u64::from(item.0)), salt) < HELD_OUT;
            let list = if held { &mut case.held } else { &mut case.query };
            list.push((number, strength(*weight)));
        }
        if !case.held.is_empty() && !case.query.is_empty() {
            cases.push(case);
        }
    }
    for case in &cases {
        for (at, (held, weight)) in case.held.iter().enumerate() {
            counts.subtract(*held, *held, weight * weight);
            let later = case.held.iter().skip(at + 1);
            for (other, strength) in case.query.iter().chain(later) {
                counts.subtract(*held, *other, weight * strength);
            }
        }
    }
    cases
}
