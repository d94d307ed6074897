//! Which calls are let in, over all connections: as many as there are places, of which some are kept
//! for those who cannot wait, and as many as can be expected to be done in their time (`pressure`).
//! All others are answered UNAVAILABLE at once, with when to try again, instead of waiting with all
//! the others. A stream takes a place; its items wait for their turn one by one, behind all calls.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use http::{HeaderMap, Request, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::body::Body;
use tower::{Layer, Service};

use super::body::{Watch, Watched};
use super::deadline::Deadline;
use super::pressure::Pressure;
use crate::api::class::Class;
use crate::api::status;

/// Health is asked most when there is most to do.
const EXEMPT: &str = "/grpc.health.v1.Health/";
/// The header by which a call says how soon it is to be served.
const PRIORITY: &str = "x-arbitra-priority";
/// Methods that are in progress for long and say nothing of the load.
const STREAMS: [&str; 4] = ["Stream", "ImportProfiles", "WatchDecisions", "ServerReflectionInfo"];
/// How often an item of a stream looks whether it is its turn.
const TURN_POLL: Duration = Duration::from_millis(2);
/// Time of a call that names none, where nothing marked it.
const TIME_MAX: Duration = Duration::from_secs(5);

/// How often a drain looks whether the last call is done.
const IDLE_POLL: Duration = Duration::from_millis(5);

/// Counts the calls in progress.
#[derive(Clone, Debug)]
pub struct Admission {
    places: Arc<Semaphore>,
    max: usize,
    pressure: Arc<Pressure>,
}

impl Admission {
    /// Admits `max` calls at once.
    pub fn new(max: usize) -> Self {
        let max = max.clamp(1, Semaphore::MAX_PERMITS);
        Self { places: Arc::new(Semaphore::new(max)), max, pressure: Arc::default() }
    }

    /// Waits until an item of a stream that has so long is due: until nothing that cannot wait would
    /// be late for it. In progress until what is given is dropped.
    pub async fn turn(&self, left: Duration) -> Turn {
        while !self.pressure.allows(Class::Campaign, left) {
            tokio::time::sleep(TURN_POLL).await;
        }
        Turn::begin(&self.pressure)
    }

    /// A place for a call, if it may have one.
    fn admit(&self, request: &Request<Body>) -> Option<Place> {
        let class = class(request);
        let kept = match class {
            Class::CallCentre => 0,
            Class::Web => self.max / 20,
            Class::Campaign => self.max / 4,
        };
        let stream = is_stream(request.uri().path());
        let left = request.extensions().get::<Deadline>();
        let left =
            left.map_or(TIME_MAX, |Deadline(at)| at.saturating_duration_since(Instant::now()));
        if self.places.available_permits() <= kept && kept > 0
            || !stream && !self.pressure.allows(class, left)
        {
            return None;
        }
        let place = self.places.clone().try_acquire_owned().ok()?;
        Some(Place { _turn: (!stream).then(|| Turn::begin(&self.pressure)), _place: place })
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
        Admit { inner, admission: self.clone() }
    }
}

/// Admits calls to the service inside.
#[derive(Clone, Debug)]
pub struct Admit<S> {
    inner: S,
    admission: Admission,
}

/// Something in progress, until it is dropped.
#[derive(Debug)]
pub struct Turn(Arc<Pressure>, Instant);

impl Turn {
    fn begin(pressure: &Arc<Pressure>) -> Self {
        pressure.begin();
        Self(pressure.clone(), Instant::now())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.end(self.1.elapsed());
    }
}

/// A call's place.
struct Place {
    _turn: Option<Turn>,
    _place: OwnedSemaphorePermit,
}

impl Watch for Place {
    fn trailers(&mut self, _: &HeaderMap) {}
}

fn is_stream(path: &str) -> bool {
    STREAMS.iter().any(|stream| path.ends_with(stream))
}

/// How soon a call is to be served: as its caller's line declares, or sooner or later as the call
/// itself says where none is declared; where one is, the call can only say later.
fn class(request: &Request<Body>) -> Class {
    let declared = request.extensions().get::<Class>().copied();
    let asked = request.headers().get(PRIORITY).and_then(|value| value.to_str().ok()?.parse().ok());
    match (declared, asked) {
        (Some(declared), Some(asked)) => declared.min(asked),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) if is_stream(request.uri().path()) => Class::Campaign,
        (None, None) => Class::default(),
    }
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

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if request.uri().path().starts_with(EXEMPT) {
            return Box::pin(self.inner.call(request));
        }
        let Some(place) = self.admission.admit(&request) else {
            metrics::counter!("arbitra_rpc_refused_total").increment(1);
            return Box::pin(std::future::ready(Ok(status::overloaded().into_http())));
        };
        if is_stream(request.uri().path()) {
            request.extensions_mut().insert(self.admission.clone());
        }
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
