//! Limits: how many units of each are taken.

use std::time::Duration;

use super::connection::Place;
use super::link::call;
use super::store::{RedisStore, ttl_ms};
use crate::store::StoreError;

impl RedisStore {
    pub(super) async fn take(
        &self,
        limit: &str,
        want: u64,
        max: u64,
        ttl: Option<Duration>,
    ) -> Result<u64, StoreError> {
        let script = &self.scripts.lease;
        let key = self.keys.limit(limit);
        let mut call = call(script, &[&key]);
        // The whole limit is the most that can be wanted.
        call.arg(want.min(max)).arg(max).arg(ttl_ms(ttl));
        self.connections.script(Place::write(&key), script, &call).await
    }

    pub(super) async fn taken(&self, limit: &str) -> Result<u64, StoreError> {
        let key = self.keys.limit(limit);
        let mut get = redis::cmd("GET");
        get.arg(&key);
        let taken: Option<u64> = self.connections.command(Place::read(&key), &get).await?;
        Ok(taken.unwrap_or(0))
    }

    pub(super) async fn put_back(&self, limit: &str, amount: u64) -> Result<(), StoreError> {
        let script = &self.scripts.give_back;
        let key = self.keys.limit(limit);
        let mut call = call(script, &[&key]);
        call.arg(amount);
        let _: u64 = self.connections.script(Place::write(&key), script, &call).await?;
        Ok(())
    }
}
