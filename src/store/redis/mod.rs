//! The Redis store: the state shared by any number of replicas. One database, no modules, plain
//! commands and short scripts that Redis 6.2+, Valkey and their managed forms have.
//!
//! A commit is one script over the customer's key and the learning log, which is atomic because
//! both are on one server. The keys are already laid out for a cluster (see `keys`); there, the
//! log entries of a commit must wait in the customer's slot until they are moved to the log.

mod config;
mod connection;
mod customers;
mod documents;
mod keys;
mod limits;
mod log;
mod scripts;
mod store;

pub use config::{RedisAddress, RedisConfig};
pub use store::RedisStore;
