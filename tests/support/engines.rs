//! Engines in this process, on one Redis, and what they are asked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arbitra::core::decide::{ChannelRequest, PlacementRequest, Request};
use arbitra::engine::{Clock, DecideCall, Engine, EngineConfig, Proved, Running};
use arbitra::store::{RedisConfig, RedisStore, Store};

use super::redis_server::RedisServer;

/// An engine that serves `rules` from the server.
pub async fn replica(
    server: &RedisServer,
    rules: Proved,
    clock: Arc<dyn Clock>,
    config: EngineConfig,
) -> (Arc<Engine>, Running) {
    replica_at(&server.url(), rules, clock, config).await
}

/// The same, at an address.
pub async fn replica_at(
    url: &str,
    rules: Proved,
    clock: Arc<dyn Clock>,
    config: EngineConfig,
) -> (Arc<Engine>, Running) {
    let redis = RedisConfig::new(url.parse().unwrap());
    let store: Arc<dyn Store> = Arc::new(RedisStore::new(&redis).unwrap());
    Engine::start(store, rules, clock, config).await.unwrap()
}

/// Asks for so many offers on the first placement of a channel.
pub fn call(engine: &Engine, customer: &str, channel: u16, slots: u32) -> DecideCall {
    let placement = PlacementRequest { placement: 0, slots, only: vec![], without: vec![] };
    let placements = vec![placement];
    let channel = ChannelRequest { channel, locale: None, placements, scheme: None };
    DecideCall {
        customer: customer.to_owned(),
        request_id: None,
        request: Request { channels: vec![channel], ..Request::default() },
        snapshot: engine.snapshot(),
        dry_run: false,
        as_of: None,
        seed: None,
        assume_consent: false,
        deadline: Instant::now() + Duration::from_secs(60),
    }
}
