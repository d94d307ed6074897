//! The learner: tails the one learning log, applies each entry to its own models, publishes
//! snapshots, saves checkpoints. Model state is a pure function of a log position.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::config::EngineConfig;
use super::error::StartError;
use super::solver::Solver;
use super::state::Engine;
use crate::core::affinity::AffinitySpec;
use crate::core::catalog::Catalog;
use crate::core::decide::Snapshot;
use crate::core::key::{id64, mix64};
use crate::core::learn::{Applied, ChallengersRecord, LearningRecord, Models, TickRecord};
use crate::core::propensity::PropensitySpec;
use crate::core::time::{DAY_MS, UnixMs};
use crate::store::{Store, StoreError};

/// Name of the checkpoint document.
const CHECKPOINT: &str = "models/checkpoint";
/// Name of the lease on an interval's checkpoint.
const CHECKPOINT_LEASE: &str = "models/checkpoint";
/// Longest wait for the next entry.
const WAIT: Duration = Duration::from_millis(100);
/// Shortest time between two ticks, ms.
const TICK_MS: i64 = 1_000;
/// Name of the lease of a tick, before its number.
const TICK_LEASE: &str = "models/tick/";
/// How long it is remembered that a tick was told.
const TICK_LEASE_TTL: Duration = Duration::from_secs(60);
/// Purpose of the ids of ticks.
const TICK_ID: u64 = 0x7469_636b;
/// Purpose of the ids of declared challengers.
const CHALLENGERS_ID: u64 = 0x6368_616c;
/// How often a start begins again because the log was trimmed under it.
const RESTORE_ATTEMPTS: u32 = 8;
/// Pause after the store failed.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// Models, and where they are kept.
pub(super) struct Learner {
    store: Arc<dyn Store>,
    models: Models,
    affinity: AffinitySpec,
    solver: Solver,
    checkpointed: u64,
    checkpointed_at: Instant,
    /// Number of the latest tick this replica looked at.
    ticked: i64,
    /// The catalog whose challengers were last looked at.
    looked_at: Option<Arc<Catalog>>,
}

impl Learner {
    /// Models from the checkpoint, with the log replayed to its end.
    pub(super) async fn restore(
        store: Arc<dyn Store>,
        catalog: &Catalog,
        config: &EngineConfig,
    ) -> Result<Self, StartError> {
        #[expect(clippy::cast_precision_loss, reason = "a half-life in days needs no more")]
        let half_life_days = catalog.models.affinity_half_life_ms as f64 / DAY_MS as f64;
        let affinity = AffinitySpec { half_life_days, ..AffinitySpec::default() };
        let mut learner = Self {
            store,
            models: Models::new(PropensitySpec::default(), affinity.clone()),
            affinity,
            solver: Solver::default(),
            checkpointed: 0,
            checkpointed_at: Instant::now(),
            ticked: 0,
            looked_at: None,
        };
        let mut attempts = RESTORE_ATTEMPTS;
        loop {
            learner.load_checkpoint().await?;
            match learner.replay(config.learn_batch_max).await {
                // Another replica has saved a later checkpoint and trimmed the log meanwhile.
                Err(StoreError::LogGap { .. }) if attempts > 1 => attempts -= 1,
                replayed => break replayed?,
            }
        }
        let affinity = &learner.models.affinity;
        if affinity.weights().is_none() && affinity.observed() > 0 {
            learner.solver.want(Arc::new(affinity.clone()));
        }
        Ok(learner)
    }

    /// Applies the log from where the models are to where its end is now.
    async fn replay(&mut self, entries_max: usize) -> Result<(), StoreError> {
        let last = self.store.log_range().await?.last;
        while self.models.position() < last {
            let from = self.models.position();
            let read = self.store.read_log(from, entries_max, Duration::ZERO).await?;
            if read.is_empty() {
                break;
            }
            self.apply(&read);
        }
        Ok(())
    }

    pub(super) fn models(&mut self) -> &mut Models {
        &mut self.models
    }

    async fn load_checkpoint(&mut self) -> Result<(), StartError> {
        if let Some(saved) = self.store.get_document(CHECKPOINT).await? {
            let restored = Models::restore(&saved.record)
                .map_err(|error| StartError::Checkpoint(error.to_string()))?;
            self.checkpointed = restored.position();
            self.models = restored;
        }
        if let Some(weights) = self.solver.load(&*self.store).await? {
            self.models.affinity.adopt(weights);
        }
        Ok(())
    }

