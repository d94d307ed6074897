//! The one place where an error gets its gRPC code, its reason, and whether to try again. No
//! message ever holds a customer's id or the value of an attribute.

use std::collections::HashMap;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

use super::auth::Role;
use super::auth::caller::Stranger;
use super::auth::jwt::TokenFault;
use super::convert::fault::{Fault, Faults};
use super::wire::v1;
use crate::engine::EngineError;
use crate::store::StoreError;

/// Domain of every `ErrorInfo`.
pub const DOMAIN: &str = "arbitra.v1";
/// When to try again what an overload or a lost store has refused.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// When to try again what other writers got in the way of.
const RETRY_SOON: Duration = Duration::from_millis(50);

/// What an error comes to.
struct Verdict {
    code: Code,
    reason: &'static str,
    message: String,
    retry: Option<Duration>,
    metadata: HashMap<String, String>,
}

impl Verdict {
    fn new(code: Code, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), retry: None, metadata: HashMap::new() }
    }

    fn retry(self, after: Duration) -> Self {
        Self { retry: Some(after), ..self }
    }

    fn with(mut self, key: &str, value: impl ToString) -> Self {
        self.metadata.insert(key.to_owned(), value.to_string());
        self
    }

    fn status(self) -> Status {
        let mut details = ErrorDetails::with_error_info(self.reason, DOMAIN, self.metadata);
        if self.retry.is_some() {
            details.set_retry_info(self.retry);
        }
        Status::with_error_details(self.code, self.message, details)
    }
}

fn verdict(error: &EngineError) -> Verdict {
    match error {
        EngineError::Store(error) => store(error),
        EngineError::Corrupt(_) => Verdict::new(
            Code::DataLoss,
            "RECORD_CORRUPT",
            "the customer's record is damaged and was left as it is",
        ),
        EngineError::Contended { attempts } => {
            let message = "the customer's record is being changed by too many writers at once";
            Verdict::new(Code::Aborted, "CONTENDED", message)
                .retry(RETRY_SOON)
                .with("attempts", attempts)
        }
        EngineError::VersionMismatch { expected, current } => {
            let message = format!("the profile has version {current}, not the expected {expected}");
            Verdict::new(Code::Aborted, "VERSION_MISMATCH", message)
                .with("expected_version", expected)
                .with("current_version", current)
        }
        EngineError::Refused(error) => {
            Verdict::new(Code::InvalidArgument, "PROFILE_REFUSES", error.to_string())
        }
        EngineError::QuotaExhausted { quota } => {
            Verdict::new(Code::FailedPrecondition, "QUOTA_EXHAUSTED", error.to_string())
                .with("quota", quota)
        }
        EngineError::Draining => {
            Verdict::new(Code::Unavailable, "DRAINING", "the server is shutting down")
                .retry(RETRY_AFTER)
        }
    }
}

fn store(error: &StoreError) -> Verdict {
    match error {
        StoreError::Unavailable { .. } => {
            Verdict::new(Code::Unavailable, "STORE_UNAVAILABLE", "the store does not answer")
                .retry(RETRY_AFTER)
        }
        StoreError::TooLarge { what, bytes, bytes_max } => {
            let message = format!("{what} of {bytes} bytes is over the limit of {bytes_max}");
            Verdict::new(Code::ResourceExhausted, "TOO_LARGE", message)
        }
        StoreError::TooMany { what, items, items_max } => {
            let message = format!("{items} {what} are over the limit of {items_max}");
            Verdict::new(Code::ResourceExhausted, "TOO_MANY", message)
        }
        StoreError::Corrupt { .. } => {
            Verdict::new(Code::DataLoss, "RECORD_CORRUPT", "a stored record is damaged")
        }
        other => {
            tracing::error!(error = %other, "the store refused a call");
            Verdict::new(Code::Internal, "INTERNAL", "the store refused the call")
        }
    }
}

/// The status of a call that the engine did not carry out.
pub fn engine(error: &EngineError) -> Status {
    verdict(error).status()
}

