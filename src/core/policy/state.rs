//! Customer states: a named situation that changes the game, such as an open complaint. Of the
//! states that hold, the one with the highest precedence is in effect.

use std::sync::Arc;

use super::Bitset;
use crate::core::expression::{Frame, Program};

/// A declared state.
#[derive(Clone, Debug)]
pub struct StateSpec {
    /// Id: what `state` says in expressions while it is in effect.
    pub id: Arc<str>,
    /// When it holds; unknown or failed counts as not.
    pub when: Program,
    /// Why it matters, for people.
    pub reason: Option<Arc<str>>,
    /// What may still be offered.
    pub allowed: Bitset,
    /// Factors on the lever of offers, multiplied in this order.
    pub levers: Vec<(Bitset, f64)>,
}

impl StateSpec {
    /// Factor on the lever of `offer`.
    #[must_use]
    pub fn lever(&self, offer: u32) -> f64 {
        let hit = self.levers.iter().filter(|(offers, _)| offers.contains(offer));
        hit.map(|(_, factor)| factor).product()
    }
}

/// The state in effect: the first that holds; `states` is sorted by falling precedence.
#[must_use]
pub fn in_effect(states: &[StateSpec], frame: &Frame) -> Option<usize> {
    states.iter().position(|state| state.when.eval_bool(frame) == Ok(true))
}
