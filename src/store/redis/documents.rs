//! Documents: one value each, over connections of their own.

use redis::Value;

use super::connection::{call, run};
use super::customers::expected_bytes;
use super::store::RedisStore;
use crate::store::seal::{leading_u64, seal};
use crate::store::{PutResult, StoreError, Versioned};

impl RedisStore {
    pub(super) async fn put(
        &self,
        name: &str,
        expected: Option<u64>,
        bytes: &[u8],
    ) -> Result<PutResult, StoreError> {
        let script = &self.scripts.put;
        let mut call = call(script, &[&self.keys.document(name)]);
        call.arg(expected_bytes(expected.unwrap_or(0)));
        call.arg(if expected.is_some() { "1" } else { "" });
        call.arg(seal(name.as_bytes(), bytes));
        let asked = |on| run(on, script, call);
        match self.connections.ask_alone(self.bulk_timeout, asked).await? {
            (1, Value::Int(version)) => Ok(PutResult::Stored { version: version.cast_unsigned() }),
            (0, Value::BulkString(current)) => {
                Ok(PutResult::Conflict { version: leading_u64(&current).unwrap_or(0) })
            }
            (_, _) => Err(self.connections.corrupt("an answer of the wrong form")),
        }
    }

    pub(super) async fn get(&self, name: &str) -> Result<Option<Versioned>, StoreError> {
        let mut get = redis::cmd("GET");
        get.arg(self.keys.document(name));
        let asked = async |mut on| get.query_async(&mut on).await;
        let value: Value = self.connections.ask_alone(self.bulk_timeout, asked).await?;
        self.record(name, value)
    }

    pub(super) async fn version(&self, name: &str) -> Result<u64, StoreError> {
        let mut get = redis::cmd("GETRANGE");
        get.arg(self.keys.document(name)).arg(0).arg(7);
        let asked = async |mut on| get.query_async(&mut on).await;
        let bytes: Vec<u8> = self.connections.ask(asked).await?;
        Ok(leading_u64(&bytes).unwrap_or(0))
    }
}
