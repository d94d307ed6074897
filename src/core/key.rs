//! Stable short names: a `Key` stands for a declared name wherever bytes count (the stored profile,
//! the learning log, the models), and means the same in every process, version and machine.

use std::fmt;

use xxhash_rust::xxh3::xxh3_64;

/// 32-bit hash of a declared name (attribute, offer, group, channel, item ...): XXH3-64, low half.
///
/// Two declared names with the same key in one catalog are a fault at load; values seen only at
/// run time (items, reasons) may collide with probability 2^-32 a pair, which costs accuracy, not
/// safety.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
)]
pub struct Key(pub u32);

impl Key {
    /// The key of `name`.
    #[must_use]
    pub fn of(name: &str) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "the low half is the key")]
        Self(xxh3_64(name.as_bytes()) as u32)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:08x}", self.0)
    }
}

/// 64-bit hash of an identifier given by a caller (event id, outcome id, request id, customer id).
#[must_use]
pub fn id64(id: &str) -> u64 {
    xxh3_64(id.as_bytes())
}

/// Mixes two 64-bit words into one; used to derive independent seeds from one seed.
#[must_use]
pub fn mix64(a: u64, b: u64) -> u64 {
    // splitmix64 finaliser (Steele, Lea, Flood 2014) over a sum with an odd constant.
    let mut z =
        a.wrapping_add(b.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A uniform draw in [0, 1) that is a pure function of a seed and a purpose.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
pub fn unit(seed: u64, purpose: u64) -> f64 {
    (mix64(seed, purpose) >> 11) as f64 / (1_u64 << 53) as f64
}
