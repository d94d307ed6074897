//! What types go together.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::core::expression::types::Type;
use crate::core::value::{MapKey, Value};

/// The type of a value.
pub(in super::super) fn type_of(value: &Value) -> Type {
    match value {
        Value::Null => Type::Null,
        Value::Bool(_) => Type::Bool,
        Value::Int(_) => Type::Int,
        Value::Uint(_) => Type::Uint,
        Value::Double(_) => Type::Double,
        Value::String(_) => Type::String,
        Value::Bytes(_) => Type::Bytes,
        Value::Timestamp(_) => Type::Timestamp,
        Value::Duration(_) => Type::Duration,
        Value::Type(_) => Type::Type,
        Value::List(elements) => {
            let types: Vec<Type> = elements.iter().map(type_of).collect();
            Type::List(Arc::new(super::common(types.iter())))
        }
        Value::Map(map) => {
            let keys: Vec<Type> = map.keys().map(key_type).collect();
            let values: Vec<Type> = map.values().map(type_of).collect();
            Type::Map(Arc::new(super::common(keys.iter())), Arc::new(super::common(values.iter())))
        }
    }
}

fn key_type(key: &MapKey) -> Type {
    match key {
        MapKey::Bool(_) => Type::Bool,
        MapKey::Int(_) => Type::Int,
        MapKey::Uint(_) => Type::Uint,
        MapKey::String(_) => Type::String,
    }
}

/// Whether a value of the one type may stand where the other is needed.
pub(super) fn assignable(from: &Type, to: &Type) -> bool {
    join(from, to).is_some()
}

/// The one type of two that values of both have; `dyn` goes with everything.
pub(super) fn join(a: &Type, b: &Type) -> Option<Type> {
    Some(match (a, b) {
        (Type::Dyn, _) | (_, Type::Dyn) => Type::Dyn,
        (Type::Enum(a), Type::Enum(b)) if a != b => {
            let all: BTreeSet<_> = a.union(b).cloned().collect();
            Type::Enum(Arc::new(all))
        }
        (Type::Enum(_), Type::String) | (Type::String, Type::Enum(_)) => Type::String,
        (Type::List(a), Type::List(b)) => Type::List(Arc::new(join(a, b)?)),
        (Type::Map(a, c), Type::Map(b, d)) => {
            Type::Map(Arc::new(join(a, b)?), Arc::new(join(c, d)?))
        }
        (a, b) if a == b => a.clone(),
        _ => return None,
    })
}

pub(super) fn is_number(ty: &Type) -> bool {
    matches!(ty, Type::Int | Type::Uint | Type::Double)
}

/// Whether `==` between the two can ever hold.
pub(super) fn comparable(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (Type::List(a), Type::List(b)) => comparable(a, b),
        (Type::Map(a, c), Type::Map(b, d)) => comparable(a, b) && comparable(c, d),
        (a, b) => assignable(a, b) || is_number(a) && is_number(b),
    }
}

/// Whether values of the type have an order.
pub(super) fn ordered(ty: &Type) -> bool {
    !matches!(ty, Type::Null | Type::List(_) | Type::Map(..) | Type::Type)
}
