//! The state: one small contract and its two implementations, [`EmbeddedStore`] for one process
//! and [`RedisStore`] for any number of replicas. A store knows names and bytes; what the bytes
//! mean belongs to the callers, so nothing of `core` may be named here.

mod bounds;
mod contract;
mod embedded;
mod error;
mod redis;
mod seal;

pub use self::redis::{RedisAddress, RedisConfig, RedisStore, RedisTls};
pub use bounds::StoreBounds;
pub use contract::{
    Commit, CommitResult, LogEntry, LogRange, PutResult, Remembered, Store, Versioned,
};
pub use embedded::{Durability, EmbeddedConfig, EmbeddedStore};
pub use error::StoreError;
