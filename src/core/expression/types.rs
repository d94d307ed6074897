//! The contract between expressions and those who use them.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use super::lookup::Callee;
use crate::core::value::Value;

/// A static type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// Not known until run time; any operation on it type-checks.
    Dyn,
    /// `null`.
    Null,
    /// `bool`.
    Bool,
    /// Signed 64-bit integer.
    Int,
    /// Unsigned 64-bit integer.
    Uint,
    /// Double.
    Double,
    /// Text.
    String,
    /// Text from a closed set: comparing it with anything outside the set is a fault.
    Enum(Arc<BTreeSet<Arc<str>>>),
    /// Bytes.
    Bytes,
    /// Instant.
    Timestamp,
    /// Span of time.
    Duration,
    /// List of one type.
    List(Arc<Type>),
    /// Map from one type to another.
    Map(Arc<Type>, Arc<Type>),
    /// A type as a value: what `type(x)` gives.
    Type,
}

impl Type {
    #[inline]
    pub(super) fn is_text(&self) -> bool {
        matches!(self, Self::String | Self::Enum(_))
    }

    #[inline]
    pub(super) fn is_bool(&self) -> bool {
        matches!(self, Self::Bool)
    }

    #[inline]
    pub(super) fn is_double(&self) -> bool {
        matches!(self, Self::Double)
    }
}

/// As in CEL: `int`, `list(string)`, `map(string, double)`; closed sets of text show their members.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dyn => f.write_str("dyn"),
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Uint => f.write_str("uint"),
            Self::Double => f.write_str("double"),
            Self::String => f.write_str("string"),
            Self::Enum(set) => {
                f.write_str("enum(")?;
                for (index, text) in set.iter().take(ENUM_SHOWN_MAX).enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    write!(f, "{comma}{text}")?;
                }
                let more = if set.len() > ENUM_SHOWN_MAX { ", ..." } else { "" };
                write!(f, "{more})")
            }
            Self::Bytes => f.write_str("bytes"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Duration => f.write_str("duration"),
            Self::List(element) => write!(f, "list({element})"),
            Self::Map(key, value) => write!(f, "map({key}, {value})"),
            Self::Type => f.write_str("type"),
        }
    }
}

/// Members of an enum shown in messages.
const ENUM_SHOWN_MAX: usize = 6;

/// Index into a [`Frame`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u32);

/// The values an expression reads; `None` is missing.
pub type Frame = [Option<Value>];

/// What a name stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Binding {
    /// Read at run time from a slot.
    Slot {
        /// Where.
        slot: Slot,
        /// Its type.
        ty: Type,
        /// Whether it may be missing.
        optional: bool,
    },
    /// Known at compile time (an offer's own attribute, for instance); folded into the program.
    Constant(Value),
}

/// The names an expression may use. Names are dotted paths: `customer.age`, `context.page`, `now`.
pub trait Scope {
    /// What `path` stands for, if anything.
    fn resolve(&self, path: &str) -> Option<Binding>;
    /// All paths, for 'did you mean'.
    fn paths(&self) -> Vec<String>;
    /// What `table.NAME(...)` calls, if anything.
    fn lookup(&self, _name: &str) -> Option<Callee> {
        None
    }
    /// The names [`Scope::lookup`] knows, for 'did you mean'.
    fn lookups(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A fault found while parsing or checking, with its place in the source text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpressionFault {
    /// Byte offsets in the expression's source: start and end (exclusive).
    pub span: (usize, usize),
    /// What is wrong; lower case, no final period.
    pub message: String,
    /// How to mend it, where known.
    pub hint: Option<String>,
}

/// Why an evaluation gave no value.
#[derive(Clone, Debug, PartialEq)]
pub enum EvalError {
    /// A slot had no value: the third truth value. Holds the path (`customer.income`).
    Missing(Arc<str>),
    /// Overflow, division by zero, no such key, bad conversion, cost limit ...: a counted error.
    Failed(String),
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(f, "`{path}` is unknown"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for EvalError {}
