//! What differs where keys are spread over the nodes of a cluster.

use bytes::Bytes;
use futures::future::{join_all, try_join_all};
use redis::{Pipeline, Value};

use super::connection::Place;
use super::customers::{KEYS_MAX, expected_bytes};
use super::link::call;
use super::outbox::{Doubt, InOutbox, Outbox, Posted, pack, seal_all};
use super::slot::slot_of;
use super::store::{RedisStore, ttl_ms};
use crate::store::seal::seal;
use crate::store::{Commit, CommitResult, StoreError};

/// Commits of a slot that are moved together with a later one; beyond it they are left to the sweep.
const BEFORE_MAX: usize = 128;

impl RedisStore {
    /// Stored records, one pipeline to each node, all at once.
    pub(super) async fn spread_records(
        &self,
        customers: &[&str],
    ) -> Result<Vec<Value>, StoreError> {
        let keys: Vec<String> =
            customers.iter().map(|customer| self.keys.record(customer)).collect();
        let groups = self.connections.spread(&keys).await?;
        let parts = groups.iter().flat_map(|(node, positions)| {
            positions.chunks(KEYS_MAX).map(move |positions| (node, positions))
        });
        let keys = &keys;
        let asked = parts.map(async |(node, positions)| {
            let own = || positions.iter().filter_map(|position| keys.get(*position));
            let mut pipe = Pipeline::with_capacity(positions.len());
            for key in own() {
                pipe.cmd("GET").arg(key);
            }
            let place = Place::Node(node.clone());
            let values: Vec<Value> = match self.connections.pipeline(place, &pipe).await {
                Ok(values) => values,
                // A slot may have moved away: each on its own finds its way.
                Err(_) => try_join_all(own().map(async |key| self.value(key).await)).await?,
            };
            Ok::<_, StoreError>(positions.iter().copied().zip(values))
        });
        let mut values = vec![Value::Nil; customers.len()];
        for (position, value) in try_join_all(asked).await?.into_iter().flatten() {
            if let Some(place) = values.get_mut(position) {
                *place = value;
            }
        }
        Ok(values)
    }

    async fn value(&self, key: &str) -> Result<Value, StoreError> {
        let mut get = redis::cmd("GET");
        get.arg(key);
        self.connections.command(Place::read(key), &get).await
    }

    /// Decisions to remember, one pipeline to each node, all at once.
    pub(super) async fn spread_decisions(
        &self,
        decisions: &[(String, Bytes)],
        ttl_ms: &str,
    ) -> Result<(), StoreError> {
        let keys: Vec<String> =
            decisions.iter().map(|(customer, _)| self.keys.decisions(customer)).collect();
        let groups = self.connections.spread(&keys).await?;
        let asked = groups.iter().map(async |(node, positions)| {
            let own = || positions.iter().filter_map(|position| decisions.get(*position));
            let mut pipe = Pipeline::with_capacity(3 * positions.len());
            own().for_each(|decision| self.push_decision(&mut pipe, decision, ttl_ms));
            let place = Place::Node(node.clone());
            let written: Result<(), _> = self.connections.pipeline(place, &pipe).await;
            if written.is_ok() {
                return Ok(());
            }
            // Remembered twice at worst.
            let each = own().map(async |decision| {
                let mut pipe = Pipeline::with_capacity(3);
                self.push_decision(&mut pipe, decision, ttl_ms);
                let place = Place::write(&self.keys.decisions(&decision.0));
                self.connections.pipeline::<()>(place, &pipe).await
            });
            join_all(each).await.into_iter().collect()
        });
        join_all(asked).await.into_iter().collect()
    }

    /// Record and outbox at once, then the log.
    pub(super) async fn compare_and_post(
        &self,
        commit: &Commit,
        outbox: &std::sync::Arc<Outbox>,
    ) -> Result<CommitResult, StoreError> {
        let Commit { customer, expected, record, ttl, log, decision } = commit;
        let script = &self.scripts.post;
        let key = self.keys.record(customer);
        let slot = slot_of(&key);
        let posted = self.keys.outbox(slot);
        let has_log = !log.is_empty();
        let memory = self.keys.decisions(customer);
        let keys = [&*key, &memory, &posted];
        let mut call = call(script, if has_log { &keys } else { &keys[..2] });
        call.arg(expected_bytes(*expected).as_slice());
        call.arg(seal(customer.as_bytes(), record)).arg(ttl_ms(*ttl));
        self.add_decision(&mut call, customer, decision.as_ref());
        let sealed = seal_all(log);
        let id = outbox.next_id();
        if has_log {
            outbox.keep_swept();
            call.arg(&id).arg(pack(&sealed)).arg(BEFORE_MAX);
        }
        let known = outbox.known();
        let doubt = has_log.then(|| Doubt::about(outbox, &key));
        let answer: Result<(u8, Value, Option<Vec<InOutbox>>), _> =
            self.connections.script(Place::write(&key), script, &call).await;
        let (version, log_position) = match answer? {
            (1, Value::Int(version), before) if has_log => {
                let id = [&version.to_be_bytes()[..], &id].concat();
                let position = match before {
                    // The sweep brings all in order.
                    None => None,
                    Some(before) => {
                        let before = before.into_iter().filter_map(Posted::open);
                        let mut posted: Vec<Posted> =
                            before.filter(|other| other.id < id).collect();
                        posted.sort();
                        posted.push(Posted { id, sealed });
                        outbox.deliver(slot, known, posted).await.ok()
                    }
                };
                (version, position)
            }
            (1, Value::Int(version), _) => (version, None),
            (0, current, _) => {
                doubt.into_iter().for_each(Doubt::settled);
                return Ok(CommitResult::Conflict(self.record(customer, current)?));
            }
            (_, _, _) => return Err(self.connections.corrupt("an answer of the wrong form")),
        };
        if log_position.is_some() {
            doubt.into_iter().for_each(Doubt::settled);
        }
        Ok(CommitResult::Committed { version: version.cast_unsigned(), log_position })
    }
}
