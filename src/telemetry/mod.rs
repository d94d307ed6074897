//! What operators see: logs on stderr, Prometheus metrics and probes on the admin port, traces by
//! OTLP when asked for. Nothing personal goes into any of them.

pub mod admin;
pub mod logs;
pub mod metrics;
pub mod traces;

pub use logs::{LogFormat, TelemetryError, TelemetryGuard, init};
