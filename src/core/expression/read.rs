//! Reading a slot as its declared type.

use std::borrow::Cow;
use std::sync::Arc;

use super::stop::Stop;
use super::types::{Frame, Slot, Type};
use crate::core::value::Value;

/// The slot's value: whole numbers become doubles where a double is declared; anything else of
/// another type fails, so that what follows can rely on static types.
pub(super) fn read<'f>(
    frame: &'f Frame,
    slot: Slot,
    ty: &Type,
    path: &Arc<str>,
) -> Result<Cow<'f, Value>, Stop> {
    let value = present(frame, slot)?;
    let fits = match (ty, value) {
        (Type::Double, Value::Int(_) | Value::Uint(_)) => {
            return Ok(match value.as_f64() {
                Some(double) => Cow::Owned(Value::Double(double)),
                None => Cow::Borrowed(value),
            });
        }
        (Type::Dyn, _)
        | (Type::Null, Value::Null)
        | (Type::Bool, Value::Bool(_))
        | (Type::Int, Value::Int(_))
        | (Type::Uint, Value::Uint(_))
        | (Type::Double, Value::Double(_))
        | (Type::String | Type::Enum(_), Value::String(_))
        | (Type::Bytes, Value::Bytes(_))
        | (Type::Timestamp, Value::Timestamp(_))
        | (Type::Duration, Value::Duration(_))
        | (Type::List(_), Value::List(_))
        | (Type::Map(..), Value::Map(_))
        | (Type::Type, Value::Type(_)) => true,
        _ => false,
    };
    if fits {
        return Ok(Cow::Borrowed(value));
    }
    let found = value.type_name();
    Err(Stop::because(format!("`{path}` is declared {ty} and holds {found}")))
}

#[inline]
pub(super) fn present(frame: &Frame, slot: Slot) -> Result<&Value, Stop> {
    match frame.get(slot.0 as usize) {
        Some(Some(value)) => Ok(value),
        _ => Err(Stop::Missing(slot)),
    }
}
