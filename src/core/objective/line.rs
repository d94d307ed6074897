//! A line: something that is summed up over a period and bound from above, from below, or as a
//! share of the contacts.

use std::sync::Arc;

use super::Period;

/// What a line stands for, as declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// A resource: a budget, stock, agent time, contacts.
    Resource,
    /// What an objective must reach.
    Target,
    /// What contributions to an objective may sum up to.
    Budget,
    /// A share of the contacts.
    Constraint,
}

impl LineKind {
    /// Its word in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Resource => "resource",
            Self::Target => "target",
            Self::Budget => "budget",
            Self::Constraint => "constraint",
        }
    }
}

/// How a line is bound over its period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// The sum stays at or below this.
    AtMost(f64),
    /// The sum reaches this.
    AtLeast(f64),
    /// The sum by contact stays at or below this.
    ShareAtMost(f64),
    /// The sum by contact reaches this.
    ShareAtLeast(f64),
}

impl Bound {
    /// The number it is bound to: a sum, or a share.
    #[must_use]
    pub fn amount(self) -> f64 {
        match self {
            Self::AtMost(amount)
            | Self::AtLeast(amount)
            | Self::ShareAtMost(amount)
            | Self::ShareAtLeast(amount) => amount,
        }
    }

    /// Whether it binds a share of the contacts.
    #[must_use]
    pub fn is_share(self) -> bool {
        matches!(self, Self::ShareAtMost(_) | Self::ShareAtLeast(_))
    }

    /// Whether it is reached from below.
    #[must_use]
    pub fn is_floor(self) -> bool {
        matches!(self, Self::AtLeast(_) | Self::ShareAtLeast(_))
    }

    /// What a measure taken over `contacts` uses of the bound: what the price is paid on. Negative
    /// where it helps, as all does that counts towards a floor.
    #[must_use]
    pub fn usage(self, measure: f64, contacts: f64) -> f64 {
        match self {
            Self::AtMost(_) => measure,
            Self::AtLeast(_) => -measure,
            Self::ShareAtMost(share) => measure - share * contacts,
            Self::ShareAtLeast(share) => share * contacts - measure,
        }
    }

    /// What may be used in a whole period, in the terms of [`Bound::usage`].
    #[must_use]
    pub fn budget(self) -> f64 {
        match self {
            Self::AtMost(amount) => amount,
            Self::AtLeast(amount) => -amount,
            Self::ShareAtMost(_) | Self::ShareAtLeast(_) => 0.0,
        }
    }
}

/// A line.
#[derive(Clone, Debug)]
pub struct Line {
    /// Unique name: `gift_budget`, `margin.target`, `margin.budget`.
    pub id: Arc<str>,
    /// What it stands for.
    pub kind: LineKind,
    /// Its unit, for people; may be empty.
    pub unit: Arc<str>,
    /// How it is bound.
    pub bound: Bound,
    /// Over which time.
    pub period: Period,
    /// The highest price; `None`: a multiple of what a unit is usually worth.
    pub price_max: Option<f64>,
    /// Id of the quota that counts it exactly, if there is one.
    pub quota: Option<Arc<str>>,
}
