//! Functions applied to values. Here: the dispatch. Beside it: conversions, numbers, text.

mod calendar;
mod conversion;
mod list;
mod number;
mod text;

use std::borrow::Cow;

use super::functions::{Function, signatures};
use super::stop::{Budget, Stop};
use super::time;
use crate::core::value::Value;
use conversion::convert;
use number::number;
use text::text;

pub(super) use conversion::spelled;
pub(super) use text::regex;

/// Applies a function; its overload was chosen by the checker for the static types, so a value of
/// another type (from a `dyn`) fails here.
pub(super) fn apply(
    function: Function,
    args: &[Cow<'_, Value>],
    budget: &mut Budget,
) -> Result<Value, Stop> {
    let mut args_iter = args.iter().map(|a| &**a);
    let Some(first) = args_iter.next() else {
        return Err(no_overload(function));
    };
    match function {
        Function::Size => size(first),
        Function::ToDyn => Ok(first.clone()),
        Function::TypeOf => Ok(Value::Type(first.cel_type().into())),
        Function::ToInt
        | Function::ToUint
        | Function::ToDouble
        | Function::ToText
        | Function::ToBool
        | Function::ToBytes
        | Function::ToTimestamp
        | Function::ToDuration => convert(function, first),
        Function::Part(part) => match (first, args_iter.next()) {
            (Value::Timestamp(t), None) => time::timestamp_part(part, *t, None).map(Value::Int),
            (Value::Timestamp(t), Some(Value::String(zone))) => {
                time::timestamp_part(part, *t, Some(zone)).map(Value::Int)
            }
            (Value::Duration(d), None) => time::duration_part(part, *d).map(Value::Int),
            _ => Err(no_overload(function)),
        },
        Function::DaysBetween => match (first, args_iter.next()) {
            (Value::Timestamp(a), Some(Value::Timestamp(b))) => {
                Ok(Value::Int(time::days_between(*a, *b)))
            }
            _ => Err(no_overload(function)),
        },
        Function::YearsBetween
        | Function::MonthsBetween
        | Function::StartOfDay
        | Function::StartOfMonth => calendar::calendar(function, args),
        Function::Sum
        | Function::Average
        | Function::Distinct
        | Function::Sort
        | Function::Slice
        | Function::Flatten
        | Function::Range
        | Function::SetContains
        | Function::SetIntersects
        | Function::SetEquivalent => list::list(function, args, budget),
        Function::Reverse if matches!(first, Value::List(_)) => list::list(function, args, budget),
        Function::Greatest | Function::Least => number::extreme_of(function, args),
        Function::Trunc
        | Function::Sign
        | Function::IsNan
        | Function::IsInfinite
        | Function::IsFinite
        | Function::Min
        | Function::Max
        | Function::Clamp
        | Function::Abs
        | Function::Round
        | Function::Floor
        | Function::Ceil
        | Function::Ln
        | Function::Exp
        | Function::Pow
        | Function::Sqrt => number(function, args),
        _ => text(function, args, budget),
    }
}

fn size(value: &Value) -> Result<Value, Stop> {
    let length = match value {
        Value::String(s) => s.chars().count(),
        Value::Bytes(b) => b.len(),
        Value::List(l) => l.len(),
        Value::Map(m) => m.len(),
        _ => return Err(no_overload(Function::Size)),
    };
    i64::try_from(length).map(Value::Int).map_err(|_| Stop::failed("size out of range"))
}

fn no_overload(function: Function) -> Stop {
    let name = signatures().find(|s| s.function == function).map_or("?", |s| s.name);
    Stop::because(format!("`{name}` does not take these arguments"))
}
