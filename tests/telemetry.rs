//! Traces as a collector gets them: a real OTLP receiver on a real socket, and the service as a
//! process of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may end at the first fault"
)]

use std::time::{Duration, Instant};

use arbitra::api::wire::v1::decision_service_client::DecisionServiceClient;
use arbitra::api::wire::v1::profile_service_client::ProfileServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use support::process::Served;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tonic::transport::{Channel, Server};
use tonic::{Request, Response, Status};

#[path = "telemetry/personal.rs"]
mod personal;
mod support;

/// A collector that hands on what it gets.
struct Collector(mpsc::UnboundedSender<ExportTraceServiceRequest>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let _closed = self.0.send(request.into_inner());
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

/// A running collector: its address, and what arrives.
async fn collector() -> (String, mpsc::UnboundedReceiver<ExportTraceServiceRequest>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, arrived) = mpsc::unbounded_channel();
    let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
    let service = TraceServiceServer::new(Collector(sender));
    tokio::spawn(Server::builder().add_service(service).serve_with_incoming(incoming));
    (address, arrived)
}

fn serve(otlp: &str, data: &std::path::Path) -> Served {
    Served::start(&["--data", data.to_str().unwrap(), "--otlp", otlp])
}

async fn connect(served: &Served) -> Channel {
    Channel::from_shared(format!("http://{}", served.grpc())).unwrap().connect().await.unwrap()
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

#[tokio::test(flavor = "multi_thread")]
async fn a_callers_trace_goes_on_and_names_nobody() {
    let (address, mut arrived) = collector().await;
    let data = tempfile::tempdir().unwrap();
    let mut served = serve(&address, data.path());
    let channel = connect(&served).await;
    let customer = "customer-of-the-secret-name";
    let profile = support::service::steady(customer);
    ProfileServiceClient::new(channel.clone()).update_profile(profile).await.unwrap();
    let mut request = Request::new(support::service::decide(customer, &["web"]));
    let parent = format!("00-{TRACE}-{PARENT}-01");
    request.metadata_mut().insert("traceparent", parent.parse().unwrap());
    DecisionServiceClient::new(channel).decide(request).await.unwrap();
    served.signal("-TERM");
    assert_eq!(served.ended(), Some(0));

    let mut spans: Vec<Span> = Vec::new();
    let mut said = String::new();
    while let Ok(request) = arrived.try_recv() {
        said.push_str(&format!("{request:?}"));
        for resource in request.resource_spans {
            let named = resource.resource.iter().flat_map(|r| &r.attributes).any(|attribute| {
                let value = attribute.value.as_ref().and_then(|value| value.value.as_ref());
                attribute.key == "service.name"
                    && matches!(value, Some(Value::StringValue(name)) if name == "arbitra")
            });
            assert!(named, "spans come under the service's name");
            spans.extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
        }
    }
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    let named = |end: &str| {
        let found = spans.iter().find(|span| span.name.ends_with(end));
        found.unwrap_or_else(|| panic!("no `{end}` among {names:?}"))
    };
    let decide = named("/Decide");
    assert_eq!(hex(&decide.trace_id), TRACE);
    assert_eq!(hex(&decide.parent_span_id), PARENT);
    let update = named("/UpdateProfile");
    assert_ne!(hex(&update.trace_id), TRACE, "a call without a trace begins its own");
    for private in [customer, "2500", "employed", "current_account"] {
        assert!(!said.contains(private), "`{private}` left the house in a trace");
    }
}

/// Neither a collector that is not there nor one that takes connections and never answers may cost
/// a decision more than it is worth, or keep the service from ending.
#[tokio::test]
async fn a_collector_that_fails_delays_nothing() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    for address in [silent.local_addr().unwrap(), gone] {
        let data = tempfile::tempdir().unwrap();
        let mut served = serve(&format!("http://{address}"), data.path());
        let mut client = DecisionServiceClient::new(connect(&served).await);
        // More calls than the exporter's queue of 2,048 spans holds: what does not fit is dropped.
        let started = Instant::now();
        for number in 0..3_000 {
            let request = support::service::decide(&format!("c{number}"), &["web"]);
            let answer = client.decide(request).await.unwrap().into_inner();
            assert!(answer.decision.unwrap().degradations.is_empty());
        }
        let took = started.elapsed();
        assert!(took < Duration::from_secs(60), "3,000 decisions took {took:?}");
        served.signal("-TERM");
        assert_eq!(served.ended(), Some(0));
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
