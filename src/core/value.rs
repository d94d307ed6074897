//! One value type for attributes, event fields, context and expressions: the value model of CEL
//! (<https://github.com/google/cel-spec>, "Values").

use std::collections::BTreeMap;
use std::sync::Arc;

/// A value. Cheap to clone: everything large is shared.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Value {
    /// `null`: known to be nothing. Not the same as missing, which has no value at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Signed 64-bit integer.
    Int(i64),
    /// Unsigned 64-bit integer.
    Uint(u64),
    /// IEEE 754 double.
    Double(f64),
    /// UTF-8 text.
    String(Arc<str>),
    /// Raw bytes.
    Bytes(Arc<[u8]>),
    /// An instant.
    Timestamp(jiff::Timestamp),
    /// A span of time, signed.
    Duration(jiff::SignedDuration),
    /// An ordered list.
    List(Arc<[Value]>),
    /// A map by bool, integer or string keys.
    Map(Arc<BTreeMap<MapKey, Value>>),
    /// A type, by its CEL name (`int`, `google.protobuf.Timestamp`): what `type(x)` gives. Lives in
    /// expressions only.
    Type(Arc<str>),
}

/// What CEL allows as a map key; unsigned keys that fit are held as `Int`.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub enum MapKey {
    /// Boolean key.
    Bool(bool),
    /// Integer key.
    Int(i64),
    /// Unsigned key above `i64::MAX`.
    Uint(u64),
    /// Text key.
    String(Arc<str>),
}

impl Value {
    /// The value as a double, where it is a number or a bool (0 or 1).
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "doubles are what models and scores use")]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Bool(b) => Some(f64::from(u8::from(*b))),
            Self::Int(i) => Some(*i as f64),
            Self::Uint(u) => Some(*u as f64),
            Self::Double(d) => Some(*d),
            _ => None,
        }
    }

    /// The text, where it is text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(s) => Some(s),
            _ => None,
        }
    }

    /// The name of the value's type as CEL's `type(x)` gives it.
    #[must_use]
    pub fn cel_type(&self) -> &'static str {
        match self {
            Self::Timestamp(_) => "google.protobuf.Timestamp",
            Self::Duration(_) => "google.protobuf.Duration",
            other => other.type_name(),
        }
    }

    /// The name of the value's type, short: as messages show it.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::String(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::Timestamp(_) => "timestamp",
            Self::Duration(_) => "duration",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Type(_) => "type",
        }
    }
}

impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Self::String(s.into())
    }
}
impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}
impl From<i64> for Value {
    fn from(i: i64) -> Self {
        Self::Int(i)
    }
}
impl From<f64> for Value {
    fn from(d: f64) -> Self {
        Self::Double(d)
    }
}
