//! What an expression can come to, given what its slots may hold: a small abstract interpretation
//! (Cousot and Cousot, POPL 1977) over intervals of numbers, sets of texts and truth values, and
//! whether a slot may be missing. It errs on one side only: what it calls impossible is; what it
//! calls possible may still not be. `values` are the sets; `outcome` evaluates a term over them;
//! `assume` narrows them by what holds.

mod assume;
mod interval;
mod knowledge;
mod outcome;
#[cfg(test)]
mod tests;
mod values;

pub use knowledge::{Computed, Domain, Knowledge, Outcomes, Slots};
pub use values::Values;
