//! Opens the doors, and closes them in order: not serving any more, no new connections, what runs
//! is finished.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tonic::codec::CompressionEncoding;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_health::ServingStatus;
use tower::util::MapRequestLayer;

use super::auth::jwt::{Issuers, KeySource, fetch};
use super::auth::{KeysError, KeysFile};
use super::config::ApiConfig;
use super::health;
use super::layer::admission::Admission;
use super::layer::authenticate::{Authenticate, Known};
use super::layer::deadline::Budgets;
use super::layer::observe::Observe;
use super::reload;
use super::service::{Catalogs, Decisions, Insights, Interactions, Profiles};
use super::tls::{Tls, TlsError};
use super::wire::FILE_DESCRIPTOR_SET;
use super::wire::v1::catalog_service_server::CatalogServiceServer;
use super::wire::v1::decision_service_server::DecisionServiceServer;
use super::wire::v1::insight_service_server::InsightServiceServer;
use super::wire::v1::interaction_service_server::InteractionServiceServer;
use super::wire::v1::profile_service_server::ProfileServiceServer;
use crate::engine::Engine;

/// Why the doors could not be opened, or fell shut.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The transport failed.
    #[error("the server failed: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// The descriptors cannot be served.
    #[error("reflection cannot be served: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The certificates cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The file of callers cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// An issuer's keys cannot be used.
    #[error("the keys of an issuer of tokens cannot be used: {0}")]
    Tokens(String),
}

/// Longest message that carries a rules folder, in bytes: 10,000 offers take some 8 MiB.
const CATALOG_RECEIVE_BYTES_MAX: usize = 64 << 20;

/// Time after the last call for its answer to leave, and for peers to close.
const FAREWELL: Duration = Duration::from_millis(500);

/// Serves `engine` on `listener` until `shutdown`, then drains: health says NOT_SERVING, nothing
/// new is accepted, and calls in progress have up to `config.drain_max` to finish. The engine is
/// told to drain; stopping it is its owner's.
///
/// # Errors
/// The transport failed.
pub async fn serve(
    listener: TcpListener,
    engine: Arc<Engine>,
    config: ApiConfig,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let guards = Guards::open(&config)?;
    let admission = Admission::new(config.in_flight_max);
    let drain_max = config.drain_max;
    let (reporter, health_service) = tonic_health::server::health_reporter();
    health::report(&reporter, ServingStatus::NotServing).await;
    let mut server = Server::builder()
        .max_concurrent_streams(config.streams_per_connection_max)
        .http2_keepalive_interval(Some(config.keepalive_interval))
        .http2_keepalive_timeout(Some(config.keepalive_timeout))
        .http2_max_header_list_size(config.header_bytes_max)
        .max_connection_age(jittered(config.connection_age_max))
        .layer(Observe::new())
        .layer(Authenticate::new(guards.known.clone()))
        .layer({
            let budgets = Budgets::new(&config);
            MapRequestLayer::new(move |request| budgets.mark(request))
        })
        .layer(admission.clone());
    let routes = routes(&engine, config)?;
    let router = server.add_routes(routes).add_service(health_service);
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let (close, closed) = oneshot::channel::<()>();
    let closed = async {
        let _dropped = closed.await;
    };
    let mut serving: Serving = match guards.tls.clone() {
        None => Box::pin(router.serve_with_incoming_shutdown(incoming, closed)),
        Some(tls) => Box::pin(router.serve_with_incoming_shutdown(tls.accepting(incoming), closed)),
    };
    let following = health::follow(reporter.clone(), &engine);
    let ended = tokio::select! {
        ended = &mut serving => Some(ended),
        () = shutdown => None,
    };
    following.abort();
    engine.start_draining();
    health::report(&reporter, ServingStatus::NotServing).await;
    if let Some(ended) = ended {
        return Ok(ended?);
    }
    let _gone = close.send(());
    drained(serving, &admission, drain_max).await
}

/// The doors, open.
type Serving = BoxFuture<'static, Result<(), tonic::transport::Error>>;

