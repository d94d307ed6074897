//! Ids for what callers give none to: each call records anew.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::core::key::mix64;

static BASE: LazyLock<u64> = LazyLock::new(|| RandomState::new().build_hasher().finish());
static DRAWN: AtomicU64 = AtomicU64::new(0);

/// An id that no other call has, here or in another process (but for one chance in 2^64 a pair).
pub fn id() -> u64 {
    mix64(*BASE, DRAWN.fetch_add(1, Ordering::Relaxed))
}
