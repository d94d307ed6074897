//! What the behaviour of others says a customer would choose: item-to-item collaborative
//! filtering. Lives here: the counts of what was chosen together, kept current with every choice
//! (`model`, `row`, `panel`, `state`); the closed-form weights solved from them now and then
//! (`solve`); and what both say of a history (`score`). Not here: which events count as a choice,
//! and what an affinity is worth.

mod choice;
mod model;
mod panel;
mod row;
mod score;
pub mod solve;
mod spec;
mod state;
mod stored;
mod weights;

pub use choice::{Choice, strength};
pub use model::Affinity;
pub use spec::AffinitySpec;
pub use weights::{Chosen, Weights};

#[cfg(test)]
mod tests;
