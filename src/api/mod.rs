//! The doors of the service: what comes in over the network, and what goes out. Each file is one
//! door or one layer before it. Nothing in here decides; it translates, admits, and answers.
//!
//! - [`wire`]: the messages and services of `proto/arbitra/v1`, generated.

pub mod wire;
