//! What tests of the whole service share: real servers, conditions to wait on.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "each test binary uses a part of it, and a test may end at the first fault"
)]

pub mod authority;
pub mod engines;
pub mod process;
pub mod proxy;
pub mod redis_cluster;
pub mod redis_server;
pub mod service;
pub mod slow_store;

use std::future::Future;
use std::time::{Duration, Instant};

/// Waits until `condition` yields something; fails after ten seconds, naming `what`.
pub async fn eventually<T, F>(what: &str, mut condition: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(found) = condition().await {
            return found;
        }
        assert!(Instant::now() < deadline, "waited ten seconds in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
