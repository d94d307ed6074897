//! Equality and order of values (cel-spec langdef, "Equality" and "Ordering").

use std::cmp::Ordering;

use super::stop::{Budget, Stop};
use super::syntax::Operator;
use crate::core::value::{MapKey, Value};

/// `a == b`: numbers by their mathematical value, values of different kinds never, NaN never.
pub(super) fn equal(a: &Value, b: &Value, budget: &mut Budget) -> Result<bool, Stop> {
    Ok(match (a, b) {
        (Value::String(a), Value::String(b)) => a == b,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Null, Value::Null) => true,
        (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::Timestamp(a), Value::Timestamp(b)) => a == b,
        (Value::Duration(a), Value::Duration(b)) => a == b,
        (Value::Type(a), Value::Type(b)) => a == b,
        (Value::List(a), Value::List(b)) => {
            if a.len() != b.len() {
                return Ok(false);
            }
            budget.spend(a.len())?;
            for (a, b) in a.iter().zip(b.iter()) {
                if !equal(a, b, budget)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Map(a), Value::Map(b)) => {
            if a.len() != b.len() {
                return Ok(false);
            }
            budget.spend(a.len())?;
            for ((a_key, a), (b_key, b)) in a.iter().zip(b.iter()) {
                if a_key != b_key || !equal(a, b, budget)? {
                    return Ok(false);
                }
            }
            true
        }
        _ => numeric(a, b) == Some(Ordering::Equal),
    })
}

/// How two values are ordered; `Ok(None)` where one is NaN.
pub(super) fn order(a: &Value, b: &Value) -> Result<Option<Ordering>, Stop> {
    Ok(match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Double(a), Value::Double(b)) => a.partial_cmp(b),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Bytes(a), Value::Bytes(b)) => Some(a.cmp(b)),
        (Value::Timestamp(a), Value::Timestamp(b)) => Some(a.cmp(b)),
        (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
        _ if is_number(a) && is_number(b) => numeric(a, b),
        _ => {
            // In one order, whichever way round the comparison is compiled.
            let mut names = [a.type_name(), b.type_name()];
            names.sort_unstable();
            let [a, b] = names;
            return Err(Stop::because(format!("cannot order {a} and {b}")));
        }
    })
}

/// Applies one of the six comparisons.
pub(super) fn compare(
    operator: Operator,
    a: &Value,
    b: &Value,
    budget: &mut Budget,
) -> Result<bool, Stop> {
    match operator {
        Operator::Equal => equal(a, b, budget),
        Operator::NotEqual => equal(a, b, budget).map(|e| !e),
        _ => order(a, b).map(|o| o.is_some_and(|o| holds(operator, o))),
    }
}

/// Whether a comparison holds for two things so ordered.
#[inline]
pub(super) fn holds(operator: Operator, order: Ordering) -> bool {
    match operator {
        Operator::Equal => order.is_eq(),
        Operator::NotEqual => order.is_ne(),
        Operator::Less => order.is_lt(),
        Operator::LessEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        Operator::GreaterEqual => order.is_ge(),
        _ => false,
    }
}

/// `needle in haystack`: an element of a list, a key of a map.
pub(super) fn contains(
    needle: &Value,
    haystack: &Value,
    budget: &mut Budget,
) -> Result<bool, Stop> {
    match haystack {
        Value::List(elements) => {
            budget.spend(elements.len() / 16)?;
            for element in elements.iter() {
                if equal(needle, element, budget)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Value::Map(map) => Ok(map_key(needle).is_some_and(|key| map.contains_key(&key))),
        other => {
            Err(Stop::because(format!("`in` wants a list or a map, not {}", other.type_name())))
        }
    }
}

/// `container[index]`.
pub(super) fn element<'v>(container: &'v Value, index: &Value) -> Result<&'v Value, Stop> {
    match container {
        Value::List(elements) => {
            let at = match map_key(index) {
                Some(MapKey::Int(at)) => at,
                Some(MapKey::Uint(_)) => return Err(Stop::failed("index out of bounds")),
                _ => return Err(Stop::failed("a list index must be a whole number")),
            };
            usize::try_from(at)
                .ok()
                .and_then(|at| elements.get(at))
                .ok_or_else(|| Stop::failed("index out of bounds"))
        }
        Value::Map(map) => {
            let key = map_key(index).ok_or_else(|| no_key(index))?;
            map.get(&key).ok_or_else(|| no_key(index))
        }
        other => Err(Stop::because(format!("{} cannot be indexed", other.type_name()))),
    }
}

fn no_key(index: &Value) -> Stop {
    match index {
        Value::String(s) => Stop::because(format!("no such key: `{s}`")),
        Value::Int(i) => Stop::because(format!("no such key: `{i}`")),
        _ => Stop::failed("no such key"),
    }
}

/// The map key a value is; doubles are keys where they are whole.
pub(super) fn map_key(value: &Value) -> Option<MapKey> {
    Some(match value {
        Value::Bool(b) => MapKey::Bool(*b),
        Value::Int(i) => MapKey::Int(*i),
        Value::Uint(u) => i64::try_from(*u).map_or(MapKey::Uint(*u), MapKey::Int),
        Value::String(s) => MapKey::String(s.clone()),
        Value::Double(d) => match double_to_int(*d) {
            Some((i, true)) => MapKey::Int(i),
            _ => return None,
        },
        _ => return None,
    })
}

/// The value a map key is.
pub(super) fn key_value(key: &MapKey) -> Value {
    match key {
        MapKey::Bool(b) => Value::Bool(*b),
        MapKey::Int(i) => Value::Int(*i),
        MapKey::Uint(u) => Value::Uint(*u),
        MapKey::String(s) => Value::String(s.clone()),
    }
}

pub(super) fn is_number(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Uint(_) | Value::Double(_))
}

fn numeric(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Uint(a), Value::Uint(b)) => Some(a.cmp(b)),
        (Value::Double(a), Value::Double(b)) => a.partial_cmp(b),
        (Value::Int(a), Value::Uint(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Value::Uint(a), Value::Int(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Value::Int(a), Value::Double(b)) => whole_and_double(i128::from(*a), *b),
        (Value::Uint(a), Value::Double(b)) => whole_and_double(i128::from(*a), *b),
        (Value::Double(a), Value::Int(b)) => {
            whole_and_double(i128::from(*b), *a).map(Ordering::reverse)
        }
        (Value::Double(a), Value::Uint(b)) => {
            whole_and_double(i128::from(*b), *a).map(Ordering::reverse)
        }
        _ => None,
    }
}

/// Exact: no rounding of the whole number.
fn whole_and_double(whole: i128, double: f64) -> Option<Ordering> {
    if double.is_nan() {
        return None;
    }
    let truncated = libm::trunc(double);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the cast saturates beyond every i64 and u64, which keeps the order"
    )]
    let order = whole.cmp(&(truncated as i128));
    Some(order.then_with(|| truncated.partial_cmp(&double).unwrap_or(Ordering::Equal)))
}

/// The whole part of a double that fits, and whether that is all of it.
#[expect(clippy::cast_possible_truncation, reason = "checked to lie in the range of i64")]
pub(super) fn double_to_int(double: f64) -> Option<(i64, bool)> {
    // 2^63 is a double; every smaller one down to -2^63 truncates to an i64.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if !(-LIMIT..LIMIT).contains(&double) {
        return None;
    }
    let truncated = libm::trunc(double);
    #[expect(clippy::float_cmp, reason = "whether nothing was cut off")]
    Some((truncated as i64, truncated == double))
}
