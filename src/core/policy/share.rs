//! Stable shares of customers: pilots and arms of experiments. A customer falls into one of 10,000
//! buckets by a salted hash of the customer's id; nothing is drawn and nothing is written, so every
//! replica and every call agree. Another salt is another, independent split.

use crate::core::key::{id64, mix64};

/// Buckets: a share is a whole number of them, so 0.01 % is the finest.
pub const BUCKETS: u32 = 10_000;

/// The bucket of the customer with hash `customer` under `salt`, 0..10,000. Buckets are even to
/// 2^-50 (multiply and shift: Lemire 2019, "Fast random integer generation in an interval").
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "the product's upper half is below 10,000")]
pub fn bucket(customer: u64, salt: u64) -> u32 {
    let hash = mix64(customer, salt);
    ((u128::from(hash) * u128::from(BUCKETS)) >> 64) as u32
}

/// The salt of that name.
#[must_use]
pub fn salt(name: &str) -> u64 {
    id64(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_stable_even_and_independent() {
        let (one, two) = (salt("one"), salt("two"));
        let customers: Vec<u64> = (0..50_000).map(|n| id64(&format!("customer-{n}"))).collect();
        let in_share = |salt| customers.iter().filter(|c| bucket(**c, salt) < 800).count() as f64;
        let both = customers.iter().filter(|c| bucket(**c, one) < 800 && bucket(**c, two) < 800);
        let (first, both) = (in_share(one) / 50_000.0, both.count() as f64 / 50_000.0);
        // Three standard deviations of a share of 8 % (and 0.64 %) of 50,000.
        assert!((first - 0.08).abs() < 0.0037, "{first}");
        assert!((both - 0.0064).abs() < 0.0011, "{both}");
        assert_eq!(bucket(42, one), bucket(42, one));
    }
}
