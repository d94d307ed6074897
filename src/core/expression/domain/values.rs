//! Sets of values.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::core::expression::Type;
use crate::core::value::Value;

/// A set of values, at least as large as the one it stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Anything.
    Any,
    /// Truth values.
    Bools {
        /// Whether `false` is among them.
        no: bool,
        /// Whether `true` is.
        yes: bool,
    },
    /// One of these texts.
    Texts(BTreeSet<Arc<str>>),
    /// Any text but these.
    TextsBut(BTreeSet<Arc<str>>),
    /// Whole numbers from the first to the second, both included; instants and spans in
    /// nanoseconds. None where the first is larger.
    Wholes(i128, i128),
    /// Doubles from the first to the second, both included, and perhaps NaN.
    Reals(f64, f64, bool),
}

impl Values {
    /// Everything of type `ty`.
    #[must_use]
    pub fn of(ty: &Type) -> Self {
        match ty {
            Type::Bool => Self::Bools { no: true, yes: true },
            Type::Int => Self::Wholes(i128::from(i64::MIN), i128::from(i64::MAX)),
            Type::Uint => Self::Wholes(0, i128::from(u64::MAX)),
            Type::Timestamp | Type::Duration => Self::Wholes(i128::MIN, i128::MAX),
            Type::Double => Self::Reals(f64::NEG_INFINITY, f64::INFINITY, true),
            Type::String => Self::TextsBut(BTreeSet::new()),
            Type::Enum(set) => Self::Texts((**set).clone()),
            _ => Self::Any,
        }
    }

    /// Just that value; `Any` where there is no such set.
    #[must_use]
    pub fn only(value: &Value) -> Self {
        match value {
            Value::Bool(b) => Self::Bools { no: !b, yes: *b },
            Value::Int(i) => Self::Wholes(i128::from(*i), i128::from(*i)),
            Value::Uint(u) => Self::Wholes(i128::from(*u), i128::from(*u)),
            Value::Double(d) if d.is_nan() => Self::Reals(f64::INFINITY, f64::NEG_INFINITY, true),
            Value::Double(d) => Self::Reals(*d, *d, false),
            Value::String(text) => Self::Texts([text.clone()].into()),
            Value::Timestamp(at) => Self::Wholes(at.as_nanosecond(), at.as_nanosecond()),
            Value::Duration(span) => Self::Wholes(span.as_nanos(), span.as_nanos()),
            _ => Self::Any,
        }
    }

    /// The set without any value, of the same kind.
    #[must_use]
    pub fn none(&self) -> Self {
        match self {
            Self::Wholes(..) => Self::Wholes(1, 0),
            Self::Reals(..) => Self::Reals(1.0, 0.0, false),
            Self::Bools { .. } => Self::Bools { no: false, yes: false },
            _ => Self::Texts(BTreeSet::new()),
        }
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Any | Self::TextsBut(_) => false,
            Self::Bools { no, yes } => !no && !yes,
            Self::Texts(texts) => texts.is_empty(),
            Self::Wholes(min, max) => min > max,
            Self::Reals(min, max, nan) => min > max && !nan,
        }
    }

    /// What is in both, or more; sets of different kinds are left as the first is.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Any, other) => other.clone(),
            (Self::Bools { no, yes }, Self::Bools { no: other_no, yes: other_yes }) => {
                Self::Bools { no: *no && *other_no, yes: *yes && *other_yes }
            }
            (Self::Texts(a), Self::Texts(b)) => Self::Texts(a & b),
            (Self::Texts(a), Self::TextsBut(b)) | (Self::TextsBut(b), Self::Texts(a)) => {
                Self::Texts(a - b)
            }
            (Self::TextsBut(a), Self::TextsBut(b)) => Self::TextsBut(a | b),
            (Self::Wholes(a, b), Self::Wholes(c, d)) => Self::Wholes(*a.max(c), *b.min(d)),
            (Self::Reals(a, b, nan), Self::Reals(c, d, other)) => {
                Self::Reals(a.max(*c), b.min(*d), *nan && *other)
            }
            _ => self.clone(),
        }
    }

    /// What is in one of them, or more.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        if self.is_empty() {
            return other.clone();
        }
        if other.is_empty() {
            return self.clone();
        }
        match (self, other) {
            (Self::Bools { no, yes }, Self::Bools { no: other_no, yes: other_yes }) => {
                Self::Bools { no: *no || *other_no, yes: *yes || *other_yes }
            }
            (Self::Texts(a), Self::Texts(b)) => Self::Texts(a | b),
            (Self::Texts(a), Self::TextsBut(b)) | (Self::TextsBut(b), Self::Texts(a)) => {
                Self::TextsBut(b - a)
            }
            (Self::TextsBut(a), Self::TextsBut(b)) => Self::TextsBut(a & b),
            (Self::Wholes(a, b), Self::Wholes(c, d)) => Self::Wholes(*a.min(c), *b.max(d)),
            (Self::Reals(a, b, nan), Self::Reals(c, d, other)) => {
                // A bound of an empty interval (only NaN) is beyond the other's.
                Self::Reals(a.min(*c), b.max(*d), *nan || *other)
            }
            _ => Self::Any,
        }
    }

    /// Whether `value` is in it.
    #[must_use]
    pub fn contains(&self, value: &Value) -> bool {
        match (self, Self::only(value)) {
            (Self::Reals(min, max, _), Self::Wholes(whole, _)) => {
                #[expect(clippy::cast_precision_loss, reason = "as the evaluator reads it")]
                let real = whole as f64;
                *min <= real && real <= *max
            }
            (_, Self::Any) => true,
            (_, only) => !self.meet(&only).is_empty(),
        }
    }

    /// Takes `value` out, where the set can say so: a text, or an end of an interval.
    pub(super) fn remove(&mut self, value: &Value) {
        match (self, Self::only(value)) {
            (Self::Texts(texts), Self::Texts(out)) => texts.retain(|text| !out.contains(text)),
            (Self::TextsBut(texts), Self::Texts(out)) => texts.extend(out),
            (Self::Wholes(min, max), Self::Wholes(out, _)) => {
                if *min == out {
                    *min = min.saturating_add(1);
                }
                if *max == out {
                    *max = max.saturating_sub(1);
                }
            }
            (Self::Bools { no, yes }, Self::Bools { no: out_no, yes: out_yes }) => {
                *no &= !out_no;
                *yes &= !out_yes;
            }
            _ => {}
        }
    }
}