    fn apply(&mut self, entries: &[(u64, bytes::Bytes)]) {
        let mut unreadable = 0_u64;
        let alarms = self.models.tallies.overall.drift.alarms;
        for (position, entry) in entries {
            if let Applied::Corrupt(error) = self.models.apply(*position, entry) {
                unreadable += 1;
                tracing::error!(position, %error, "a learning-log entry cannot be read; skipped");
            }
        }
        if let Some(due) = self.models.affinity.take_due() {
            self.solver.want(due);
        }
        metrics::counter!("arbitra_learned_entries_total").increment(entries.len() as u64);
        if unreadable > 0 {
            metrics::counter!("arbitra_learned_unreadable_total").increment(unreadable);
        }
        let drift = self.models.tallies.overall.drift;
        #[expect(clippy::cast_precision_loss, reason = "a gauge")]
        metrics::gauge!("arbitra_answers_pending").set(self.models.pending.len() as f64);
        metrics::gauge!("arbitra_model_drift").set(drift.level());
        if drift.alarms > alarms {
            tracing::warn!("outcomes surprise more than the probabilities served allow: drift");
        }
    }

    /// Tells the log the time, when silence, after a contact or a withheld offer, has become an answer and nothing else says
    /// so. One replica does, by lease; the others' ticks would have the same id.
    async fn tick(&mut self, now: UnixMs) {
        let (pending, heads) = (&self.models.pending, &self.models.heads);
        let closing = [pending.next_closes_at(), heads.next_closes_at()];
        let due = closing.into_iter().flatten().any(|at| at <= now);
        let number = now.0.div_euclid(TICK_MS);
        if !due || number <= self.ticked {
            return;
        }
        self.ticked = number;
        let name = format!("{TICK_LEASE}{number}");
        match self.store.lease(&name, 1, 1, Some(TICK_LEASE_TTL)).await {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(%error, "no tick");
                return;
            }
        }
        let at = UnixMs(number.saturating_mul(TICK_MS));
        let record = TickRecord { id: mix64(TICK_ID, number as u64), at };
        let record = LearningRecord::Tick(record).encode().into();
        if let Err(error) = self.store.append_log(vec![record]).await {
            tracing::warn!(%error, "the time could not be told to the learning log");
        }
    }

    /// Tells the log which challengers the catalog declares, when it is another catalog and they are
    /// not those that learn. Every replica may: said twice is said once.
    async fn declare(&mut self, catalog: &Arc<Catalog>) {
        if self.looked_at.as_ref().is_some_and(|looked_at| Arc::ptr_eq(looked_at, catalog)) {
            return;
        }
        let declared = &catalog.models.challengers.declared;
        if self.models.challengers.declared() != declared {
            let id = mix64(id64(&catalog.version.hash), self.models.position() ^ CHALLENGERS_ID);
            let record = ChallengersRecord { id, declared: declared.clone() };
            let record = LearningRecord::Challengers(record).encode().into();
            if let Err(error) = self.store.append_log(vec![record]).await {
                // Looked at again in the next round.
                tracing::warn!(%error, "the challengers could not be told to the learning log");
                return;
            }
        }
        self.looked_at = Some(catalog.clone());
    }

    /// Serves with weights of affinity solved since; whether there were any.
    fn take_solved(&mut self) -> bool {
        let solved = self.solver.poll();
        let found = solved.is_some();
        if let Some(weights) = solved {
            self.models.affinity.adopt(weights);
        }
        found
    }

    /// Learns what the log holds beyond the models, waiting so long for the first entry, and serves
    /// with it; tells the log what is due.
    pub(super) async fn round(&mut self, engine: &Engine, wait: Duration) {
        let from = self.models.position();
        match self.store.read_log(from, engine.config.learn_batch_max, wait).await {
            Ok(entries) if entries.is_empty() => {}
            Ok(entries) => {
                self.apply(&entries);
                publish(engine, &mut self.models);
            }
            Err(error @ StoreError::LogGap { .. }) => recover(engine, self, &error).await,
            Err(error) => {
                tracing::warn!(%error, "the learning log cannot be read");
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
        self.tick(engine.now()).await;
        self.declare(&engine.snapshot().catalog).await;
        if self.take_solved() {
            publish(engine, &mut self.models);
        }
    }

    /// Saves the models when it is this replica's turn: the first that asks in an interval has
    /// the lease on it; a holder that dies is followed by whoever asks in the next.
    async fn checkpoint_in_turn(&mut self, config: &EngineConfig) -> Result<(), StoreError> {
        self.checkpointed_at = Instant::now();
        // A little less than the interval, so that a replica alone is not refused by its own.
        let held = config.checkpoint_interval * 9 / 10;
        match self.store.lease(CHECKPOINT_LEASE, 1, 1, Some(held)).await? {
            0 => Ok(()),
            _ => self.checkpoint(config.log_kept_max).await,
        }
    }

    /// Saves the models and forgets log entries well behind them.
    pub(super) async fn checkpoint(&mut self, log_kept_max: u64) -> Result<(), StoreError> {
        let position = self.models.position();
        if position > self.checkpointed && !self.models.is_sound() {
            metrics::counter!("arbitra_models_unsound_total").increment(1);
            tracing::error!(
                position,
                "the models hold a number that is none: not saved; the last checkpoint stands, and a \
                 restart begins from it"
            );
            return Ok(());
        }
        if let Some(weights) = self.models.affinity.weights() {
            self.solver.save(&*self.store, weights).await?;
        }
        if position == self.checkpointed {
            return Ok(());
        }
        let saved = self.store.get_document(CHECKPOINT).await?;
        let saved_position =
            saved.as_ref().and_then(|saved| Models::position_of(&saved.record).ok()).unwrap_or(0);
        if saved_position < position {
            let version = saved.map_or(0, |saved| saved.version);
            let bytes = self.models.checkpoint().into();
            // A conflict means that another replica has just saved its own: as good as ours.
            self.store.put_document(CHECKPOINT, Some(version), bytes).await?;
            self.store.trim_log(position.saturating_sub(log_kept_max)).await?;
        }
        self.checkpointed = position;
        Ok(())
    }
}

/// Runs the learner on a thread of its own: applying is work, not waiting.
pub(super) fn spawn(
    engine: Arc<Engine>,
    learner: Learner,
    stop: watch::Receiver<bool>,
) -> std::io::Result<std::thread::JoinHandle<()>> {
    let runtime = tokio::runtime::Handle::current();
    std::thread::Builder::new()
        .name("learner".to_owned())
        .spawn(move || runtime.block_on(run(engine, learner, stop)))
}

async fn run(engine: Arc<Engine>, mut learner: Learner, stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        learner.round(&engine, WAIT).await;
        if learner.checkpointed_at.elapsed() >= engine.config.checkpoint_interval
            && let Err(error) = learner.checkpoint_in_turn(&engine.config).await
        {
            tracing::warn!(%error, "the models could not be saved");
        }
    }
    if let Err(error) = learner.checkpoint(engine.config.log_kept_max).await {
        tracing::warn!(%error, "the models could not be saved");
    }
}

