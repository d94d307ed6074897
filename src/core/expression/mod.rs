//! The language of rules: CEL, parsed by the `cel` crate, type-checked and evaluated by us.
//!
//! A `Program` is compiled once against a `Scope` (which names exist, with what type, in which
//! slot) and evaluated against a `Frame` (a slice of slots). Missing is a third truth value.

mod types;

pub use types::{Binding, EvalError, ExpressionFault, Frame, Scope, Slot, Type};

/// Placeholder until the compiler stands.
#[derive(Clone, Debug)]
pub struct Program {}
