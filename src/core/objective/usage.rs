//! What showing an offer once means for the lines, and what that costs at the present prices.
//!
//! All that is expected of an offer is linear in its propensity p: what comes of the contact itself,
//! and what a positive outcome adds to it. So is the cost: `Σ price·E[use] = contact + p·positive`.

use super::{Line, Prices};

/// An offer's expected measure on one line: `contact + p·positive`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Use {
    /// Index of the line.
    pub line: u16,
    /// Whatever comes of the contact.
    pub contact: f64,
    /// More of it when the outcome is positive.
    pub positive: f64,
}

impl Use {
    /// The measure expected at propensity `p`.
    #[must_use]
    pub fn at(&self, p: f64) -> f64 {
        self.contact + p * self.positive
    }
}

/// What an offer costs at the present prices: `contact + p·positive`; negative where what it helps
/// to reach is worth more than what it uses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Whatever comes of the contact.
    pub contact: f64,
    /// More of it when the outcome is positive.
    pub positive: f64,
}

impl Cost {
    /// The cost of one contact that uses `uses`: the term `Σ_r μ_r·a_r` of the Lagrangian.
    #[must_use]
    pub fn of(prices: &Prices, lines: &[Line], uses: &[Use]) -> Self {
        let mut cost = Self::default();
        for each in uses {
            let price = prices.get(each.line);
            let Some(line) = lines.get(usize::from(each.line)).filter(|_| price != 0.0) else {
                continue;
            };
            // Linear, so that the part of the positive outcome stands without a contact.
            cost.contact += price * line.bound.usage(each.contact, 1.0);
            cost.positive += price * line.bound.usage(each.positive, 0.0);
        }
        cost
    }

    /// The cost expected at propensity `p`.
    #[must_use]
    pub fn at(&self, p: f64) -> f64 {
        self.contact + p * self.positive
    }
}
