//! Values of expressions as JSON and back. JSON has fewer types than CEL: what it cannot hold goes
//! out as text, and comes in as `{"@type": ..., "value": ...}`.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};

use crate::core::value::{MapKey, Value};

/// Whole numbers up to here are exact in every reader of JSON (2^53).
const EXACT_MAX: u64 = 1 << 53;

/// A value for JSON: whole numbers beyond 2^53 and doubles that are not finite as text, bytes in
/// base64, instants in RFC 3339, spans of time as `3.5s`, types by name.
#[must_use]
pub fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(truth) => json!(truth),
        Value::Int(int) if int.unsigned_abs() <= EXACT_MAX => json!(int),
        Value::Int(int) => json!(int.to_string()),
        Value::Uint(uint) if *uint <= EXACT_MAX => json!(uint),
        Value::Uint(uint) => json!(uint.to_string()),
        Value::Double(double) if double.is_finite() => json!(double),
        Value::Double(double) => json!(not_finite(*double)),
        Value::String(text) | Value::Type(text) => json!(text),
        Value::Bytes(bytes) => json!(STANDARD.encode(bytes)),
        Value::Timestamp(at) => json!(at.to_string()),
        Value::Duration(span) => json!(seconds(*span)),
        Value::List(items) => items.iter().map(to_json).collect(),
        Value::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| (key_text(key), to_json(value)));
            Json::Object(entries.collect::<Map<_, _>>())
        }
    }
}

fn not_finite(double: f64) -> &'static str {
    match double {
        d if d.is_nan() => "NaN",
        d if d > 0.0 => "Infinity",
        _ => "-Infinity",
    }
}

fn key_text(key: &MapKey) -> String {
    match key {
        MapKey::Bool(key) => key.to_string(),
        MapKey::Int(key) => key.to_string(),
        MapKey::Uint(key) => key.to_string(),
        MapKey::String(key) => key.to_string(),
    }
}

/// A span of time in seconds, `-1.5s`.
fn seconds(span: jiff::SignedDuration) -> String {
    let nanos = span.as_nanos();
    let sign = if nanos < 0 { "-" } else { "" };
    let (whole, part) =
        (nanos.unsigned_abs() / 1_000_000_000, nanos.unsigned_abs() % 1_000_000_000);
    let digits = format!("{part:09}");
    match digits.trim_end_matches('0') {
        "" => format!("{sign}{whole}s"),
        digits => format!("{sign}{whole}.{digits}s"),
    }
}

/// A value from JSON. Whole numbers are `int` where they fit, else `uint`; others `double`.
/// `{"@type": T, "value": V}` is of type T; a map with keys that are not text is
/// `{"@type": "map", "entries": [[key, value], ...]}`.
///
/// # Errors
/// When a typed value is not of its type.
pub fn from_json(json: &Json) -> Result<Value, String> {
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(int), _) => Value::Int(int),
            (None, Some(uint)) => Value::Uint(uint),
            (None, None) => Value::Double(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => {
            Value::List(items.iter().map(from_json).collect::<Result<Vec<_>, _>>()?.into())
        }
        Json::Object(fields) => match fields.get("@type").and_then(Json::as_str) {
            Some(name) => typed(name, fields)?,
            None => {
                let entries = fields.iter().map(|(name, value)| {
                    Ok((MapKey::String(name.as_str().into()), from_json(value)?))
                });
                Value::Map(Arc::new(entries.collect::<Result<BTreeMap<_, _>, String>>()?))
            }
        },
    })
}

fn typed(name: &str, fields: &Map<String, Json>) -> Result<Value, String> {
    let shown = fields.get("value").unwrap_or(&Json::Null);
    let wrong = || format!("`{shown}` is not a value of type `{name}`");
    let text = match shown {
        Json::String(text) => text.clone(),
        Json::Number(number) => number.to_string(),
        _ => String::new(),
    };
    Ok(match name {
        "null_type" => Value::Null,
        "bool" => Value::Bool(shown.as_bool().ok_or_else(wrong)?),
        "int" => Value::Int(text.parse().map_err(|_| wrong())?),
        "uint" => Value::Uint(text.parse().map_err(|_| wrong())?),
        "double" => Value::Double(text.parse().map_err(|_| wrong())?),
        "string" => Value::from(shown.as_str().ok_or_else(wrong)?),
        "bytes" => Value::Bytes(STANDARD.decode(&text).map_err(|_| wrong())?.into()),
        "timestamp" | "google.protobuf.Timestamp" => {
            Value::Timestamp(text.parse().map_err(|_| wrong())?)
        }
        "duration" | "google.protobuf.Duration" => {
            let span = crate::core::expression::parse_duration(&text);
            Value::Duration(span.ok_or_else(wrong)?)
        }
        "type" => Value::Type(text.into()),
        "list" => from_json(shown)?,
        "map" => {
            let entries = fields.get("entries").and_then(Json::as_array).ok_or_else(|| {
                "a `map` has `entries`, a list of pairs of key and value".to_owned()
            })?;
            Value::Map(Arc::new(entries.iter().map(entry).collect::<Result<_, _>>()?))
        }
        other => return Err(format!("there is no type `{other}`")),
    })
}

fn entry(pair: &Json) -> Result<(MapKey, Value), String> {
    let wrong = || format!("`{pair}` is not a pair of key and value");
    let Some([key, value]) = pair.as_array().map(Vec::as_slice) else {
        return Err(wrong());
    };
    let key = match from_json(key)? {
        Value::Bool(key) => MapKey::Bool(key),
        Value::Int(key) => MapKey::Int(key),
        Value::Uint(key) => i64::try_from(key).map_or(MapKey::Uint(key), MapKey::Int),
        Value::String(key) => MapKey::String(key),
        _ => return Err(wrong()),
    };
    Ok((key, from_json(value)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_cannot_hold_comes_back_typed() {
        let there_and_back = [
            (json!({"@type": "uint", "value": 7}), Value::Uint(7), json!(7)),
            (
                json!({"@type": "int", "value": "9223372036854775807"}),
                Value::Int(i64::MAX),
                json!("9223372036854775807"),
            ),
            (
                json!({"@type": "double", "value": "-inf"}),
                Value::Double(f64::NEG_INFINITY),
                json!("-Infinity"),
            ),
            (json!({"@type": "double", "value": 1}), Value::Double(1.0), json!(1.0)),
            (json!({"@type": "bytes", "value": "/w=="}), Value::Bytes([255].into()), json!("/w==")),
            (
                json!({"@type": "duration", "value": "-1m1.5s"}),
                Value::Duration(jiff::SignedDuration::from_millis(-61_500)),
                json!("-61.5s"),
            ),
            (
                json!({"@type": "google.protobuf.Timestamp", "value": "2026-01-31T09:00:00+01:00"}),
                Value::Timestamp("2026-01-31T08:00:00Z".parse().unwrap()),
                json!("2026-01-31T08:00:00Z"),
            ),
        ];
        for (given, value, shown) in there_and_back {
            assert_eq!(from_json(&given), Ok(value.clone()), "{given}");
            assert_eq!(to_json(&value), shown);
        }
        let map = from_json(&json!({"@type": "map", "entries": [[1, "a"], [true, "b"]]})).unwrap();
        assert_eq!(to_json(&map), json!({"true": "b", "1": "a"}));
        for wrong in [
            json!({"@type": "uint", "value": -1}),
            json!({"@type": "date", "value": "x"}),
            json!({"@type": "map", "entries": [[1]]}),
        ] {
            assert!(from_json(&wrong).is_err(), "{wrong}");
        }
    }
}
