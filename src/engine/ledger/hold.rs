//! Units held for outcomes that have not come yet.

use super::claim::Claim;
use super::{Ledger, Reservation};
use crate::core::interaction::OutcomeKind;
use crate::core::key::Key;
use crate::core::profile::Profile;
use crate::core::time::{MINUTE_MS, UnixMs};

/// Pool, customer, offer: a customer who is shown an offer again is held one unit.
pub(super) type HoldKey = (String, String, Key);

/// A unit (or more) held.
#[derive(Clone, Debug)]
pub(super) struct Hold {
    pub(super) units: u64,
    /// The decisions it was held for, the latest last.
    decisions: Vec<u64>,
    since: UnixMs,
    /// When it lapses.
    pub(super) until: UnixMs,
    awaits: u8,
}

/// Most decisions that one hold remembers.
const DECISIONS_MAX: usize = 16;

impl Hold {
    pub(super) fn of(claim: &Claim) -> Option<Self> {
        let hold = claim.hold.as_ref()?;
        let decisions = vec![hold.decision];
        let (since, until, awaits) = (hold.since, hold.until, hold.awaits);
        Some(Self { units: claim.units, decisions, since, until, awaits })
    }

    pub(super) fn renew(&mut self, claim: &Claim) {
        if let Some(hold) = &claim.hold {
            self.until = self.until.max(hold.until);
            if self.decisions.len() >= DECISIONS_MAX {
                self.decisions.remove(0);
            }
            self.decisions.push(hold.decision);
        }
    }

    /// Whether it was made for the claim's decision and for no other.
    pub(super) fn is_fresh(&self, claim: &Claim) -> bool {
        claim.hold.as_ref().is_some_and(|hold| self.decisions == [hold.decision])
    }

    /// Whether the customer's history has what it waits for: a contact of one of its decisions, or,
    /// where none is known of, an outcome since.
    pub(super) fn is_used(&self, offer: Key, profile: &Profile) -> bool {
        let contacts = profile.contacts().iter();
        let mut own = contacts
            .filter(|contact| contact.offer == offer && self.decisions.contains(&contact.decision))
            .peekable();
        if own.peek().is_some() {
            return own.any(|contact| contact.outcomes & self.awaits != 0);
        }
        let since = UnixMs(self.since.0 - self.since.0.rem_euclid(MINUTE_MS));
        profile.latest_outcome(offer, self.awaits, &[]).is_some_and(|at| at >= since)
    }
}

impl Ledger {
    /// An outcome was recorded here: what was held for it is used up.
    pub(in crate::engine) fn settle(&self, customer: &str, offer: Key, kind: OutcomeKind) {
        let mut books = self.books();
        if books.holds.is_empty() {
            return;
        }
        let books = &mut *books;
        for (name, pool) in &mut books.pools {
            let key = (name.clone(), customer.to_owned(), offer);
            let used = books.holds.get(&key).is_some_and(|hold| hold.awaits & kind.bit() != 0);
            if used && let Some(hold) = books.holds.remove(&key) {
                pool.held = pool.held.saturating_sub(hold.units);
            }
        }
    }

    /// Gives back what is reserved on channels whose contacts could not be kept.
    pub(in crate::engine) fn cancel_channels(&self, reservation: Reservation, channels: &[u16]) {
        let taken = reservation.taken.into_iter();
        let taken = taken.filter(|claim| channels.contains(&claim.channel)).collect();
        self.cancel(Reservation { taken });
    }
}
