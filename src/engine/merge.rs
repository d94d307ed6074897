//! Merging customers. A customer's record is all that can be written at once, so a merge is three
//! writes, each a compare-and-set that can be repeated by anyone:
//!
//! 1. *freeze*: the record says where it is going, under a ticket;
//! 2. *take in*: the target takes in what is known, once a ticket;
//! 3. *leave a signpost*: nothing but the way to the target stays under the old id.
//!
//! Whoever meets a frozen record completes 2 and 3 before going on ([`Engine::settle`]): so no
//! reader or writer ever sees a merge half done, and a crash after any step loses nothing.

use std::sync::Arc;

use super::error::EngineError;
use super::profile::Written;
use super::state::Engine;
use crate::core::key::{id64, mix64};
use crate::core::profile::{Absorbed, MERGED_MAX, Profile, ProfileError};
use crate::store::{Commit, CommitResult};

/// Most records on the way from an id to where it leads.
const HOPS_MAX: usize = 4 * MERGED_MAX;

/// A record that moved, as met on the way.
struct Hop {
    name: String,
    version: u64,
    profile: Arc<Profile>,
}

impl Hop {
    fn ticket(&self) -> u64 {
        self.profile.moved().map_or(0, |moved| moved.ticket)
    }

    fn is_frozen(&self) -> bool {
        self.profile.moved().is_some_and(|moved| !moved.done)
    }
}

impl Engine {
    /// Merges `sources` into `target`; the customer that stays, and its profile. Asked again, it
    /// changes nothing.
    ///
    /// # Errors
    /// More merged customers than one can hold; the store is unavailable; a record is corrupt or
    /// stays contended.
    pub async fn merge_profiles(
        &self,
        target: &str,
        sources: &[String],
    ) -> Result<Written, EngineError> {
        let mut root = self.settle_moves(target).await?;
        for source in sources {
            root = self.merge_one(&root, source).await?;
        }
        let (profile, version) = self.read(&root).await?;
        Ok(Written { customer: root, profile, version })
    }

    /// The first of `names` under which something is held, as the id of the customer that it leads
    /// to; the first of all when nothing is: a new customer. One round trip, and one for each merge
    /// on the way.
    ///
    /// # Errors
    /// The store is unavailable; a record is corrupt or stays contended.
    pub async fn resolve(&self, names: &[String]) -> Result<String, EngineError> {
        let wanted: Vec<&str> = names.iter().map(String::as_str).collect();
        let found = self.store.load(&wanted).await?;
        let known = wanted.iter().zip(found).find(|(_, found)| found.is_some());
        match known {
            Some((name, _)) => self.settle_moves(name).await,
            None => Ok(wanted.first().map(|name| (*name).to_owned()).unwrap_or_default()),
        }
    }

    /// Has `names` lead to `customer`, merging what is held under them; names that lead to somebody
    /// else already are left alone. The customer that stays.
    ///
    /// # Errors
    /// As [`Engine::merge_profiles`].
    pub async fn attach(&self, customer: &str, names: &[String]) -> Result<String, EngineError> {
        let mut root = self.settle_moves(customer).await?;
        for name in names {
            if self.settle_moves(name).await? == *name {
                root = self.merge_one(&root, name).await?;
            }
        }
        Ok(root)
    }

    /// The id under which the data of `customer` is, with every begun merge on the way completed.
    pub(super) async fn settle_moves(&self, customer: &str) -> Result<String, EngineError> {
        for _ in 0..self.config.commit_attempts_max.max(1) as usize * HOPS_MAX {
            let mut hops: Vec<Hop> = Vec::new();
            let mut name = customer.to_owned();
            let cycle = loop {
                if let Some(start) = hops.iter().position(|hop| hop.name == name) {
                    break Some(start);
                }
                let (profile, version) = self.read(&name).await?;
                let Some(moved) = profile.moved() else { break None };
                let next = moved.target.to_string();
                if hops.len() >= HOPS_MAX {
                    return Err(EngineError::Corrupt("merges lead on without end".to_owned()));
                }
                hops.push(Hop { name: std::mem::replace(&mut name, next), version, profile });
            };
            if let Some(start) = cycle {
                self.open_cycle(hops.get(start..).unwrap_or_default()).await?;
                continue;
            }
            match hops.iter().rfind(|hop| hop.is_frozen()) {
                None => return Ok(name),
                Some(hop) => self.take_in(hop, &name).await?,
            }
        }
        Err(EngineError::Contended { attempts: self.config.commit_attempts_max })
    }

