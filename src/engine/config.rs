//! What an engine is told at start. Every bound is here, with its default.

use std::time::Duration;

use crate::source::SourcesConfig;

/// Bounds and times of the engine.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Decoded profiles kept in memory.
    pub cached_profiles_max: usize,
    /// Decisions kept in memory for their outcomes, beside the store.
    pub cached_decisions_max: usize,
    /// Decisions waiting to be written behind; beyond it they are dropped and counted.
    pub remember_queue_max: usize,
    /// How long a decision is remembered for its outcomes.
    pub decision_ttl: Duration,
    /// How long a customer's record lives after its last change.
    pub profile_ttl: Option<Duration>,
    /// Attempts at a compare-and-set before giving up.
    pub commit_attempts_max: u32,
    /// Learning-log entries applied before a new snapshot is published.
    pub learn_batch_max: usize,
    /// Time between checkpoints of the models, when they changed.
    pub checkpoint_interval: Duration,
    /// Learning-log entries kept behind the last checkpoint.
    pub log_kept_max: u64,
    /// Events and outcomes further in the future than this are taken as now.
    pub clock_skew_max: Duration,
    /// Where the live sources are.
    pub sources: SourcesConfig,
    /// Base of the seeds of decisions without a request id; `None`: drawn at start.
    pub seed: Option<u64>,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            cached_profiles_max: 100_000,
            cached_decisions_max: 100_000,
            remember_queue_max: 16_384,
            decision_ttl: Duration::from_secs(7 * 24 * 3600),
            profile_ttl: Some(Duration::from_secs(400 * 24 * 3600)),
            commit_attempts_max: 16,
            learn_batch_max: 4_096,
            checkpoint_interval: Duration::from_secs(30),
            log_kept_max: 100_000,
            clock_skew_max: Duration::from_secs(300),
            sources: SourcesConfig::default(),
            seed: None,
        }
    }
}
