//! How many calls may be in progress at once, over all connections: beyond it a call is answered
//! UNAVAILABLE at once, with when to try again, instead of waiting with all the others.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use http::{HeaderMap, Request, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::body::Body;
use tower::{Layer, Service};

use super::body::{Watch, Watched};
use crate::api::status;

/// Health is asked most when there is most to do.
const EXEMPT: &str = "/grpc.health.v1.Health/";

/// How often a drain looks whether the last call is done.
const IDLE_POLL: Duration = Duration::from_millis(5);

/// Counts the calls in progress.
#[derive(Clone, Debug)]
pub struct Admission {
    places: Arc<Semaphore>,
    max: usize,
}

impl Admission {
    /// Admits `max` calls at once.
    pub fn new(max: usize) -> Self {
        let max = max.clamp(1, Semaphore::MAX_PERMITS);
        Self { places: Arc::new(Semaphore::new(max)), max }
    }

    /// Waits until no call is in progress. Takes no place itself: calls that still come in while
    /// their connection is being closed are served.
    pub async fn idle(&self) {
        while self.places.available_permits() < self.max {
            tokio::time::sleep(IDLE_POLL).await;
        }
    }
}

impl<S> Layer<S> for Admission {
    type Service = Admit<S>;

    fn layer(&self, inner: S) -> Admit<S> {
        Admit { inner, places: self.places.clone() }
    }
}

/// Admits calls to the service inside.
#[derive(Clone, Debug)]
pub struct Admit<S> {
    inner: S,
    places: Arc<Semaphore>,
}

impl Watch for OwnedSemaphorePermit {
    fn trailers(&mut self, _: &HeaderMap) {}
}

impl<S> Service<Request<Body>> for Admit<S>
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
        if request.uri().path().starts_with(EXEMPT) {
            return Box::pin(self.inner.call(request));
        }
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            metrics::counter!("arbitra_rpc_refused_total").increment(1);
            return Box::pin(std::future::ready(Ok(status::overloaded().into_http())));
        };
        let answer = self.inner.call(request);
        Box::pin(async move {
            // The place is held until the last byte of the answer is handed over.
            Ok(answer.await?.map(|body| Watched::wrap(body, place)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn code(service: &mut Admit<impl Stall>, path: &str) -> (String, Response<Body>) {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let response = service.call(request).await.unwrap();
        let code = response.headers().get("grpc-status").map(|code| code.to_str().unwrap());
        (code.unwrap_or("0").to_owned(), response)
    }

    trait Stall:
        Service<
            Request<Body>,
            Response = Response<Body>,
            Error = std::convert::Infallible,
            Future: Send + 'static,
        >
    {
    }
    impl<S> Stall for S where
        S: Service<
                Request<Body>,
                Response = Response<Body>,
                Error = std::convert::Infallible,
                Future: Send + 'static,
            >
    {
    }

    #[tokio::test]
    async fn beyond_the_limit_calls_are_refused_and_health_is_not() {
        let admission = Admission::new(1);
        let mut service = admission.layer(tower::service_fn(|_: Request<Body>| async {
            Ok::<_, std::convert::Infallible>(Response::new(Body::new("answer".to_owned())))
        }));
        let (first, held) = code(&mut service, "/arbitra.v1.DecisionService/Decide").await;
        assert_eq!(first, "0");
        let (second, _) = code(&mut service, "/arbitra.v1.DecisionService/Decide").await;
        assert_eq!(second, "14");
        let (health, _) = code(&mut service, "/grpc.health.v1.Health/Check").await;
        assert_eq!(health, "0");
        drop(held);
        admission.idle().await;
        let (third, _) = code(&mut service, "/arbitra.v1.DecisionService/Decide").await;
        assert_eq!(third, "0");
    }
}
