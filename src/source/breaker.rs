//! A circuit breaker: after so many failures in a row a source is left alone for a while; then one
//! query tries it, and decides. Time comes in as an argument.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// The state of the circuit, as metrics show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Circuit {
    /// Queries go through.
    Closed,
    /// None goes through.
    Open,
    /// One goes through.
    HalfOpen,
}

#[derive(Debug)]
pub(super) struct Breaker {
    failures_max: u32,
    retry_after: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    open_until: Option<Instant>,
    probing: bool,
}

impl Breaker {
    pub(super) fn new(failures_max: u32, retry_after: Duration) -> Self {
        Self { failures_max, retry_after, state: Mutex::default() }
    }

    /// Where it stands at `now`.
    pub(super) fn circuit(&self, now: Instant) -> Circuit {
        let state = self.lock();
        match state.open_until {
            None => Circuit::Closed,
            Some(until) if now < until || state.probing => Circuit::Open,
            Some(_) => Circuit::HalfOpen,
        }
    }

    /// Whether a query may go through; when it may, [`Breaker::end`] must follow.
    pub(super) fn begin(&self, now: Instant) -> bool {
        let mut state = self.lock();
        match state.open_until {
            None => true,
            Some(until) if now < until || state.probing => false,
            Some(_) => {
                state.probing = true;
                true
            }
        }
    }

    /// Counts what came of a query; whether the circuit is open now.
    pub(super) fn end(&self, is_good: bool, now: Instant) -> bool {
        let mut state = self.lock();
        if is_good {
            *state = State::default();
            return false;
        }
        state.failures = state.failures.saturating_add(1);
        if state.probing || state.failures >= self.failures_max {
            state.probing = false;
            state.open_until = Some(now + self.retry_after);
        }
        state.open_until.is_some()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_and_one_probe_decides() {
        let (start, wait) = (Instant::now(), Duration::from_secs(1));
        let breaker = Breaker::new(3, wait);
        let fail = |at| {
            assert!(breaker.begin(at));
            breaker.end(false, at)
        };
        assert!(!fail(start) && !fail(start));
        assert!(breaker.begin(start) && !breaker.end(true, start), "a success starts afresh");
        assert!(!fail(start) && !fail(start) && fail(start));
        assert_eq!(breaker.circuit(start), Circuit::Open);
        assert!(!breaker.begin(start + wait / 2));
        assert_eq!(breaker.circuit(start + wait), Circuit::HalfOpen);
        assert!(breaker.begin(start + wait), "one probe");
        assert!(!breaker.begin(start + wait), "and only one");
        assert!(breaker.end(false, start + wait), "it failed");
        assert!(!breaker.begin(start + wait + wait / 2));
        assert!(breaker.begin(start + wait * 2));
        assert!(!breaker.end(true, start + wait * 2));
        assert_eq!(breaker.circuit(start + wait * 2), Circuit::Closed);
    }
}
