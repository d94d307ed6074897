//! One customer under several names: a record that moved says where to, and the record that took
//! it in says from whom. `merge` has the laws by which two profiles become one.

use super::Profile;
use crate::core::time::UnixMs;

/// Most customers that one can have taken in.
pub const MERGED_MAX: usize = 64;

/// Most of them in a stored form: two that are nearly full may be on their way into one.
pub(super) const ABSORBED_MAX: usize = 4 * MERGED_MAX;

/// Where a customer's record went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Id of the customer that it leads to.
    pub target: Box<str>,
    /// Tells this move from every other of the same customer.
    pub ticket: u64,
    /// Whether the target has taken everything in, and nothing but this is left here. While it is
    /// not so, the record is frozen: it is neither read nor changed before the move is completed.
    pub done: bool,
}

/// A customer that was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absorbed {
    /// Its id.
    pub customer: Box<str>,
    /// The ticket of its move.
    pub ticket: u64,
}

impl Profile {
    /// What is left of a customer that moved.
    #[must_use]
    pub fn signpost(target: &str, ticket: u64, now: UnixMs) -> Self {
        let moved = Moved { target: target.into(), ticket, done: true };
        Self { moved: Some(moved), ..Self::new(now) }
    }

    /// Where the record went; `None`: it is here.
    #[must_use]
    pub fn moved(&self) -> Option<&Moved> {
        self.moved.as_ref()
    }

    /// Freezes the record on its way to `target`.
    pub fn begin_move(&mut self, target: &str, ticket: u64) {
        self.moved = Some(Moved { target: target.into(), ticket, done: false });
    }

    /// Takes a begun move back: the record is here again.
    pub fn cancel_move(&mut self) {
        self.moved = None;
    }

    /// The customers that were taken in, in that order.
    #[must_use]
    pub fn absorbed(&self) -> &[Absorbed] {
        &self.absorbed
    }

    /// Whether this very move of `customer` is taken in.
    #[must_use]
    pub fn has_absorbed(&self, customer: &str, ticket: u64) -> bool {
        self.absorbed.iter().any(|known| *known.customer == *customer && known.ticket == ticket)
    }
}
