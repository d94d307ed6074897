//! Deciding: load, decide, commit where the decision is the contact, answer, remember.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::answer::{Decided, Degradation, DegradedPart, Versions};
use super::error::EngineError;
use super::ledger::Reserved;
use super::live::tell;
use super::state::{Engine, STRIPES};
use crate::core::catalog::source::ContactPoint;
use crate::core::decide::{Decision, DecisionRecord, Paced, Request, Snapshot, decide, withheld};
use crate::core::key::{Key, id64, mix64};
use crate::core::policy::Subject;
use crate::core::profile::{Consent, ConsentState, Contact, Profile};
use crate::core::record;
use crate::core::time::UnixMs;
use crate::source::SourceUse;
use crate::store::{Commit, CommitResult, StoreError, Versioned};

/// A request to decide, its names already resolved against [`DecideCall::snapshot`].
#[derive(Clone, Debug)]
pub struct DecideCall {
    /// The customer's id.
    pub customer: String,
    /// Idempotency: hash of the caller's request id.
    pub request_id: Option<u64>,
    /// What to decide; `request.customer` is set by the engine.
    pub request: Request,
    /// What the names were resolved against, and what decides.
    pub snapshot: Arc<Snapshot>,
    /// No effects.
    pub dry_run: bool,
    /// Decide as if it were this moment (dry runs only).
    pub as_of: Option<UnixMs>,
    /// Seed to use (dry runs only).
    pub seed: Option<u64>,
    /// Take every consent as given (dry runs only).
    pub assume_consent: bool,
    /// When the answer must be there.
    pub deadline: Instant,
}

/// Kept back from the deadline for deciding and answering.
const ANSWER_RESERVE: Duration = Duration::from_millis(2);

/// What was read for a decision.
pub(super) struct Loaded {
    profile: Option<Arc<Profile>>,
    version: u64,
    remembered: Vec<DecisionRecord>,
    pub(super) degradations: Vec<Degradation>,
    pub(super) sources: Vec<SourceUse>,
    /// The customer that the name led to, where it is another.
    moved: Option<String>,
}

/// What was read: profile, version, remembered decisions, and where the customer moved to.
type Read = (Arc<Profile>, u64, Vec<bytes::Bytes>, Option<String>);

impl Engine {
    /// Decides. Answers within the deadline whatever is missing, and says what was.
    ///
    /// # Errors
    /// Draining; or, when the decision itself is the contact, the record stayed contended.
    pub async fn decide(&self, mut call: DecideCall) -> Result<Decided, EngineError> {
        let mut customer = id64(&call.customer);
        call.request.customer = customer;
        let mut seed = self.seed_of(&call, customer);
        let commits = !call.dry_run && self.commits(&call);
        let _turn = match self.stripes.get(customer as usize % STRIPES) {
            Some(stripe) if commits => Some(stripe.lock().await),
            _ => None,
        };
        let (mut attempts, mut read) = (0, None);
        let mut refused: Option<Reserved<'_>> = None;
        loop {
            let mut loaded = match &read {
                None => self.load_with_sources(&mut call, &mut read).await,
                Some(_) => self.load_for_decision(&call).await,
            };
            if let Some(target) = loaded.moved.take() {
                // Whether it went along with the record is told later.
                drop(refused.take());
                customer = id64(&target);
                call.customer = target;
                call.request.customer = customer;
                seed = self.seed_of(&call, customer);
                // The sources know the customer by the id that stays.
                call.request.live.clear();
                read = None;
                continue;
            }
            tell(&mut loaded, read.as_deref());
            if let Some(refused) = refused.take() {
                match &loaded.profile {
                    // A client of the store that asks twice is refused the second time.
                    Some(profile) if refused.is_kept(profile) => refused.answered(),
                    Some(_) => refused.cancel(),
                    None => drop(refused),
                }
            }
            if let Some(mut decided) = self.repeated(&call, customer, seed, &loaded) {
                decided.customer = call.customer;
                return Ok(decided);
            }
            let (mut decided, reserved) = self.decide_reserved(&mut call, &loaded, seed).await;
            let mut kept = false;
            if commits {
                attempts += 1;
                match self.commit_contacts(&call, &loaded, &mut decided).await {
                    Ok(Committing::Nothing) => reserved.answered(),
                    Ok(Committing::Done) => {
                        kept = true;
                        reserved.answered();
                    }
                    Ok(Committing::Conflict) if attempts < self.config.commit_attempts_max => {
                        refused = Some(reserved);
                        continue;
                    }
                    Ok(Committing::Conflict) => return Err(EngineError::Contended { attempts }),
                    Err(error) => {
                        match &error {
                            // Perhaps they are kept, perhaps not.
                            EngineError::Store(StoreError::Unavailable { .. }) => drop(reserved),
                            _ => reserved.cancel_channels(&Self::deciding_channels(&call)),
                        }
                        self.withdraw_contacts(&call, &mut decided, &error);
                    }
                }
            } else {
                reserved.answered();
            }
            if !call.dry_run {
                self.pacer.gather(&call.snapshot.catalog, &decided.decision);
                self.count_arm(&decided, customer);
                self.remember(&call, &decided, kept).await;
            }
            decided.customer = call.customer;
            return Ok(decided);
        }
    }

