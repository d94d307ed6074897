//! The engine itself: what it holds, and what it says of its health.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, watch};

use super::arms::ArmCounts;
use super::cache::{DecisionCache, ProfileCache};
use super::clock::Clock;
use super::config::EngineConfig;
use super::ledger::Ledger;
use super::pacer::Pacer;
use super::remember::Rememberer;
use super::rules::RulesStatus;
use crate::core::decide::Snapshot;
use crate::core::key::mix64;
use crate::core::time::UnixMs;
use crate::source::Sources;
use crate::store::Store;

/// Whether the engine can serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Everything answers.
    Ready,
    /// Decisions still answer, degraded; records are refused.
    StoreDown {
        /// Why.
        why: String,
    },
    /// Shutting down: what runs is finished, nothing new is taken.
    Draining,
}

/// Writers of one customer within this process take turns, by stripe.
pub(super) const STRIPES: usize = 1024;

/// The runtime: one a process. Made by [`Engine::start`].
pub struct Engine {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) config: EngineConfig,
    pub(super) snapshot: ArcSwap<Snapshot>,
    pub(super) profiles: ProfileCache,
    pub(super) decisions: DecisionCache,
    pub(super) rememberer: Rememberer,
    pub(super) ledger: Ledger,
    pub(super) sources: Sources,
    pub(super) arms: ArmCounts,
    pub(super) stripes: Vec<Mutex<()>>,
    pub(super) seed: u64,
    pub(super) drawn: AtomicU64,
    pub(super) draining: AtomicBool,
    pub(super) readiness: watch::Sender<Readiness>,
    pub(super) rules: ArcSwap<RulesStatus>,
    pub(super) pacer: Pacer,
    /// Held while a published catalog is swapped in.
    pub(super) publishing: std::sync::Mutex<()>,
    /// The newest version that a publisher in this process takes up: the follower leaves it alone.
    pub(super) taking: AtomicU64,
    /// What hashes of erased customers are salted with.
    pub(super) salt: tokio::sync::OnceCell<[u8; 16]>,
    pub(super) learned: watch::Sender<u64>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("store", &self.store).finish_non_exhaustive()
    }
}

impl Engine {
    /// What decisions are made with at this moment.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// The position of the learning log that decisions are made with.
    #[must_use]
    pub fn learned_position(&self) -> u64 {
        *self.learned.borrow()
    }

    /// Follows [`Engine::learned_position`].
    #[must_use]
    pub fn watch_learned(&self) -> watch::Receiver<u64> {
        self.learned.subscribe()
    }

    /// Whether it can serve, now.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        self.readiness.borrow().clone()
    }

    /// Follows [`Engine::readiness`].
    #[must_use]
    pub fn watch_readiness(&self) -> watch::Receiver<Readiness> {
        self.readiness.subscribe()
    }

    /// The engine's bounds.
    #[must_use]
    pub fn config(&self) -> &EngineConfig {
        &self.config
    }

    /// The engine's clock.
    #[must_use]
    pub fn now(&self) -> UnixMs {
        self.clock.now()
    }

    /// `at`, or now when it lies more than the allowed skew in the future.
    #[must_use]
    pub fn clamp_time(&self, at: Option<UnixMs>) -> UnixMs {
        let now = self.now();
        let skew = i64::try_from(self.config.clock_skew_max.as_millis()).unwrap_or(i64::MAX);
        match at {
            // The record knows no future: what is within the skew counts as now as well.
            Some(at) if at.since(now) <= skew => at.min(now),
            _ => now,
        }
    }

    /// One line on the store.
    pub async fn describe_store(&self) -> String {
        self.store.describe().await
    }

    /// How the store could lose data as it is set up, each with how to mend it.
    pub async fn store_warnings(&self) -> Vec<String> {
        self.store.warnings().await
    }

    /// A seed for a decision that names no request.
    pub(super) fn draw_seed(&self) -> u64 {
        mix64(self.seed, self.drawn.fetch_add(1, Ordering::Relaxed))
    }

    /// Notes what the store last said of itself; draining wins.
    pub(super) fn note_store(&self, why_down: Option<String>) {
        let next = match why_down {
            None => Readiness::Ready,
            Some(why) => Readiness::StoreDown { why },
        };
        self.readiness.send_if_modified(|current| {
            let change = *current != Readiness::Draining && *current != next;
            if change {
                *current = next;
            }
            change
        });
    }
}
