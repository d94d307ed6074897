//! What is known of a customer: attributes, the state of aggregates, contacts and responses,
//! interest in items, consent. A pure value: events and outcomes are applied to it, decisions read
//! it. `codec` is its stored form; nothing here knows where it is stored.

mod history;

pub use history::{Consent, Contact, Interest, Response};
