//! An engine whose work behind the answers is done when it is asked for, on the caller's thread: a run
//! of it can be repeated step by step.

use std::sync::Arc;
use std::time::Duration;

use super::clock::Clock;
use super::config::EngineConfig;
use super::error::{EngineError, StartError};
use super::learner::Learner;
use super::ledger;
use super::rules::Proved;
use super::state::Engine;
use crate::store::Store;

/// The work behind the answers of an engine. Dropped, the engine learns no more, as after a crash.
pub struct ByHand {
    engine: Arc<Engine>,
    learner: Learner,
}

impl std::fmt::Debug for ByHand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ByHand").field("engine", &self.engine).finish_non_exhaustive()
    }
}

impl ByHand {
    /// Starts an engine as [`Engine::start`] does, but for what runs behind it: learning, giving
    /// back units of quotas and saving models are asked for here; published catalogs, shadow prices
    /// and the store's health are not followed.
    ///
    /// # Errors
    /// When the store, the checkpoint or the published version cannot be read.
    pub async fn start(
        store: Arc<dyn Store>,
        rules: Proved,
        clock: Arc<dyn Clock>,
        config: EngineConfig,
    ) -> Result<(Arc<Engine>, Self), StartError> {
        let (engine, learner) = Engine::assemble(store, rules, clock, config).await?;
        Ok((engine.clone(), Self { engine, learner }))
    }

    /// Learns what the log holds, without waiting for more.
    pub async fn learn(&mut self) {
        self.learner.round(&self.engine, Duration::ZERO).await;
    }

    /// Gives back units of quotas that are idle, and looks at those held too long.
    pub async fn sweep(&mut self) {
        ledger::sweep_once(&self.engine).await;
    }

    /// Saves the models, and trims the log behind them.
    ///
    /// # Errors
    /// The store.
    pub async fn checkpoint(&mut self) -> Result<(), EngineError> {
        Ok(self.learner.checkpoint(self.engine.config().log_kept_max).await?)
    }

    /// Digest of the models' bytes: equal at equal positions of the log.
    #[must_use]
    pub fn digest(&mut self) -> u64 {
        self.learner.models().digest()
    }
}
