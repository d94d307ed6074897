use std::time::Duration;

use arbitra::api::ApiConfig;
use arbitra::api::wire::v1;
use tokio_stream::StreamExt;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_types::StatusExt;

use crate::support::eventually;
use crate::support::service::{Service, decide};

async fn health(service: &Service, name: &str) -> ServingStatus {
    let request = HealthCheckRequest { service: name.into() };
    let answer = HealthClient::new(service.channel.clone()).check(request).await;
    answer.map_or(ServingStatus::Unknown, |answer| answer.into_inner().status())
}

#[tokio::test]
async fn health_and_reflection_answer_for_every_service() {
    let service = Service::start().await;
    for name in ["", "arbitra.v1.DecisionService", "arbitra.v1.InsightService"] {
        eventually("serving", || async {
            (health(&service, name).await == ServingStatus::Serving).then_some(())
        })
        .await;
    }
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(service.channel.clone());
    let stream = tokio_stream::once(request);
    let mut answers = client.server_reflection_info(stream).await.unwrap().into_inner();
    let answer = answers.message().await.unwrap().unwrap().message_response.unwrap();
    let MessageResponse::ListServicesResponse(list) = answer else { panic!("{answer:?}") };
    let names: Vec<_> = list.service.into_iter().map(|service| service.name).collect();
    for name in ["arbitra.v1.DecisionService", "grpc.health.v1.Health"] {
        assert!(names.contains(&name.to_owned()), "{names:?}");
    }
    drop(answers);
    service.stopped().await;
}

#[tokio::test]
async fn beyond_the_limit_calls_are_told_when_to_try_again() {
    let config = ApiConfig { in_flight_max: 1, ..ApiConfig::default() };
    let service = Service::with(config).await;
    let (items, stream) = tokio::sync::mpsc::channel(4);
    let stream = tokio_stream::wrappers::ReceiverStream::new(stream);
    let item = v1::DecideItem { item_id: "1".into(), request: Some(decide("ana", &["web"])) };
    items.send(v1::DecideStreamRequest { defaults: None, items: vec![item] }).await.unwrap();
    let mut answers = service.decisions().decide_stream(stream).await.unwrap().into_inner();
    assert!(answers.message().await.unwrap().is_some());
    let refused = service.decisions().decide(decide("ana", &["web"])).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Unavailable);
    assert!(refused.get_error_details().retry_info().is_some());
    assert_eq!(health(&service, "").await, ServingStatus::Serving);
    drop(items);
    assert!(answers.message().await.unwrap().is_none());
    eventually("a place is free again", || async {
        service.decisions().decide(decide("ana", &["web"])).await.ok()
    })
    .await;
    service.stopped().await;
}

#[tokio::test]
async fn a_drain_says_so_and_lets_what_runs_finish() {
    let mut service = Service::start().await;
    let mut watch = HealthClient::new(service.channel.clone())
        .watch(HealthCheckRequest { service: String::new() })
        .await
        .unwrap()
        .into_inner();
    eventually("serving", || async {
        (health(&service, "").await == ServingStatus::Serving).then_some(())
    })
    .await;
    let (items, stream) = tokio::sync::mpsc::channel(4);
    let stream = tokio_stream::wrappers::ReceiverStream::new(stream);
    let item = |id: &str| v1::DecideStreamRequest {
        defaults: None,
        items: vec![v1::DecideItem { item_id: id.into(), request: Some(decide(id, &["web"])) }],
    };
    items.send(item("before")).await.unwrap();
    let mut answers = service.decisions().decide_stream(stream).await.unwrap().into_inner();
    assert!(answers.message().await.unwrap().is_some());
    service.begin_shutdown();
    let mut seen = Vec::new();
    while let Some(Ok(status)) = watch.next().await {
        seen.push(status.status());
        if status.status() == ServingStatus::NotServing && seen.len() > 1 {
            break;
        }
    }
    assert_eq!(seen.last(), Some(&ServingStatus::NotServing), "{seen:?}");
    // The stream ends in order, not by a broken connection.
    assert!(answers.message().await.unwrap().is_none());
    drop(watch);
    tokio::time::timeout(Duration::from_secs(8), service.stopped()).await.unwrap();
}
