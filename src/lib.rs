//! Arbitra decides, in real time, what to offer a customer next. The modules, in reading order:
//!
//! - [`core`]: what a decision is; pure.
//! - [`store`]: the state; one contract, embedded or Redis.
//! - [`source`]: attributes read in place, from the company's own systems.
//! - [`engine`]: the runtime; loads, calls the core, performs effects.
//! - [`api`]: the doors.
//! - [`telemetry`]: logs, metrics, traces.
//! - [`config`]: what the process is told.
//! - [`cli`]: the commands.

pub mod api;
pub mod cli;
pub mod config;
pub mod core;
pub mod engine;
pub mod source;
pub mod store;
pub mod telemetry;
