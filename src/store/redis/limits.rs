//! Limits: how many units of each are taken.

use std::time::Duration;

use super::connection::{call, run};
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
        let mut call = call(script, &[&self.keys.limit(limit)]);
        // The whole limit is the most that can be wanted.
        call.arg(want.min(max)).arg(max).arg(ttl_ms(ttl));
        self.connections.ask(|on| run(on, script, call)).await
    }

    pub(super) async fn taken(&self, limit: &str) -> Result<u64, StoreError> {
        let mut get = redis::cmd("GET");
        get.arg(self.keys.limit(limit));
        let asked = async |mut on| get.query_async(&mut on).await;
        let taken: Option<u64> = self.connections.ask(asked).await?;
        Ok(taken.unwrap_or(0))
    }

    pub(super) async fn put_back(&self, limit: &str, amount: u64) -> Result<(), StoreError> {
        let script = &self.scripts.give_back;
        let mut call = call(script, &[&self.keys.limit(limit)]);
        call.arg(amount);
        let _: u64 = self.connections.ask(|on| run(on, script, call)).await?;
        Ok(())
    }
}
