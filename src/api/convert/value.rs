//! Values: checked against their declared types on the way in; as they are on the way out.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::bounds::{LIST_ENTRIES_MAX, TEXT_BYTES_MAX};
use super::fault::{Reason, Wrong, too_long};
use super::{name, time};
use crate::api::wire::v1;
use crate::api::wire::v1::value::Kind;
use crate::core::expression::Type;
use crate::core::value::{MapKey, Value};

/// What a declared value must be like.
#[derive(Clone, Copy, Debug)]
pub struct Declared<'a> {
    /// Its type.
    pub ty: &'a Type,
    /// Smallest and largest number allowed.
    pub range: (Option<f64>, Option<f64>),
}

/// Deepest nesting of lists and maps where the type is open.
const DEPTH_MAX: usize = 8;

/// The value, if it is what is declared. An integer is taken where a double is declared.
pub fn typed(value: &v1::Value, declared: Declared<'_>) -> Result<Value, Wrong> {
    let kind = given(value)?;
    let value = of_type(kind, declared.ty)?;
    in_range(&value, declared.range)?;
    Ok(value)
}

fn given(value: &v1::Value) -> Result<&Kind, Wrong> {
    let none = || (Reason::Required, "no value is set".to_owned());
    value.kind.as_ref().ok_or_else(none)
}

fn of_type(kind: &Kind, ty: &Type) -> Result<Value, Wrong> {
    match (ty, kind) {
        (Type::Dyn, kind) => open(kind, DEPTH_MAX),
        (Type::Null, Kind::NullValue(_)) => Ok(Value::Null),
        (Type::Bool, Kind::BoolValue(b)) => Ok(Value::Bool(*b)),
        (Type::Int, Kind::IntValue(i)) => Ok(Value::Int(*i)),
        (Type::Int, Kind::UintValue(u)) => match i64::try_from(*u) {
            Ok(i) => Ok(Value::Int(i)),
            Err(_) => Err((Reason::OutOfRange, "does not fit a signed 64-bit integer".to_owned())),
        },
        (Type::Uint, Kind::UintValue(u)) => Ok(Value::Uint(*u)),
        (Type::Uint, Kind::IntValue(i)) => match u64::try_from(*i) {
            Ok(u) => Ok(Value::Uint(u)),
            Err(_) => Err((Reason::OutOfRange, "must not be negative".to_owned())),
        },
        (Type::Double, Kind::DoubleValue(d)) => finite(*d),
        #[expect(clippy::cast_precision_loss, reason = "what a double can hold of it")]
        (Type::Double, Kind::IntValue(i)) => Ok(Value::Double(*i as f64)),
        #[expect(clippy::cast_precision_loss, reason = "what a double can hold of it")]
        (Type::Double, Kind::UintValue(u)) => Ok(Value::Double(*u as f64)),
        (Type::String, Kind::StringValue(s)) => text(s),
        (Type::Enum(allowed), Kind::StringValue(s)) => one_of(s, allowed),
        (Type::Bytes, Kind::BytesValue(b)) => raw(b),
        (Type::Timestamp, Kind::TimestampValue(t)) => {
            Ok(Value::Timestamp(time::instant(t)?.to_timestamp()))
        }
        (Type::Duration, Kind::DurationValue(d)) => Ok(Value::Duration(time::span(d)?)),
        (Type::List(of), Kind::ListValue(list)) => {
            bounded(list.values.len())?;
            let values = list.values.iter().map(|value| of_type(given(value)?, of));
            Ok(Value::List(values.collect::<Result<Vec<_>, _>>()?.into()))
        }
        (Type::Map(..), Kind::MapValue(_)) => open(kind, DEPTH_MAX),
        _ => Err(mismatch(kind, ty)),
    }
}

/// A value where any type will do.
fn open(kind: &Kind, depth: usize) -> Result<Value, Wrong> {
    if depth == 0 {
        return Err((Reason::TooMuch, format!("nested deeper than {DEPTH_MAX}")));
    }
    match kind {
        Kind::ListValue(list) => {
            bounded(list.values.len())?;
            let values = list.values.iter().map(|value| open(given(value)?, depth - 1));
            Ok(Value::List(values.collect::<Result<Vec<_>, _>>()?.into()))
        }
        Kind::MapValue(map) => {
            bounded(map.entries.len())?;
            let entries = map.entries.iter().map(|(key, value)| {
                text(key)?;
                Ok((MapKey::String(key.as_str().into()), open(given(value)?, depth - 1)?))
            });
            Ok(Value::Map(Arc::new(entries.collect::<Result<_, Wrong>>()?)))
        }
        Kind::NullValue(_) => Ok(Value::Null),
        Kind::BoolValue(b) => Ok(Value::Bool(*b)),
        Kind::IntValue(i) => Ok(Value::Int(*i)),
        Kind::UintValue(u) => Ok(Value::Uint(*u)),
        Kind::DoubleValue(d) => finite(*d),
        Kind::StringValue(s) => text(s),
        Kind::BytesValue(b) => raw(b),
        Kind::TimestampValue(t) => Ok(Value::Timestamp(time::instant(t)?.to_timestamp())),
        Kind::DurationValue(d) => Ok(Value::Duration(time::span(d)?)),
    }
}

