//! The admin port: `/metrics` for Prometheus, `/livez` and `/readyz` for whoever starts and
//! stops processes. Plain HTTP, for the machine's own network only.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// What `/readyz` answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// 200.
    Ready,
    /// 503, and why; nothing personal.
    NotReady(String),
}

/// What the admin port shows.
#[derive(Clone, Debug)]
struct Shown {
    metrics: PrometheusHandle,
    probe: watch::Receiver<Probe>,
}

/// Serves the admin port until `stop`.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    metrics: PrometheusHandle,
    probe: watch::Receiver<Probe>,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let upkeep = tokio::spawn(stop.clone().run_until_cancelled_owned(upkeep(metrics.clone())));
    let router = router(metrics, probe);
    let served = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await;
    upkeep.abort();
    served
}

/// Samples wait in memory until they are sorted into buckets: not only when somebody looks.
async fn upkeep(metrics: PrometheusHandle) {
    let mut tick = tokio::time::interval(UPKEEP_INTERVAL);
    loop {
        tick.tick().await;
        metrics.run_upkeep();
    }
}

fn router(metrics: PrometheusHandle, probe: watch::Receiver<Probe>) -> Router {
    Router::new()
        .route("/metrics", get(render))
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .with_state(Arc::new(Shown { metrics, probe }))
}

async fn render(State(shown): State<Arc<Shown>>) -> impl IntoResponse {
    shown.metrics.run_upkeep();
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], shown.metrics.render())
}

async fn ready(State(shown): State<Arc<Shown>>) -> impl IntoResponse {
    match &*shown.probe.borrow() {
        Probe::Ready => (StatusCode::OK, "ready\n".to_owned()),
        Probe::NotReady(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")),
    }
}
