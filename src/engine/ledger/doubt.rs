//! Units of contacts of which it is not known whether they were made: the store did not answer, or the
//! caller went away in between. They are neither used nor free until the customer's record tells.

use super::claim::Claim;
use super::{Ledger, Reservation};
use crate::core::profile::Profile;
use crate::engine::state::Engine;
use crate::store::{Commit, CommitResult, StoreError};

/// Most decisions in doubt; the units of more are lost until their period ends.
const DOUBTS_MAX: usize = 10_000;
/// Decisions looked at in one sweep.
const BATCH: usize = 64;

/// Units of a decision in doubt.
#[derive(Clone, Debug)]
pub(super) struct Doubt {
    customer: String,
    decision: u64,
    claims: Vec<Claim>,
}

/// Units reserved for a decision on its way to the caller. Dropped on the way, it leaves in doubt what
/// the decision itself uses up; what waits for an outcome lapses like any other.
#[must_use]
pub(in crate::engine) struct Reserved<'a> {
    ledger: &'a Ledger,
    reservation: Reservation,
    customer: String,
    decision: u64,
}

impl Reserved<'_> {
    /// The decision is answered.
    pub(in crate::engine) fn answered(mut self) {
        self.reservation = Reservation::default();
    }

    /// The decision is certainly not answered.
    pub(in crate::engine) fn cancel(mut self) {
        self.ledger.cancel(std::mem::take(&mut self.reservation));
    }

    /// Nothing is answered on these channels, whose contacts were certainly not kept.
    pub(in crate::engine) fn cancel_channels(mut self, channels: &[u16]) {
        self.ledger.cancel_channels(std::mem::take(&mut self.reservation), channels);
    }

    /// Whether the customer's record has the contacts of the decision.
    pub(in crate::engine) fn is_kept(&self, profile: &Profile) -> bool {
        has_contact(profile, self.decision)
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        let taken = std::mem::take(&mut self.reservation.taken).into_iter();
        let claims: Vec<Claim> = taken.filter(|claim| claim.hold.is_none()).collect();
        if claims.is_empty() {
            return;
        }
        let units: u64 = claims.iter().map(|claim| claim.units).sum();
        let mut books = self.ledger.books();
        if books.doubts.len() < DOUBTS_MAX {
            let customer = std::mem::take(&mut self.customer);
            books.doubts.push_back(Doubt { customer, decision: self.decision, claims });
        } else {
            metrics::counter!("arbitra_quota_units_lost_total").increment(units);
        }
    }
}

fn has_contact(profile: &Profile, decision: u64) -> bool {
    profile.contacts().iter().any(|contact| contact.decision == decision)
}

impl Ledger {
    /// What was reserved for `decision`, watched until it is answered.
    pub(in crate::engine) fn watch(
        &self,
        reservation: Reservation,
        customer: &str,
        decision: u64,
    ) -> Reserved<'_> {
        let named = !reservation.taken.is_empty();
        let customer = if named { customer.to_owned() } else { String::new() };
        Reserved { ledger: self, reservation, customer, decision }
    }
}

/// Looks at what is in doubt: what the record has is used, the rest is free again.
pub(super) async fn resolve(engine: &Engine) {
    let ledger = &engine.ledger;
    let due: Vec<Doubt> = {
        let mut books = ledger.books();
        let count = books.doubts.len().min(BATCH);
        books.doubts.drain(..count).collect()
    };
    for doubt in due {
        match is_used(engine, &doubt).await {
            Ok(Some(true)) => {}
            Ok(Some(false)) => ledger.cancel(Reservation { taken: doubt.claims }),
            Ok(None) | Err(_) => ledger.books().doubts.push_back(doubt),
        }
    }
}

/// Whether the contact was made; `None`: not to be told yet. Where the record has none it is written
/// again as it is, so that a write still on its way finds another version.
async fn is_used(engine: &Engine, doubt: &Doubt) -> Result<Option<bool>, StoreError> {
    let found = engine.store.load(&[&doubt.customer]).await?.pop().flatten();
    let (expected, record) = match found {
        // A new customer, or one erased since: nothing is written under that name to find out.
        None => {
            let units: u64 = doubt.claims.iter().map(|claim| claim.units).sum();
            metrics::counter!("arbitra_quota_units_lost_total").increment(units);
            return Ok(Some(true));
        }
        Some(found) => match Profile::decode(&found.record) {
            // It may have gone along to the customer that the record moved to.
            Ok(profile) if profile.moved().is_some() => return Ok(Some(true)),
            Ok(profile) if has_contact(&profile, doubt.decision) => return Ok(Some(true)),
            Ok(_) => (found.version, found.record),
            // What cannot be read may have it.
            Err(_) => return Ok(Some(true)),
        },
    };
    let customer = doubt.customer.clone();
    let (ttl, log, decision) = (engine.config.profile_ttl, Vec::new(), None);
    let written = engine.store.commit(Commit { customer, expected, record, ttl, log, decision });
    Ok(match written.await? {
        CommitResult::Committed { .. } => Some(false),
        CommitResult::Conflict(_) => None,
    })
}
