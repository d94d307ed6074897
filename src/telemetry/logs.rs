//! Structured logs, and the one place where logs and traces are switched on.

use std::io::{IsTerminal as _, stderr};

use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{EnvFilter, Layer};

use super::traces;

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Why telemetry could not be switched on.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not one.
    #[error("the log filter `{filter}` is not valid: {why}")]
    Filter {
        /// As given.
        filter: String,
        /// What is wrong.
        why: String,
    },
    /// The exporter could not be made.
    #[error("traces cannot be sent to `{endpoint}`: {why}")]
    Traces {
        /// As given.
        endpoint: String,
        /// What is wrong.
        why: String,
    },
    /// Another subscriber is there already.
    #[error("telemetry is switched on already: {0}")]
    Twice(#[from] TryInitError),
}

/// Keeps telemetry on; call [`TelemetryGuard::flush`] before the end.
#[derive(Debug, Default)]
pub struct TelemetryGuard {
    traces: Option<SdkTracerProvider>,
}

impl TelemetryGuard {
    /// Sends what waits to be sent. Blocks, for some seconds at most.
    pub fn flush(self) {
        if let Some(provider) = self.traces
            && let Err(error) = provider.shutdown()
        {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

/// Checks a log filter (`info`, `warn,arbitra=debug`).
///
/// # Errors
/// When it is not one.
pub fn parse_filter(filter: &str) -> Result<EnvFilter, TelemetryError> {
    EnvFilter::try_new(filter).map_err(|error| TelemetryError::Filter {
        filter: filter.to_owned(),
        why: error.to_string(),
    })
}

/// Switches logs on, and traces when `otlp` names a collector. On a tokio runtime.
///
/// # Errors
/// A bad filter or collector, or when it is on already.
pub fn init(
    format: LogFormat,
    filter: &str,
    otlp: Option<&str>,
) -> Result<TelemetryGuard, TelemetryError> {
    let filter = parse_filter(filter)?;
    let lines = match format {
        LogFormat::Text => {
            let layer = tracing_subscriber::fmt::layer().with_ansi(stderr().is_terminal());
            layer.with_target(false).with_writer(stderr).boxed()
        }
        LogFormat::Json => {
            tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(stderr).boxed()
        }
    };
    let traces = otlp.map(traces::provider).transpose()?;
    let spans = traces.as_ref().map(traces::layer);
    tracing_subscriber::registry().with(filter).with(lines).with(spans).try_init()?;
    Ok(TelemetryGuard { traces })
}