    fn seed_of(&self, call: &DecideCall, customer: u64) -> u64 {
        match (call.request_id, call.seed) {
            (_, Some(seed)) if call.dry_run => seed,
            (Some(request), _) => mix64(customer, request),
            (None, _) => self.draw_seed(),
        }
    }

    /// Reads the record and, where `wants_memory`, the remembered decisions; of a customer that
    /// moved those that it leads to, with its id.
    async fn read_for_decision(
        &self,
        given: &str,
        wants_memory: bool,
    ) -> Result<Read, EngineError> {
        let mut moved: Option<String> = None;
        loop {
            let name = moved.as_deref().unwrap_or(given);
            let (found, remembered) = if wants_memory {
                self.store.load_for_outcome(name).await?
            } else {
                (self.store.load(&[name]).await?.pop().flatten(), Vec::new())
            };
            let (profile, version) = self.decode(id64(name), found)?;
            if profile.moved().is_none() {
                return Ok((profile, version, remembered, moved));
            }
            moved = Some(self.settle_moves(name).await?);
        }
    }

    /// Whether some channel of the call counts the decision itself as the contact.
    fn commits(&self, call: &DecideCall) -> bool {
        !Self::deciding_channels(call).is_empty()
    }

    pub(super) async fn load_for_decision(&self, call: &DecideCall) -> Loaded {
        let left = call.deadline.saturating_duration_since(Instant::now());
        let budget = left.saturating_sub(ANSWER_RESERVE);
        let wants_memory = call.request_id.is_some() && !call.dry_run;
        let read = self.read_for_decision(&call.customer, wants_memory);
        let result = match tokio::time::timeout(budget, read).await {
            Ok(Ok(read)) => Ok(read),
            Ok(Err(error)) => {
                if let EngineError::Store(StoreError::Unavailable { .. }) = &error {
                    self.note_store(Some(error.to_string()));
                }
                Err((DegradedPart::Store, error.to_string()))
            }
            Err(_) => Err((DegradedPart::Deadline, "the store did not answer in time".to_owned())),
        };
        match result {
            Ok((profile, version, remembered, moved)) => Loaded {
                profile: Some(profile),
                version,
                remembered: decode_records(&remembered),
                degradations: Vec::new(),
                sources: Vec::new(),
                moved,
            },
            Err((part, why)) => {
                // The cause may name an address: for the log, not for the caller.
                tracing::warn!(%why, "decided without the profile");
                let cause = match part {
                    DegradedPart::Deadline => "the store did not answer in time",
                    _ => "the store could not be read",
                };
                let detail =
                    format!("{cause}: decided without the profile; caps and consents closed");
                metrics::counter!("arbitra_degradations_total", "part" => "store").increment(1);
                Loaded {
                    profile: None,
                    version: 0,
                    remembered: Vec::new(),
                    degradations: vec![Degradation { part, source: None, detail }],
                    sources: Vec::new(),
                    moved: None,
                }
            }
        }
    }

    /// The profile behind what the store returned; a new customer's is empty.
    pub(super) fn decode(
        &self,
        customer: u64,
        found: Option<Versioned>,
    ) -> Result<(Arc<Profile>, u64), EngineError> {
        let Some(found) = found else {
            return Ok((Arc::new(Profile::new(self.now())), 0));
        };
        if let Some(profile) = self.profiles.get(customer, found.version) {
            return Ok((profile, found.version));
        }
        let profile = Profile::decode(&found.record)
            .map_err(|error| EngineError::Corrupt(error.to_string()))?;
        let profile = Arc::new(profile);
        self.profiles.put(customer, found.version, profile.clone());
        Ok((profile, found.version))
    }

