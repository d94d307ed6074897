//! Functions of numbers; transcendental ones by `libm`, bit for bit the same on every machine.

use std::borrow::Cow;

use super::no_overload;
use crate::core::expression::compare::{holds, is_number, order};
use crate::core::expression::functions::Function;
use crate::core::expression::stop::Stop;
use crate::core::expression::syntax::Operator;
use crate::core::value::Value;

pub(super) fn number(function: Function, args: &[Cow<'_, Value>]) -> Result<Value, Stop> {
    let all_int = args.iter().all(|a| matches!(**a, Value::Int(_)));
    let all_uint = args.iter().all(|a| matches!(**a, Value::Uint(_)));
    if !args.iter().all(|a| is_number(a)) {
        return Err(no_overload(function));
    }
    let real = |index: usize| {
        args.get(index).and_then(|a| a.as_f64()).ok_or_else(|| no_overload(function))
    };
    let picked = match function {
        Function::Min => extreme(Operator::Less, args)?,
        Function::Max => extreme(Operator::Greater, args)?,
        Function::Clamp => match args {
            [x, low, high] => {
                let raised = larger(Operator::Greater, x, low)?;
                larger(Operator::Less, raised, high)?.clone()
            }
            _ => return Err(no_overload(function)),
        },
        Function::Abs | Function::Round | Function::Floor | Function::Ceil => {
            return rounded(function, args.first().ok_or_else(|| no_overload(function))?);
        }
        Function::IsNan => return Ok(Value::Bool(real(0)?.is_nan())),
        Function::IsInfinite => return Ok(Value::Bool(real(0)?.is_infinite())),
        Function::IsFinite => return Ok(Value::Bool(real(0)?.is_finite())),
        Function::Trunc => return Ok(Value::Double(libm::trunc(real(0)?))),
        Function::Sign => return Ok(sign(args.first().ok_or_else(|| no_overload(function))?)),
        Function::Ln => return Ok(Value::Double(libm::log(real(0)?))),
        Function::Exp => return Ok(Value::Double(libm::exp(real(0)?))),
        Function::Sqrt => return Ok(Value::Double(libm::sqrt(real(0)?))),
        _ => return Ok(Value::Double(libm::pow(real(0)?, real(1)?))),
    };
    if all_int || all_uint {
        return Ok(picked);
    }
    picked.as_f64().map(Value::Double).ok_or_else(|| no_overload(function))
}

/// `math.greatest`, `math.least`: of the arguments, or of the elements of the only one.
pub(super) fn extreme_of(function: Function, args: &[Cow<'_, Value>]) -> Result<Value, Stop> {
    let operator = if function == Function::Least { Operator::Less } else { Operator::Greater };
    let elements;
    let args = match args {
        [only] => match &**only {
            Value::List(list) => {
                elements = list.iter().map(Cow::Borrowed).collect::<Vec<_>>();
                &elements
            }
            _ => args,
        },
        _ => args,
    };
    if !args.iter().all(|a| is_number(a)) {
        return Err(no_overload(function));
    }
    if args.is_empty() {
        return Err(Stop::failed("an empty list has no greatest and no least"));
    }
    extreme(operator, args)
}

fn sign(value: &Value) -> Value {
    match value {
        Value::Int(i) => Value::Int(i.signum()),
        Value::Uint(u) => Value::Uint(u64::from(*u > 0)),
        Value::Double(d) if *d > 0.0 => Value::Double(1.0),
        Value::Double(d) if *d < 0.0 => Value::Double(-1.0),
        other => other.clone(),
    }
}

fn extreme(operator: Operator, args: &[Cow<'_, Value>]) -> Result<Value, Stop> {
    let mut args = args.iter().map(|a| &**a);
    let Some(mut best) = args.next() else {
        return Err(no_overload(Function::Min));
    };
    for arg in args {
        best = larger(operator, best, arg)?;
    }
    Ok(best.clone())
}

/// `b` where it is larger (or smaller, by `operator`) than `a`; NaN wins over all.
fn larger<'v>(operator: Operator, a: &'v Value, b: &'v Value) -> Result<&'v Value, Stop> {
    let a_is_nan = matches!(a, Value::Double(d) if d.is_nan());
    match order(b, a)? {
        Some(o) if !holds(operator, o) => Ok(a),
        None if a_is_nan => Ok(a),
        _ => Ok(b),
    }
}

/// Halves away from zero; whole numbers stay as they are.
fn rounded(function: Function, value: &Value) -> Result<Value, Stop> {
    Ok(match (function, value) {
        (Function::Abs, Value::Int(i)) => {
            Value::Int(i.checked_abs().ok_or(Stop::failed("integer overflow"))?)
        }
        (Function::Abs, Value::Double(d)) => Value::Double(d.abs()),
        (Function::Round, Value::Double(d)) => Value::Double(libm::round(*d)),
        (Function::Floor, Value::Double(d)) => Value::Double(libm::floor(*d)),
        (Function::Ceil, Value::Double(d)) => Value::Double(libm::ceil(*d)),
        (_, whole) => whole.clone(),
    })
}
