//! Our values as templates see them.

use std::collections::BTreeMap;

use minijinja::Value as Shown;

use crate::core::expression::Type;
use crate::core::value::{MapKey, Value};

/// `value` for a template: moments in RFC 3339, spans of time as `12h 30m`.
pub(super) fn shown(value: &Value) -> Shown {
    match value {
        Value::Null => Shown::from(()),
        Value::Bool(truth) => Shown::from(*truth),
        Value::Int(number) => Shown::from(*number),
        Value::Uint(number) => Shown::from(*number),
        Value::Double(number) => Shown::from(*number),
        Value::String(text) | Value::Type(text) => Shown::from(text.to_string()),
        Value::Bytes(bytes) => Shown::from(String::from_utf8_lossy(bytes).into_owned()),
        Value::Timestamp(at) => Shown::from(at.to_string()),
        Value::Duration(span) => Shown::from(format!("{span:#}")),
        Value::List(items) => Shown::from(items.iter().map(shown).collect::<Vec<_>>()),
        Value::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| {
                let key = match key {
                    MapKey::Bool(truth) => truth.to_string(),
                    MapKey::Int(number) => number.to_string(),
                    MapKey::Uint(number) => number.to_string(),
                    MapKey::String(text) => text.to_string(),
                };
                (key, shown(value))
            });
            Shown::from(entries.collect::<BTreeMap<_, _>>())
        }
    }
}

/// Some value of that type, to try a template out when it is loaded.
pub(super) fn sample(ty: &Type) -> Shown {
    match ty {
        Type::Bool => Shown::from(true),
        Type::Int | Type::Uint => Shown::from(1),
        Type::Double => Shown::from(1.5),
        Type::Timestamp => Shown::from("2026-01-31T12:00:00Z"),
        Type::Duration => Shown::from("1h"),
        Type::List(item) => Shown::from(vec![sample(item)]),
        Type::Map(..) => Shown::from(BTreeMap::<String, Shown>::new()),
        Type::Enum(values) => {
            Shown::from(values.first().map_or_else(String::new, ToString::to_string))
        }
        Type::String | Type::Bytes | Type::Dyn | Type::Null | Type::Type => Shown::from("text"),
    }
}
