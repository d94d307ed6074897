//! The methods that are served, by path: the only texts of a call that may become labels.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use metrics::{Gauge, Histogram};
use prost::Message as _;
use prost_types::FileDescriptorSet;
use tonic::Code;

use super::wire::FILE_DESCRIPTOR_SET;

/// gRPC status codes there are.
const CODES: usize = 17;

/// A method, with its instruments.
#[derive(Debug)]
pub struct Method {
    service: Arc<str>,
    method: Arc<str>,
    /// `arbitra.v1.DecisionService/Decide`.
    pub name: Arc<str>,
    in_flight: OnceLock<Gauge>,
    durations: [OnceLock<Histogram>; CODES],
}

impl Method {
    fn new(service: &str, method: &str) -> Self {
        Self {
            service: service.into(),
            method: method.into(),
            name: format!("{service}/{method}").into(),
            in_flight: OnceLock::new(),
            durations: Default::default(),
        }
    }

    /// Calls in progress.
    pub fn in_flight(&self) -> &Gauge {
        self.in_flight.get_or_init(|| {
            let (service, method) = (self.service.clone(), self.method.clone());
            metrics::gauge!("arbitra_rpc_in_flight", "service" => service, "method" => method)
        })
    }

    /// Durations of calls that ended with `code`, in seconds.
    pub fn durations(&self, code: Code) -> Option<&Histogram> {
        let place = self.durations.get(code as usize)?;
        Some(place.get_or_init(|| {
            let (service, method) = (self.service.clone(), self.method.clone());
            metrics::histogram!(
                "arbitra_rpc_duration_seconds",
                "service" => service, "method" => method, "code" => code_name(code)
            )
        }))
    }
}

/// All methods, by path.
#[derive(Debug)]
pub struct Methods {
    by_path: HashMap<String, Arc<Method>>,
    unknown: Arc<Method>,
}

impl Methods {
    /// The methods of `arbitra.v1`, of health and of reflection.
    pub fn new() -> Self {
        let sets = [
            FILE_DESCRIPTOR_SET,
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
        ];
        let mut by_path = HashMap::new();
        for set in sets.into_iter().filter_map(|set| FileDescriptorSet::decode(set).ok()) {
            for file in set.file {
                for service in &file.service {
                    let full = format!("{}.{}", file.package(), service.name());
                    for method in &service.method {
                        let path = format!("/{full}/{}", method.name());
                        by_path.insert(path, Arc::new(Method::new(&full, method.name())));
                    }
                }
            }
        }
        Self { by_path, unknown: Arc::new(Method::new("unknown", "unknown")) }
    }

    /// The method at `path`; one for all that are not served.
    pub fn at(&self, path: &str) -> &Arc<Method> {
        self.by_path.get(path).unwrap_or(&self.unknown)
    }
}

/// The name of a code as the gRPC specification writes it.
pub fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_are_not_served_share_one_name() {
        let methods = Methods::new();
        assert_eq!(
            &*methods.at("/arbitra.v1.DecisionService/Decide").name,
            "arbitra.v1.DecisionService/Decide"
        );
        assert_eq!(
            &*methods.at("/grpc.health.v1.Health/Check").name,
            "grpc.health.v1.Health/Check"
        );
        assert_eq!(&*methods.at("/who/knows").name, "unknown/unknown");
    }
}