    pub(super) async fn read(&self, customer: &str) -> Result<(Arc<Profile>, u64), EngineError> {
        let found = self.store.load(&[customer]).await?.pop().flatten();
        self.decode(id64(customer), found)
    }

    /// Freezes what `source` leads to and has `root` take it in; the customer that stays.
    async fn merge_one(&self, root: &str, source: &str) -> Result<String, EngineError> {
        for _ in 0..self.config.commit_attempts_max {
            let root = self.settle_moves(root).await?;
            let from = self.settle_moves(source).await?;
            if from == root {
                return Ok(root);
            }
            let (kept, _) = self.read(&root).await?;
            let (profile, version) = self.read(&from).await?;
            // What the source took in meanwhile leads to it: the other way round is no way.
            let took_root = profile.absorbed().iter().any(|one| *one.customer == *root);
            if profile.moved().is_some() || took_root {
                continue;
            }
            if kept.absorbed().len() + profile.absorbed().len() >= MERGED_MAX {
                let (what, max) = ("merged customers", MERGED_MAX);
                return Err(EngineError::Refused(ProfileError::TooMany { what, max }));
            }
            let mut next = Profile::clone(&profile);
            next.begin_move(&root, mix64(self.draw_seed(), version));
            if self.put_profile(&from, version, next).await? {
                return self.settle_moves(&from).await;
            }
        }
        Err(EngineError::Contended { attempts: self.config.commit_attempts_max })
    }

    /// Has `root` take a frozen record in, unless it has, and leaves a signpost there. When either
    /// record changed meanwhile, nothing is done: the caller looks again.
    async fn take_in(&self, hop: &Hop, root: &str) -> Result<(), EngineError> {
        let (kept, version) = self.read(root).await?;
        if kept.moved().is_some() {
            return Ok(());
        }
        let now = self.now();
        if !kept.has_absorbed(&hop.name, hop.ticket()) {
            // Read after the target: were it taken in since, the target's version would differ.
            if self.read(&hop.name).await?.1 != hop.version {
                return Ok(());
            }
            let from = Absorbed { customer: hop.name.as_str().into(), ticket: hop.ticket() };
            let mut next = Profile::clone(&kept);
            next.absorb(&hop.profile, from, &self.snapshot().catalog.schema, now);
            if !self.put_profile(root, version, next).await? {
                return Ok(());
            }
        }
        // Decisions on their way to the old id are found there by those that are redirected.
        let signpost = Profile::signpost(root, hop.ticket(), now);
        self.put_profile(&hop.name, hop.version, signpost).await?;
        Ok(())
    }

    /// Merges begun in a circle at the same moment: one record stays, the same whoever looks. Only
    /// one whose data is still its own may stay, and while it is frozen nobody can take it in.
    async fn open_cycle(&self, hops: &[Hop]) -> Result<(), EngineError> {
        let next = hops.iter().cycle().skip(1);
        let own = hops.iter().zip(next).filter(|(hop, next)| {
            hop.is_frozen() && !next.profile.has_absorbed(&hop.name, hop.ticket())
        });
        let stays = own.map(|(hop, _)| hop).min_by(|a, b| a.name.cmp(&b.name));
        let Some(stays) = stays else {
            return Err(EngineError::Corrupt("merges lead in a circle".to_owned()));
        };
        let mut profile = Profile::clone(&stays.profile);
        profile.cancel_move();
        self.put_profile(&stays.name, stays.version, profile).await?;
        Ok(())
    }

    async fn put_profile(
        &self,
        customer: &str,
        expected: u64,
        profile: Profile,
    ) -> Result<bool, EngineError> {
        let commit = Commit {
            customer: customer.to_owned(),
            expected,
            record: profile.encode().into(),
            ttl: self.config.profile_ttl,
            log: Vec::new(),
            decision: None,
        };
        match self.store.commit(commit).await? {
            CommitResult::Committed { version, .. } => {
                self.profiles.put(id64(customer), version, Arc::new(profile));
                Ok(true)
            }
            CommitResult::Conflict(_) => Ok(false),
        }
    }
}
