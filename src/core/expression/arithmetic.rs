//! `+ - * / %` and negation, checked (cel-spec langdef, "Arithmetic" and "Timestamp and duration").

use std::sync::Arc;

use super::limits::LIST_LENGTH_MAX;
use super::stop::{Budget, Stop};
use super::syntax::Operator;
use super::time;
use crate::core::value::Value;

const OVERFLOW: &str = "integer overflow";
const DIVISION: &str = "division by zero";

/// Applies one of the five operators.
pub(super) fn arithmetic(
    operator: Operator,
    a: &Value,
    b: &Value,
    budget: &mut Budget,
) -> Result<Value, Stop> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => int(operator, *a, *b).map(Value::Int),
        (Value::Uint(a), Value::Uint(b)) => uint(operator, *a, *b).map(Value::Uint),
        (Value::Double(a), Value::Double(b)) if operator != Operator::Modulo => {
            Ok(Value::Double(double(operator, *a, *b)))
        }
        _ => match operator {
            Operator::Add => add(a, b, budget),
            Operator::Subtract => subtract(a, b),
            _ => Err(no_overload(operator, a, b)),
        },
    }
}

fn int(operator: Operator, a: i64, b: i64) -> Result<i64, Stop> {
    let result = match operator {
        Operator::Add => a.checked_add(b),
        Operator::Subtract => a.checked_sub(b),
        Operator::Multiply => a.checked_mul(b),
        _ if b == 0 => return Err(Stop::failed(DIVISION)),
        Operator::Divide => a.checked_div(b),
        _ => a.checked_rem(b),
    };
    result.ok_or(Stop::failed(OVERFLOW))
}

fn uint(operator: Operator, a: u64, b: u64) -> Result<u64, Stop> {
    let result = match operator {
        Operator::Add => a.checked_add(b),
        Operator::Subtract => a.checked_sub(b),
        Operator::Multiply => a.checked_mul(b),
        _ if b == 0 => return Err(Stop::failed(DIVISION)),
        Operator::Divide => a.checked_div(b),
        _ => a.checked_rem(b),
    };
    result.ok_or(Stop::failed(OVERFLOW))
}

/// IEEE 754; division by zero is an infinity or NaN.
#[inline]
pub(super) fn double(operator: Operator, a: f64, b: f64) -> f64 {
    match operator {
        Operator::Add => a + b,
        Operator::Subtract => a - b,
        Operator::Multiply => a * b,
        _ => a / b,
    }
}

fn add(a: &Value, b: &Value, budget: &mut Budget) -> Result<Value, Stop> {
    match (a, b) {
        (Value::String(a), Value::String(b)) => {
            budget.spend_bytes(a.len() + b.len())?;
            Ok(Value::String([&**a, &**b].concat().into()))
        }
        (Value::Bytes(a), Value::Bytes(b)) => {
            budget.spend_bytes(a.len() + b.len())?;
            Ok(Value::Bytes([&**a, &**b].concat().into()))
        }
        (Value::List(a), Value::List(b)) => {
            let length = a.len() + b.len();
            if length > LIST_LENGTH_MAX {
                return Err(Stop::failed("cost limit exceeded: list too long"));
            }
            budget.spend(length)?;
            Ok(Value::List(a.iter().chain(b.iter()).cloned().collect()))
        }
        (Value::Timestamp(t), Value::Duration(d)) | (Value::Duration(d), Value::Timestamp(t)) => {
            let sum = t.checked_add(*d).ok().and_then(time::in_range);
            sum.map(Value::Timestamp).ok_or(Stop::failed(time::RANGE))
        }
        (Value::Duration(a), Value::Duration(b)) => time::duration(a.checked_add(*b)),
        _ => Err(no_overload(Operator::Add, a, b)),
    }
}

fn subtract(a: &Value, b: &Value) -> Result<Value, Stop> {
    match (a, b) {
        (Value::Timestamp(t), Value::Duration(d)) => {
            let difference = t.checked_sub(*d).ok().and_then(time::in_range);
            difference.map(Value::Timestamp).ok_or(Stop::failed(time::RANGE))
        }
        (Value::Timestamp(a), Value::Timestamp(b)) => time::between(*b, *a),
        (Value::Duration(a), Value::Duration(b)) => time::duration(a.checked_sub(*b)),
        _ => Err(no_overload(Operator::Subtract, a, b)),
    }
}

/// `-a`.
pub(super) fn negate(a: &Value) -> Result<Value, Stop> {
    match a {
        Value::Int(i) => i.checked_neg().map(Value::Int).ok_or(Stop::failed(OVERFLOW)),
        Value::Double(d) => Ok(Value::Double(-d)),
        Value::Duration(d) => time::duration(d.checked_neg()),
        other => Err(Stop::because(format!("cannot negate {}", other.type_name()))),
    }
}

/// A list, refused where it is too long.
pub(super) fn list(elements: Vec<Value>) -> Result<Value, Stop> {
    if elements.len() > LIST_LENGTH_MAX {
        return Err(Stop::failed("cost limit exceeded: list too long"));
    }
    Ok(Value::List(Arc::from(elements)))
}

fn no_overload(operator: Operator, a: &Value, b: &Value) -> Stop {
    let symbol = operator.symbol();
    let (a, b) = (a.type_name(), b.type_name());
    Stop::because(format!("no such operation: {a} {symbol} {b}"))
}
