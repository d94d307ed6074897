//! Starting and stopping an engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, watch};

use super::arms::ArmCounts;
use super::cache::{DecisionCache, ProfileCache};
use super::clock::Clock;
use super::config::EngineConfig;
use super::error::StartError;
use super::learner::{self, Learner};
use super::ledger::{self, Ledger};
use super::pacer::Pacer;
use super::remember::Rememberer;
use super::rules::{Proved, RulesStatus};
use super::state::{Engine, Readiness, STRIPES};
use crate::core::decide::Snapshot;
use crate::store::Store;

/// What keeps an engine learning; dropped, it stops at the next entry.
#[derive(Debug)]
pub struct Running {
    learner: Option<std::thread::JoinHandle<()>>,
    pinger: tokio::task::JoinHandle<()>,
    follower: tokio::task::JoinHandle<()>,
    sweeper: tokio::task::JoinHandle<()>,
    pacer: tokio::task::JoinHandle<()>,
    stop: watch::Sender<bool>,
}

const PING_INTERVAL: Duration = Duration::from_millis(500);

impl Engine {
    /// Starts an engine on `store` with `rules`, or with the version last published if there is one:
    /// restores the models from the checkpoint,
    /// replays the learning log to its end, and goes on learning. Must be called on a tokio runtime.
    ///
    /// # Errors
    /// When the store, the checkpoint or the published version cannot be read.
    pub async fn start(
        store: Arc<dyn Store>,
        rules: Proved,
        clock: Arc<dyn Clock>,
        config: EngineConfig,
    ) -> Result<(Arc<Self>, Running), StartError> {
        let (engine, learner) = Self::assemble(store, rules, clock, config).await?;
        let stop = watch::Sender::new(false);
        let thread = learner::spawn(engine.clone(), learner, stop.subscribe())
            .map_err(StartError::Thread)?;
        let pinger = tokio::spawn(ping(engine.clone()));
        let follower = engine.follow_published();
        let sweeper = tokio::spawn(ledger::sweep(engine.clone()));
        let pacer = engine.run_pacer();
        let learner = Some(thread);
        Ok((engine, Running { learner, pinger, follower, sweeper, pacer, stop }))
    }

    /// An engine that is ready to serve, with its learner; nothing runs behind it yet.
    pub(super) async fn assemble(
        store: Arc<dyn Store>,
        rules: Proved,
        clock: Arc<dyn Clock>,
        config: EngineConfig,
    ) -> Result<(Arc<Self>, Learner), StartError> {
        let mut learner = Learner::restore(store.clone(), &rules.catalog, &config).await?;
        let models = Arc::new(learner.models().serving());
        let position = models.position();
        let snapshot = Snapshot { catalog: rules.catalog, models, prices: Arc::default() };
        let status =
            RulesStatus { loaded_at: clock.now(), warnings: rules.warnings, refused: None };
        let seed = config.seed.unwrap_or_else(drawn);
        let rememberer =
            Rememberer::start(store.clone(), config.remember_queue_max, config.decision_ttl);
        let sources = super::live::sources(&config, &snapshot.catalog)?;
        let ledger = Ledger::new(store.clone());
        let engine = Arc::new(Self {
            store,
            clock,
            profiles: ProfileCache::new(config.cached_profiles_max),
            decisions: DecisionCache::new(config.cached_decisions_max),
            rememberer,
            ledger,
            sources,
            arms: ArmCounts::default(),
            stripes: (0..STRIPES).map(|_| Mutex::new(())).collect(),
            seed,
            drawn: AtomicU64::new(0),
            draining: AtomicBool::new(false),
            readiness: watch::Sender::new(Readiness::Ready),
            rules: ArcSwap::from_pointee(status),
            pacer: Pacer::new(drawn()),
            publishing: std::sync::Mutex::new(()),
            taking: AtomicU64::new(0),
            salt: tokio::sync::OnceCell::new(),
            learned: watch::Sender::new(position),
            snapshot: ArcSwap::from_pointee(snapshot),
            config,
        });
        if let Some(version) = engine.take_published().await? {
            tracing::info!(number = version.number, "a published version serves, not the folder");
        }
        // Decisions start from the prices that were; without the store, from none.
        if let Err(error) = engine.pace().await {
            tracing::warn!(%error, "the shadow prices could not be read");
        }
        Ok((engine, learner))
    }

    /// Whether it is shutting down.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Says that no new work is taken; what runs is finished by its callers.
    pub fn start_draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
        self.readiness.send_replace(Readiness::Draining);
    }
}

impl Running {
    /// Stops: writes what waits, saves the models, makes everything durable.
    pub async fn stop(mut self, engine: &Engine) {
        engine.start_draining();
        engine.rememberer.flush().await;
        self.stop.send_replace(true);
        self.pinger.abort();
        self.follower.abort();
        self.sweeper.abort();
        ledger::sweep_once(engine).await;
        // Whatever is idle, whenever it was last used.
        engine.ledger.give_back_idle(engine.now(), 0).await;
        self.pacer.abort();
        engine.pace_last().await;
        if let Some(thread) = self.learner.take()
            && let Ok(Err(_)) = tokio::task::spawn_blocking(move || thread.join()).await
        {
            tracing::error!("the learner did not stop in order");
        }
        if let Err(error) = engine.store.flush().await {
            tracing::error!(%error, "the store could not be flushed");
        }
    }
}

/// A number that no other process has drawn.
fn drawn() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::hash::RandomState::new().build_hasher().finish()
}

async fn ping(engine: Arc<Engine>) {
    let mut tick = tokio::time::interval(PING_INTERVAL);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let down = engine.store.ping().await.err().map(|error| error.to_string());
        metrics::gauge!("arbitra_store_up").set(f64::from(u8::from(down.is_none())));
        engine.note_store(down);
    }
}
