//! The classes into which constants cut the values of a slot.

use std::sync::Arc;

use super::other_than;
use crate::core::expression::Type;
use crate::core::value::Value;

/// Nanoseconds, of instants and spans.
const NANOS: i128 = 1_000_000_000;

/// Classes of values, numbered from 0.
#[derive(Clone, Debug)]
pub(super) enum Classes {
    /// `false`, then `true`.
    Bools,
    /// Each text, sorted; then any other.
    Texts(Vec<Arc<str>>),
    /// Around sorted cuts: below the first, the first, between, the second ... above the last.
    Wholes(Kind, Vec<i128>),
    /// As `Wholes`; then NaN.
    Doubles(Vec<f64>),
}

/// What whole numbers stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    /// Nanoseconds since 1970.
    Timestamp,
    /// Nanoseconds.
    Duration,
}

impl Classes {
    /// The classes of values of type `ty` among `constants`; `None` where there is no order or
    /// equality to cut by.
    pub(super) fn new<'v>(
        ty: &Type,
        constants: impl IntoIterator<Item = &'v Value>,
    ) -> Option<Self> {
        let constants = constants.into_iter();
        let wholes = |kind: Kind, cuts: Vec<i128>| Some(Self::Wholes(kind, sorted(cuts)));
        match ty {
            Type::Bool => Some(Self::Bools),
            Type::String | Type::Enum(_) => {
                let mut texts = Vec::new();
                for constant in constants {
                    if let Value::String(text) = constant {
                        texts.push(text.clone());
                    }
                }
                texts.sort_unstable();
                texts.dedup();
                Some(Self::Texts(texts))
            }
            Type::Int => {
                let mut cuts = Vec::new();
                for constant in constants {
                    cuts.extend(whole_cuts(constant)?);
                }
                wholes(Kind::Int, cuts)
            }
            Type::Double => {
                let mut cuts = Vec::new();
                for constant in constants {
                    cuts.push(exact_double(constant)?);
                }
                cuts.sort_by(f64::total_cmp);
                cuts.dedup_by(|a, b| *a == *b);
                Some(Self::Doubles(cuts))
            }
            Type::Timestamp | Type::Duration => {
                let kind = if *ty == Type::Timestamp { Kind::Timestamp } else { Kind::Duration };
                wholes(
                    kind,
                    constants.map(|constant| whole(kind, constant)).collect::<Option<_>>()?,
                )
            }
            _ => None,
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Bools => 2,
            Self::Texts(texts) => texts.len() + 1,
            Self::Wholes(_, cuts) => 2 * cuts.len() + 1,
            Self::Doubles(cuts) => 2 * cuts.len() + 2,
        }
    }

    /// The class of a value; `None` where it is of another type.
    pub(super) fn of(&self, value: &Value) -> Option<usize> {
        match (self, value) {
            (Self::Bools, Value::Bool(value)) => Some(usize::from(*value)),
            (Self::Texts(texts), Value::String(text)) => {
                // A scan of a few beats a search: most differ in length or in their first bytes.
                const SCANNED_MAX: usize = 8;
                if texts.len() <= SCANNED_MAX {
                    let found = texts.iter().position(|known| **known == **text);
                    return Some(found.unwrap_or(texts.len()));
                }
                let found = texts.binary_search_by(|known| (**known).cmp(&**text));
                Some(found.unwrap_or(texts.len()))
            }
            (Self::Wholes(kind, cuts), value) => {
                let whole = whole(*kind, value)?;
                let at = cuts.partition_point(|cut| *cut < whole);
                Some(2 * at + usize::from(cuts.get(at) == Some(&whole)))
            }
            (Self::Doubles(cuts), Value::Double(double)) => Some(among(cuts, *double)),
            // Read as a double, as the evaluator does.
            (Self::Doubles(cuts), Value::Int(_) | Value::Uint(_)) => {
                value.as_f64().map(|double| among(cuts, double))
            }
            _ => None,
        }
    }

    /// One value of each class; where a class is empty, any value.
    pub(super) fn samples(&self) -> Vec<Value> {
        match self {
            Self::Bools => vec![false.into(), true.into()],
            Self::Texts(texts) => {
                let other = Value::String(other_than(texts));
                texts.iter().map(|text| Value::String(text.clone())).chain([other]).collect()
            }
            Self::Wholes(kind, cuts) => {
                let mut wholes = Vec::with_capacity(self.len());
                for (at, cut) in cuts.iter().enumerate() {
                    // Below the cut; between neighbours there may be nothing.
                    let empty = at > 0 && cuts.get(at - 1) == Some(&(cut - 1));
                    wholes.push(if empty { *cut } else { cut - 1 });
                    wholes.push(*cut);
                }
                wholes.push(cuts.last().map_or(0, |last| last + 1));
                wholes.into_iter().map(|whole| value(*kind, whole)).collect()
            }
            Self::Doubles(cuts) => {
                let mut doubles = Vec::with_capacity(self.len());
                for cut in cuts {
                    doubles.push(cut.next_down());
                    doubles.push(*cut);
                }
                doubles.push(cuts.last().map_or(0.0, |last| last.next_up()));
                doubles.push(f64::NAN);
                doubles.into_iter().map(Value::Double).collect()
            }
        }
    }
}

