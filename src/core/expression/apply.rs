//! Functions applied to values.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;

use super::arithmetic;
use super::compare::{double_to_int, holds, order};
use super::functions::Function;
use super::limits::{LIST_LENGTH_MAX, REGEX_BYTES_MAX};
use super::stop::{Budget, Stop};
use super::syntax::Operator;
use super::time;
use crate::core::value::Value;

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
        Function::TypeOf => Ok(Value::from(first.type_name())),
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
        Function::Min
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

fn convert(function: Function, value: &Value) -> Result<Value, Stop> {
    let converted = match (function, value) {
        (Function::ToInt, Value::Int(i)) => Some(Value::Int(*i)),
        (Function::ToInt, Value::Uint(u)) => i64::try_from(*u).ok().map(Value::Int),
        (Function::ToInt, Value::Double(d)) => double_to_int(*d).map(|(i, _)| Value::Int(i)),
        (Function::ToInt, Value::String(s)) => s.parse().ok().map(Value::Int),
        (Function::ToInt, Value::Timestamp(t)) => Some(Value::Int(t.as_second())),
        (Function::ToUint, Value::Uint(u)) => Some(Value::Uint(*u)),
        (Function::ToUint, Value::Int(i)) => u64::try_from(*i).ok().map(Value::Uint),
        (Function::ToUint, Value::Double(d)) => double_to_uint(*d).map(Value::Uint),
        (Function::ToUint, Value::String(s)) => s.parse().ok().map(Value::Uint),
        (Function::ToDouble, Value::Int(_) | Value::Uint(_) | Value::Double(_)) => {
            value.as_f64().map(Value::Double)
        }
        (Function::ToDouble, Value::String(s)) => s.parse().ok().map(Value::Double),
        (Function::ToBool, Value::Bool(b)) => Some(Value::Bool(*b)),
        (Function::ToBool, Value::String(s)) => match &**s {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(Value::Bool(true)),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(Value::Bool(false)),
            _ => None,
        },
        (Function::ToBytes, Value::Bytes(_)) | (Function::ToText, Value::String(_)) => {
            Some(value.clone())
        }
        (Function::ToBytes, Value::String(s)) => Some(Value::Bytes(s.as_bytes().into())),
        (Function::ToTimestamp, Value::Timestamp(t)) => Some(Value::Timestamp(*t)),
        (Function::ToTimestamp, Value::Int(seconds)) => {
            Timestamp::from_second(*seconds).ok().and_then(time::in_range).map(Value::Timestamp)
        }
        (Function::ToTimestamp, Value::String(s)) => time::parse_timestamp(s).map(Value::Timestamp),
        (Function::ToDuration, Value::Duration(d)) => Some(Value::Duration(*d)),
        (Function::ToDuration, Value::String(s)) => {
            return time::duration(Some(
                time::parse_duration(s).ok_or_else(|| bad_conversion(function, value))?,
            ));
        }
        (Function::ToText, value) => spelled(value).map(|s| Value::String(s.into())),
        _ => None,
    };
    converted.ok_or_else(|| bad_conversion(function, value))
}

