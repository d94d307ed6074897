//! Work beside serving: compiling rules takes a core for a while, and must not take it from calls.

use std::sync::Arc;
use std::time::Duration;

/// How much such work yields to others, on Linux: with both on one core, the calls get nine tenths.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Runs `work` on a thread of its own that yields to all that serve; `None` when it did not end in
/// order.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (done, result) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("rules".to_owned());
    let started = thread.spawn(move || {
        yield_to_others();
        let _gone = done.send(work());
    });
    match started {
        Ok(_detached) => result.await.ok(),
        Err(error) => {
            tracing::warn!(%error, "no thread for work beside serving");
            None
        }
    }
}

/// On Linux a thread has a priority of its own, which goes with it; elsewhere it would be the whole
/// process's (setpriority(2), "C library/kernel differences").
fn yield_to_others() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "compiling goes on at the priority of serving");
    }
}

/// How often it is looked whether the calls that use a catalog are over.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// And how many times: then the last of them frees it.
const LOOKS_MAX: u32 = 600;

/// Frees `old` beside serving once nobody else uses it: the last call that did would otherwise pay.
pub(super) fn retire<T: Send + Sync + 'static>(old: Arc<T>) {
    let thread = std::thread::Builder::new().name("retired".to_owned());
    let started = thread.spawn(move || {
        yield_to_others();
        for _ in 0..LOOKS_MAX {
            if Arc::strong_count(&old) == 1 {
                break;
            }
            std::thread::sleep(LOOK_EVERY);
        }
    });
    if let Err(error) = started {
        tracing::debug!(%error, "an old catalog is freed by the last call that used it");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_panics_is_told() {
        assert_eq!(aside(|| 7).await, Some(7));
        assert_eq!(aside(|| -> u32 { panic!("as a test") }).await, None);
    }

    #[test]
    fn what_is_retired_goes_when_nobody_uses_it() {
        let (old, used) = (Arc::new(1), Arc::new(2));
        let (gone, still) = (Arc::downgrade(&old), Arc::downgrade(&used));
        retire(old);
        retire(used.clone());
        let started = std::time::Instant::now();
        while gone.upgrade().is_some() {
            assert!(started.elapsed() < Duration::from_secs(20), "it was kept");
            std::thread::yield_now();
        }
        assert!(still.upgrade().is_some());
    }
}
