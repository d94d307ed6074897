//! Conversions between types (cel-spec langdef, "Type Conversions").

use jiff::Timestamp;

use crate::core::expression::compare::double_to_int;
use crate::core::expression::functions::Function;
use crate::core::expression::stop::Stop;
use crate::core::expression::time;
use crate::core::value::Value;

pub(super) fn convert(function: Function, value: &Value) -> Result<Value, Stop> {
    let converted = match (function, value) {
        (Function::ToInt, Value::Int(i)) => Some(Value::Int(*i)),
        (Function::ToInt, Value::Uint(u)) => i64::try_from(*u).ok().map(Value::Int),
        // -2^63 is refused like 2^63: neither is told apart from its neighbours as a double.
        (Function::ToInt, Value::Double(d)) => {
            double_to_int(*d).filter(|(i, _)| *i != i64::MIN).map(|(i, _)| Value::Int(i))
        }
        (Function::ToInt, Value::String(s)) => s.parse().ok().map(Value::Int),
        (Function::ToInt, Value::Timestamp(t)) => {
            i64::try_from(t.as_nanosecond().div_euclid(1_000_000_000)).ok().map(Value::Int)
        }
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
pub(in super::super) fn spelled(value: &Value) -> Option<String> {
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
    (0.0..LIMIT).contains(&double).then_some(double as u64)
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
