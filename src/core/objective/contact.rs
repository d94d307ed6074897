//! What a customer's contact is worth that a contact limit leaves: its bid price.
//!
//! A contact spent now on a weak offer crowds out a better one later in the window. To a customer
//! come occasions, n a window; each brings an offer of some worth v, from a distribution that all
//! customers teach. With k contacts left for τ occasions to come, the most that can be expected is
//!
//! ```text
//! V(k, τ + δ) = V(k, τ) + δ·E[max(0, v - Δ(k, τ))]      Δ(k, τ) = V(k, τ) - V(k - 1, τ)
//! ```
//!
//! and a contact is rightly spent on an offer that is worth more than Δ(k, τ): Littlewood's rule
//! (1972) for many classes in any order, as the dynamic programme of Talluri, van Ryzin, "The Theory
//! and Practice of Revenue Management", 2004, section 2.5; with independent worths it is the
//! sequential assignment of Albright, Operations Research 22, 1974.
//!
//! Occasions are not observed by customer. But by Little's law the contacts that a window holds are
//! occasions a window times contacts an occasion, and both contacts are seen at every decision.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Most contacts a paced limit may allow.
pub const PACED_MAX: u32 = 32;
/// Occasions below which nothing is known of them, and contacts are free.
const OCCASIONS_MIN: f64 = 200.0;
/// Occasions after which what was learned counts half.
const OCCASIONS_WINDOW: f64 = 50_000.0;
/// Steps of the table: two an occasion, within these bounds.
const STEPS: (f64, f64) = (64.0, 1_024.0);
/// Ratio of the bounds of a bin of worths.
const BIN_LN: f64 = 0.2;

/// What occasions to spend a contact under one limit came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LimitTally {
    /// Decisions on the limit's channels.
    pub occasions: f64,
    /// Sum over them of the contacts that counted before.
    pub used: f64,
    /// Sum over them of the share of the window that had passed: 1 where it rolls.
    pub passed: f64,
    /// Contacts placed.
    pub contacts: f64,
    /// Sum of the prices of those, money.
    pub paid: f64,
    /// Of occasions with a contact left: count and sum of the best worth, by bin.
    worths: BTreeMap<u8, (f64, f64)>,
}

impl LimitTally {
    /// One occasion, with so many contacts in the window and so much of it passed.
    #[must_use]
    pub fn occasion(used: u32, passed: f64) -> Self {
        Self { occasions: 1.0, used: f64::from(used), passed, ..Self::default() }
    }

    /// Notes the worth of the best that an occasion offered; ≤ 0: nothing.
    pub fn note(&mut self, worth: f64) {
        let bin = self.worths.entry(bin(worth)).or_default();
        bin.0 += 1.0;
        bin.1 += worth.max(0.0);
    }

    /// Adds another; old occasions fade.
    pub fn add(&mut self, other: &Self) {
        self.weigh(1.0, other);
        if self.occasions > OCCASIONS_WINDOW {
            let half = std::mem::take(self);
            self.weigh(0.5, &half);
        }
    }

    fn weigh(&mut self, weight: f64, other: &Self) {
        self.occasions += weight * other.occasions;
        self.used += weight * other.used;
        self.passed += weight * other.passed;
        self.contacts += weight * other.contacts;
        self.paid += weight * other.paid;
        for (bin, (count, sum)) in &other.worths {
            let own = self.worths.entry(*bin).or_default();
            own.0 += weight * count;
            own.1 += weight * sum;
        }
    }

    /// Contacts that a whole window holds, as decisions found it; ≥ 0.
    #[must_use]
    pub fn held(&self) -> f64 {
        if self.passed > 0.0 { self.used / self.passed } else { 0.0 }
    }

    /// Occasions in a window, by Little's law; ≥ 0.
    #[must_use]
    pub fn a_window(&self) -> f64 {
        if self.contacts > 0.0 { self.held() * self.occasions / self.contacts } else { 0.0 }
    }

