//! Work beside serving: compiling rules takes a core for a while, and must not take it from calls.

use std::sync::Arc;
use std::time::Duration;

/// So long it may take at the lowest priority. Where calls leave no core idle it would hardly go on:
/// then it is begun once more, at a priority that gets a tenth of a core, and the first to end counts.
const PATIENCE: Duration = Duration::from_secs(3);

/// How a thread yields to those that serve.
#[derive(Clone, Copy)]
enum Yields {
    /// Runs only where a core would be idle: a call that comes takes the core at once.
    Wholly,
    /// Has a small share of a core whatever else runs.
    Mostly,
}

/// Runs `work`, perhaps twice, on threads of its own that yield to all that serve; `None` when it did
/// not end in order.
pub(super) async fn aside<T: Send + 'static>(
    work: impl Fn() -> T + Send + Sync + 'static,
) -> Option<T> {
    let work = Arc::new(work);
    let mut first = begin(work.clone(), Yields::Wholly)?;
    match tokio::time::timeout(PATIENCE, &mut first).await {
        Ok(ended) => ended.ok(),
        Err(_elapsed) => {
            let second = begin(work, Yields::Mostly)?;
            tokio::select! {
                ended = first => ended.ok(),
                ended = second => ended.ok(),
            }
        }
    }
}

fn begin<T: Send + 'static>(
    work: Arc<impl Fn() -> T + Send + Sync + 'static>,
    yields: Yields,
) -> Option<tokio::sync::oneshot::Receiver<T>> {
    let (done, result) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("rules".to_owned());
    let started = thread.spawn(move || {
        yield_to_others(yields);
        let _gone = done.send(work());
    });
    match started {
        Ok(_detached) => Some(result),
        Err(error) => {
            tracing::warn!(%error, "no thread for work beside serving");
            None
        }
    }
}

/// On Linux a thread has a policy and a priority of its own, which go with it; elsewhere they would be
/// the whole process's (sched(7), "`SCHED_IDLE`"; setpriority(2), "C library/kernel differences").
/// Niceness alone is not enough: a woken thread looks for an idle core, and one that runs a nice thread
/// is not idle to it, while one that runs idle threads only is.
fn yield_to_others(yields: Yields) {
    #[cfg(target_os = "linux")]
    {
        use thread_priority::{
            NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy,
            set_thread_priority_and_policy, thread_native_id,
        };
        const NICE: i32 = 10;
        let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
        let (own, least) = (thread_native_id(), ThreadPriority::Min);
        let wholly = matches!(yields, Yields::Wholly)
            && set_thread_priority_and_policy(own, least, idle).is_ok();
        if !wholly && let Err(error) = rustix::process::setpriority_process(None, NICE) {
            tracing::debug!(%error, "compiling goes on at the priority of serving");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _same = yields;
}

/// How often it is looked whether the calls that use a catalog are over.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// And how many times: then the last of them frees it.
const LOOKS_MAX: u32 = 600;

/// Frees `old` beside serving once nobody else uses it: the last call that did would otherwise pay.
pub(super) fn retire<T: Send + Sync + 'static>(old: Arc<T>) {
    let thread = std::thread::Builder::new().name("retired".to_owned());
    let started = thread.spawn(move || {
        yield_to_others(Yields::Wholly);
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

    #[tokio::test(start_paused = true)]
    async fn work_that_is_never_let_on_is_begun_once_more() {
        let begun = std::sync::atomic::AtomicUsize::new(0);
        let work = move || {
            let first = begun.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
            if first {
                std::thread::park();
            }
            7
        };
        assert_eq!(aside(work).await, Some(7));
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
