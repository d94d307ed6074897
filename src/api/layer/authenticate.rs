//! Who calls, and whether they may: UNAUTHENTICATED for strangers, PERMISSION_DENIED for those
//! whom the method is closed to. Health is open. Every administrative act leaves a line in the
//! audit log (target `audit`): who, what, outcome; nothing of whom it concerned.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::{HeaderMap, Request, Response};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Layer, Service};

use super::body::{Watch, Watched};
use crate::api::auth::jwt::Issuers;
use crate::api::auth::{ActsFor, Caller, Keys, KeysFile, Need, caller, role};
use crate::api::method::code_name;
use crate::api::status;

/// How callers are named when there is no file of them.
const ANYONE: &str = "anyone";
/// How those are named whom the file does not know.
const STRANGER: &str = "stranger";

/// Lets known callers do what their roles allow.
#[derive(Clone, Debug)]
pub struct Authenticate(Known);

/// Who is known: callers of a file, bearers of tokens.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The callers of a file.
    pub keys: Option<Arc<KeysFile>>,
    /// The issuers whose tokens are taken.
    pub issuers: Issuers,
}

impl Authenticate {
    /// Those who are known; where nobody can be, everybody may do everything.
    pub fn new(known: Known) -> Self {
        Self(known)
    }
}

impl<S> Layer<S> for Authenticate {
    type Service = Authenticated<S>;

    fn layer(&self, inner: S) -> Authenticated<S> {
        Authenticated { inner, known: self.0.clone() }
    }
}

/// Lets callers through to the service inside.
#[derive(Clone, Debug)]
pub struct Authenticated<S> {
    inner: S,
    known: Known,
}

/// A refusal, and who was refused when that is known.
struct Refusal {
    status: Status,
    caller: Option<Arc<Caller>>,
}

impl<S> Authenticated<S> {
    /// Who calls; `None` where nobody must be known.
    fn admit(&self, request: &Request<Body>, need: Need) -> Result<Option<Arc<Caller>>, Refusal> {
        let Known { keys, issuers } = &self.known;
        if (keys.is_none() && issuers.is_empty()) || need == Need::Nothing {
            return Ok(None);
        }
        let found = match keys {
            Some(keys) => caller::find(&keys.current(), issuers, request),
            None => caller::find(&Keys::default(), issuers, request),
        };
        let caller = found.map_err(|stranger| Refusal {
            status: status::unauthenticated(stranger),
            caller: None,
        })?;
        match allowed(&caller, need, request.uri().path()) {
            Ok(()) => Ok(Some(caller)),
            Err(status) => Err(Refusal { status, caller: Some(caller) }),
        }
    }
}

/// Whether the caller may, and not too often.
fn allowed(caller: &Caller, need: Need, path: &str) -> Result<(), Status> {
    if caller.customer().is_some() && !ActsFor::may_call(path) {
        return Err(status::not_for_browsers());
    }
    if let Need::Role { role, .. } = need
        && !caller.may(role)
    {
        return Err(status::denied(caller.name(), role));
    }
    caller.call().map_err(|after| {
        metrics::counter!("arbitra_rpc_rate_limited_total").increment(1);
        status::too_often(after)
    })
}

impl<S> Service<Request<Body>> for Authenticated<S>
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
        let need = role::need(request.uri().path());
        let audited = matches!(need, Need::Role { audited: true, .. });
        let named = |path: &str| path.trim_start_matches('/').to_owned();
        let caller = match self.admit(&request, need) {
            Ok(caller) => caller,
            Err(Refusal { status, caller }) => {
                if audited {
                    let who = caller.as_ref().map_or(STRANGER, |caller| caller.name());
                    write(who, &named(request.uri().path()), status.code());
                }
                return Box::pin(std::future::ready(Ok(status.into_http())));
            }
        };
        if let Some(caller) = &caller {
            if let Some(customer) = caller.customer() {
                request.extensions_mut().insert(ActsFor(customer.clone()));
            }
            if let Some(class) = caller.class() {
                request.extensions_mut().insert(class);
            }
        }
        if !audited {
            return Box::pin(self.inner.call(request));
        }
        let method = named(request.uri().path());
        let mut act = Act { caller, method, code: Code::Cancelled };
        let answer = self.inner.call(request);
        Box::pin(async move {
            let response = answer.await?;
            act.trailers(response.headers());
            Ok(response.map(|body| Watched::wrap(body, act)))
        })
    }
}

/// An administrative act; written down when its answer was sent or given up.
struct Act {
    caller: Option<Arc<Caller>>,
    method: String,
    code: Code,
}

impl Watch for Act {
    fn trailers(&mut self, trailers: &HeaderMap) {
        if let Some(status) = Status::from_header_map(trailers) {
            self.code = status.code();
        }
    }
}

impl Drop for Act {
    fn drop(&mut self) {
        let who = self.caller.as_ref().map_or(ANYONE, |caller| caller.name());
        write(who, &self.method, self.code);
    }
}

fn write(who: &str, method: &str, code: Code) {
    let outcome = code_name(code);
    tracing::info!(target: "audit", caller = who, method, outcome, "administrative act");
}
