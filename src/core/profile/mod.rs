//! What is known of a customer: attributes, the state of aggregates, contacts and responses,
//! interest in items, consent. A pure value: events and outcomes are applied to it (`apply`,
//! `outcome`), decisions read it (`frame`, `history`). `codec` is its stored form; nothing here
//! knows where it is stored. Times are rounded as they enter (see `limits::ceil_to`), so that the
//! stored form loses nothing.

mod answer;
mod apply;
mod attribute;
mod codec;
mod error;
mod frame;
mod history;
mod interest;
pub mod limits;
mod merge;
mod moved;
mod outcome;
mod prune;
mod recent;
pub mod series;
mod state;
#[cfg(test)]
mod tests;
mod touch;

pub use answer::Answer;
pub use apply::Applied;
pub use attribute::Attribute;
pub use error::ProfileError;
pub use frame::{fill_computed, fill_one};
pub use history::{Consent, ConsentState, Contact, Interest, Response};
pub use moved::{Absorbed, MERGED_MAX, Moved};
pub use outcome::OutcomeApplied;
pub use state::{ALL_CHANNELS, DO_NOT_CONTACT, Profile};
pub use touch::TOLD;
