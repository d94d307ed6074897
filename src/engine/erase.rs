//! Erasing a customer for good: what is held goes, under every name that leads to it, and what
//! arrives late does not bring it back. What stays is a receipt under a salted hash of each name: it
//! holds a moment and counts, nothing of the customer.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::error::EngineError;
use super::state::Engine;
use crate::core::codec::{CodecError, Reader, Writer};
use crate::core::key::{id64, mix64};
use crate::core::learn::{ForgetRecord, LearningRecord};
use crate::core::time::UnixMs;
use crate::store::{Commit, PutResult};

/// How long it is known that a customer was erased: what happened before and arrives within is
/// refused.
const RECEIPT_TTL: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// The document with the salt of this installation.
const SALT: &str = "erasure-salt";
const FORMAT: u8 = 1;

/// What an erasure removed, by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// When.
    pub erased_at: UnixMs,
    /// Names the receipt.
    pub receipt: u128,
    /// Profiles.
    pub profiles: u64,
    /// Names that led to the profile, beside its own.
    pub identities: u64,
    /// Remembered decisions.
    pub decisions: u64,
    /// Entries that have the models of all replicas forget the customer.
    pub forgets: u64,
}

impl Erasure {
    fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.u8(FORMAT);
        let counts = [self.profiles, self.identities, self.decisions, self.forgets];
        out.u64(self.erased_at.0.cast_unsigned());
        #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
        [(self.receipt >> 64) as u64, self.receipt as u64].iter().for_each(|half| out.u64(*half));
        counts.iter().for_each(|count| out.u64(*count));
        out.0
    }

    fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let mut input = Reader::new(bytes);
        input.u8()?;
        Ok(Self {
            erased_at: UnixMs(input.u64()?.cast_signed()),
            receipt: u128::from(input.u64()?) << 64 | u128::from(input.u64()?),
            profiles: input.u64()?,
            identities: input.u64()?,
            decisions: input.u64()?,
            forgets: input.u64()?,
        })
    }
}

impl Engine {
    /// Removes everything kept of a customer under every name that leads to it, and what the models
    /// of all replicas keep of single customers. A second call answers with the first's receipt.
    ///
    /// # Errors
    /// The store is unavailable; a record is corrupt or stays contended.
    pub async fn erase_profile(&self, customer: &str) -> Result<Erasure, EngineError> {
        // What is still waiting to be written behind must not come back after the erasure.
        self.rememberer.flush().await;
        let root = match self.settle_moves(customer).await {
            // What cannot be read can be erased.
            Err(EngineError::Corrupt(_)) => customer.to_owned(),
            root => root?,
        };
        let (found, _) = self.store.load_for_outcome(&root).await?;
        let earlier = self.erasure(&root).await?;
        if let (None, Some(earlier)) = (&found, earlier) {
            return Ok(earlier);
        }
        let existed = u64::from(found.is_some());
        let profile = self.decode(id64(&root), found).ok();
        let absorbed = profile.iter().flat_map(|(profile, _)| profile.absorbed());
        let mut names: Vec<String> = absorbed.map(|one| one.customer.to_string()).collect();
        let identities = names.len() as u64;
        names.push(root.clone());
        let mut decisions = 0;
        for name in &names {
            decisions += self.store.load_for_outcome(name).await?.1.len() as u64;
        }
        let erasure = Erasure {
            erased_at: self.now(),
            receipt: u128::from_be_bytes(self.salted(&root, b"receipt").await?),
            profiles: existed,
            identities,
            decisions,
            forgets: names.len() as u64,
        };
        // The customer's own name last: an erasure that fails half way is asked for again, and
        // finds the other names.
        for name in &names {
            self.erase_name(name, &erasure).await?;
        }
        Ok(erasure)
    }

    /// That a customer of this name was erased, if it was within the time that this is known.
    pub(super) async fn erasure(&self, customer: &str) -> Result<Option<Erasure>, EngineError> {
        let name = self.grave(customer).await?;
        let found = self.store.load(&[&name]).await?.pop().flatten();
        let read = |found: crate::store::Versioned| Erasure::decode(&found.record);
        found.map(read).transpose().map_err(|error| EngineError::Corrupt(error.to_string()))
    }

    async fn erase_name(&self, name: &str, erasure: &Erasure) -> Result<(), EngineError> {
        // Said first: forgetting twice is forgetting once.
        let hash = id64(name);
        let forget = ForgetRecord { id: mix64(hash, self.draw_seed()), customer: hash };
        let entry = LearningRecord::Forget(forget).encode();
        self.store.append_log(vec![entry.into()]).await?;
        let grave = self.grave(name).await?;
        for _ in 0..self.config.commit_attempts_max {
            let found = self.store.load(&[&grave]).await?.pop().flatten();
            let commit = Commit {
                customer: grave.clone(),
                expected: found.map_or(0, |found| found.version),
                record: erasure.encode().into(),
                ttl: Some(RECEIPT_TTL),
                log: Vec::new(),
                decision: None,
            };
            if let crate::store::CommitResult::Committed { .. } = self.store.commit(commit).await? {
                break;
            }
        }
        self.store.erase(name).await?;
        self.profiles.remove(hash);
        self.sources.forget(name);
        Ok(())
    }

    /// Where it is kept that a customer was erased.
    async fn grave(&self, customer: &str) -> Result<String, EngineError> {
        let hash = u128::from_be_bytes(self.salted(customer, b"grave").await?);
        Ok(format!("\u{1}erased/{hash:032x}"))
    }

    async fn salted(&self, customer: &str, purpose: &[u8]) -> Result<[u8; 16], EngineError> {
        let salt = self.salt.get_or_try_init(|| self.salt_of_all()).await?;
        let hash = Sha256::new()
            .chain_update(salt)
            .chain_update(purpose)
            .chain_update(customer.as_bytes())
            .finalize();
        let mut first = [0; 16];
        first.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        Ok(first)
    }

    /// The salt that all replicas share: whoever comes first draws it.
    async fn salt_of_all(&self) -> Result<[u8; 16], EngineError> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|error| EngineError::Corrupt(error.to_string()))?;
        let drawn = bytes::Bytes::copy_from_slice(&salt);
        if let PutResult::Conflict { .. } = self.store.put_document(SALT, Some(0), drawn).await?
            && let Some(known) = self.store.get_document(SALT).await?
        {
            let known: Result<[u8; 16], _> = known.record.as_ref().try_into();
            salt = known.map_err(|_| EngineError::Corrupt("the salt of erasures".to_owned()))?;
        }
        Ok(salt)
    }
}
