//! The language of rules: CEL, parsed by the `cel` crate, type-checked and evaluated by us.
//!
//! A `Program` is compiled once against a `Scope` (which names exist, with what type, in which
//! slot) and evaluated against a `Frame` (a slice of slots). Missing is a third truth value.

mod apply;
mod arithmetic;
mod canonical;
mod check;
mod code;
mod compare;
mod convert;
mod eval;
mod fold;
mod functions;
mod limits;
mod parse;
mod program;
mod read;
mod reference;
mod stop;
mod syntax;
mod term;
mod time;
mod tokens;
mod types;

#[cfg(test)]
mod tests;

pub use program::Program;
pub use types::{Binding, EvalError, ExpressionFault, Frame, Scope, Slot, Type};
