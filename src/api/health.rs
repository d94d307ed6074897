//! Keeps the standard health service in step with the engine's readiness.

use std::sync::Arc;

use tokio::task::JoinHandle;
use tonic::server::NamedService;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use super::wire::v1;
use crate::engine::{Engine, Readiness};

/// Names of what is reported on: the server as a whole, and each service.
const NAMES: [&str; 6] = [
    "",
    <v1::decision_service_server::DecisionServiceServer<()> as NamedService>::NAME,
    <v1::interaction_service_server::InteractionServiceServer<()> as NamedService>::NAME,
    <v1::profile_service_server::ProfileServiceServer<()> as NamedService>::NAME,
    <v1::catalog_service_server::CatalogServiceServer<()> as NamedService>::NAME,
    <v1::insight_service_server::InsightServiceServer<()> as NamedService>::NAME,
];

/// Says the same of the server and of every service.
pub async fn report(reporter: &HealthReporter, status: ServingStatus) {
    for name in NAMES {
        reporter.set_service_status(name, status).await;
    }
}

/// Follows the engine: serving while it is ready; not while its store is down or it is draining.
pub fn follow(reporter: HealthReporter, engine: &Arc<Engine>) -> JoinHandle<()> {
    let mut readiness = engine.watch_readiness();
    tokio::spawn(async move {
        loop {
            let now = readiness.borrow_and_update().clone();
            let status = match &now {
                Readiness::Ready => ServingStatus::Serving,
                Readiness::StoreDown { .. } | Readiness::Draining => ServingStatus::NotServing,
            };
            if let Readiness::StoreDown { why } = &now {
                tracing::warn!(why, "not serving: the store is down");
            }
            report(&reporter, status).await;
            if readiness.changed().await.is_err() {
                return;
            }
        }
    })
}
