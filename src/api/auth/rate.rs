//! How many calls a caller may make: `100/s`, `600/m`, with bursts of as many. Beyond it a call is
//! refused with when to try again (generic cell rate algorithm, by the crate `governor`).

use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// Most calls of a period that can be declared.
const CALLS_MAX: u32 = 1_000_000;

/// So many calls a second or a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    calls: NonZeroU32,
    a_minute: bool,
}

impl Rate {
    /// So many calls a second.
    #[must_use]
    pub fn per_second(calls: NonZeroU32) -> Self {
        Self { calls, a_minute: false }
    }

    /// Counts one caller's calls.
    #[must_use]
    pub fn limiter(self) -> Limiter {
        let quota = match self.a_minute {
            false => Quota::per_second(self.calls),
            true => Quota::per_minute(self.calls),
        };
        Limiter { cells: RateLimiter::direct(quota), clock: DefaultClock::default() }
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fault = || format!("`{text}` is no rate like `100/s` or `600/m`, of 1 to {CALLS_MAX}");
        let (calls, period) = text.split_once('/').ok_or_else(fault)?;
        let calls = calls.parse().ok().filter(|calls| (1..=CALLS_MAX).contains(calls));
        let calls = calls.and_then(NonZeroU32::new).ok_or_else(fault)?;
        match period {
            "s" => Ok(Self { calls, a_minute: false }),
            "m" => Ok(Self { calls, a_minute: true }),
            _ => Err(fault()),
        }
    }
}

/// One caller's calls.
#[derive(Debug)]
pub struct Limiter {
    cells: DefaultDirectRateLimiter,
    clock: DefaultClock,
}

impl Limiter {
    /// Counts a call.
    ///
    /// # Errors
    /// How long to wait, when it is one too many; it is not counted then.
    pub fn call(&self) -> Result<(), Duration> {
        self.cells.check().map_err(|until| until.wait_time_from(self.clock.now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_of_as_many_passes_and_the_next_is_told_when() {
        let limiter = "5/m".parse::<Rate>().unwrap().limiter();
        for _ in 0..5 {
            limiter.call().unwrap();
        }
        let wait = limiter.call().unwrap_err();
        assert!(wait > Duration::from_secs(10) && wait <= Duration::from_secs(12), "{wait:?}");
        for text in ["", "5", "0/s", "-1/s", "5/h", "x/s", "1000001/s"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }
}
