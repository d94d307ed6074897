//! Decisions with live sources, as callers meet them: over gRPC, within the deadline, with reasons.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use arbitra::api::ApiConfig;
use arbitra::api::wire::v1;
use arbitra::engine::{Engine, EngineConfig, StartError, SystemClock, prove};
use arbitra::source::SourcesConfig;
use arbitra::store::{EmbeddedConfig, EmbeddedStore};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::world::{config, files};
use crate::support::engines::call;
use crate::support::service::{Service, decide, offers};

/// What the source says of everybody: changed by tests.
#[derive(Clone, Default)]
struct Said(Arc<std::sync::Mutex<Option<i64>>>, Arc<AtomicUsize>);

impl Said {
    fn set(&self, score: Option<i64>) {
        *self.0.lock().unwrap() = score;
    }
}

/// A scoring service; `None`: it never answers.
async fn scoring() -> (String, Said) {
    let said = Said::default();
    let here = said.clone();
    let answer = move |Json(asked): Json<Value>| {
        let said = here.clone();
        async move {
            said.1.fetch_add(1, Ordering::SeqCst);
            let score = *said.0.lock().unwrap();
            let Some(score) = score else { std::future::pending().await };
            let ids = asked["customers"].as_array().unwrap().iter();
            let all: HashMap<&str, Value> =
                ids.map(|id| (id.as_str().unwrap(), json!({ "score": score }))).collect();
            Json(json!(all))
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/scores", post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, said)
}

fn spec(more: &str) -> String {
    format!(
        "sources:\n  live: {{ kind: http, path: /scores, attributes: {{ score: score }}{more} }}\n"
    )
}

async fn service(spec: &str, sources: SourcesConfig) -> Service {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("offers")).unwrap();
    for (path, text) in files(spec) {
        std::fs::write(folder.path().join(path), text).unwrap();
    }
    let (api, engine) = (ApiConfig::default(), EngineConfig { sources, ..EngineConfig::default() });
    Service::told(folder.path(), api, |store| store, Arc::new(SystemClock), engine).await
}

async fn asked(service: &Service, customer: &str) -> v1::Decision {
    let mut request = decide(customer, &["web"]);
    request.view = v1::DecisionView::Full.into();
    service.decisions().decide(request).await.unwrap().into_inner().decision.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_source_says_decides_and_is_told() {
    let (address, said) = scoring().await;
    let service = service(&spec(", timeout: 2s"), config(&address)).await;
    said.set(Some(720));
    let decision = asked(&service, "ana").await;
    assert_eq!(offers(&decision), ["loan", "note"]);
    let [used] = decision.sources.as_slice() else { panic!("one source") };
    assert_eq!((used.source.as_str(), used.state()), ("live", v1::SourceState::Read));
    assert!(used.wait_seconds > 0.0 && used.unknown.is_empty());
    assert!(decision.degradations.is_empty());

    // Read anew each time: nothing was kept.
    said.set(Some(650));
    let decision = asked(&service, "ana").await;
    assert_eq!(offers(&decision), ["note"]);
    let fate = decision.candidates.iter().find(|fate| fate.offer_id == "loan").unwrap();
    assert!(fate.message.contains("The score is too low"), "{fate:?}");
    assert!(format!("{fate:?}").contains("650"), "the reason shows what was read: {fate:?}");

    // Beyond what was declared: unknown, told, and the condition does not hold.
    said.set(Some(7000));
    let decision = asked(&service, "ana").await;
    assert_eq!(offers(&decision), ["note"]);
    assert_eq!(decision.sources[0].refused, ["score"]);
    let [missing] = decision.degradations.as_slice() else { panic!("one degradation") };
    assert_eq!((missing.component(), missing.name.as_str()), (v1::Component::Source, "live"));
    // Nothing of it went into the profile.
    let found = service.engine.profile("ana").await.unwrap();
    assert!(!format!("{found:?}").contains("650"));
    service.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_stalls_costs_its_attributes_and_not_the_deadline() {
    let (address, said) = scoring().await;
    said.set(None);
    let spec = spec(", timeout: 9s, connections_max: 64, failures_max: 1000");
    let service = service(&spec, config(&address)).await;
    let mut call = call(&service.engine, "ana", 0, 2);
    let began = Instant::now();
    call.deadline = began + Duration::from_millis(150);
    let decided = service.engine.decide(call).await.unwrap();
    let took = began.elapsed();
    // Some slack for a busy machine; the source itself would have been waited for 9 s.
    assert!(took < Duration::from_millis(250), "decided after {took:?}");
    assert_eq!(decided.decision.channels[0].placements[0].offers.len(), 1, "the note is offered");
    let [missing] = decided.degradations.as_slice() else { panic!("one degradation") };
    assert!(missing.detail.contains("source `live`: no answer in time"), "{missing:?}");
    service.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_given_again_decides_the_same() {
    let (address, said) = scoring().await;
    let service = service(&spec(", timeout: 2s"), config(&address)).await;
    said.set(Some(720));
    let first = service.engine.decide(call(&service.engine, "ana", 0, 2)).await.unwrap();
    said.set(Some(1));
    let mut again = call(&service.engine, "ana", 0, 2);
    again.dry_run = true;
    again.seed = Some(first.decision.seed);
    again.as_of = Some(first.decision.at);
    again.request.live.clone_from(&first.live);
    let calls = said.1.load(Ordering::SeqCst);
    let again = service.engine.decide(again).await.unwrap();
    assert_eq!(again.decision, first.decision);
    assert_eq!(said.1.load(Ordering::SeqCst), calls, "the source was not asked");
    service.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_asks_for_many_customers_at_once() {
    let (address, said) = scoring().await;
    let service = service(&spec(", timeout: 9s"), config(&address)).await;
    said.set(Some(720));
    let item = |number: usize| v1::DecideItem {
        item_id: number.to_string(),
        request: Some(v1::DecideRequest {
            customer_id: format!("customer-{number}"),
            ..v1::DecideRequest::default()
        }),
    };
    let messages = (0..10).map(move |message| v1::DecideStreamRequest {
        defaults: (message == 0).then(|| {
            let mut defaults = decide("", &["web"]);
            defaults.customer_id.clear();
            defaults
        }),
        items: (message * 200..(message + 1) * 200).map(item).collect(),
    });
    let stream = tokio_stream::iter(messages);
    let mut answers = service.decisions().decide_stream(stream).await.unwrap().into_inner();
    let mut good = 0;
    while let Some(answer) = answers.message().await.unwrap() {
        for result in answer.results {
            let Some(v1::decide_item_result::Result::Decision(decision)) = result.result else {
                panic!("{result:?}")
            };
            assert_eq!(offers(&decision), ["loan", "note"]);
            assert!(decision.degradations.is_empty());
            good += 1;
        }
    }
    assert_eq!(good, 2_000);
    let calls = said.1.load(Ordering::SeqCst);
    assert!(calls <= 500, "{calls} calls for 2,000 customers");
    service.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_required_must_be_told_and_an_address_must_fit() {
    let start = async |more: &str, sources: SourcesConfig| {
        let folder = tempfile::tempdir().unwrap();
        let store = EmbeddedStore::open(&EmbeddedConfig::new(folder.path())).unwrap();
        let proved = prove(&files(&spec(more))).unwrap();
        let config = EngineConfig { sources, ..EngineConfig::default() };
        match Engine::start(Arc::new(store), proved, Arc::new(SystemClock), config).await {
            Ok((engine, running)) => {
                running.stop(&engine).await;
                Ok(())
            }
            Err(error @ StartError::Source { .. }) => Err(error.to_string()),
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(start("", SourcesConfig::default()).await, Ok(()));
    let untold = start(", required: true", SourcesConfig::default()).await.unwrap_err();
    assert!(untold.contains("set `ARBITRA_SOURCE_LIVE_URL`"), "{untold}");
    let wrong = start("", config("postgres://elsewhere/x")).await.unwrap_err();
    assert!(wrong.contains("must begin with `http` or `https:`"), "{wrong}");
    assert!(!wrong.contains("elsewhere"), "no address in errors: {wrong}");
}
