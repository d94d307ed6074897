//! Reading and changing one customer's profile outside events and outcomes.

use std::sync::Arc;

use super::error::EngineError;
use super::state::{Engine, STRIPES};
use crate::core::decide::DecisionRecord;
use crate::core::key::id64;
use crate::core::profile::{Profile, ProfileError};
use crate::store::{Commit, CommitResult};

/// A profile as stored.
#[derive(Clone, Debug)]
pub struct ProfileView {
    /// The customer that the name led to.
    pub customer: String,
    /// The profile; empty for a new customer.
    pub profile: Arc<Profile>,
    /// Its version; 0 for a new customer.
    pub version: u64,
}

/// A profile that was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// The customer that the name led to.
    pub customer: String,
    /// The profile as written.
    pub profile: Arc<Profile>,
    /// Its new version.
    pub version: u64,
}

impl Engine {
    /// The customer's profile.
    ///
    /// # Errors
    /// The store is unavailable, or the record is corrupt.
    pub async fn profile(&self, customer: &str) -> Result<ProfileView, EngineError> {
        let found = self.store.load(&[customer]).await?.pop().flatten();
        let (profile, version) = self.decode(id64(customer), found)?;
        let customer = customer.to_owned();
        if profile.moved().is_none() {
            return Ok(ProfileView { customer, profile, version });
        }
        let customer = self.settle_moves(&customer).await?;
        let (profile, version) = self.read(&customer).await?;
        Ok(ProfileView { customer, profile, version })
    }

    /// The decisions that are remembered of the customer and of those it took in, oldest first.
    ///
    /// # Errors
    /// The store is unavailable, or a record is corrupt.
    pub async fn remembered(&self, view: &ProfileView) -> Result<Vec<DecisionRecord>, EngineError> {
        self.rememberer.flush().await;
        let taken_in = view.profile.absorbed().iter().map(|one| &*one.customer);
        let mut decisions = Vec::new();
        for name in taken_in.chain([view.customer.as_str()]) {
            let (_, remembered) = self.store.load_for_outcome(name).await?;
            let read = |bytes: &bytes::Bytes| DecisionRecord::decode(bytes).ok();
            decisions.extend(remembered.iter().filter_map(read));
        }
        decisions.sort_by_key(|decision| decision.at);
        Ok(decisions)
    }

    /// Changes the customer's profile by compare-and-set; `change` may run more than once, each
    /// time on the current profile; when it refuses, nothing is written. `expected`: the version the
    /// profile must be at.
    ///
    /// # Errors
    /// The change was refused; the store is unavailable; the record is corrupt, stays contended, or is
    /// at another version.
    pub async fn change_profile(
        &self,
        customer: &str,
        expected: Option<u64>,
        change: impl Fn(&mut Profile) -> Result<(), ProfileError> + Send + Sync,
    ) -> Result<Written, EngineError> {
        let hash = id64(customer);
        let _turn = match self.stripes.get(hash as usize % STRIPES) {
            Some(stripe) => Some(stripe.lock().await),
            None => None,
        };
        let mut customer = customer.to_owned();
        for _ in 0..self.config.commit_attempts_max {
            let (profile, version) = self.read(&customer).await?;
            if profile.moved().is_some() {
                customer = self.settle_moves(&customer).await?;
                continue;
            }
            if let Some(expected) = expected
                && expected != version
            {
                return Err(EngineError::VersionMismatch { expected, current: version });
            }
            let mut next = Profile::clone(&profile);
            change(&mut next).map_err(EngineError::Refused)?;
            let commit = Commit {
                customer: customer.clone(),
                expected: version,
                record: next.encode().into(),
                ttl: self.config.profile_ttl,
                log: Vec::new(),
                decision: None,
            };
            if let CommitResult::Committed { version, .. } = self.store.commit(commit).await? {
                let profile = Arc::new(next);
                self.profiles.put(id64(&customer), version, profile.clone());
                return Ok(Written { customer, profile, version });
            }
        }
        Err(EngineError::Contended { attempts: self.config.commit_attempts_max })
    }
}
