//! How probable the positive outcome of a candidate is, and how sure that is: one online Bayesian
//! logistic model over features × offers, learning from every outcome. Lives here: the model and
//! its bytes. Not here: what an outcome is worth, or which candidate wins.

mod block;
mod candidate;
mod encode;
mod explain;
mod model;
mod numeric;
mod spec;
mod state;
mod table;
pub mod weight;

pub use candidate::{Candidate, Estimate, Prior};
pub use model::{Prepared, Propensity};
pub use spec::PropensitySpec;

#[cfg(test)]
mod tests;
