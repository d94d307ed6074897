//! An input's values, cut at every value that its cells name: region `2i + 1` is the `i`-th of these
//! values, region `2i` what lies between it and the one before. Within a region, a cell says the
//! same of every value.

use std::ops::RangeInclusive;

use super::cell::{Bound, Cell, Test, order};
use crate::core::value::Value;

/// The cuts of one input.
#[derive(Debug)]
pub(super) struct Regions {
    cuts: Vec<Value>,
}

impl Regions {
    /// Cuts at the values of `cells`.
    pub(super) fn new<'c>(cells: impl Iterator<Item = &'c Cell>) -> Self {
        let tests = cells.flat_map(Cell::tests);
        let mut cuts: Vec<Value> = tests.flat_map(Test::values).cloned().collect();
        cuts.sort_by(order);
        cuts.dedup_by(|a, b| order(a, b).is_eq());
        Self { cuts }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        2 * self.cuts.len() + 1
    }

    /// The region of a value; `None` for what is no value of an input (NaN).
    pub(super) fn of(&self, value: &Value) -> Option<usize> {
        if matches!(value, Value::Double(double) if double.is_nan()) {
            return None;
        }
        Some(match self.cuts.binary_search_by(|cut| order(cut, value)) {
            Ok(at) => 2 * at + 1,
            Err(at) => 2 * at,
        })
    }

    /// The ends of a region: equal where it is one value.
    pub(super) fn ends(&self, region: usize) -> (Option<&Value>, Option<&Value>) {
        let at = region / 2;
        if region % 2 == 1 {
            return (self.cuts.get(at), self.cuts.get(at));
        }
        (at.checked_sub(1).and_then(|at| self.cuts.get(at)), self.cuts.get(at))
    }

    /// All cuts.
    pub(super) fn cuts(&self) -> &[Value] {
        &self.cuts
    }

    /// Calls `take` with each region that the cell takes.
    pub(super) fn each_of(&self, cell: &Cell, take: &mut dyn FnMut(usize)) {
        match cell {
            Cell::Any => (0..self.len()).for_each(take),
            Cell::Of(tests) => tests.iter().flat_map(|test| self.range(test)).for_each(take),
            Cell::Not(tests) => {
                let mut left_out: Vec<usize> =
                    tests.iter().flat_map(|test| self.range(test)).collect();
                left_out.sort_unstable();
                (0..self.len()).filter(|r| left_out.binary_search(r).is_err()).for_each(take);
            }
        }
    }

    fn range(&self, test: &Test) -> RangeInclusive<usize> {
        let of = |value: &Value| self.of(value).unwrap_or_default();
        match test {
            Test::Is(value) => of(value)..=of(value),
            Test::Between(low, high) => {
                let from = match low {
                    Bound::Open => 0,
                    Bound::With(low) => of(low),
                    Bound::Without(low) => of(low) + 1,
                };
                let to = match high {
                    Bound::Open => self.len() - 1,
                    Bound::With(high) => of(high),
                    Bound::Without(high) => of(high).saturating_sub(1),
                };
                from..=to
            }
        }
    }
}
