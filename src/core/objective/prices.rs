//! What decisions see of the pacing: a price for each line, under a version.

use std::sync::Arc;

use super::{BidPrices, Line, Outlook, PacedLimit, Pacing};

/// The shadow prices at one moment: immutable, swapped whole with the snapshot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prices {
    /// Grows with every change; 0 when nothing was priced yet.
    pub version: u64,
    by_name: Vec<(Arc<str>, f64)>,
    by_line: Vec<f64>,
    by_limit: Vec<(Arc<str>, BidPrices)>,
}

impl Prices {
    /// The prices of `lines` as they stand in `pacing`.
    #[must_use]
    pub fn of(pacing: &Pacing, lines: &[Line]) -> Self {
        let prices = pacing.accounts().map(|(id, account)| (id.clone(), account.dual.price));
        Self::named(pacing.version(), prices.collect(), lines)
    }

    /// With the bid prices of contact limits as `pacing` has learned them.
    #[must_use]
    pub fn with_limits(mut self, pacing: &Pacing, limits: &[PacedLimit]) -> Self {
        let known = limits.iter().filter_map(|limit| {
            let learned = pacing.limit(&limit.id)?;
            Some((limit.id.clone(), BidPrices::of(learned, limit.max)))
        });
        self.by_limit = known.collect();
        self
    }

    /// What a contact under a limit is worth to a customer with `left` of them, ≥ 0, money. A price
    /// fixed by name stands whatever is left.
    #[must_use]
    pub fn contact(&self, limit: &str, left: u32, outlook: &Outlook) -> f64 {
        match self.by_limit.iter().find(|(known, _)| **known == *limit) {
            Some((_, prices)) => prices.at(left, outlook),
            None => self.of_name(limit),
        }
    }

    fn of_name(&self, id: &str) -> f64 {
        let found = self.by_name.binary_search_by(|(name, _)| (**name).cmp(id)).ok();
        found.and_then(|found| self.by_name.get(found)).map_or(0.0, |(_, price)| *price)
    }

    /// Prices by name, at a version.
    #[must_use]
    pub fn named(version: u64, mut by_name: Vec<(Arc<str>, f64)>, lines: &[Line]) -> Self {
        by_name.retain(|(_, price)| price.is_finite());
        by_name.sort_by(|a, b| a.0.cmp(&b.0));
        let mut prices = Self { version, by_name, by_line: Vec::new(), by_limit: Vec::new() };
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
        self.by_line = lines.iter().map(|line| self.of_name(&line.id)).collect();
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