/// The same for one item, and whether sending it again may help.
pub fn engine_item(error: &EngineError) -> (v1::RecordStatus, v1::ItemError) {
    let verdict = verdict(error);
    let status = match verdict.code {
        Code::Unavailable | Code::Aborted => v1::RecordStatus::Failed,
        _ => v1::RecordStatus::Rejected,
    };
    let item = v1::ItemError {
        code: verdict.code as i32,
        reason: verdict.reason.to_owned(),
        message: verdict.message,
        faults: Vec::new(),
    };
    (status, item)
}

/// Why what happened before an erasure is not stored.
pub fn erased_item() -> v1::ItemError {
    v1::ItemError {
        code: Code::FailedPrecondition as i32,
        reason: "CUSTOMER_ERASED".to_owned(),
        message: "it happened before the customer was erased and is not stored".to_owned(),
        faults: Vec::new(),
    }
}

/// Whether the store did not answer.
pub fn is_unavailable(error: &EngineError) -> bool {
    matches!(error, EngineError::Store(StoreError::Unavailable { .. }) | EngineError::Draining)
}

/// The status of a request with bad fields: NOT_FOUND when all that is wrong is names that the
/// catalog does not have, else INVALID_ARGUMENT; every field by name.
pub fn faults(faults: Faults) -> Status {
    let (code, reason, message) = summary(&faults);
    let mut details = ErrorDetails::with_error_info(reason, DOMAIN, HashMap::new());
    let violations: Vec<FieldViolation> = faults.list().into_iter().map(violation).collect();
    details.set_bad_request(violations);
    Status::with_error_details(code, message, details)
}

/// The same for one item.
pub fn faults_item(faults: Faults) -> v1::ItemError {
    let (code, reason, message) = summary(&faults);
    let faults = faults.list().into_iter();
    v1::ItemError {
        code: code as i32,
        reason: reason.to_owned(),
        message,
        faults: faults
            .map(|fault| v1::FieldFault { field: fault.field, message: fault.message })
            .collect(),
    }
}

fn summary(faults: &Faults) -> (Code, &'static str, String) {
    let first = faults.first().map(|fault| format!("{}: {}", fault.field, fault.message));
    let first = first.unwrap_or_default();
    let message = match faults.count() {
        0 | 1 => first,
        more => format!("{more} fields are at fault; {first}"),
    };
    if faults.only_unknown_names() {
        (Code::NotFound, "UNKNOWN_NAME", message)
    } else {
        (Code::InvalidArgument, "INVALID_FIELDS", message)
    }
}

fn violation(fault: Fault) -> FieldViolation {
    let mut violation = FieldViolation::new(fault.field, fault.message);
    fault.reason.code().clone_into(&mut violation.reason);
    violation
}

/// Too many calls at once.
pub fn overloaded() -> Status {
    Verdict::new(Code::Unavailable, "OVERLOADED", "too many calls are in progress")
        .retry(RETRY_AFTER)
        .status()
}

/// Nobody known calls; what came with the call is not repeated.
pub fn unauthenticated(stranger: Stranger) -> Status {
    let (reason, message) = match stranger {
        Stranger::NoCredential => (
            "NO_CREDENTIAL",
            "callers must be known; send an API key as `authorization: Bearer KEY`, or a client \
             certificate",
        ),
        Stranger::UnknownKey => ("UNKNOWN_KEY", "the API key is not known here"),
        Stranger::BadToken(fault) => token(fault),
        Stranger::UnknownCertificate => {
            ("UNKNOWN_CERTIFICATE", "no name in the client certificate is known here")
        }
    };
    Verdict::new(Code::Unauthenticated, reason, message).status()
}

fn token(fault: TokenFault) -> (&'static str, &'static str) {
    match fault {
        TokenFault::Malformed => {
            ("TOKEN_MALFORMED", "the token cannot be read, or is signed in a way not taken here")
        }
        TokenFault::UnknownKey => ("TOKEN_UNKNOWN_KEY", "the token's key is not known here"),
        TokenFault::BadSignature => ("TOKEN_BAD_SIGNATURE", "the token's signature is wrong"),
        TokenFault::Incomplete => {
            ("TOKEN_INCOMPLETE", "the token must say `exp`, `iss`, `aud` and `sub`")
        }
        TokenFault::WrongIssuer => ("TOKEN_WRONG_ISSUER", "the token's issuer is not taken here"),
        TokenFault::WrongAudience => ("TOKEN_WRONG_AUDIENCE", "the token is for another service"),
        TokenFault::TooEarly => ("TOKEN_TOO_EARLY", "the token is not valid yet"),
        TokenFault::Expired => ("TOKEN_EXPIRED", "the token is not valid any more"),
    }
}

