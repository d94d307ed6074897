//! The embedded store: a log-structured merge tree (fjall) in one folder, for one process. One
//! writer thread applies what waits as one batch and makes it durable together (group commit);
//! reads of customers go straight to memory and page cache; long reads leave the async workers.
//! Why fjall, with the figures: `docs/adr/0001-embedded-store.md`.

mod batch;
mod cell;
mod config;
mod customers;
mod documents;
mod limits;
mod log;
mod store;
mod sweep;
mod tables;
#[cfg(test)]
mod tests;
mod writer;

pub use config::{Durability, EmbeddedConfig};
pub use store::EmbeddedStore;
