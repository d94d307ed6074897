//! A choice, and how strong it is.

use crate::core::key::Key;
use crate::core::time::UnixMs;

/// Most that a single choice or interest may weigh.
const WEIGHT_MAX: f32 = 100.0;

/// That a customer chose an item.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    /// Hash of the customer's id.
    pub customer: u64,
    /// What it had chosen before, oldest first, with weights as of now; may hold the item itself.
    pub history: &'a [(Key, f32)],
    /// What it chose.
    pub item: Key,
    /// How much the choice counts, 0 to 100; what is not positive teaches nothing.
    pub weight: f32,
    /// When.
    pub at: UnixMs,
}

/// The strength of an interest of weight `weight`: the weight up to 1, above it `1 + ln weight`,
/// so that what is repeated a hundred times is not a hundred times as strong (as confidence grows
/// with the logarithm of a count in Hu, Koren, Volinsky 2008, "Collaborative filtering for
/// implicit feedback datasets", eq. 6). 0 for what is not positive.
#[must_use]
pub fn strength(weight: f32) -> f64 {
    if weight.is_nan() || weight <= 0.0 {
        return 0.0;
    }
    if weight <= 1.0 {
        return f64::from(weight);
    }
    1.0 + libm::log(f64::from(weight.min(WEIGHT_MAX)))
}

/// The last `max` entries of a history.
pub(super) fn recent(history: &[(Key, f32)], max: usize) -> &[(Key, f32)] {
    history.get(history.len().saturating_sub(max)..).unwrap_or_default()
}
