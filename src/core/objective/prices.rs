//! What decisions see of the pacing: a price for each line, under a version.

use std::sync::Arc;

use super::{Line, Pacing};

/// The shadow prices at one moment: immutable, swapped whole with the snapshot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prices {
    /// Grows with every change; 0 when nothing was priced yet.
    pub version: u64,
    by_name: Vec<(Arc<str>, f64)>,
    by_line: Vec<f64>,
}

impl Prices {
    /// The prices of `lines` as they stand in `pacing`.
    #[must_use]
    pub fn of(pacing: &Pacing, lines: &[Line]) -> Self {
        let prices = pacing.accounts().map(|(id, account)| (id.clone(), account.dual.price));
        Self::named(pacing.version(), prices.collect(), lines)
    }

    /// Prices by name, at a version.
    #[must_use]
    pub fn named(version: u64, mut by_name: Vec<(Arc<str>, f64)>, lines: &[Line]) -> Self {
        by_name.retain(|(_, price)| price.is_finite());
        by_name.sort_by(|a, b| a.0.cmp(&b.0));
        let mut prices = Self { version, by_name, by_line: Vec::new() };
        prices.align(lines);
        prices
    }

    /// The same prices for the lines of another catalog; a line without one is free.
    #[must_use]
    pub fn aligned(&self, lines: &[Line]) -> Self {
        let mut prices = self.clone();
        prices.align(lines);
        prices
    }

    fn align(&mut self, lines: &[Line]) {
        let price = |line: &Line| {
            let found = self.by_name.binary_search_by(|(name, _)| name.cmp(&line.id)).ok();
            found.and_then(|found| self.by_name.get(found)).map_or(0.0, |(_, price)| *price)
        };
        self.by_line = lines.iter().map(price).collect();
    }

    /// Price of the line with that index, ≥ 0; money by the line's unit.
    #[must_use]
    pub fn get(&self, line: u16) -> f64 {
        self.by_line.get(usize::from(line)).copied().unwrap_or(0.0)
    }

    /// Whether no line has a price above 0.
    #[must_use]
    pub fn all_free(&self) -> bool {
        self.by_line.iter().all(|price| *price == 0.0)
    }
}