fn publish(engine: &Engine, models: &mut Models) {
    let models = Arc::new(models.serving());
    let position = models.position();
    engine.snapshot.rcu(|current| Snapshot { models: models.clone(), ..Snapshot::clone(current) });
    engine.learned.send_replace(position);
    #[expect(clippy::cast_precision_loss, reason = "a gauge")]
    metrics::gauge!("arbitra_learned_position").set(position as f64);
}

/// The log does not go on from where the models are: starts again from the checkpoint.
async fn recover(engine: &Engine, learner: &mut Learner, error: &StoreError) {
    tracing::warn!(%error, "starting again from the checkpoint");
    learner.models = Models::new(PropensitySpec::default(), learner.affinity.clone());
    if let Err(error) = learner.load_checkpoint().await {
        tracing::error!(%error, "the checkpoint cannot be read");
    }
    let range = learner.store.log_range().await;
    if let Ok(range) = range
        && learner.models.position() + 1 < range.first
    {
        tracing::error!(
            position = learner.models.position(),
            first = range.first,
            "the learning log lost entries that no checkpoint holds; going on without them"
        );
        learner.models.skip_to(range.first.saturating_sub(1));
    }
    publish(engine, &mut learner.models);
    tokio::time::sleep(RETRY_PAUSE).await;
}
