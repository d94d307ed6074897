//! A replica: an engine, what runs behind it, and its end without a word.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use arbitra::core::time::UnixMs;
use arbitra::engine::{ByHand, Clock, Engine, EngineConfig};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use super::chance::Chance;
use super::rules::rules;
use super::store::{Depot, Line};

const NOON: i64 = 1_760_000_000_000;

/// A replica's clock: the world's, and how far it is off.
pub struct Watch {
    started: Instant,
    pub off_ms: AtomicI64,
}

impl Clock for Watch {
    fn now(&self) -> UnixMs {
        let run = i64::try_from(self.started.elapsed().as_millis()).unwrap();
        UnixMs(NOON + run + self.off_ms.load(Ordering::Relaxed))
    }
}

pub struct Replica {
    pub clock: Arc<Watch>,
    pub line: Line,
    chance: Arc<Chance>,
    /// Whether it saves its models now and then: unoptimised, that takes longer than the whole rest.
    saves: bool,
    alive: Option<Alive>,
}

struct Alive {
    engine: Arc<Engine>,
    calls: JoinSet<()>,
    behind: JoinHandle<ByHand>,
    stop: Arc<AtomicBool>,
}

impl Replica {
    pub fn new(depot: Arc<Depot>, chance: Arc<Chance>, saves: bool) -> Self {
        let clock = Arc::new(Watch { started: Instant::now(), off_ms: AtomicI64::new(0) });
        let line = Line { depot, cut: Arc::new(AtomicBool::new(false)) };
        Self { clock, line, chance, saves, alive: None }
    }

    pub async fn by_hand(&self) -> Option<(Arc<Engine>, ByHand)> {
        let config = EngineConfig {
            seed: Some(self.chance.draw()),
            cached_profiles_max: 64,
            cached_decisions_max: 64,
            remember_queue_max: 64,
            ..EngineConfig::default()
        };
        ByHand::start(Arc::new(self.line.clone()), rules(), self.clock.clone(), config).await.ok()
    }

    /// Starts it, unless it runs or the store cannot be read.
    pub async fn start(&mut self) {
        if self.alive.is_some() {
            return;
        }
        let Some((engine, hand)) = self.by_hand().await else { return };
        let stop = Arc::new(AtomicBool::new(false));
        let behind = tokio::spawn(work(hand, self.chance.clone(), self.saves, stop.clone()));
        self.alive = Some(Alive { engine, calls: JoinSet::new(), behind, stop });
    }

    /// Ends it in the middle of whatever it does.
    pub fn kill(&mut self) {
        if let Some(mut alive) = self.alive.take() {
            alive.calls.abort_all();
            alive.behind.abort();
        }
    }

    /// Calls it; `None` when the line to it breaks.
    pub fn call<F, T>(
        &mut self,
        work: impl FnOnce(Arc<Engine>) -> F,
    ) -> tokio::sync::oneshot::Receiver<T>
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        let (answer, answered) = tokio::sync::oneshot::channel();
        if let Some(alive) = &mut self.alive {
            let call = work(alive.engine.clone());
            alive.calls.spawn(async move {
                let _gone = answer.send(call.await);
            });
        }
        answered
    }

    /// Ends what runs behind it, in order.
    pub async fn settle(&mut self) -> Option<(Arc<Engine>, ByHand)> {
        let alive = self.alive.take()?;
        alive.stop.store(true, Ordering::Relaxed);
        Some((alive.engine, alive.behind.await.unwrap()))
    }
}

async fn work(mut hand: ByHand, chance: Arc<Chance>, saves: bool, stop: Arc<AtomicBool>) -> ByHand {
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(20) + chance.ms(200)).await;
        hand.learn().await;
        if chance.once_in(4) {
            hand.sweep().await;
        }
        if saves && chance.once_in(30) {
            let _later = hand.checkpoint().await;
        }
    }
    hand
}
