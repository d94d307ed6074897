//! Count, sum, smallest and largest.

/// What some events amount to. Never empty: an empty cell is not kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// How many; saturates.
    pub count: u32,
    /// Their sum; saturates at the largest double.
    pub sum: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

impl Cell {
    /// The cell of one finite number. Negative zero becomes zero.
    pub(super) fn of(number: f64) -> Self {
        let number = number + 0.0;
        Self { count: 1, sum: number, min: number, max: number }
    }

    /// Adds the other's events.
    pub(super) fn merge(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.sum = (self.sum + other.sum).clamp(-f64::MAX, f64::MAX);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }
}
