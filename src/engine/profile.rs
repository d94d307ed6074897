//! Reading and changing one customer's profile outside events and outcomes.

use std::sync::Arc;

use super::error::EngineError;
use super::state::{Engine, STRIPES};
use crate::core::key::{id64, mix64};
use crate::core::learn::{ForgetRecord, LearningRecord};
use crate::core::profile::{Profile, ProfileError};
use crate::store::{Commit, CommitResult};

/// A profile as stored.
#[derive(Clone, Debug)]
pub struct ProfileView {
    /// The profile; empty for a new customer.
    pub profile: Arc<Profile>,
    /// Its version; 0 for a new customer.
    pub version: u64,
}

/// A profile that was written.
#[derive(Clone, Debug)]
pub struct Written {
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
        Ok(ProfileView { profile, version })
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
        for _ in 0..self.config.commit_attempts_max {
            let found = self.store.load(&[customer]).await?.pop().flatten();
            let (profile, version) = self.decode(hash, found)?;
            if let Some(expected) = expected
                && expected != version
            {
                return Err(EngineError::VersionMismatch { expected, current: version });
            }
            let mut next = Profile::clone(&profile);
            change(&mut next).map_err(EngineError::Refused)?;
            let commit = Commit {
                customer: customer.to_owned(),
                expected: version,
                record: next.encode().into(),
                ttl: self.config.profile_ttl,
                log: Vec::new(),
            };
            if let CommitResult::Committed { version, .. } = self.store.commit(commit).await? {
                let profile = Arc::new(next);
                self.profiles.put(hash, version, profile.clone());
                return Ok(Written { profile, version });
            }
        }
        Err(EngineError::Contended { attempts: self.config.commit_attempts_max })
    }

    /// Removes everything kept under the customer's id, and what the models of all replicas keep of
    /// single customers; whether there was anything.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn erase_profile(&self, customer: &str) -> Result<bool, EngineError> {
        let hash = id64(customer);
        let _turn = match self.stripes.get(hash as usize % STRIPES) {
            Some(stripe) => Some(stripe.lock().await),
            None => None,
        };
        // What is still waiting to be written behind must not come back after the erasure.
        self.rememberer.flush().await;
        let existed = self.store.load(&[customer]).await?.pop().flatten().is_some();
        // Said first: an erasure that fails half way is asked for again, and forgetting twice is one.
        let forget = ForgetRecord { id: mix64(hash, self.draw_seed()), customer: hash };
        let entry = LearningRecord::Forget(forget).encode();
        self.store.append_log(vec![entry.into()]).await?;
        self.store.erase(customer).await?;
        self.profiles.remove(hash);
        self.sources.forget(customer);
        Ok(existed)
    }
}
