//! Files that are taken anew while the service runs: looked at by content, so that a change is
//! seen however it was made (written in place, renamed, or a link that points elsewhere now).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use xxhash_rust::xxh3::Xxh3;

/// Something read from files.
pub trait Reload: Send + Sync + 'static {
    /// What it is, in the plural.
    const WHAT: &'static str;

    /// Takes the files anew when they changed since the last look; whether it did. What was in
    /// use stays in use when they are at fault.
    ///
    /// # Errors
    /// The fault, once per change of the files.
    fn reload(&self) -> Result<bool, String>;
}

/// Fingerprint of the contents last looked at.
#[derive(Debug)]
pub struct Print(AtomicU64);

impl Print {
    /// Of these contents.
    pub fn of(contents: &[&[u8]]) -> Self {
        Self(AtomicU64::new(digest(contents)))
    }

    /// Whether they differ from the last that were looked at; they are the last from now on.
    pub fn changed(&self, contents: &[&[u8]]) -> bool {
        let now = digest(contents);
        self.0.swap(now, Ordering::Relaxed) != now
    }
}

fn digest(contents: &[&[u8]]) -> u64 {
    let mut hash = Xxh3::new();
    for content in contents {
        hash.update(&content.len().to_le_bytes());
        hash.update(content);
    }
    hash.digest()
}

/// Looks every `interval`, until dropped. A fault is logged once, not at every look.
pub async fn follow<T: Reload>(held: Arc<T>, interval: Duration) {
    let mut last_fault = None;
    loop {
        tokio::time::sleep(interval).await;
        let looked = held.clone();
        let Ok(result) = tokio::task::spawn_blocking(move || looked.reload()).await else {
            return;
        };
        match result {
            Ok(changed) => {
                if changed {
                    tracing::info!("{} were taken anew", T::WHAT);
                    last_fault = None;
                }
            }
            Err(fault) => {
                if last_fault.as_ref() != Some(&fault) {
                    tracing::warn!(fault, "{} stay as they were", T::WHAT);
                }
                last_fault = Some(fault);
            }
        }
    }
}
