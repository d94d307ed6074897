//! Arbitra decides, in real time, what to offer a customer next. The modules, in reading order:
//!
//! - [`core`]: what a decision is; pure.
//! - [`store`]: the state; one contract, embedded or Redis.
//! - [`engine`]: the runtime; loads, calls the core, performs effects.
//! - [`api`]: the doors.

pub mod api;
pub mod core;
pub mod engine;
pub mod store;
