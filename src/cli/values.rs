//! Values between the command line, the wire and JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::api::wire::v1;
use crate::api::wire::v1::value::Kind;

/// Text on the wire.
#[must_use]
pub fn text(text: &str) -> v1::Value {
    v1::Value { kind: Some(Kind::StringValue(text.to_owned())) }
}

/// A bool on the wire.
#[must_use]
pub fn bool(value: bool) -> v1::Value {
    v1::Value { kind: Some(Kind::BoolValue(value)) }
}

/// An integer on the wire.
#[must_use]
pub fn int(value: i64) -> v1::Value {
    v1::Value { kind: Some(Kind::IntValue(value)) }
}

/// A double on the wire.
#[must_use]
pub fn double(value: f64) -> v1::Value {
    v1::Value { kind: Some(Kind::DoubleValue(value)) }
}

/// `NAME=VALUE`, where the value is JSON or else text: `age=31`, `page=home`, `page="31"`.
///
/// # Errors
/// Without `=` or name, or with JSON that has no place on the wire.
pub fn parse_entry(entry: &str) -> Result<(String, v1::Value), String> {
    let (name, value) = entry.split_once('=').unwrap_or(("", ""));
    if name.is_empty() {
        return Err(format!("`{entry}` is not of the form `NAME=VALUE`"));
    }
    let json = serde_json::from_str(value).unwrap_or_else(|_| Json::from(value));
    Ok((name.to_owned(), from_json(&json)))
}

fn from_json(json: &Json) -> v1::Value {
    let kind = match json {
        Json::Null => Kind::NullValue(0),
        Json::Bool(value) => Kind::BoolValue(*value),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(int), _) => Kind::IntValue(int),
            (None, Some(uint)) => Kind::UintValue(uint),
            (None, None) => Kind::DoubleValue(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => Kind::StringValue(text.clone()),
        Json::Array(items) => {
            Kind::ListValue(v1::ValueList { values: items.iter().map(from_json).collect() })
        }
        Json::Object(entries) => {
            let entries = entries.iter().map(|(name, value)| (name.clone(), from_json(value)));
            Kind::MapValue(v1::ValueMap { entries: entries.collect() })
        }
    };
    v1::Value { kind: Some(kind) }
}

/// A value as JSON; instants and spans as text.
#[must_use]
pub fn to_json(value: &v1::Value) -> Json {
    match &value.kind {
        None | Some(Kind::NullValue(_)) => Json::Null,
        Some(Kind::BoolValue(value)) => json!(value),
        Some(Kind::IntValue(value)) => json!(value),
        Some(Kind::UintValue(value)) => json!(value),
        Some(Kind::DoubleValue(value)) => json!(value),
        Some(Kind::StringValue(value)) => json!(value),
        Some(Kind::BytesValue(value)) => json!(value.to_vec()),
        Some(Kind::TimestampValue(at)) => json!(instant(at)),
        Some(Kind::DurationValue(span)) => {
            json!(format!("{}s", span.seconds as f64 + f64::from(span.nanos) * 1e-9))
        }
        Some(Kind::ListValue(list)) => list.values.iter().map(to_json).collect(),
        Some(Kind::MapValue(map)) => entries_to_json(&map.entries),
    }
}

/// Named values as a JSON object.
#[must_use]
pub fn entries_to_json(entries: &BTreeMap<String, v1::Value>) -> Json {
    let entries = entries.iter().map(|(name, value)| (name.clone(), to_json(value)));
    Json::Object(entries.collect::<Map<_, _>>())
}

/// An instant as RFC 3339.
#[must_use]
pub fn instant(at: &prost_types::Timestamp) -> String {
    jiff::Timestamp::new(at.seconds, at.nanos).map(|at| at.to_string()).unwrap_or_default()
}

/// A value on one line, for people.
#[must_use]
pub fn show(value: &v1::Value) -> String {
    match to_json(value) {
        Json::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_json_or_else_text() {
        let parse = |entry| parse_entry(entry).unwrap();
        assert_eq!(parse("age=31"), ("age".to_owned(), int(31)));
        assert_eq!(parse("share=0.5").1, double(0.5));
        assert_eq!(parse("open=true").1, bool(true));
        assert_eq!(parse("age=\"31\"").1, text("31"));
        assert_eq!(parse("page=home").1, text("home"));
        assert_eq!(parse("note=a=b").1, text("a=b"));
        assert_eq!(show(&parse("list=[1,\"x\"]").1), "[1,\"x\"]");
        assert!(parse_entry("age").is_err());
        assert!(parse_entry("=3").is_err());
    }
}
