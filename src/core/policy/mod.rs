//! Who may get what: conditions, consent, contact limits, cool-downs, over all offers at once.
//! `spec` is what a catalog declares; `compile` shares its conditions and `index` answers many of
//! them together; `evaluate` runs them for one decision; `reference` is the slow, plain reading that random tests hold it to.

mod asked;
mod bitset;
mod compile;
mod evaluate;
mod explain;
mod index;
#[cfg(test)]
mod reference;
mod spec;
#[cfg(test)]
mod tests;

pub use asked::Asked;
pub use bitset::Bitset;
pub use compile::Policy;
pub use evaluate::{Cooled, Evaluation, LimitState, Subject, Verdict};
pub use explain::{Explainer, ReadValue, Stop, StoppedBy};
pub use spec::{ConsentSpec, CoolDownSpec, Gate, LimitSpec, PolicySpec, RuleSpec};
