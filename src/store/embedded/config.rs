//! How an embedded store is set up.

use std::path::PathBuf;
use std::time::Duration;

use crate::store::{StoreBounds, StoreError};

/// When an acknowledged write is on the disk. At any level it survives the death of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Before it is acknowledged: survives the loss of power. Writes that wait together share
    /// one fsync.
    Always,
    /// At most this long after: the loss of power may cost the writes of one interval, always
    /// the newest ones, never a part of one.
    Interval(Duration),
}

/// How an embedded store is set up; `EmbeddedConfig::new(folder)` has the defaults.
#[derive(Clone, Debug)]
pub struct EmbeddedConfig {
    /// Where the data lives; created when missing.
    pub folder: PathBuf,
    /// When an acknowledged write is on the disk; an interval is 1 ms to 60 s.
    pub durability: Durability,
    /// Memory for recently read blocks, bytes.
    pub cache_bytes: u64,
    /// Writes that may wait for the writer thread; further callers wait before they queue.
    pub waiting_max: usize,
    /// Entries looked at for expiry in each round of maintenance, ten rounds a second.
    pub sweep_max: usize,
    /// What is accepted in one call.
    pub bounds: StoreBounds,
}

impl EmbeddedConfig {
    /// The defaults: durable every 100 ms, 256 MiB of cache.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            durability: Durability::Interval(Duration::from_millis(100)),
            cache_bytes: 256 << 20,
            waiting_max: 4096,
            sweep_max: 512,
            bounds: StoreBounds::default(),
        }
    }

    /// # Errors
    /// [`StoreError::Config`] for a value outside its range.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.bounds.check()?;
        let range = Duration::from_millis(1)..=Duration::from_secs(60);
        let why = match self.durability {
            Durability::Interval(every) if !range.contains(&every) => {
                format!("a durability interval of {every:?} is outside 1 ms to 60 s")
            }
            _ if self.waiting_max == 0 => "waiting_max is 0, but must be at least 1".to_owned(),
            _ => return Ok(()),
        };
        Err(StoreError::Config { why })
    }
}
