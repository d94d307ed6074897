//! How probable the positive outcome of a candidate is, and how sure that is: seven online learners
//! over features × offers, blended, learning from every outcome. Lives here: the model and its
//! bytes. Not here: what an outcome is worth, or which candidate wins. The mathematics, and what it
//! is worth on real data, are in `docs/learning.md`.

mod blend;
mod block;
mod candidate;
mod cells;
mod crosses;
mod deep;
mod dense;
mod encode;
mod explain;
mod inputs;
mod mixer;
mod model;
mod numeric;
mod own;
mod plain;
mod slots;
mod spec;
mod state;
mod trust;
mod update;
pub mod weight;
mod wide;

pub use candidate::{Candidate, Estimate, Prior, Score};
pub use dense::{Dense, Dot};
pub use explain::Ascribed;
pub use inputs::{INPUTS_MAX, Inputs};
pub use model::{Prepared, Propensity};
pub use spec::PropensitySpec;

#[cfg(test)]
mod score_tests;
#[cfg(test)]
mod tests;
