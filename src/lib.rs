//! Arbitra decides, in real time, what to offer a customer next. The modules, in reading order:
//!
//! - [`core`]: what a decision is; pure.
//! - [`api`]: the doors.

pub mod api;
pub mod cli;
pub mod core;
