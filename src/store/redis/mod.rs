//! The Redis store: the state shared by any number of replicas, on one server, on the primary that
//! Sentinels name, or on a cluster. One database, no modules, plain commands and short scripts that
//! Redis 6.2+, Valkey and their managed forms have.
//!
//! On one server a commit is one script over the customer's key and the learning log. In a cluster
//! these are with different nodes, and the entries go through an outbox (see `outbox`).

mod address;
mod cluster;
mod config;
mod connection;
mod customers;
mod documents;
mod health;
mod keys;
mod limits;
mod link;
mod log;
mod node;
mod outbox;
mod scripts;
mod slot;
mod spread;
mod store;
mod sweep;

pub use address::RedisAddress;
pub use config::{RedisConfig, RedisTls};
pub use store::RedisStore;
