//! The tree of what was written: our own, with a place in the source for every node, operators and
//! macros named rather than spelled, chains of `&&` and `||` flat.

use crate::core::value::Value;

/// Byte offsets in the source: start and end (exclusive).
pub(super) type Span = (usize, usize);

/// A node.
#[derive(Debug)]
pub(super) struct Syntax {
    /// All of the node's text.
    pub(super) span: Span,
    /// The token that names it: its operator, field or function.
    pub(super) at: Span,
    pub(super) kind: SyntaxKind,
}

#[derive(Debug)]
pub(super) enum SyntaxKind {
    Literal(Value),
    /// With the dot in front, where it was written: then no variable of a macro is meant.
    Name(String),
    Select(Box<Syntax>, String),
    /// `has(operand.field)`.
    Has(Box<Syntax>, String),
    All(Vec<Syntax>),
    Any(Vec<Syntax>),
    Not(Box<Syntax>),
    Negate(Box<Syntax>),
    Conditional(Box<[Syntax; 3]>),
    Binary(Operator, Box<[Syntax; 2]>),
    /// Name, receiver, arguments.
    Call(String, Option<Box<Syntax>>, Vec<Syntax>),
    List(Vec<Syntax>),
    Map(Vec<(Syntax, Syntax)>),
    Loop(Box<Loop>),
}

/// A macro over the elements of a list or the keys of a map.
#[derive(Debug)]
pub(super) struct Loop {
    pub(super) kind: LoopKind,
    pub(super) range: Syntax,
    pub(super) variable: String,
    /// What must hold of an element; for `map` without a filter, nothing.
    pub(super) predicate: Option<Syntax>,
    /// For `map`: what an element becomes.
    pub(super) transform: Option<Syntax>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LoopKind {
    All,
    Exists,
    ExistsOne,
    Map,
    Filter,
}

impl LoopKind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Exists => "exists",
            Self::ExistsOne => "exists_one",
            Self::Map => "map",
            Self::Filter => "filter",
        }
    }
}

/// A strict operator of two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    Index,
}

impl Operator {
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::In => "in",
            Self::Index => "[]",
        }
    }

    /// The operator that says the same with its operands exchanged, for comparisons.
    pub(super) fn mirrored(self) -> Option<Self> {
        match self {
            Self::Equal | Self::NotEqual => Some(self),
            Self::Less => Some(Self::Greater),
            Self::LessEqual => Some(Self::GreaterEqual),
            Self::Greater => Some(Self::Less),
            Self::GreaterEqual => Some(Self::LessEqual),
            _ => None,
        }
    }
}
