//! The plain reading: row by row, cell by cell. For tests of the index.

use std::borrow::Cow;

use super::Spec;
use crate::core::expression::Type;
use crate::core::value::Value;

/// The numbers of the rows that take these values, ascending.
pub(super) fn rows(spec: &Spec, args: &[Cow<'_, Value>]) -> impl Iterator<Item = usize> {
    let args: Vec<Value> = spec.inputs.iter().zip(args).map(|(i, arg)| typed(&i.ty, arg)).collect();
    let no_value = args.iter().any(|arg| matches!(arg, Value::Double(d) if d.is_nan()));
    spec.rows.iter().enumerate().filter_map(move |(number, row)| {
        let taken = row.cells.iter().zip(&args).all(|(cell, arg)| cell.takes(arg));
        (taken && !no_value).then_some(number)
    })
}

fn typed(ty: &Type, arg: &Value) -> Value {
    match (ty, arg, arg.as_f64()) {
        (Type::Double, Value::Int(_) | Value::Uint(_), Some(double)) => Value::Double(double),
        _ => arg.clone(),
    }
}