    pub(super) fn decide_loaded(&self, call: &DecideCall, loaded: &Loaded, seed: u64) -> Decided {
        let now = call.as_of.unwrap_or_else(|| self.now());
        let consenting;
        let subject = match &loaded.profile {
            Some(profile) if call.assume_consent => {
                consenting = consent_to_all(profile, call, now);
                Subject::Known(&consenting)
            }
            Some(profile) => Subject::Known(profile),
            None => Subject::Unavailable,
        };
        let started = Instant::now();
        let decision = decide(&call.snapshot, subject, &call.request, now, seed);
        if !call.dry_run {
            self.note_withheld(withheld(&call.snapshot, subject, &call.request, now, seed));
        }
        metrics::histogram!("arbitra_decide_core_seconds").record(started.elapsed().as_secs_f64());
        for (condition, why) in &decision.failures {
            metrics::counter!("arbitra_condition_failures_total").increment(1);
            tracing::debug!(condition, why, "a condition failed");
        }
        self.answer(call, decision, loaded, false)
    }

    fn answer(
        &self,
        call: &DecideCall,
        decision: Decision,
        loaded: &Loaded,
        repeated: bool,
    ) -> Decided {
        let versions = Versions {
            catalog: call.snapshot.catalog.version.clone(),
            log_position: call.snapshot.models.position(),
            profile: loaded.version,
        };
        Decided {
            customer: String::new(),
            decision,
            snapshot: call.snapshot.clone(),
            versions,
            degradations: loaded.degradations.clone(),
            live: call.request.live.clone(),
            sources: if repeated { Vec::new() } else { loaded.sources.clone() },
            repeated,
        }
    }

    /// The answer to an earlier request of the same id, from memory; by the same catalog only, since
    /// its indices are the catalog's.
    fn repeated(
        &self,
        call: &DecideCall,
        customer: u64,
        seed: u64,
        loaded: &Loaded,
    ) -> Option<Decided> {
        if call.dry_run || call.request_id.is_none() {
            return None;
        }
        let low = crate::core::decide::DecisionId::derive(UnixMs(0), customer, seed).low();
        // The store first: what it has was answered by whichever replica, or is about to be.
        let remembered = loaded.remembered.iter().filter(|record| record.id.low() == low);
        let cached = self.decisions.get(customer, low);
        let hash = &call.snapshot.catalog.version.hash;
        let decision =
            remembered.chain(cached.as_deref()).find_map(|record| record.answer(hash))?;
        Some(self.answer(call, decision, loaded, true))
    }

    /// Writes the contacts of channels where the decision is the contact, and with them the decision:
    /// a request that comes again finds both or neither.
    async fn commit_contacts(
        &self,
        call: &DecideCall,
        loaded: &Loaded,
        decided: &mut Decided,
    ) -> Result<Committing, EngineError> {
        let contacts = contacts(call, &decided.decision);
        if contacts.is_empty() {
            return Ok(Committing::Nothing);
        }
        let Some(profile) = &loaded.profile else {
            return Err(EngineError::Corrupt("the profile could not be read".to_owned()));
        };
        let mut next = Profile::clone(profile);
        let request = call.request_id.unwrap_or_else(|| decided.decision.id.low());
        let now = decided.decision.at;
        next.commit_contacts(request, &contacts, now);
        let catalog = &call.snapshot.catalog;
        let made =
            Arc::new(DecisionRecord::of(catalog, &decided.decision, call.request_id.is_some()));
        let customer = call.request.customer;
        let log = record::sent(&call.snapshot, &mut next, &contacts, &made, customer, now);
        let commit = Commit {
            customer: call.customer.clone(),
            expected: loaded.version,
            record: next.encode().into(),
            ttl: self.config.profile_ttl,
            log: log.into_iter().map(bytes::Bytes::from).collect(),
            decision: Some((made.encode().into(), self.config.decision_ttl)),
        };
        let left = call.deadline.saturating_duration_since(Instant::now());
        let written = tokio::time::timeout(left, self.store.commit(commit)).await;
        match written.map_err(|_late| late())?? {
            CommitResult::Committed { version, .. } => {
                decided.versions.profile = version;
                self.profiles.put(customer, version, Arc::new(next));
                self.decisions.put(customer, made);
                Ok(Committing::Done)
            }
            CommitResult::Conflict(_) => Ok(Committing::Conflict),
        }
    }

