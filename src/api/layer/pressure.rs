//! How long a call that comes now would take, by what is in progress and how fast calls were lately
//! done: W = L / λ (Little 1961, "A proof for the queuing formula L = λW"). So a service that has
//! more to do than it can says so at once to those who could not be answered in time, instead of
//! letting all wait: what it admits it answers. While there is little to do, calls done a second say
//! how few came; then one over the time that a call takes is what could be done at least.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::api::class::Class;

/// Over how long calls are counted.
const WINDOW: Duration = Duration::from_millis(100);
/// The fastest that calls were done is forgotten by half in this time of load.
const HALF_LIFE: Duration = Duration::from_secs(10);
/// So many calls in progress are no load, whatever the speed seems to be.
const CALM: usize = 16;
/// The same for what can wait.
const CALM_CAMPAIGN: usize = 8;
/// Most that the time of single calls can make believe, calls a second.
const ALONE_MAX: f64 = 1_000.0;

/// Calls in progress, and how fast they are done.
#[derive(Debug)]
pub struct Pressure {
    in_progress: AtomicUsize,
    done: AtomicU64,
    /// How long they took together, µs.
    taken_us: AtomicU64,
    speed: Mutex<Speed>,
    /// Calls a second, as bits of an f64: read at each call without the lock.
    a_second: AtomicU64,
}

#[derive(Debug)]
struct Speed {
    since: Instant,
    a_second: f64,
}

impl Default for Pressure {
    fn default() -> Self {
        Self {
            in_progress: AtomicUsize::new(0),
            done: AtomicU64::new(0),
            taken_us: AtomicU64::new(0),
            speed: Mutex::new(Speed { since: Instant::now(), a_second: 0.0 }),
            a_second: AtomicU64::new(0),
        }
    }
}

/// Of the time that a call has, how much it may be expected to take.
fn share(class: Class) -> f64 {
    match class {
        Class::CallCentre => 0.8,
        Class::Web => 0.5,
        Class::Campaign => 0.1,
    }
}

impl Pressure {
    /// Whether a call of that class that has so long can be expected to be done in time.
    pub fn allows(&self, class: Class, left: Duration) -> bool {
        let in_progress = self.in_progress.load(Ordering::Relaxed);
        let calm = if class == Class::Campaign { CALM_CAMPAIGN } else { CALM };
        if in_progress < calm {
            return true;
        }
        self.look();
        let a_second = f64::from_bits(self.a_second.load(Ordering::Relaxed));
        // At the start nothing is known.
        let wait = (in_progress + 1) as f64 / a_second;
        a_second <= 0.0 || wait <= share(class) * left.as_secs_f64()
    }

    /// A call begins.
    pub fn begin(&self) {
        self.in_progress.fetch_add(1, Ordering::Relaxed);
    }

    /// A call ended that took so long.
    pub fn end(&self, took: Duration) {
        self.in_progress.fetch_sub(1, Ordering::Relaxed);
        self.done.fetch_add(1, Ordering::Relaxed);
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.taken_us.fetch_add(took_us, Ordering::Relaxed);
        self.look();
    }

    /// Takes the speed anew when a window is over.
    fn look(&self) {
        let Ok(mut speed) = self.speed.try_lock() else { return };
        let elapsed = speed.since.elapsed();
        if elapsed < WINDOW {
            return;
        }
        self.measure(&mut speed, elapsed);
    }

    fn measure(&self, speed: &mut Speed, elapsed: Duration) {
        let seconds = elapsed.as_secs_f64();
        let done = self.done.swap(0, Ordering::Relaxed) as f64;
        let taken = self.taken_us.swap(0, Ordering::Relaxed).max(1) as f64 / 1e6;
        let loaded = self.in_progress.load(Ordering::Relaxed) >= CALM;
        let faded = if loaded { (-seconds / HALF_LIFE.as_secs_f64()).exp2() } else { 1.0 };
        // A lone call that was done in no time says little of many.
        let alone = if done > 0.0 { (done / taken).min(ALONE_MAX) } else { 0.0 };
        speed.a_second = (speed.a_second * faded).max(done / seconds).max(alone);
        speed.since += elapsed;
        self.a_second.store(speed.a_second.to_bits(), Ordering::Relaxed);
    }

    #[cfg(test)]
    fn a_second(&self) -> f64 {
        f64::from_bits(self.a_second.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_can_wait_are_refused_first_and_a_quiet_service_refuses_nobody() {
        let pressure = Pressure::default();
        let left = Duration::from_millis(200);
        assert!(Class::ALL.iter().all(|class| pressure.allows(*class, left)));
        // 100 done in a tenth of a second: 1,000 a second.
        for _ in 0..100 {
            pressure.begin();
            pressure.end(Duration::from_millis(10));
        }
        pressure.measure(&mut pressure.speed.lock().unwrap(), Duration::from_millis(100));
        assert!((pressure.a_second() - 1_000.0).abs() < 1.0);
        let allowed = || Class::ALL.map(|class| pressure.allows(class, left));
        let mut seen = Vec::new();
        for _ in 0..200 {
            if seen.last() != Some(&allowed()) {
                seen.push(allowed());
            }
            pressure.begin();
        }
        // Of 200 ms: 20 for campaigns, 100 for pages, 160 for those on the telephone.
        let expected =
            [[true, true, true], [false, true, true], [false, false, true], [false, false, false]];
        assert_eq!(seen, expected);
        for _ in 0..200 {
            pressure.end(Duration::from_millis(10));
        }
        assert_eq!(allowed(), [true; 3]);
    }

    #[test]
    fn the_best_speed_fades_under_load_alone() {
        let pressure = Pressure::default();
        for _ in 0..100 {
            pressure.begin();
            pressure.end(Duration::from_millis(10));
        }
        pressure.measure(&mut pressure.speed.lock().unwrap(), Duration::from_millis(100));
        pressure.measure(&mut pressure.speed.lock().unwrap(), HALF_LIFE);
        assert!((pressure.a_second() - 1_000.0).abs() < 1.0, "nothing was to be done");
        (0..CALM).for_each(|_| pressure.begin());
        pressure.measure(&mut pressure.speed.lock().unwrap(), HALF_LIFE);
        assert!((pressure.a_second() - 500.0).abs() < 1.0, "{}", pressure.a_second());
    }
}
