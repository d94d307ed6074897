//! The pacer: gathers what decisions come to for the lines that are paced, folds it into one shared
//! account in the store, and publishes the shadow prices that follow.
//!
//! Nobody leads. The account is one small document; every replica that has decided something adds
//! its batch by compare-and-set, and whoever adds one moves the prices, a pure function of account
//! and batch. So all replicas follow the same prices, a dead one loses at most the batch it had not
//! added, and a restart goes on from where the document stands. While the store is down the last
//! prices serve, and batches wait in memory as one sum.

mod account;
mod show;

pub use show::{LineStanding, PacingStanding};

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use self::account::{Account, NAME};
use super::ledger::Standing;
use super::state::Engine;
use crate::core::catalog::Catalog;
use crate::core::decide::{Decision, Snapshot};
use crate::core::objective::{Line, Pacing, Prices, Tally};
use crate::core::policy::MONEY_UNITS;
use crate::store::{PutResult, StoreError};

/// Time between two looks at the account.
const TICK: Duration = Duration::from_millis(250);
/// A batch waits at most so long for others to be heard first.
const WAIT_MAX: Duration = Duration::from_secs(1);
/// How often the account is renewed when nobody decides, ms: quiet hours are traffic, too.
const QUIET_MS: i64 = 30_000;
/// Attempts to add the last batch when stopping.
const LAST_ATTEMPTS_MAX: u32 = 5;

/// What one process gathers and follows.
pub(super) struct Pacer {
    gathered: Mutex<Tally>,
    pacing: ArcSwap<Pacing>,
    turn: tokio::sync::Mutex<Turn>,
}

/// The state of the loop.
#[derive(Default)]
struct Turn {
    /// This process, among all that add to the account.
    replica: u64,
    /// The batch being added: its number, and since when.
    batch: Option<(u64, Tally, Instant)>,
    batches: u64,
    /// Version of the document last seen.
    seen: u64,
}

impl Pacer {
    /// Has gathered nothing; `replica` tells this process from all others.
    pub(super) fn new(replica: u64) -> Self {
        Self {
            gathered: Mutex::default(),
            pacing: ArcSwap::default(),
            turn: tokio::sync::Mutex::new(Turn { replica, ..Turn::default() }),
        }
    }

    /// Takes in a decision that was served.
    pub(super) fn gather(&self, catalog: &Catalog, decision: &Decision) {
        let (lines, limits) = (&catalog.pacing.lines, &catalog.pacing.limits);
        if catalog.pacing.is_idle() {
            return;
        }
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        gathered.decisions += 1.0;
        for paced in decision.channels.iter().map(|channel| &channel.paced) {
            gathered.value += paced.value;
            for (line, measure, contacts) in &paced.lines {
                if let Some(line) = lines.get(usize::from(*line)) {
                    gathered.add_line(&line.id, *measure, *contacts);
                }
            }
            for (limit, tally) in &paced.limits {
                if let Some(limit) = limits.get(usize::from(*limit)) {
                    gathered.limits.entry(limit.id.clone()).or_default().add(tally);
                }
            }
        }
    }

