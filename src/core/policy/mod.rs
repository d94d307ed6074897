//! Who may get what, over all offers at once. `spec` is what a catalog declares (`quiet`,
//! `sequence`, `state`, `supply`: its larger parts); `compile` shares conditions, `index`
//! answers many of them together; `evaluate` runs all of it for one decision (`limits`, `rest`: what history says); `explain` and `stops` say why
//! an offer was stopped; `reference` is the slow, plain reading that random tests hold it to.

mod asked;
mod bitset;
mod compile;
mod evaluate;
mod explain;
mod index;
mod limits;
mod quiet;
#[cfg(test)]
mod reference;
mod rest;
mod sequence;
pub mod share;
mod spec;
mod spend;
mod state;
mod stops;
mod supply;
#[cfg(test)]
mod tests;

pub use asked::Asked;
pub use bitset::Bitset;
pub use compile::Policy;
pub use evaluate::{Evaluation, Restriction, Setting, Subject, Verdict};
pub use explain::{Explainer, ReadValue, Stop, StoppedBy};
pub use limits::LimitState;
pub use quiet::QuietSpec;
pub use rest::Cooled;
pub use sequence::{SequenceKind, SequenceSpec};
pub use spec::{
    ConsentSpec, CoolDownSpec, Gate, LimitSpec, MandatorySpec, PilotSpec, PolicySpec, RuleSpec,
    TreatmentLimit, Window,
};
pub use state::StateSpec;
pub use supply::{MONEY_UNITS, QuotaCount, QuotaPeriod, QuotaSpec, Supply};
