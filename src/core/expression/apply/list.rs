//! Functions of lists.

use std::borrow::Cow;

use super::no_overload;
use crate::core::expression::arithmetic::{self, arithmetic};
use crate::core::expression::compare::{contains, equal, is_number, order};
use crate::core::expression::functions::Function;
use crate::core::expression::limits::LIST_LENGTH_MAX;
use crate::core::expression::stop::{Budget, Stop};
use crate::core::expression::syntax::Operator;
use crate::core::value::Value;

/// Deepest nesting that `flatten` takes out.
const FLATTEN_MAX: i64 = 16;

pub(super) fn list(
    function: Function,
    args: &[Cow<'_, Value>],
    budget: &mut Budget,
) -> Result<Value, Stop> {
    let mut args_iter = args.iter().map(|a| &**a);
    let (first, second, third) = (args_iter.next(), args_iter.next(), args_iter.next());
    let elements = match (function, first) {
        (Function::Range, Some(Value::Int(end))) => return range(*end, budget),
        (_, Some(Value::List(elements))) => &**elements,
        _ => return Err(no_overload(function)),
    };
    budget.spend(elements.len())?;
    match (function, second, third) {
        (Function::Sum, ..) => sum(elements, budget),
        (Function::Average, ..) => average(elements),
        (Function::Distinct, ..) => distinct(elements, budget),
        (Function::Sort, ..) => sort(elements),
        (Function::Reverse, ..) => arithmetic::list(elements.iter().rev().cloned().collect()),
        (Function::Slice, Some(Value::Int(from)), Some(Value::Int(to))) => {
            let (from, to) = (usize::try_from(*from), usize::try_from(*to));
            let part = from.ok().zip(to.ok()).and_then(|(from, to)| elements.get(from..to));
            let part = part.ok_or(Stop::failed("slice out of range"))?;
            arithmetic::list(part.to_vec())
        }
        (Function::Flatten, depth, _) => {
            let depth = match depth {
                None => 1,
                Some(Value::Int(depth @ 0..=FLATTEN_MAX)) => *depth,
                _ => return Err(Stop::failed("lists are flattened by 0 to 16 levels")),
            };
            let mut flat = Vec::new();
            flatten(elements, depth, &mut flat, budget)?;
            arithmetic::list(flat)
        }
        (_, Some(Value::List(others)), None) => sets(function, elements, others, budget),
        _ => Err(no_overload(function)),
    }
}

fn range(end: i64, budget: &mut Budget) -> Result<Value, Stop> {
    let length = usize::try_from(end).unwrap_or(0);
    if length > LIST_LENGTH_MAX {
        return Err(Stop::failed("cost limit exceeded: list too long"));
    }
    budget.spend(length)?;
    arithmetic::list((0..end).map(Value::Int).collect())
}

fn sum(elements: &[Value], budget: &mut Budget) -> Result<Value, Stop> {
    let summed = |v: &Value| is_number(v) || matches!(v, Value::Duration(_));
    if !elements.iter().all(summed) {
        return Err(no_overload(Function::Sum));
    }
    let mut elements = elements.iter();
    let Some(first) = elements.next() else {
        return Ok(Value::Int(0));
    };
    elements.try_fold(first.clone(), |sum, next| arithmetic(Operator::Add, &sum, next, budget))
}

#[expect(clippy::cast_precision_loss, reason = "lists are short")]
fn average(elements: &[Value]) -> Result<Value, Stop> {
    if elements.is_empty() {
        return Err(Stop::failed("an empty list has no average"));
    }
    if !elements.iter().all(is_number) {
        return Err(no_overload(Function::Average));
    }
    let sum: f64 = elements.iter().filter_map(Value::as_f64).sum();
    Ok(Value::Double(sum / elements.len() as f64))
}

/// Each once, in the order of their first appearance.
fn distinct(elements: &[Value], budget: &mut Budget) -> Result<Value, Stop> {
    let mut kept: Vec<Value> = Vec::new();
    for element in elements {
        budget.spend(kept.len() / 16 + 1)?;
        let mut known = false;
        for other in &kept {
            known = known || equal(element, other, budget)?;
        }
        if !known {
            kept.push(element.clone());
        }
    }
    arithmetic::list(kept)
}

/// Ascending; equals keep their order, NaN goes last.
fn sort(elements: &[Value]) -> Result<Value, Stop> {
    let mut sorted = elements.to_vec();
    if let [first, ..] = elements {
        // What goes with the first goes with all.
        elements.iter().try_for_each(|other| order(first, other).map(|_| ()))?;
    }
    let nan = |v: &Value| matches!(v, Value::Double(d) if d.is_nan());
    sorted.sort_by(|a, b| match order(a, b) {
        Ok(Some(order)) => order,
        _ => nan(a).cmp(&nan(b)),
    });
    arithmetic::list(sorted)
}

fn flatten(
    elements: &[Value],
    depth: i64,
    into: &mut Vec<Value>,
    budget: &mut Budget,
) -> Result<(), Stop> {
    budget.spend(elements.len())?;
    for element in elements {
        match element {
            Value::List(inner) if depth > 0 => flatten(inner, depth - 1, into, budget)?,
            other => into.push(other.clone()),
        }
        if into.len() > LIST_LENGTH_MAX {
            return Err(Stop::failed("cost limit exceeded: list too long"));
        }
    }
    Ok(())
}

fn sets(
    function: Function,
    elements: &[Value],
    others: &[Value],
    budget: &mut Budget,
) -> Result<Value, Stop> {
    let mut all_in = |part: &[Value], whole: &[Value]| -> Result<(bool, bool), Stop> {
        let whole = Value::List(whole.into());
        let (mut all, mut any) = (true, false);
        for element in part {
            budget.spend(1)?;
            let found = contains(element, &whole, budget)?;
            (all, any) = (all && found, any || found);
        }
        Ok((all, any))
    };
    let (contained, shared) = all_in(others, elements)?;
    Ok(Value::Bool(match function {
        Function::SetContains => contained,
        Function::SetIntersects => shared,
        Function::SetEquivalent => contained && all_in(elements, others)?.0,
        _ => return Err(no_overload(function)),
    }))
}
