//! How a command ends.

use std::process::ExitCode;

use crate::config::ConfigError;
use crate::store::StoreError;

/// An exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Good.
    Good,
    /// Something was found, or went wrong.
    Findings,
    /// The command line cannot be understood.
    Usage,
    /// The configuration or the rules cannot be used.
    Config,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Good => 0,
            Exit::Findings => 1,
            Exit::Usage => 2,
            Exit::Config => 64,
        })
    }
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A setting that shows only in use: an address that is taken, rules with faults.
    #[error("{0}")]
    Setting(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A running service said no.
    #[error("{}", refusal(.0))]
    Call(#[from] tonic::Status),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl Failure {
    /// The exit code of it.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Config(_) | Self::Setting(_) => Exit::Config,
            Self::Store(StoreError::Config { .. } | StoreError::Locked { .. }) => Exit::Config,
            Self::Store(_) | Self::Call(_) | Self::Other(_) => Exit::Findings,
        }
    }

    /// Any other error, after what was being done.
    pub fn other(doing: &str, error: impl std::fmt::Display) -> Self {
        Self::Other(format!("{doing}: {error}"))
    }
}

/// A status with every bad field it names.
fn refusal(status: &tonic::Status) -> String {
    use tonic_types::StatusExt as _;
    let mut text = format!("the service answered {:?}: {}", status.code(), status.message());
    if let Some(bad) = status.get_details_bad_request() {
        for field in bad.field_violations {
            text.push_str(&format!("\n  {}: {}", field.field, field.description));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_every_bad_field() {
        use tonic_types::{ErrorDetails, StatusExt as _};
        let mut details = ErrorDetails::new();
        details.add_bad_request_violation("context.mood", "`glad` is not one of `calm`, `upset`");
        let code = tonic::Code::InvalidArgument;
        let status = tonic::Status::with_error_details(code, "1 bad field", details);
        let shown = Failure::Call(status).to_string();
        assert!(shown.contains("InvalidArgument: 1 bad field"), "{shown}");
        assert!(shown.contains("\n  context.mood: `glad`"), "{shown}");
    }
}
