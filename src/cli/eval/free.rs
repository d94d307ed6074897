//! Evaluation without a schema: every key of the context is a name, types are found at run time.

use super::json::from_json;
use super::{EvalFailure, Given};
use crate::core::expression::{Binding, Program, Scope, Slot, Type};
use crate::core::value::Value;

/// Names in the order of their slots.
#[derive(Default)]
struct Names(Vec<String>);

impl Scope for Names {
    fn resolve(&self, path: &str) -> Option<Binding> {
        let index = self.0.iter().rposition(|name| name == path)?;
        let slot = Slot(u32::try_from(index).ok()?);
        Some(Binding::Slot { slot, ty: Type::Dyn, optional: false })
    }

    fn paths(&self) -> Vec<String> {
        self.0.clone()
    }
}

/// The value of `source`.
///
/// # Errors
/// When a text is not CEL, a typed value of the context not of its type, or the evaluation fails.
pub fn evaluate(source: &str, given: &Given, lets: &[(&str, &str)]) -> Result<Value, EvalFailure> {
    let mut names = Names::default();
    let mut frame = Vec::new();
    for (name, json) in given {
        let value =
            from_json(json).map_err(|why| EvalFailure::Failed(format!("`{name}`: {why}")))?;
        names.0.push(name.clone());
        frame.push(Some(value));
    }
    for (name, source) in lets {
        let value = one(source, &names, &frame)?;
        names.0.push((*name).to_owned());
        frame.push(Some(value));
    }
    one(source, &names, &frame)
}

fn one(source: &str, names: &Names, frame: &[Option<Value>]) -> Result<Value, EvalFailure> {
    let program = Program::compile_unchecked(source, names)
        .map_err(|faults| EvalFailure::Faults { source: source.to_owned(), faults })?;
    program.eval(frame).map_err(|error| EvalFailure::Failed(error.to_string()))
}