    /// Mean price of a contact, money; ≥ 0.
    #[must_use]
    pub fn price(&self) -> f64 {
        if self.contacts > 0.0 { self.paid / self.contacts } else { 0.0 }
    }

    /// Probability and mean of each bin that is worth something.
    fn chances(&self) -> Vec<(f64, f64)> {
        let total: f64 = self.worths.values().map(|(count, _)| count).sum();
        let some = self.worths.values().filter(|(count, sum)| *count > 0.0 && *sum > 0.0);
        some.map(|(count, sum)| (count / total, sum / count)).collect()
    }
}

fn bin(worth: f64) -> u8 {
    if worth.is_nan() || worth <= 0.0 {
        return 0;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it lies within 1..=255"
    )]
    let bin = (libm::log(worth) / BIN_LN + 128.0).clamp(1.0, 255.0) as u8;
    bin
}

/// Where a customer stands in the window of a limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// From now, ms, when one more contact is left, ascending; the last is the end of the outlook.
    pub due_ms: Vec<i64>,
    /// Length of the window, ms, > 0.
    pub window_ms: i64,
    /// How much of it has passed, ms: all, where it rolls.
    pub passed_ms: i64,
}

/// The bid prices of one limit, by contacts left and time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BidPrices {
    /// By contacts left (from 1), by step: the last is a whole window.
    table: Vec<Vec<f64>>,
}

impl BidPrices {
    /// What was learned, for a limit of `max` contacts; free while too little is known.
    #[must_use]
    pub fn of(learned: &LimitTally, max: u32) -> Self {
        let a_window = learned.a_window();
        let chances = learned.chances();
        if learned.occasions < OCCASIONS_MIN || chances.is_empty() || !a_window.is_finite() {
            return Self::default();
        }
        let steps = (2.0 * a_window).clamp(STEPS.0, STEPS.1);
        let step = (a_window / steps).min(1.0);
        let mut table = vec![Vec::new(); max.min(PACED_MAX) as usize];
        let mut values = vec![0.0; table.len()];
        for _ in 0..=steps as usize {
            let mut fewer = 0.0;
            for (value, prices) in values.iter_mut().zip(&mut table) {
                let price: f64 = *value - fewer;
                fewer = *value;
                let gain = chances.iter().map(|(chance, worth)| chance * (worth - price).max(0.0));
                *value += step * gain.sum::<f64>();
                prices.push(price);
            }
        }
        Self { table }
    }

    /// The same price at all times.
    #[must_use]
    pub fn flat(price: f64) -> Self {
        Self { table: vec![vec![price]] }
    }

    /// What a contact is worth with `left` of them: the highest of the prices over each stretch at
    /// whose end one more is left, since a contact spent now is missed in all of them.
    #[must_use]
    pub fn at(&self, left: u32, outlook: &Outlook) -> f64 {
        let window = outlook.window_ms.max(1) as f64;
        let each = (left..)
            .zip(&outlook.due_ms)
            .map(|(left, due)| self.of_left(left, (*due as f64 / window).clamp(0.0, 1.0)));
        each.fold(0.0, f64::max)
    }

    fn of_left(&self, left: u32, share: f64) -> f64 {
        let place = (left.max(1) as usize - 1).min(self.table.len().saturating_sub(1));
        let Some(prices) = self.table.get(place) else { return 0.0 };
        let step = share * prices.len().saturating_sub(1) as f64;
        let at = |step: f64| prices.get(step as usize).copied().unwrap_or(0.0);
        let (low, high) = (at(step.floor()), at(step.ceil()));
        low + (step - step.floor()) * (high - low)
    }
}

/// A contact limit that is paced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacedLimit {
    /// Its place among the limits of the policy.
    pub index: u16,
    /// Its id.
    pub id: std::sync::Arc<str>,
    /// Largest number of contacts in a window.
    pub max: u32,
}
