//! A door that only says "not yet" while the store cannot be reached: standard health answers
//! NOT_SERVING, every other call UNAVAILABLE. It lets go of the port when the real doors open.

use std::net::TcpListener as StdListener;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::body::Body;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic_health::ServingStatus;

use crate::cli::Failure;

/// How long calls in progress may take to end.
const CLOSE_MAX: Duration = Duration::from_secs(1);

async fn not_yet() -> http::Response<Body> {
    Status::unavailable("the service waits for its store").into_http()
}

/// The door.
pub struct Waiting {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Waiting {
    /// Opens it on the port of `listener`, which stays open beside it.
    ///
    /// # Errors
    /// When the listener cannot be shared.
    pub async fn open(listener: &StdListener) -> Result<Self, Failure> {
        let fail = |error| Failure::other("the listener cannot be shared", error);
        let shared = listener.try_clone().map_err(fail)?;
        let listener = TcpListener::from_std(shared).map_err(fail)?;
        let (reporter, service) = tonic_health::server::health_reporter();
        reporter.set_service_status("", ServingStatus::NotServing).await;
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let task = tokio::spawn(async move {
            let routes = Routes::new(service).into_axum_router().fallback(not_yet);
            let served = Server::builder()
                .add_routes(Routes::from(routes))
                .serve_with_incoming_shutdown(TcpListenerStream::new(listener), stopped)
                .await;
            if let Err(error) = served {
                tracing::warn!(%error, "health cannot be answered while waiting for the store");
            }
        });
        Ok(Self { stop, task })
    }

    /// Closes it; calls in progress end, callers come back to the real doors.
    pub fn close(mut self) {
        self.stop.cancel();
        tokio::spawn(async move {
            // Watchers of health never hang up by themselves.
            if tokio::time::timeout(CLOSE_MAX, &mut self.task).await.is_err() {
                self.task.abort();
            }
        });
    }
}
