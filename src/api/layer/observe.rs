//! Counts, times and traces every call, under names that the service itself gives: no label ever
//! comes from a caller.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use futures::future::BoxFuture;
use http::{HeaderMap, Request, Response};
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Layer, Service};
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::body::{Watch, Watched};
use crate::api::method::{Method, Methods, code_name};

/// Observes calls.
#[derive(Clone, Debug)]
pub struct Observe(Arc<Methods>);

impl Observe {
    /// Knows the methods that are served.
    pub fn new() -> Self {
        Self(Arc::new(Methods::new()))
    }
}

impl<S> Layer<S> for Observe {
    type Service = Observed<S>;

    fn layer(&self, inner: S) -> Observed<S> {
        Observed { inner, methods: self.0.clone() }
    }
}

/// Observes the calls to the service inside.
#[derive(Clone, Debug)]
pub struct Observed<S> {
    inner: S,
    methods: Arc<Methods>,
}

impl<S> Service<Request<Body>> for Observed<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<Body>, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let method = self.methods.at(request.uri().path()).clone();
        let span = span(&method, request.headers());
        let mut call = Call::begin(method, span.clone());
        let answer = span.in_scope(|| self.inner.call(request));
        Box::pin(
            async move {
                let response = answer.await?;
                if let Some(status) = Status::from_header_map(response.headers()) {
                    call.code = Some(status.code());
                }
                Ok(response.map(|body| Watched::wrap(body, call)))
            }
            .instrument(span),
        )
    }
}

/// A call in progress; counted when it is dropped, which is when its answer is sent or given up.
struct Call {
    method: Arc<Method>,
    span: Span,
    started: Instant,
    code: Option<Code>,
}

impl Call {
    fn begin(method: Arc<Method>, span: Span) -> Self {
        method.in_flight().increment(1.0);
        Self { method, span, started: Instant::now(), code: None }
    }
}

impl Watch for Call {
    fn trailers(&mut self, trailers: &HeaderMap) {
        self.code = Status::from_header_map(trailers).map(|status| status.code());
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let code = self.code.unwrap_or(Code::Cancelled);
        self.method.in_flight().decrement(1.0);
        if let Some(durations) = self.method.durations(code) {
            durations.record(self.started.elapsed().as_secs_f64());
        }
        self.span.record("rpc.response.status_code", code_name(code));
    }
}

/// The span of a call, by the OpenTelemetry conventions for RPC; its parent is the caller's.
fn span(method: &Method, headers: &HeaderMap) -> Span {
    let span = tracing::info_span!(
        "rpc",
        otel.name = &*method.name,
        otel.kind = "server",
        rpc.system.name = "grpc",
        rpc.method = &*method.name,
        rpc.response.status_code = tracing::field::Empty,
    );
    if !span.is_disabled() && headers.contains_key("traceparent") {
        let parent = TraceContextPropagator::new().extract(&Headers(headers));
        // Without a trace exporter there is no one to tell.
        let _untraced = span.set_parent(parent);
    }
    span
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}
