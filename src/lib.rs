//! Arbitra decides, in real time, what to offer a customer next. The modules, in reading order:
//!
//! - [`core`]: what a decision is; pure.

pub mod core;
