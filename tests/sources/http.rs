//! Reading over HTTP: one and many at once; errors, garbage, floods, redirects, silence.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arbitra::core::value::Value;
use arbitra::source::{Connection, SourcesConfig, UseState};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures::future::join_all;
use serde_json::json;

use super::world::{World, config};

#[derive(Clone, Default)]
struct Seen(Arc<AtomicUsize>);

impl Seen {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

async fn one(State(seen): State<Seen>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    seen.0.fetch_add(1, Ordering::SeqCst);
    let redirect =
        |to: &str| (StatusCode::FOUND, [(header::LOCATION, to.to_owned())]).into_response();
    match id.as_str() {
        "ana" => Json(json!({ "score": 720, "deep": { "tier": "gold" } })).into_response(),
        "who" => {
            let token = headers.get("authorization").map(|value| value.to_str().unwrap());
            let is_known = token == Some("Bearer t0ken");
            Json(json!({ "score": if is_known { 1 } else { 0 } })).into_response()
        }
        "bad" => Json(json!({ "score": "many", "deep": 3 })).into_response(),
        "error" => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        "garbage" => "<html>".into_response(),
        "flood" => Json(json!({ "score": 1, "more": "x".repeat(1 << 20) })).into_response(),
        "away" => redirect("/target"),
        "abroad" => redirect("http://127.0.0.1:1/"),
        "list" => Json(json!([1])).into_response(),
        "silent" => std::future::pending().await,
        // The segment came as it was sent.
        "a/../../target?x#y" => Json(json!({ "score": 99 })).into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn many(State(seen): State<Seen>, Json(asked): Json<serde_json::Value>) -> Response {
    seen.0.fetch_add(1, Ordering::SeqCst);
    let ids = asked["customers"].as_array().unwrap();
    let found = ids.iter().filter_map(|id| {
        let number: u64 = id.as_str()?.strip_prefix('c')?.parse().ok()?;
        Some((id.as_str()?.to_owned(), json!({ "score": number % 1000 })))
    });
    Json(serde_json::Value::Object(found.collect())).into_response()
}

/// Its address, calls to sources, and calls to where a redirect points.
async fn server() -> (String, Seen, Seen) {
    let (seen, target) = (Seen::default(), Seen::default());
    let reached = target.clone();
    let router = Router::new()
        .route("/api/customers/{id}", get(one))
        .route("/api/customers", post(many))
        .route(
            "/target",
            get(move || async move {
                reached.0.fetch_add(1, Ordering::SeqCst);
                Json(json!({ "score": 999 }))
            }),
        )
        .with_state(seen.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/api/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, seen, target)
}

const ONE: &str = "kind: http, path: '/customers/{customer}', timeout: 2s, failures_max: 1000, \
                   attributes: { score: score, tier: /deep/tier }";

#[tokio::test(flavor = "multi_thread")]
async fn one_at_a_time_and_everything_that_can_be_wrong() {
    let (address, _, target) = server().await;
    let world = World::new(ONE, config(&address));
    let ana = world.read("ana").await;
    assert_eq!(ana.uses[0].state, UseState::Read);
    assert_eq!(world.value(&ana, "score"), Some(Value::Int(720)));
    assert_eq!(world.value(&ana, "tier"), Some(Value::from("gold")));
    assert_eq!(world.used("nobody").await.state, UseState::Absent);
    assert_eq!(world.used("bad").await.refused, [Arc::from("score")]);
    for (id, words) in [
        ("error", "answers 500"),
        ("garbage", "no JSON"),
        ("list", "no JSON object"),
        ("flood", "over 65536 bytes"),
        ("away", "answers 302"),
        ("abroad", "answers 302"),
    ] {
        let used = world.used(id).await;
        assert_eq!(used.state, UseState::Failed, "{id}");
        assert!(used.missing.as_ref().unwrap().contains(words), "{id}: {used:?}");
    }
    assert_eq!(world.used("silent").await.state, UseState::Late);
    // An id stays one segment of the path, whatever it says.
    let hostile = world.read("a/../../target?x#y").await;
    assert_eq!(world.value(&hostile, "score"), Some(Value::Int(99)));
    assert_eq!(world.used("..").await.state, UseState::Absent);
    assert_eq!(target.count(), 0, "no redirect was followed, and no path left");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once() {
    let (address, seen, _) = server().await;
    let spec = "kind: http, path: /customers, timeout: 9s, attributes: { score: score }";
    let world = World::new(spec, config(&address));
    let ids: Vec<String> = (0..2000).map(|number| format!("c{number}")).collect();
    let readings = join_all(ids.iter().map(|id| world.read(id))).await;
    for (number, reading) in (0_i64..).zip(&readings) {
        assert_eq!(world.value(reading, "score"), Some(Value::Int(number % 1000)));
    }
    assert_eq!(world.used("else").await.state, UseState::Absent);
    assert!(seen.count() <= 200, "{} calls for 2,000 customers", seen.count());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_sent_and_never_shown() {
    let (address, _, _) = server().await;
    let token = Some("t0ken".to_owned());
    let connection = Connection { url: address, token, ..Connection::default() };
    let config = SourcesConfig::default().with("live", connection);
    assert!(!format!("{config:?}").contains("t0ken"));
    let world = World::new(ONE, config);
    let who = world.read("who").await;
    assert_eq!(world.value(&who, "score"), Some(Value::Int(1)));
}
