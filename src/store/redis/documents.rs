//! Documents: one value each, over connections of their own.

use redis::Value;

use super::connection::Place;
use super::customers::expected_bytes;
use super::link::{Question, call};
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
        let key = self.keys.document(name);
        let mut call = call(script, &[&key]);
        call.arg(expected_bytes(expected.unwrap_or(0)));
        call.arg(if expected.is_some() { "1" } else { "" });
        call.arg(seal(name.as_bytes(), bytes));
        let question = Question::Script(script, &call);
        match self.connections.alone(self.bulk_timeout, Place::write(&key), question).await? {
            (1, Value::Int(version)) => Ok(PutResult::Stored { version: version.cast_unsigned() }),
            (0, Value::BulkString(current)) => {
                Ok(PutResult::Conflict { version: leading_u64(&current).unwrap_or(0) })
            }
            (_, _) => Err(self.connections.corrupt("an answer of the wrong form")),
        }
    }

    pub(super) async fn get(&self, name: &str) -> Result<Option<Versioned>, StoreError> {
        let key = self.keys.document(name);
        let mut get = redis::cmd("GET");
        get.arg(&key);
        let (place, question) = (Place::read(&key), Question::Command(&get));
        let value: Value = self.connections.alone(self.bulk_timeout, place, question).await?;
        self.record(name, value)
    }

    pub(super) async fn version(&self, name: &str) -> Result<u64, StoreError> {
        let key = self.keys.document(name);
        let mut get = redis::cmd("GETRANGE");
        get.arg(&key).arg(0).arg(7);
        let bytes: Vec<u8> = self.connections.command(Place::read(&key), &get).await?;
        Ok(leading_u64(&bytes).unwrap_or(0))
    }
}