fn among(cuts: &[f64], double: f64) -> usize {
    if double.is_nan() {
        return 2 * cuts.len() + 1;
    }
    let at = cuts.partition_point(|cut| *cut < double);
    2 * at + usize::from(cuts.get(at).is_some_and(|cut| *cut == double))
}

fn sorted(mut cuts: Vec<i128>) -> Vec<i128> {
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

/// The cuts that a constant makes among whole numbers: a fraction lies between two of them.
fn whole_cuts(constant: &Value) -> Option<Vec<i128>> {
    match constant {
        Value::Int(int) => Some(vec![i128::from(*int)]),
        Value::Uint(uint) => Some(vec![i128::from(*uint)]),
        // Beyond these every int is on one side.
        Value::Double(double) if double.abs() > 1e19 => Some(Vec::new()),
        #[expect(clippy::cast_possible_truncation, reason = "below 1e19, and floor is whole")]
        Value::Double(double) if double.is_finite() => {
            let floor = libm::floor(*double) as i128;
            Some(vec![floor, floor + 1])
        }
        _ => None,
    }
}

/// The constant as a double, where nothing is lost.
#[expect(clippy::cast_precision_loss, reason = "checked to be exact")]
fn exact_double(constant: &Value) -> Option<f64> {
    match constant {
        Value::Double(double) if !double.is_nan() => Some(*double),
        Value::Int(int) if int.unsigned_abs() < 1 << 53 => Some(*int as f64),
        Value::Uint(uint) if *uint < 1 << 53 => Some(*uint as f64),
        _ => None,
    }
}

fn whole(kind: Kind, value: &Value) -> Option<i128> {
    match (kind, value) {
        (Kind::Int, Value::Int(int)) => Some(i128::from(*int)),
        (Kind::Timestamp, Value::Timestamp(at)) => Some(at.as_nanosecond()),
        (Kind::Duration, Value::Duration(span)) => Some(span.as_nanos()),
        _ => None,
    }
}

/// The value that a whole number stands for; beyond what the type can hold, its nearest.
#[expect(clippy::cast_possible_truncation, reason = "clamped before")]
fn value(kind: Kind, whole: i128) -> Value {
    match kind {
        Kind::Int => Value::Int(whole.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64),
        Kind::Timestamp => {
            let (least, most) = (jiff::Timestamp::MIN, jiff::Timestamp::MAX);
            let clamped = whole.clamp(least.as_nanosecond(), most.as_nanosecond());
            Value::Timestamp(jiff::Timestamp::from_nanosecond(clamped).unwrap_or(most))
        }
        Kind::Duration => {
            let seconds = whole.div_euclid(NANOS);
            let clamped = seconds.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64;
            let nanos = whole.rem_euclid(NANOS) as i32;
            Value::Duration(jiff::SignedDuration::new(clamped, nanos))
        }
    }
}