/// Waits for the calls in progress, up to `drain_max`.
async fn drained(
    mut serving: Serving,
    admission: &Admission,
    drain_max: Duration,
) -> Result<(), ServeError> {
    let drained = async {
        tokio::select! {
            ended = &mut serving => ended,
            () = idle(admission) => Ok(()),
        }
    };
    match tokio::time::timeout(drain_max, drained).await {
        Ok(ended) => Ok(ended?),
        Err(_) => {
            tracing::warn!(drain_max_ms = drain_max.as_millis(), "calls were cut off by the drain");
            Ok(())
        }
    }
}

/// What keeps strangers out, taken anew while it is held.
struct Guards {
    tls: Option<Arc<Tls>>,
    known: Known,
    _following: JoinSet<()>,
}

impl Guards {
    fn open(config: &ApiConfig) -> Result<Self, ServeError> {
        let tls = config.tls.as_ref().map(Tls::open).transpose()?.map(Arc::new);
        let keys = config.api_keys.as_deref().map(KeysFile::open).transpose()?.map(Arc::new);
        let mut following = JoinSet::new();
        if let Some(tls) = &tls {
            following.spawn(reload::follow(tls.clone(), config.reload_interval));
        }
        if let Some(keys) = &keys {
            following.spawn(reload::follow(keys.clone(), config.reload_interval));
        }
        let issuers = Issuers::open(&config.jwt).map_err(ServeError::Tokens)?;
        for issuer in issuers.iter().cloned() {
            match issuer.source().clone() {
                KeySource::File(_) => {
                    following.spawn(reload::follow(issuer, config.reload_interval))
                }
                KeySource::Url(url) => {
                    following.spawn(fetch::follow(issuer, url, config.jwks_spacing))
                }
            };
        }
        Ok(Self { tls, known: Known { keys, issuers }, _following: following })
    }
}

/// No call is in progress, and the last answer had time to leave. Connections that only watch
/// health stay open until their peer goes; they do not hold up the end.
async fn idle(admission: &Admission) {
    admission.idle().await;
    tokio::time::sleep(FAREWELL).await;
    admission.idle().await;
}

fn routes(engine: &Arc<Engine>, config: ApiConfig) -> Result<Routes, ServeError> {
    let (receive, send) = (config.receive_bytes_max, config.send_bytes_max);
    let config = Arc::new(config);
    macro_rules! bounded {
        ($server:ident, $service:expr) => {
            $server::new($service)
                .max_decoding_message_size(receive)
                .max_encoding_message_size(send)
                .accept_compressed(CompressionEncoding::Gzip)
        };
    }
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    let decisions = Decisions::new(engine.clone(), config.clone());
    let catalogs = CatalogServiceServer::new(Catalogs::new(engine.clone(), config))
        .max_decoding_message_size(receive.max(CATALOG_RECEIVE_BYTES_MAX))
        .max_encoding_message_size(send)
        .accept_compressed(CompressionEncoding::Gzip);
    Ok(Routes::new(bounded!(DecisionServiceServer, decisions))
        .add_service(bounded!(InteractionServiceServer, Interactions::new(engine.clone())))
        .add_service(bounded!(ProfileServiceServer, Profiles::new(engine.clone())))
        .add_service(catalogs)
        .add_service(bounded!(InsightServiceServer, Insights::new(engine.clone())))
        .add_service(reflection))
}

/// Up to a tenth more or less than `age`, drawn once a process.
fn jittered(age: Duration) -> Duration {
    let drawn = RandomState::new().build_hasher().finish() % 2_001;
    let share = 0.9 + f64::from(u32::try_from(drawn).unwrap_or(0)) / 10_000.0;
    age.mul_f64(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_ages_differ_by_at_most_a_tenth() {
        for _ in 0..100 {
            let age = jittered(Duration::from_secs(600)).as_secs_f64();
            assert!((539.9..=660.1).contains(&age), "{age}");
        }
    }
}
