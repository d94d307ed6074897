//! Arbitra decides, in real time, what to offer a customer next. The modules, in reading order:
//!
//! - [`core`]: what a decision is; pure.
//! - [`store`]: the state: one contract, embedded or Redis.

pub mod core;
pub mod store;