fn finite(number: f64) -> Result<Value, Wrong> {
    if number.is_finite() {
        Ok(Value::Double(number))
    } else {
        Err((Reason::OutOfRange, "must be a finite number".to_owned()))
    }
}

fn text(text: &str) -> Result<Value, Wrong> {
    if text.len() > TEXT_BYTES_MAX {
        return Err((Reason::TooMuch, too_long(text.len(), TEXT_BYTES_MAX)));
    }
    Ok(Value::String(text.into()))
}

fn raw(bytes: &[u8]) -> Result<Value, Wrong> {
    if bytes.len() > TEXT_BYTES_MAX {
        return Err((Reason::TooMuch, too_long(bytes.len(), TEXT_BYTES_MAX)));
    }
    Ok(Value::Bytes(bytes.into()))
}

fn one_of(given: &str, allowed: &BTreeSet<Arc<str>>) -> Result<Value, Wrong> {
    if let Some(known) = allowed.get(given) {
        return Ok(Value::String(known.clone()));
    }
    let mut message = "is none of the declared values".to_owned();
    if let Some(hint) = name::hint(given, allowed.iter().map(|value| &**value)) {
        message.push_str("; ");
        message.push_str(&hint);
    }
    Err((Reason::OutOfRange, message))
}

fn bounded(entries: usize) -> Result<(), Wrong> {
    if entries > LIST_ENTRIES_MAX {
        let message =
            format!("{entries} entries are given, at most {LIST_ENTRIES_MAX} are allowed");
        return Err((Reason::TooMuch, message));
    }
    Ok(())
}

fn in_range(value: &Value, (min, max): (Option<f64>, Option<f64>)) -> Result<(), Wrong> {
    let number = match value {
        Value::Int(_) | Value::Uint(_) | Value::Double(_) => value.as_f64(),
        _ => None,
    };
    let Some(number) = number else { return Ok(()) };
    match (min, max) {
        (Some(min), _) if number < min => {
            Err((Reason::OutOfRange, format!("must be at least {min}")))
        }
        (_, Some(max)) if number > max => {
            Err((Reason::OutOfRange, format!("must be at most {max}")))
        }
        _ => Ok(()),
    }
}

fn mismatch(given: &Kind, expected: &Type) -> Wrong {
    let mut message = format!("expected {}, given {}", type_name(expected), kind_name(given));
    if matches!(given, Kind::NullValue(_)) {
        message.push_str("; leave it out when it is not known");
    }
    (Reason::WrongType, message)
}

/// The name of a type as the wire and the schema write it.
pub fn type_name(ty: &Type) -> String {
    match ty {
        Type::Dyn => "any type".to_owned(),
        Type::Null => "null".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Int => "int".to_owned(),
        Type::Uint => "uint".to_owned(),
        Type::Double => "double".to_owned(),
        Type::String | Type::Enum(_) => "string".to_owned(),
        Type::Bytes => "bytes".to_owned(),
        Type::Timestamp => "timestamp".to_owned(),
        Type::Duration => "duration".to_owned(),
        Type::List(of) => format!("list<{}>", type_name(of)),
        Type::Map(key, of) => format!("map<{}, {}>", type_name(key), type_name(of)),
        Type::Type => "type".to_owned(),
    }
}

fn kind_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::NullValue(_) => "null",
        Kind::BoolValue(_) => "bool",
        Kind::IntValue(_) => "int",
        Kind::UintValue(_) => "uint",
        Kind::DoubleValue(_) => "double",
        Kind::StringValue(_) => "string",
        Kind::BytesValue(_) => "bytes",
        Kind::TimestampValue(_) => "timestamp",
        Kind::DurationValue(_) => "duration",
        Kind::ListValue(_) => "list",
        Kind::MapValue(_) => "map",
    }
}

/// A value for the wire.
pub fn wire(value: &Value) -> v1::Value {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(b) => Kind::BoolValue(*b),
        Value::Int(i) => Kind::IntValue(*i),
        Value::Uint(u) => Kind::UintValue(*u),
        Value::Double(d) => Kind::DoubleValue(*d),
        Value::String(s) | Value::Type(s) => Kind::StringValue(s.to_string()),
        Value::Bytes(b) => Kind::BytesValue(bytes::Bytes::copy_from_slice(b)),
        Value::Timestamp(at) => Kind::TimestampValue(prost_types::Timestamp {
            seconds: at.as_second().saturating_sub(i64::from(at.subsec_nanosecond() < 0)),
            nanos: at.subsec_nanosecond().rem_euclid(1_000_000_000),
        }),
        Value::Duration(span) => Kind::DurationValue(prost_types::Duration {
            seconds: span.as_secs(),
            nanos: span.subsec_nanos(),
        }),
        Value::List(values) => {
            Kind::ListValue(v1::ValueList { values: values.iter().map(wire).collect() })
        }
        Value::Map(entries) => Kind::MapValue(v1::ValueMap {
            entries: entries.iter().map(|(key, value)| (key_text(key), wire(value))).collect(),
        }),
    };
    v1::Value { kind: Some(kind) }
}

fn key_text(key: &MapKey) -> String {
    match key {
        MapKey::Bool(b) => b.to_string(),
        MapKey::Int(i) => i.to_string(),
        MapKey::Uint(u) => u.to_string(),
        MapKey::String(s) => s.to_string(),
    }
}

#[cfg(test)]
mod tests;
