//! Interest in items: exponentially decayed weights, the strongest kept.

use super::Profile;
use super::history::Interest;
use super::limits::{INTEREST_HALF_LIFE_MS, INTERESTS_MAX, ceil_to};
use super::series::decay;
use crate::core::key::Key;
use crate::core::time::{MINUTE_MS, UnixMs};

/// Lowest exponent a weight can have.
const EXPONENT_MIN: u32 = 127 - 31;

/// A weight as stored: 6 bits of exponent (2^-31 up to 2^32) and 10 of fraction. `None`: too small
/// to keep, or no number.
#[expect(clippy::cast_possible_truncation, reason = "clamped to 16 bits")]
pub(super) fn weight_code(weight: f32) -> Option<u16> {
    if weight.is_nan() || weight <= 0.0 {
        return None;
    }
    // Round to nearest at the 10th bit of the fraction; a carry moves into the exponent, as it must.
    let rounded = (weight.to_bits().saturating_add(1 << 12)) >> 13;
    let code = rounded.checked_sub(EXPONENT_MIN << 10)?;
    Some(code.min(u32::from(u16::MAX)) as u16)
}

/// The weight of a code.
pub(super) fn code_weight(code: u16) -> f32 {
    f32::from_bits((u32::from(code) + (EXPONENT_MIN << 10)) << 13)
}

impl Interest {
    /// The weight as of `now`, with a half-life of [`INTEREST_HALF_LIFE_MS`].
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "weights are single precision")]
    pub fn weight_at(&self, now: UnixMs) -> f32 {
        (f64::from(self.weight) * decay(now.since(self.at), INTEREST_HALF_LIFE_MS)) as f32
    }
}

impl Profile {
    /// Adds interest of strength `weight` (> 0) in `item`, shown at `at`. The weight decays with a
    /// half-life of [`INTEREST_HALF_LIFE_MS`]; over [`INTERESTS_MAX`] items the weakest other one
    /// is forgotten.
    pub fn add_interest(&mut self, item: Key, weight: f32, at: UnixMs, now: UnixMs) {
        if !weight.is_finite() || weight <= 0.0 {
            return;
        }
        let at = ceil_to(self.advance(now, at), MINUTE_MS);
        let mut sum = Interest { item, weight, at };
        if let Some(place) = self.items.iter().position(|known| known.item == item) {
            let known = self.items.remove(place);
            let at = at.max(known.at);
            sum = Interest { item, weight: known.weight_at(at) + sum.weight_at(at), at };
        }
        let Some(code) = weight_code(sum.weight) else {
            return;
        };
        sum.weight = code_weight(code);
        if self.items.len() >= INTERESTS_MAX {
            self.forget_weakest();
        }
        let place = self.items.partition_point(|known| (known.at, known.item) < (sum.at, sum.item));
        self.items.insert(place, sum);
    }

    fn forget_weakest(&mut self) {
        let now = self.updated_at;
        let weakest = self
            .items
            .iter()
            .map(|interest| interest.weight_at(now))
            .enumerate()
            .min_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((place, _)) = weakest {
            self.items.remove(place);
        }
    }
}
