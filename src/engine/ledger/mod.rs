//! The ledger of quotas: volumes, budgets and stocks that all replicas together never exceed. Units
//! are taken from the store in small leases and held here (`pool`); a decision reserves what it
//! offers before it answers (`claim`); where the outcome uses the unit up, it is held until then
//! (`hold`); what may have been used, and nobody knows, waits until that is known (`doubt`); what is
//! idle goes back (`sweep`). A crash loses what it had leased; nothing is ever
//! granted twice. Nothing here decides.

mod claim;
mod doubt;
mod hold;
mod late;
mod lease;
mod pool;
mod standing;
mod sweep;

pub use standing::Standing;

pub(super) use claim::claims;
pub(super) use doubt::Reserved;
pub(super) use sweep::{once as sweep_once, run as sweep};

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use claim::Claim;
use doubt::Doubt;
use hold::{Hold, HoldKey};
use pool::Pool;

use crate::core::policy::QuotaSpec;
use crate::core::time::UnixMs;
use crate::store::Store;

/// Leases of one name take turns, by stripe.
const STRIPES: usize = 64;
/// Most holds; beyond it nothing more is held: the quota is closed.
const HOLDS_MAX: usize = 1_000_000;
/// How long what was used is remembered after its period: clocks of replicas differ.
const KEPT_AFTER: Duration = Duration::from_secs(7 * 24 * 3600);

/// What this process holds of quotas.
pub(super) struct Ledger {
    store: Arc<dyn Store>,
    books: Mutex<Books>,
    leasing: Vec<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct Books {
    /// By the name under which the store counts.
    pools: BTreeMap<String, Pool>,
    holds: BTreeMap<HoldKey, Hold>,
    doubts: VecDeque<Doubt>,
}

/// What a decision took; given back if the decision is not answered.
#[derive(Debug, Default)]
pub(super) struct Reservation {
    taken: Vec<Claim>,
}

impl Ledger {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        let leasing = (0..STRIPES).map(|_| tokio::sync::Mutex::new(())).collect();
        Self { store, books: Mutex::default(), leasing }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        // Nothing panics while it holds the books; if it did, they would still add up.
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes all that `claims` say, or nothing.
    pub(super) fn reserve(&self, claims: Vec<Claim>, now: UnixMs) -> Option<Reservation> {
        if claims.is_empty() {
            return Some(Reservation::default());
        }
        let mut books = self.books();
        let mut reservation = Reservation::default();
        for claim in claims {
            if !books.take(&claim, now) {
                books.restore(reservation);
                return None;
            }
            reservation.taken.push(claim);
        }
        Some(reservation)
    }

    /// Gives back what was reserved for a decision that is not answered.
    pub(super) fn cancel(&self, reservation: Reservation) {
        if !reservation.taken.is_empty() {
            self.books().restore(reservation);
        }
    }
}

impl Books {
    fn take(&mut self, claim: &Claim, now: UnixMs) -> bool {
        if let Some(key) = claim.hold_key()
            && let Some(hold) = self.holds.get_mut(&key)
        {
            // Shown again: the unit that is held for this customer serves.
            hold.renew(claim);
            return true;
        }
        if claim.hold.is_some() && self.holds.len() >= HOLDS_MAX {
            return false;
        }
        let Some(pool) = self.pools.get_mut(&claim.pool) else { return false };
        if !pool.take(claim.units, now) {
            return false;
        }
        if let (Some(key), Some(hold)) = (claim.hold_key(), Hold::of(claim)) {
            pool.held += claim.units;
            self.holds.insert(key, hold);
        }
        true
    }

    fn restore(&mut self, reservation: Reservation) {
        for claim in reservation.taken {
            if let Some(key) = claim.hold_key() {
                // One that was there before this decision stays: it lapses by itself.
                let fresh = self.holds.get(&key).is_some_and(|hold| hold.is_fresh(&claim));
                if !fresh {
                    continue;
                }
                self.holds.remove(&key);
                if let Some(pool) = self.pools.get_mut(&claim.pool) {
                    pool.held = pool.held.saturating_sub(claim.units);
                }
            }
            if let Some(pool) = self.pools.get_mut(&claim.pool) {
                pool.idle += claim.units;
            }
        }
    }
}

/// The name under which the store counts what is used of a quota in the period around `at`, and when
/// that period ends; `None`: the quota is closed at that time.
fn named(quota: &QuotaSpec, at: UnixMs) -> Option<(String, Option<UnixMs>)> {
    let (period, _, end) = quota.period(at)?;
    Some((format!("quota/{}/{period}", quota.id), end))
}

/// How long the store remembers what is used of a period that ends at `end`.
fn ttl(end: Option<UnixMs>, now: UnixMs) -> Option<Duration> {
    let left = |end: UnixMs| u64::try_from(end.since(now)).unwrap_or(0);
    end.map(|end| Duration::from_millis(left(end)) + KEPT_AFTER)
}
