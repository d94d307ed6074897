//! Reads of what may be missing, where silence would be wrong.
//!
//! A condition that needs a missing value does not hold, and the reason says so: that is safe, and
//! said, so it is no fault, unless the value is declared `optional`. A score has no such way out:
//! whatever it reads must be there, or the formula must say what stands in its place.

use super::scope::Standing;
use crate::core::catalog::schema::{Origin, Schema, SlotSpec};
use crate::core::expression::{ExpressionFault, Program, Type};

/// A fault for each value that may be missing and must not be read as if it were there.
pub(super) fn unguarded(
    schema: &Schema,
    program: &Program,
    standing: Standing,
) -> Vec<ExpressionFault> {
    let must_guard = |spec: &SlotSpec| {
        // What must not reach a score at all, and what has faults of its own, is reported elsewhere.
        let elsewhere = spec.sensitive || spec.personal || spec.ty == Type::Dyn;
        let segment = spec.path.starts_with("segment.");
        spec.must_guard || standing.scores() && schema.optional(spec) && !elsewhere && !segment
    };
    let reads = program.unguarded(&|slot| schema.slot(slot).is_some_and(must_guard));
    let faults = reads.into_iter().filter_map(|read| {
        let spec = schema.slot(read.slot)?;
        let path = &read.path;
        let why = if spec.must_guard { "is optional" } else { "may be missing" };
        let then = if standing.scores() { "the score would be" } else { "the whole would be" };
        Some(ExpressionFault {
            span: read.span,
            message: format!("`{path}` {why}: without it {then} unknown"),
            hint: Some(format!("{}{}", mend(path, &spec.ty), declare(spec))),
        })
    });
    faults.collect()
}

fn mend(path: &str, ty: &Type) -> String {
    let instead = match ty {
        Type::Bool => "false",
        Type::Int => "0",
        Type::Double => "0.0",
        Type::String | Type::Enum(_) => "'unknown'",
        Type::Duration => "duration('0s')",
        _ => "...",
    };
    format!(
        "say what holds without it: `coalesce({path}, {instead})`, or guard it: `has({path}) && ...`"
    )
}

fn declare(spec: &SlotSpec) -> &'static str {
    match spec.origin {
        Origin::Attribute(_) | Origin::Context => "; or declare a `default` for it",
        _ => "",
    }
}