/// A scalar as text, as `string()` gives it.
pub(super) fn spelled(value: &Value) -> Option<String> {
    Some(match value {
        Value::Bool(b) => b.to_string(),
        Value::Int(i) => i.to_string(),
        Value::Uint(u) => u.to_string(),
        Value::Double(d) => d.to_string(),
        Value::String(s) => s.to_string(),
        Value::Bytes(b) => std::str::from_utf8(b).ok()?.to_owned(),
        Value::Timestamp(t) => t.to_string(),
        Value::Duration(d) => time::duration_text(*d),
        _ => return None,
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to lie in the range of u64"
)]
fn double_to_uint(double: f64) -> Option<u64> {
    const LIMIT: f64 = 18_446_744_073_709_551_616.0;
    (double > -1.0 && double < LIMIT).then_some(double as u64)
}

fn number(function: Function, args: &[Cow<'_, Value>]) -> Result<Value, Stop> {
    let all_int = args.iter().all(|a| matches!(**a, Value::Int(_)));
    let all_uint = args.iter().all(|a| matches!(**a, Value::Uint(_)));
    if !args.iter().all(|a| super::compare::is_number(a)) {
        return Err(no_overload(function));
    }
    let real = |index: usize| {
        args.get(index).and_then(|a| a.as_f64()).ok_or_else(|| no_overload(function))
    };
    let picked = match function {
        Function::Min => extreme(Operator::Less, args)?,
        Function::Max => extreme(Operator::Greater, args)?,
        Function::Clamp => match args {
            [x, low, high] => {
                let raised = larger(Operator::Greater, x, low)?;
                larger(Operator::Less, raised, high)?.clone()
            }
            _ => return Err(no_overload(function)),
        },
        Function::Abs | Function::Round | Function::Floor | Function::Ceil => {
            return rounded(function, args.first().ok_or_else(|| no_overload(function))?);
        }
        Function::Ln => return Ok(Value::Double(libm::log(real(0)?))),
        Function::Exp => return Ok(Value::Double(libm::exp(real(0)?))),
        Function::Sqrt => return Ok(Value::Double(libm::sqrt(real(0)?))),
        _ => return Ok(Value::Double(libm::pow(real(0)?, real(1)?))),
    };
    if all_int || all_uint {
        return Ok(picked);
    }
    picked.as_f64().map(Value::Double).ok_or_else(|| no_overload(function))
}

fn extreme(operator: Operator, args: &[Cow<'_, Value>]) -> Result<Value, Stop> {
    let mut args = args.iter().map(|a| &**a);
    let Some(mut best) = args.next() else {
        return Err(no_overload(Function::Min));
    };
    for arg in args {
        best = larger(operator, best, arg)?;
    }
    Ok(best.clone())
}

/// `b` where it is larger (or smaller, by `operator`) than `a`; NaN wins over all.
fn larger<'v>(operator: Operator, a: &'v Value, b: &'v Value) -> Result<&'v Value, Stop> {
    let a_is_nan = matches!(a, Value::Double(d) if d.is_nan());
    match order(b, a)? {
        Some(o) if !holds(operator, o) => Ok(a),
        None if a_is_nan => Ok(a),
        _ => Ok(b),
    }
}

/// Halves away from zero; whole numbers stay as they are.
fn rounded(function: Function, value: &Value) -> Result<Value, Stop> {
    Ok(match (function, value) {
        (Function::Abs, Value::Int(i)) => {
            Value::Int(i.checked_abs().ok_or(Stop::failed("integer overflow"))?)
        }
        (Function::Abs, Value::Double(d)) => Value::Double(d.abs()),
        (Function::Round, Value::Double(d)) => Value::Double(libm::round(*d)),
        (Function::Floor, Value::Double(d)) => Value::Double(libm::floor(*d)),
        (Function::Ceil, Value::Double(d)) => Value::Double(libm::ceil(*d)),
        (_, whole) => whole.clone(),
    })
}

fn text(function: Function, args: &[Cow<'_, Value>], budget: &mut Budget) -> Result<Value, Stop> {
    let args: smallvec::SmallVec<[&Value; 4]> = args.iter().map(|a| &**a).collect();
    let result = match (function, args.as_slice()) {
        (Function::Contains, [Value::String(a), Value::String(b)]) => {
            return Ok(Value::Bool(a.contains(&**b)));
        }
        (Function::StartsWith, [Value::String(a), Value::String(b)]) => {
            return Ok(Value::Bool(a.starts_with(&**b)));
        }
        (Function::EndsWith, [Value::String(a), Value::String(b)]) => {
            return Ok(Value::Bool(a.ends_with(&**b)));
        }
        (Function::Matches, [Value::String(a), Value::String(pattern)]) => {
            // Compiling costs far more than most operations.
            budget.spend(100 + pattern.len())?;
            return regex(pattern).map(|r| Value::Bool(r.is_match(a)));
        }
        (Function::LowerAscii, [Value::String(a)]) => a.to_ascii_lowercase(),
        (Function::UpperAscii, [Value::String(a)]) => a.to_ascii_uppercase(),
        (Function::Trim, [Value::String(a)]) => a.trim().to_owned(),
        (Function::Split, [Value::String(a), Value::String(separator)]) => {
            return split(a, separator, budget);
        }
        (Function::Join, [Value::List(list)]) => join(list, "", budget)?,
        (Function::Join, [Value::List(list), Value::String(by)]) => join(list, by, budget)?,
        (Function::Replace, [Value::String(a), Value::String(old), Value::String(new)]) => {
            let count = a.matches(&**old).count();
            budget.spend_bytes(a.len().saturating_add(count.saturating_mul(new.len())))?;
            a.replace(&**old, new)
        }
        (Function::Substring, [Value::String(a), Value::Int(from)]) => {
            substring(a, *from, None)?.to_owned()
        }
        (Function::Substring, [Value::String(a), Value::Int(from), Value::Int(to)]) => {
            substring(a, *from, Some(*to))?.to_owned()
        }
        _ => return Err(no_overload(function)),
    };
    budget.spend_bytes(result.len())?;
    Ok(Value::String(result.into()))
}

fn split(text: &str, separator: &str, budget: &mut Budget) -> Result<Value, Stop> {
    let limit = LIST_LENGTH_MAX + 1;
    let parts: Vec<Value> = if separator.is_empty() {
        let chars = text.chars().take(limit);
        chars.map(|c| Value::from(&*c.to_string())).collect()
    } else {
        text.split(separator).take(limit).map(Value::from).collect()
    };
    budget.spend(parts.len())?;
    arithmetic::list(parts)
}

fn join(list: &Arc<[Value]>, separator: &str, budget: &mut Budget) -> Result<String, Stop> {
    budget.spend(list.len())?;
    let mut joined = String::new();
    for (index, element) in list.iter().enumerate() {
        let text = element.as_str().ok_or_else(|| no_overload(Function::Join))?;
        if index > 0 {
            joined.push_str(separator);
        }
        joined.push_str(text);
        if joined.len() > super::limits::TEXT_BYTES_MAX {
            break;
        }
    }
    Ok(joined)
}

/// By characters, `from` inclusive, `to` exclusive.
fn substring(text: &str, from: i64, to: Option<i64>) -> Result<&str, Stop> {
    let out = || Stop::failed("substring out of range");
    let byte = |at: i64| {
        let at = usize::try_from(at).map_err(|_| out())?;
        text.char_indices()
            .map(|(i, _)| i)
            .chain(std::iter::once(text.len()))
            .nth(at)
            .ok_or_else(out)
    };
    let start = byte(from)?;
    let end = to.map_or(Ok(text.len()), byte)?;
    text.get(start..end).ok_or_else(out)
}

/// Compiles a pattern, within limits.
pub(super) fn regex(pattern: &str) -> Result<regex::Regex, Stop> {
    regex::RegexBuilder::new(pattern)
        .size_limit(REGEX_BYTES_MAX)
        .dfa_size_limit(REGEX_BYTES_MAX)
        .nest_limit(50)
        .build()
        .map_err(|e| match e {
            regex::Error::CompiledTooBig(_) => Stop::failed("pattern too large"),
            _ => Stop::failed("pattern is not a regular expression"),
        })
}

fn bad_conversion(function: Function, value: &Value) -> Stop {
    let to = match function {
        Function::ToInt => "int",
        Function::ToUint => "uint",
        Function::ToDouble => "double",
        Function::ToText => "string",
        Function::ToBool => "bool",
        Function::ToBytes => "bytes",
        Function::ToTimestamp => "timestamp",
        _ => "duration",
    };
    Stop::because(match spelled(value) {
        Some(text) if text.len() <= 64 => format!("cannot convert `{text}` to {to}"),
        _ => format!("cannot convert this {} to {to}", value.type_name()),
    })
}

fn no_overload(function: Function) -> Stop {
    let name =
        super::functions::signatures().find(|s| s.function == function).map_or("?", |s| s.name);
    Stop::because(format!("`{name}` does not take these arguments"))
}