    /// Offers nothing where the contact could not be committed.
    fn withdraw_contacts(&self, call: &DecideCall, decided: &mut Decided, error: &EngineError) {
        tracing::warn!(%error, "contacts could not be kept");
        let catalog = &call.snapshot.catalog;
        for channel in &mut decided.decision.channels {
            let spec = catalog.channels.get(usize::from(channel.channel));
            if spec.is_some_and(|spec| spec.contact == ContactPoint::Decision) {
                for placement in &mut channel.placements {
                    placement.offers.clear();
                }
                channel.paced = Paced::default();
                decided.degradations.push(Degradation {
                    part: DegradedPart::Commit,
                    source: None,
                    detail: "nothing is offered where the contact cannot be kept".to_owned(),
                });
            }
        }
    }

    /// Remembers the decision for its outcomes, behind the answer; for a request that may come again,
    /// before it. `kept`: it was committed with its contacts.
    async fn remember(&self, call: &DecideCall, decided: &Decided, kept: bool) {
        if kept {
            return;
        }
        let keeps_answer = keeps_answer(call, decided);
        let record = DecisionRecord::of(&call.snapshot.catalog, &decided.decision, keeps_answer);
        if record.offers.is_empty() && !keeps_answer {
            return;
        }
        let bytes = record.encode();
        self.decisions.put(call.request.customer, Arc::new(record));
        if !keeps_answer {
            self.rememberer.remember(&call.customer, bytes);
            return;
        }
        let left = call.deadline.saturating_duration_since(Instant::now());
        let decision = (call.customer.clone(), bytes.into());
        let written = self.store.remember(vec![decision], self.config.decision_ttl);
        let written = tokio::time::timeout(left.saturating_sub(ANSWER_RESERVE), written).await;
        if !matches!(written, Ok(Ok(()))) {
            metrics::counter!("arbitra_decisions_forgotten_total", "why" => "store").increment(1);
        }
    }
}

fn late() -> StoreError {
    let why = "it did not answer within the deadline of the decision".to_owned();
    StoreError::Unavailable { address: "the store".to_owned(), why }
}

/// What became of the contacts of a decision.
enum Committing {
    /// There were none.
    Nothing,
    /// They are in the record.
    Done,
    /// The record changed meanwhile.
    Conflict,
}

/// Whether a request that comes again is given this answer: one that lacked something is made anew.
fn keeps_answer(call: &DecideCall, decided: &Decided) -> bool {
    call.request_id.is_some() && decided.degradations.is_empty()
}

fn decode_records(remembered: &[bytes::Bytes]) -> Vec<DecisionRecord> {
    remembered.iter().filter_map(|bytes| DecisionRecord::decode(bytes).ok()).collect()
}

fn contacts(call: &DecideCall, decision: &Decision) -> Vec<Contact> {
    let catalog = &call.snapshot.catalog;
    let mut contacts = Vec::new();
    for channel in &decision.channels {
        let Some(spec) = catalog.channels.get(usize::from(channel.channel)) else { continue };
        if spec.contact != ContactPoint::Decision {
            continue;
        }
        for placed in channel.placements.iter().flat_map(|placement| &placement.offers) {
            let Some(offer) = catalog.offers.get(placed.offer as usize) else { continue };
            contacts.push(Contact {
                offer: offer.key,
                treatment: offer
                    .treatments
                    .get(placed.treatment)
                    .map(|treatment| treatment.key)
                    .unwrap_or_default(),
                channel: spec.key,
                decision: decision.id.low(),
                at: decision.at,
                outcomes: 0,
            });
        }
    }
    contacts
}

fn consent_to_all(profile: &Profile, call: &DecideCall, now: UnixMs) -> Profile {
    let mut consenting = profile.clone();
    let catalog = &call.snapshot.catalog;
    let everywhere = catalog.schema.purposes.iter().map(|name| (Key::of(name), Key::default()));
    let by_channel =
        catalog.policy.spec().consents.iter().map(|consent| (consent.purpose, consent.channel_key));
    for (purpose, channel) in everywhere.chain(by_channel) {
        let consent = Consent { purpose, channel, state: ConsentState::Granted, at: now };
        // Over the most consents kept, the rest stay as they are: this is a what-if.
        let _full = consenting.set_consent(consent, now);
    }
    consenting
}
