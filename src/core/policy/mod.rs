//! Who may get what: conditions, consent, contact limits, cool-downs, over all offers at once.
//! `spec` is what a catalog declares; `compile` shares its conditions; `evaluate` runs them for one
//! decision; `reference` is the slow, plain reading that random tests hold it to.

mod bitset;
mod spec;

pub use bitset::Bitset;
pub use spec::{ConsentSpec, CoolDownSpec, Gate, LimitSpec, Policy, PolicySpec, RuleSpec};
