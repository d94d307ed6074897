//! The doors of the service: what comes in over the network, and what goes out. Each file is one
//! door or one layer before it. Nothing in here decides; it translates, admits, and answers.
//!
//! - [`auth`]: who may call what.
//! - [`tls`]: certificates; `reload` takes files anew when they change.
//! - [`wire`]: the messages and services of `proto/arbitra/v1`, generated.
//! - [`config`]: every bound and time of the doors.
//! - [`serve()`]: opens the doors and closes them in order.
//! - `layer`: what every call passes: metrics and traces, authentication, admission, deadline.
//! - `service`: one file a service.
//! - `convert`: wire messages to the core's words and back, naming every bad field.
//! - `status`: the one place where an error gets its code.

pub mod auth;
pub mod class;
pub mod config;
mod convert;
mod health;
mod layer;
mod method;
mod reload;
pub mod serve;
mod service;
mod status;
pub mod tls;
pub mod wire;

pub use config::ApiConfig;
pub use serve::{ServeError, serve};
