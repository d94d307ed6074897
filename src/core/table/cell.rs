//! What a cell says of an input's value.

use std::cmp::Ordering;

use crate::core::value::Value;

/// A cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Any value.
    Any,
    /// A value that one of the tests takes.
    Of(Vec<Test>),
    /// A value that none of the tests takes.
    Not(Vec<Test>),
}

/// A literal or a range.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// This value.
    Is(Value),
    /// From the first to the second.
    Between(Bound, Bound),
}

/// An end of a range.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    /// No end.
    Open,
    /// Up to and with this value.
    With(Value),
    /// Up to, but without this value.
    Without(Value),
}

impl Cell {
    /// Whether a value of the column's type is taken.
    #[must_use]
    pub fn takes(&self, value: &Value) -> bool {
        match self {
            Self::Any => true,
            Self::Of(tests) => tests.iter().any(|test| test.takes(value)),
            Self::Not(tests) => !tests.iter().any(|test| test.takes(value)),
        }
    }

    /// The values it names.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.tests().iter().flat_map(Test::values)
    }

    /// The tests.
    pub(super) fn tests(&self) -> &[Test] {
        match self {
            Self::Any => &[],
            Self::Of(tests) | Self::Not(tests) => tests,
        }
    }
}

impl Test {
    fn takes(&self, value: &Value) -> bool {
        match self {
            Self::Is(literal) => order(value, literal).is_eq(),
            Self::Between(low, high) => {
                let above = match low {
                    Bound::Open => true,
                    Bound::With(low) => order(value, low).is_ge(),
                    Bound::Without(low) => order(value, low).is_gt(),
                };
                above
                    && match high {
                        Bound::Open => true,
                        Bound::With(high) => order(value, high).is_le(),
                        Bound::Without(high) => order(value, high).is_lt(),
                    }
            }
        }
    }

    /// The values it names.
    pub(super) fn values(&self) -> impl Iterator<Item = &Value> {
        let (one, other) = match self {
            Self::Is(value) => (Some(value), None),
            Self::Between(low, high) => (low.value(), high.value()),
        };
        one.into_iter().chain(other)
    }
}

impl Bound {
    /// The value at which it stands.
    #[must_use]
    pub fn value(&self) -> Option<&Value> {
        match self {
            Self::Open => None,
            Self::With(value) | Self::Without(value) => Some(value),
        }
    }
}

/// The order of two values of one column; of the two zeroes neither is less.
pub(super) fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        // Adding 0 makes the negative zero a positive one.
        (Value::Double(a), Value::Double(b)) => (a + 0.0).total_cmp(&(b + 0.0)),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Timestamp(a), Value::Timestamp(b)) => a.cmp(b),
        (Value::Duration(a), Value::Duration(b)) => a.cmp(b),
        _ => a.type_name().cmp(b.type_name()),
    }
}
