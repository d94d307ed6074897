//! What is kept in memory to save work, never to save truth: decoded profiles, believed only when
//! the store names the same version in the read itself; and decisions just made, for outcomes that
//! come back to the same process before the store has them.

use std::sync::Arc;

use quick_cache::sync::Cache;

use crate::core::decide::DecisionRecord;
use crate::core::profile::Profile;

/// Decoded profiles by hash of the customer's id.
pub(super) struct ProfileCache(Cache<u64, (u64, Arc<Profile>)>);

impl ProfileCache {
    pub(super) fn new(items_max: usize) -> Self {
        Self(Cache::new(items_max))
    }

    /// The decoded profile, if it is the one of `version`.
    pub(super) fn get(&self, customer: u64, version: u64) -> Option<Arc<Profile>> {
        self.0.get(&customer).filter(|(known, _)| *known == version).map(|(_, profile)| profile)
    }

    pub(super) fn put(&self, customer: u64, version: u64, profile: Arc<Profile>) {
        self.0.insert(customer, (version, profile));
    }

    pub(super) fn remove(&self, customer: u64) {
        self.0.remove(&customer);
    }
}

/// Decisions by hash of the customer's id and the low half of the decision's id.
pub(super) struct DecisionCache(Cache<(u64, u64), Arc<DecisionRecord>>);

impl DecisionCache {
    pub(super) fn new(items_max: usize) -> Self {
        Self(Cache::new(items_max))
    }

    pub(super) fn get(&self, customer: u64, decision: u64) -> Option<Arc<DecisionRecord>> {
        self.0.get(&(customer, decision))
    }

    pub(super) fn put(&self, customer: u64, record: Arc<DecisionRecord>) {
        self.0.insert((customer, record.id.low()), record);
    }
}