/// A known caller calls too often.
pub fn too_often(after: Duration) -> Status {
    let message = "the caller calls more often than it may";
    Verdict::new(Code::ResourceExhausted, "RATE_LIMITED", message).retry(after).status()
}

/// A browser speaks of somebody else.
pub fn not_yours() -> Status {
    let message = "the token is for another customer than the request is about";
    Verdict::new(Code::PermissionDenied, "NOT_YOURS", message).status()
}

/// A browser asks for what is not for browsers.
pub fn not_for_browsers() -> Status {
    let message = "a customer's token opens decisions, events and outcomes of that customer alone, \
                   without reasons or suppositions";
    Verdict::new(Code::PermissionDenied, "NOT_FOR_BROWSERS", message).status()
}

/// The caller is known, and may not.
pub fn denied(caller: &str, role: Role) -> Status {
    let message = format!("`{caller}` lacks the role `{role}`");
    Verdict::new(Code::PermissionDenied, "ROLE_MISSING", message)
        .with("caller", caller)
        .with("role", role)
        .status()
}

/// A method that is declared and not built yet.
pub fn unimplemented(method: &str) -> Status {
    let message = format!("`{method}` is not built yet");
    Verdict::new(Code::Unimplemented, "NOT_BUILT", message).with("method", method).status()
}

/// Something that must be so first is not.
pub fn precondition(reason: &'static str, message: impl Into<String>) -> Status {
    Verdict::new(Code::FailedPrecondition, reason, message).status()
}

/// Something changed meanwhile.
pub fn aborted(reason: &'static str, message: impl Into<String>) -> Status {
    Verdict::new(Code::Aborted, reason, message).status()
}

/// There is no such thing.
pub fn not_found(reason: &'static str, message: impl Into<String>) -> Status {
    Verdict::new(Code::NotFound, reason, message).status()
}

/// A fault of ours; what it was stands in the log.
pub fn internal(error: &dyn std::fmt::Display) -> Status {
    tracing::error!(%error, "a call failed");
    Verdict::new(Code::Internal, "INTERNAL", "the call failed; the server's log says why").status()
}

/// A status as the error of one item of a stream.
pub fn item(status: &Status) -> v1::ItemError {
    let details = status.get_error_details();
    let faults = details.bad_request().map(|bad| bad.field_violations.as_slice());
    v1::ItemError {
        code: status.code() as i32,
        reason: details.error_info().map(|info| info.reason.clone()).unwrap_or_default(),
        message: status.message().to_owned(),
        faults: faults
            .unwrap_or_default()
            .iter()
            .map(|fault| v1::FieldFault {
                field: fault.field.clone(),
                message: fault.description.clone(),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_store_says_when_to_try_again_and_not_where_it_is() {
        let error = EngineError::Store(StoreError::Unavailable {
            address: "10.0.0.7:6379".to_owned(),
            why: "refused".to_owned(),
        });
        let status = engine(&error);
        assert_eq!(status.code(), Code::Unavailable);
        assert!(!status.message().contains("10.0.0.7"));
        let details = status.get_error_details();
        assert_eq!(details.error_info().unwrap().reason, "STORE_UNAVAILABLE");
        assert_eq!(details.retry_info().unwrap().retry_delay, Some(RETRY_AFTER));
        assert_eq!(engine_item(&error).0, v1::RecordStatus::Failed);
    }

    #[test]
    fn a_version_that_moved_on_is_named() {
        let status = engine(&EngineError::VersionMismatch { expected: 3, current: 5 });
        assert_eq!(status.code(), Code::Aborted);
        let details = status.get_error_details();
        assert_eq!(details.error_info().unwrap().metadata["current_version"], "5");
    }
}
