//! Whose answer an outcome is. `spec` is what a catalog declares (windows, credit, events that are
//! answers, the funnel); `credit` shares an outcome out among contacts. Nothing here learns.

mod credit;
mod spec;

pub use credit::{Claim, share};
pub use spec::{AnswersSpec, Credit, CreditRule, NaturalSpec, Windows};

#[cfg(test)]
mod tests;
