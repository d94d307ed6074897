//! What a source gave, held to what the attribute was declared to be.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use crate::core::catalog::{in_range, value_of};
use crate::core::expression::Type;
use crate::core::live::LiveField;
use crate::core::value::Value;

/// Longest text, and longest list as text.
const TEXT_BYTES_MAX: usize = 16 * 1024;
/// Longest list.
const ITEMS_MAX: usize = 256;

/// A value as a source has it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Null,
    Json(Json),
    Moment(Timestamp),
    Span(SignedDuration),
    /// Of a type that no attribute can have.
    Other,
}

impl Cell {
    pub(super) fn text(text: &str) -> Self {
        if text.len() > TEXT_BYTES_MAX { Self::Other } else { Self::Json(Json::from(text)) }
    }
}

/// A value is not of the declared type, set or range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused;

/// The value of an attribute; `None`: null.
pub(super) fn typed(cell: Cell, field: &LiveField) -> Result<Option<Value>, Refused> {
    let value = match (cell, &field.ty) {
        (Cell::Null | Cell::Json(Json::Null), _) => return Ok(None),
        (Cell::Moment(moment), Type::Timestamp) => Value::Timestamp(moment),
        (Cell::Span(span), Type::Duration) => Value::Duration(span),
        (Cell::Json(json), ty) => from_json(&json, ty)?,
        _ => return Err(Refused),
    };
    in_range(&value, field.range).map_err(|_| Refused)?;
    match &value {
        Value::Double(number) if !number.is_finite() => Err(Refused),
        _ => Ok(Some(value)),
    }
}

fn from_json(json: &Json, ty: &Type) -> Result<Value, Refused> {
    match (ty, json) {
        // Databases without booleans write 0 and 1.
        (Type::Bool, Json::Number(number)) => match number.as_i64() {
            Some(0) => Ok(Value::Bool(false)),
            Some(1) => Ok(Value::Bool(true)),
            _ => Err(Refused),
        },
        (_, Json::String(text)) if text.len() > TEXT_BYTES_MAX => Err(Refused),
        // Databases without lists write JSON.
        (Type::List(_), Json::String(text)) => match serde_json::from_str::<Json>(text) {
            Ok(list @ Json::Array(_)) => from_json(&list, ty),
            _ => Err(Refused),
        },
        (Type::List(_), Json::Array(items)) if items.len() > ITEMS_MAX => Err(Refused),
        _ => value_of(json, ty).map_err(|_| Refused),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::core::expression::Slot;

    fn field(ty: Type) -> LiveField {
        let range = (Some(0.0), Some(10.0));
        LiveField { slot: Slot(0), name: "a".into(), field: "a".into(), ty, range }
    }

    #[test]
    fn what_came_is_held_to_the_declaration() {
        let read = |json: Json, ty: Type| typed(Cell::Json(json), &field(ty));
        assert_eq!(read(json!(3), Type::Int), Ok(Some(Value::Int(3))));
        assert_eq!(read(json!(3), Type::Double), Ok(Some(Value::Double(3.0))));
        assert_eq!(read(json!(3.5), Type::Int), Err(Refused));
        assert_eq!(read(json!("3"), Type::Int), Err(Refused));
        assert_eq!(read(json!(11), Type::Int), Err(Refused), "beyond its range");
        assert_eq!(read(json!(1), Type::Bool), Ok(Some(Value::Bool(true))));
        assert_eq!(read(json!(2), Type::Bool), Err(Refused));
        assert_eq!(read(Json::Null, Type::Int), Ok(None));
        let values = Arc::new([Arc::from("gold")].into_iter().collect());
        assert_eq!(
            read(json!("gold"), Type::Enum(Arc::clone(&values))).unwrap(),
            Some("gold".into())
        );
        assert_eq!(read(json!("tin"), Type::Enum(values)), Err(Refused), "outside its set");
        assert_eq!(read(json!("x".repeat(TEXT_BYTES_MAX + 1)), Type::String), Err(Refused));
        let list = Type::List(Arc::new(Type::String));
        let both = Value::List([Value::from("a"), Value::from("b")].into_iter().collect());
        assert_eq!(read(json!("[\"a\",\"b\"]"), list.clone()), Ok(Some(both)));
        assert_eq!(read(json!([1]), list), Err(Refused));
        assert_eq!(typed(Cell::Other, &field(Type::Int)), Err(Refused));
        assert_eq!(typed(Cell::Moment(Timestamp::UNIX_EPOCH), &field(Type::Int)), Err(Refused));
    }
}
