//! Every random draw of a run, from one seed.

use std::sync::Mutex;
use std::time::Duration;

use arbitra::core::key::mix64;

/// Draws in the order they are asked for.
pub struct Chance(Mutex<u64>);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(mix64(seed, 0x73_696d)))
    }

    pub fn draw(&self) -> u64 {
        let mut state = self.0.lock().unwrap();
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix64(*state, 1)
    }

    /// One of `0..n`.
    pub fn below(&self, n: u64) -> u64 {
        self.draw() % n
    }

    /// True once in `n` times.
    pub fn once_in(&self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub fn ms(&self, below: u64) -> Duration {
        Duration::from_millis(self.below(below))
    }
}
