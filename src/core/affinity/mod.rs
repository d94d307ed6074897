//! What the behaviour of others says a customer would choose: item-to-item collaborative
//! filtering, counted choice by choice. Lives here: the model and its bytes. Not here: which
//! events count as a choice, and what an affinity is worth.

mod model;
mod row;
mod score;
mod spec;
mod state;

pub use model::Affinity;
pub use spec::AffinitySpec;

#[cfg(test)]
mod tests;
