//! From what YAML says to typed values, moments and spans of time.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value as Json;

use crate::core::catalog::fault::did_you_mean;
use crate::core::catalog::source::{AttributeSource, TypeSource};
use crate::core::expression::Type;
use crate::core::time::DAY_MS;
use crate::core::value::{MapKey, Value};

/// What is wrong with a literal, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct LiteralError {
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
}

impl From<String> for LiteralError {
    fn from(message: String) -> Self {
        Self { message, hint: None }
    }
}

/// The type that a declaration stands for.
pub(super) fn type_of(source: &AttributeSource) -> Type {
    match source.ty {
        TypeSource::Bool => Type::Bool,
        TypeSource::Int => Type::Int,
        TypeSource::Double => Type::Double,
        TypeSource::String if source.values.is_empty() => Type::String,
        TypeSource::String => {
            Type::Enum(Arc::new(source.values.iter().map(|value| value.as_str().into()).collect()))
        }
        TypeSource::Timestamp => Type::Timestamp,
        TypeSource::Duration => Type::Duration,
        TypeSource::StringList => Type::List(Arc::new(Type::String)),
    }
}

/// The name of a type as `schema.yaml` writes it.
#[must_use]
pub fn type_name(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "bool",
        Type::Int | Type::Uint => "int",
        Type::Double => "double",
        Type::String | Type::Enum(_) => "string",
        Type::Timestamp => "timestamp",
        Type::Duration => "duration",
        Type::List(_) => "string_list",
        Type::Bytes => "bytes",
        Type::Map(..) => "map",
        Type::Null => "null",
        Type::Type => "type",
        Type::Dyn => "any",
    }
}

/// `literal` as a value of type `ty`. Whole numbers are doubles where doubles are expected.
///
/// # Errors
/// When it is of another type, or outside a closed set.
pub fn value_of(literal: &Json, ty: &Type) -> Result<Value, LiteralError> {
    let mismatch = || {
        let hint = match (ty, literal) {
            (Type::String | Type::Enum(_), Json::Number(_) | Json::Bool(_)) => {
                Some("put it in quotes".to_owned())
            }
            (Type::Duration, _) => Some("write it as `90s`, `12h` or `30d`".to_owned()),
            (Type::Timestamp, _) => {
                Some("write it as `2026-01-31` or `2026-01-31T12:00:00Z`".to_owned())
            }
            _ => None,
        };
        LiteralError {
            message: format!("`{}` is not of type {}", shown(literal), type_name(ty)),
            hint,
        }
    };
    match (ty, literal) {
        (Type::Dyn, literal) => any(literal).ok_or_else(mismatch),
        (Type::Bool, Json::Bool(truth)) => Ok(Value::Bool(*truth)),
        (Type::Int, Json::Number(number)) => number.as_i64().map(Value::Int).ok_or_else(mismatch),
        (Type::Double, Json::Number(number)) => {
            number.as_f64().map(Value::Double).ok_or_else(mismatch)
        }
        (Type::String, Json::String(text)) => Ok(Value::String(text.as_str().into())),
        (Type::Enum(values), Json::String(text)) => match values.get(text.as_str()) {
            Some(value) => Ok(Value::String(value.clone())),
            None => Err(LiteralError {
                message: format!("`{text}` is not one of the declared values"),
                hint: did_you_mean(text, values.iter().map(AsRef::as_ref)),
            }),
        },
        (Type::Timestamp, Json::String(text)) => {
            moment(text).map(Value::Timestamp).map_err(|_| mismatch())
        }
        (Type::Duration, Json::String(text)) => match humantime::parse_duration(text) {
            Ok(span) => {
                jiff::SignedDuration::try_from(span).map(Value::Duration).map_err(|_| mismatch())
            }
            Err(_) => Err(mismatch()),
        },
        (Type::List(item), Json::Array(items)) => {
            let items: Result<Vec<Value>, _> =
                items.iter().map(|literal| value_of(literal, item)).collect();
            Ok(Value::List(items?.into()))
        }
        _ => Err(mismatch()),
    }
}

/// `literal` as the value it looks like; `None` for `null`.
pub(super) fn any(literal: &Json) -> Option<Value> {
    Some(match literal {
        Json::Null => return None,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::Int(whole),
            None => Value::Double(number.as_f64()?),
        },
        Json::String(text) => Value::String(text.as_str().into()),
        Json::Array(items) => Value::List(items.iter().filter_map(any).collect()),
        Json::Object(entries) => {
            let entries: BTreeMap<MapKey, Value> = entries
                .iter()
                .filter_map(|(key, item)| Some((MapKey::String(key.as_str().into()), any(item)?)))
                .collect();
            Value::Map(Arc::new(entries))
        }
    })
}

/// Whether `value` lies within `range`; `Err` says how it does not.
///
/// # Errors
/// When it is a number outside of the range.
pub fn in_range(value: &Value, range: (Option<f64>, Option<f64>)) -> Result<(), LiteralError> {
    let number = match value {
        Value::Int(_) | Value::Uint(_) | Value::Double(_) => value.as_f64(),
        _ => None,
    };
    let Some(number) = number else { return Ok(()) };
    match range {
        (Some(min), _) if number < min => {
            Err(format!("{number} is less than the smallest allowed, {min}").into())
        }
        (_, Some(max)) if number > max => {
            Err(format!("{number} is more than the largest allowed, {max}").into())
        }
        _ => Ok(()),
    }
}

/// A moment: RFC 3339, a date (its midnight in UTC), or a time in a zone.
pub(super) fn moment(text: &str) -> Result<jiff::Timestamp, LiteralError> {
    let date = || {
        let date: Date = text.parse().ok()?;
        let midnight = date.to_zoned(TimeZone::UTC).ok()?;
        (text.len() == 10).then(|| midnight.timestamp())
    };
    let zoned = || {
        let parser = jiff::fmt::temporal::DateTimeParser::new();
        let zones = jiff::tz::TimeZoneDatabase::bundled();
        parser.parse_zoned_with(&zones, text).ok().map(|zoned| zoned.timestamp())
    };
    let found = text.parse::<jiff::Timestamp>().ok().filter(|_| !text.contains('['));
    found.or_else(date).or_else(zoned).ok_or_else(|| LiteralError {
        message: format!("`{text}` is not a moment"),
        hint: Some(
            "write it as `2026-01-31`, `2026-01-31T12:00:00Z` or \
             `2026-01-31T12:00[Europe/Madrid]`"
                .to_owned(),
        ),
    })
}

/// A span of time in ms, from 1 ms to `days_max` days.
pub(super) fn span(text: &str, days_max: i64) -> Result<i64, LiteralError> {
    let span = humantime::parse_duration(text).map_err(|_| LiteralError {
        message: format!("`{text}` is not a span of time"),
        hint: Some("write it as `90s`, `12h` or `30d`".to_owned()),
    })?;
    match i64::try_from(span.as_millis()) {
        Ok(0) => Err(format!("`{text}` is too short").into()),
        Ok(ms) if ms <= days_max * DAY_MS => Ok(ms),
        _ => Err(format!("`{text}` is longer than {days_max} days").into()),
    }
}

/// A literal as faults show it.
pub(super) fn shown(literal: &Json) -> String {
    const SHOWN_CHARS_MAX: usize = 60;
    match literal {
        Json::String(text) => text.chars().take(SHOWN_CHARS_MAX).collect(),
        Json::Array(_) => "a list".to_owned(),
        Json::Object(_) => "a map".to_owned(),
        other => other.to_string(),
    }
}