    fn take(&self) -> Tally {
        std::mem::take(&mut *self.gathered.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Engine {
    /// The account of all lines as this replica last saw it.
    #[must_use]
    pub fn pacing(&self) -> Arc<Pacing> {
        self.pacer.pacing.load_full()
    }

    /// Adds and follows until it is aborted.
    pub(super) fn run_pacer(self: &Arc<Self>) -> tokio::task::JoinHandle<()> {
        let engine = self.clone();
        tokio::spawn(async move {
            let mut tick = tokio::time::interval(TICK);
            tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tick.tick().await;
                if let Err(error) = engine.pace().await {
                    // The pinger tells of a store that is down; the last prices serve.
                    tracing::debug!(%error, "the account of the pacing cannot be reached");
                    metrics::counter!("arbitra_pacing_failures_total").increment(1);
                }
            }
        })
    }

    /// Adds what was gathered and takes up the prices, once.
    ///
    /// # Errors
    /// The store; what was gathered waits for the next time.
    pub async fn pace(&self) -> Result<(), StoreError> {
        let catalog = self.snapshot().catalog.clone();
        let mut turn = self.pacer.turn.lock().await;
        if catalog.pacing.is_idle() {
            turn.batch = None;
            return Ok(());
        }
        let quiet = self.now().since(self.pacing().at()) >= QUIET_MS;
        turn.fill(&self.pacer, quiet);
        if turn.batch.is_none() && self.store.document_version(NAME).await? == turn.seen {
            self.follow(None);
            return Ok(());
        }
        let (mut account, version) = Account::read(&*self.store).await?;
        turn.seen = version;
        if turn.batch.as_ref().is_some_and(|(number, ..)| account.has(turn.replica, *number)) {
            // The answer to an earlier attempt was lost, its effect was not.
            turn.batch = None;
        }
        let now = self.now();
        let Some((number, tally, since)) = &turn.batch else {
            self.follow(Some(account.pacing));
            return Ok(());
        };
        let due = now.since(account.pacing.at()).unsigned_abs() >= TICK.as_millis() as u64;
        if !due && since.elapsed() < WAIT_MAX {
            self.follow(Some(account.pacing));
            return Ok(());
        }
        let pacing = &catalog.pacing;
        let counted = self.counted(&catalog).await;
        let exact = |line: &Line| {
            let quota = line.quota.as_ref()?;
            let found = counted.iter().find(|standing| standing.id == *quota)?;
            let unit = if found.money { MONEY_UNITS } else { 1.0 };
            Some(found.used as f64 / unit)
        };
        account.pacing.tick(&pacing.lines, &pacing.forecast, tally, exact, now);
        account.pacing.learn_limits(&pacing.limits, tally);
        account.note(turn.replica, *number, now);
        match account.write(&*self.store, version).await? {
            PutResult::Stored { version } => {
                turn.seen = version;
                turn.batch = None;
                self.follow(Some(account.pacing));
            }
            // Another replica was first: again at the next tick, on top of what it wrote.
            PutResult::Conflict { .. } => {
                metrics::counter!("arbitra_pacing_conflicts_total").increment(1);
            }
        }
        Ok(())
    }

    /// What the quotas that are paced have counted; nothing when that cannot be known now.
    async fn counted(&self, catalog: &Catalog) -> Vec<Standing> {
        if catalog.pacing.lines.iter().all(|line| line.quota.is_none()) {
            return Vec::new();
        }
        self.quota_standings().await.unwrap_or_default()
    }

    /// Adds what is left when stopping.
    pub(super) async fn pace_last(&self) {
        for _ in 0..LAST_ATTEMPTS_MAX {
            match self.pace().await {
                Ok(()) if self.pacer.turn.lock().await.batch.is_none() => return,
                Ok(()) => tokio::time::sleep(TICK).await,
                Err(error) => {
                    tracing::warn!(%error, "the last batch of the pacing could not be added");
                    return;
                }
            }
        }
    }

    /// Serves the prices of `pacing`, or those it has for another catalog.
    fn follow(&self, pacing: Option<Pacing>) {
        if let Some(pacing) = pacing {
            self.pacer.pacing.store(Arc::new(pacing));
        }
        let pacing = self.pacing();
        let current = self.snapshot();
        let lines = &current.catalog.pacing.lines;
        let limits = &current.catalog.pacing.limits;
        let prices = Prices::of(&pacing, lines).with_limits(&pacing, limits);
        if prices == *current.prices {
            return;
        }
        let prices = Arc::new(prices);
        self.snapshot.rcu(|current| Snapshot {
            prices: Arc::new(prices.aligned(&current.catalog.pacing.lines)),
            ..Snapshot::clone(current)
        });
        for line in lines {
            let price = pacing.price(&line.id);
            metrics::gauge!("arbitra_shadow_price", "line" => line.id.to_string()).set(price);
        }
    }
}

impl Turn {
    /// Makes a batch of what was gathered, when there is something, or when nothing was for long.
    fn fill(&mut self, pacer: &Pacer, quiet: bool) {
        if self.batch.is_some() {
            return;
        }
        let tally = pacer.take();
        if tally.decisions > 0.0 || quiet {
            self.batches += 1;
            self.batch = Some((self.batches, tally, Instant::now()));
        }
    }
}
