//! Records of customers and their remembered decisions.

use std::time::Duration;

use bytes::Bytes;
use redis::{Cmd, Value};

use super::connection::Place;
use super::link::call;
use super::store::{RedisStore, stored, ttl_ms};
use crate::store::seal::{leading_u64, seal, unseal};
use crate::store::{Commit, CommitResult, Remembered, StoreError, Versioned};

/// Keys in one MGET: many, yet few enough that the server gets to others in between.
pub(super) const KEYS_MAX: usize = 256;

impl RedisStore {
    pub(super) async fn records(
        &self,
        customers: &[&str],
    ) -> Result<Vec<Option<Versioned>>, StoreError> {
        let values: Vec<Value> = match customers {
            [] => return Ok(Vec::new()),
            [one] => {
                let key = self.keys.record(one);
                let mut get = redis::cmd("GET");
                get.arg(&key);
                vec![self.connections.command(Place::read(&key), &get).await?]
            }
            many if self.connections.is_cluster() => self.spread_records(many).await?,
            many => {
                let mut pipe = redis::Pipeline::with_capacity(many.len().div_ceil(KEYS_MAX));
                for some in many.chunks(KEYS_MAX) {
                    let get = pipe.cmd("MGET");
                    for customer in some {
                        get.arg(self.keys.record(customer));
                    }
                }
                // All keys are with one server.
                let place = Place::read(&self.keys.log);
                let pages: Vec<Vec<Value>> = self.connections.pipeline(place, &pipe).await?;
                pages.into_iter().flatten().collect()
            }
        };
        if values.len() != customers.len() {
            return Err(self.connections.corrupt("an answer of the wrong length"));
        }
        let pairs = customers.iter().zip(values);
        pairs.map(|(customer, value)| self.record(customer, value)).collect()
    }

    /// A record from its stored form: version, checksum, record.
    pub(super) fn record(&self, name: &str, value: Value) -> Result<Option<Versioned>, StoreError> {
        let corrupt =
            || self.connections.corrupt(format!("`{}` fails its checksum", name.escape_debug()));
        let Some(bytes) = stored(value).map_err(|()| corrupt())? else {
            return Ok(None);
        };
        let version = leading_u64(&bytes).ok_or_else(corrupt)?;
        let record = unseal(name.as_bytes(), bytes.slice(8..)).ok_or_else(corrupt)?;
        Ok(Some(Versioned { version, record }))
    }

    pub(super) async fn remembered(&self, customer: &str) -> Result<Remembered, StoreError> {
        let key = self.keys.decisions(customer);
        let place = Place::read(&key);
        let mut pipe = redis::Pipeline::with_capacity(2);
        pipe.cmd("GET").arg(self.keys.record(customer));
        pipe.cmd("LRANGE").arg(&key).arg(0).arg(self.bounds.decisions_max.saturating_sub(1));
        let (value, decisions): (Value, Vec<Vec<u8>>) =
            self.connections.pipeline(place, &pipe).await?;
        let record = self.record(customer, value)?;
        let opened = decisions.into_iter().filter_map(|sealed| {
            let opened = unseal(customer.as_bytes(), sealed.into());
            if opened.is_none() {
                tracing::warn!(%key, "a remembered decision is damaged and left out");
            }
            opened
        });
        Ok((record, opened.collect()))
    }

    pub(super) async fn compare_and_set(
        &self,
        commit: &Commit,
    ) -> Result<CommitResult, StoreError> {
        if let Some(outbox) = &self.outbox {
            return self.compare_and_post(commit, outbox).await;
        }
        let Commit { customer, expected, record, ttl, log, decision } = commit;
        let script = &self.scripts.commit;
        let key = self.keys.record(customer);
        let memory = self.keys.decisions(customer);
        let mut call = call(script, &[&key, &self.keys.log, &self.keys.log_last, &memory]);
        call.arg(expected_bytes(*expected).as_slice());
        call.arg(seal(customer.as_bytes(), record)).arg(ttl_ms(*ttl));
        self.add_decision(&mut call, customer, decision.as_ref());
        for entry in log {
            call.arg(super::log::seal_entry(entry));
        }
        match self.connections.script(Place::write(&key), script, &call).await? {
            (1, Value::Int(version), Some(position)) => Ok(CommitResult::Committed {
                version: version.cast_unsigned(),
                log_position: (!log.is_empty()).then_some(position),
            }),
            (0, current, None) => Ok(CommitResult::Conflict(self.record(customer, current)?)),
            (_, _, _) => Err(self.connections.corrupt("an answer of the wrong form")),
        }
    }

    /// The decision of a commit, how many stay, its time to live; empty where there is none.
    pub(super) fn add_decision(
        &self,
        call: &mut Cmd,
        customer: &str,
        decision: Option<&(Bytes, Duration)>,
    ) {
        let sealed = decision.map(|(bytes, _)| seal(customer.as_bytes(), bytes));
        call.arg(sealed.unwrap_or_default()).arg(self.bounds.decisions_max);
        call.arg(ttl_ms(decision.map(|(_, ttl)| *ttl)));
    }

    pub(super) async fn push_decisions(
        &self,
        decisions: &[(String, Bytes)],
        ttl: Duration,
    ) -> Result<(), StoreError> {
        if decisions.is_empty() {
            return Ok(());
        }
        let ttl_ms = ttl_ms(Some(ttl));
        if self.connections.is_cluster() {
            return self.spread_decisions(decisions, &ttl_ms).await;
        }
        let mut pipe = redis::Pipeline::with_capacity(3 * decisions.len());
        for decision in decisions {
            self.push_decision(&mut pipe, decision, &ttl_ms);
        }
        self.connections.pipeline(Place::write(&self.keys.log), &pipe).await
    }

    pub(super) fn push_decision(
        &self,
        pipe: &mut redis::Pipeline,
        (customer, decision): &(String, Bytes),
        ttl_ms: &str,
    ) {
        let key = self.keys.decisions(customer);
        let sealed = seal(customer.as_bytes(), decision);
        pipe.cmd("LPUSH").arg(&key).arg(sealed).ignore();
        let keep = self.bounds.decisions_max.saturating_sub(1);
        pipe.cmd("LTRIM").arg(&key).arg(0).arg(keep).ignore();
        pipe.cmd("PEXPIRE").arg(&key).arg(ttl_ms).ignore();
    }

    pub(super) async fn remove(&self, customer: &str) -> Result<(), StoreError> {
        let mut remove = redis::cmd("DEL");
        let key = self.keys.record(customer);
        remove.arg(&key).arg(self.keys.decisions(customer));
        self.connections.command(Place::write(&key), &remove).await
    }
}

/// The first bytes a value of this version has; none when it must be absent.
pub(super) fn expected_bytes(expected: u64) -> Vec<u8> {
    if expected == 0 { Vec::new() } else { expected.to_le_bytes().to_vec() }
}
