//! The fast evaluator: values are borrowed from the frame and the program where possible.

use std::borrow::Cow;
use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::apply::apply;
use super::arithmetic::{arithmetic, double, list, negate};
use super::code::{Code, CodeLoop, Set, Source};
use super::compare::{compare, contains, element, equal, holds};
use super::functions::Function;
use super::lookup::CALL_COST;
use super::read::read;
use super::reference::{elements, insert, only_map, truth};
use super::stop::{Budget, Stop};
use super::syntax::{LoopKind, Operator};
use super::types::{Frame, Slot};
use crate::core::value::{MapKey, Value};

/// What an evaluation works on.
pub(super) struct Env<'a> {
    frame: &'a Frame,
    locals: Vec<Value>,
    budget: Budget,
}

impl<'a> Env<'a> {
    #[inline]
    pub(super) fn new(frame: &'a Frame) -> Self {
        Self::within(frame, Budget::full())
    }

    #[inline]
    pub(super) fn within(frame: &'a Frame, budget: Budget) -> Self {
        Self { frame, locals: Vec::new(), budget }
    }

    fn read(&self, source: &Source) -> Result<Cow<'a, Value>, Stop> {
        read(self.frame, source.slot, &source.ty, &source.path)
    }

    #[inline]
    fn slot(&self, slot: Slot) -> Option<&'a Value> {
        self.frame.get(slot.0 as usize).and_then(Option::as_ref)
    }
}

impl Code {
    /// The value of a condition.
    pub(super) fn truth<'a>(&'a self, env: &mut Env<'a>) -> Result<bool, Stop> {
        match self {
            Self::SlotInt(slot, operator, constant, source) => match env.slot(*slot) {
                Some(Value::Int(int)) => Ok(holds(*operator, int.cmp(constant))),
                _ => slow_compare(env, source, *operator, &Value::Int(*constant)),
            },
            Self::SlotDouble(slot, operator, constant, source) => match env.slot(*slot) {
                Some(Value::Double(value)) => Ok(double_holds(*operator, *value, *constant)),
                _ => slow_compare(env, source, *operator, &Value::Double(*constant)),
            },
            Self::SlotText(slot, constant, negated, source) => match env.slot(*slot) {
                Some(Value::String(text)) => Ok((text == constant) != *negated),
                _ => env.read(source).map(|_| *negated),
            },
            Self::SlotIn(slot, set, source) => match env.slot(*slot) {
                Some(Value::String(text)) if source.ty.is_text() => Ok(set.has_text(text)),
                _ => {
                    let needle = env.read(source)?;
                    member(&needle, set, &mut env.budget)
                }
            },
            Self::Slot(slot, source) => match env.slot(*slot) {
                Some(Value::Bool(value)) if source.ty.is_bool() => Ok(*value),
                _ => truth(&*env.read(source)?),
            },
            Self::HasSlot(slot) => Ok(env.slot(*slot).is_some()),
            Self::All(operands) => logical(operands, false, env),
            Self::Any(operands) => logical(operands, true, env),
            Self::Not(operand) => operand.truth(env).map(|b| !b),
            _ => self.slow_truth(env),
        }
    }

    fn slow_truth<'a>(&'a self, env: &mut Env<'a>) -> Result<bool, Stop> {
        match self {
            Self::Compare(operator, two) => {
                let [left, right] = &**two;
                let (left, right) = (left.value(env)?, right.value(env)?);
                compare(*operator, &left, &right, &mut env.budget)
            }
            Self::In(needle, set) => {
                let needle = needle.value(env)?;
                member(&needle, set, &mut env.budget)
            }
            Self::Contains(two) => {
                let [needle, haystack] = &**two;
                let (needle, haystack) = (needle.value(env)?, haystack.value(env)?);
                contains(&needle, &haystack, &mut env.budget)
            }
            Self::HasField(operand, key) => match operand.value(env) {
                Err(Stop::Missing(_)) => Ok(false),
                Err(failed) => Err(failed),
                Ok(operand) => only_map(&operand).map(|map| map.contains_key(key)),
            },
            Self::Matches(text, regex) => match &*text.value(env)? {
                Value::String(text) => Ok(regex.is_match(text)),
                _ => Err(Stop::failed("`matches` does not take these arguments")),
            },
            Self::Call(function, args) => {
                if let [text, part] = &**args {
                    return text_test(*function, text, part, env);
                }
                truth(&*self.value(env)?)
            }
            Self::Conditional(three) => {
                let [condition, yes, no] = &**three;
                let chosen = if condition.truth(env)? { yes } else { no };
                chosen.truth(env)
            }
            other => truth(&*other.value(env)?),
        }
    }

    /// The value as a double, whole numbers converted.
    pub(super) fn number<'a>(&'a self, env: &mut Env<'a>) -> Result<f64, Stop> {
        match self {
            Self::Constant(Value::Double(constant)) => Ok(*constant),
            Self::Slot(slot, source) => match env.slot(*slot) {
                Some(Value::Double(value)) if source.ty.is_double() => Ok(*value),
                _ => as_number(&*env.read(source)?),
            },
            Self::DoubleArithmetic(operator, two) => {
                let [left, right] = &**two;
                let (left, right) = (left.number(env)?, right.number(env)?);
                Ok(double(*operator, left, right))
            }
            Self::Conditional(three) => {
                let [condition, yes, no] = &**three;
                let chosen = if condition.truth(env)? { yes } else { no };
                chosen.number(env)
            }
            Self::Coalesce(two) => {
                let [value, default] = &**two;
                match value.number(env) {
                    Err(Stop::Missing(_)) => default.number(env),
                    other => other,
                }
            }
            other => as_number(&*other.value(env)?),
        }
    }

    /// The value.
    pub(super) fn value<'a>(&'a self, env: &mut Env<'a>) -> Result<Cow<'a, Value>, Stop> {
        match self {
            Self::Constant(value) => Ok(Cow::Borrowed(value)),
            Self::Fail(message) => Err(Stop::because(message.to_string())),
            Self::Slot(_, source) => env.read(source),
            Self::Local(index) => match env.locals.get(*index) {
                Some(value) => Ok(Cow::Owned(value.clone())),
                None => Err(Stop::failed("no such variable")),
            },
            Self::Field(operand, key) => {
                let operand = operand.value(env)?;
                field(operand, key)
            }
            Self::Negate(operand) => negate(&*operand.value(env)?).map(Cow::Owned),
            Self::Conditional(three) => {
                let [condition, yes, no] = &**three;
                let chosen = if condition.truth(env)? { yes } else { no };
                chosen.value(env)
            }
            Self::Arithmetic(operator, two) => {
                let [left, right] = &**two;
                let (left, right) = (left.value(env)?, right.value(env)?);
                arithmetic(*operator, &left, &right, &mut env.budget).map(Cow::Owned)
            }
            Self::DoubleArithmetic(..) => self.number(env).map(|d| Cow::Owned(Value::Double(d))),
            Self::Index(two) => {
                let [container, index] = &**two;
                let container = container.value(env)?;
                let index = index.value(env)?;
                match container {
                    Cow::Borrowed(container) => element(container, &index).map(Cow::Borrowed),
                    Cow::Owned(container) => element(&container, &index).cloned().map(Cow::Owned),
                }
            }
            Self::Coalesce(two) => {
                let [value, default] = &**two;
                match value.value(env) {
                    Err(Stop::Missing(_)) => default.value(env),
                    other => other,
                }
            }
            Self::Call(function, args) => call(*function, args, env).map(Cow::Owned),
            Self::Lookup(table, args) => {
                env.budget.spend(CALL_COST)?;
                let args = arguments(args, env)?;
                table.call(&args).map(Cow::Owned).map_err(Stop::because)
            }
            Self::List(elements) => {
                let values: Result<Vec<_>, _> =
                    elements.iter().map(|e| e.value(env).map(Cow::into_owned)).collect();
                list(values?).map(Cow::Owned)
            }
            Self::Map(entries) => {
                let mut map = BTreeMap::new();
                for (key, value) in entries {
                    let (key, value) = (key.value(env)?, value.value(env)?);
                    insert(&mut map, &key, value.into_owned())?;
                }
                Ok(Cow::Owned(Value::Map(map.into())))
            }
            Self::Loop(body) => run_loop(body, env).map(Cow::Owned),
            condition => condition.truth(env).map(|b| Cow::Owned(Value::Bool(b))),
        }
    }
}

/// `&&` (decided by false) and `||` (by true).
#[inline]
fn logical<'a>(operands: &'a [Code], decisive: bool, env: &mut Env<'a>) -> Result<bool, Stop> {
    let mut stop: Option<Stop> = None;
    for operand in operands {
        match operand.truth(env) {
            Ok(value) if value == decisive => return Ok(decisive),
            Ok(_) => {}
            Err(other) => {
                stop = Some(match stop {
                    Some(stop) => stop.merge(other),
                    None => other,
                });
            }
        }
    }
    stop.map_or(Ok(!decisive), Err)
}

#[cold]
fn slow_compare(
    env: &mut Env<'_>,
    source: &Source,
    operator: Operator,
    constant: &Value,
) -> Result<bool, Stop> {
    let value = env.read(source)?;
    compare(operator, &value, constant, &mut env.budget)
}

#[inline]
#[expect(clippy::float_cmp, reason = "equality of CEL is exact")]
fn double_holds(operator: Operator, a: f64, b: f64) -> bool {
    match operator {
        Operator::Equal => a == b,
        Operator::NotEqual => a != b,
        Operator::Less => a < b,
        Operator::LessEqual => a <= b,
        Operator::Greater => a > b,
        _ => a >= b,
    }
}

fn member(needle: &Value, set: &Set, budget: &mut Budget) -> Result<bool, Stop> {
    match needle {
        Value::String(text) => return Ok(set.has_text(text)),
        Value::Int(int) => {
            let found = set.has_int(*int);
            if found || set.ints_only() {
                return Ok(found);
            }
        }
        _ => {}
    }
    for other in &set.others {
        if equal(needle, other, budget)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn as_number(value: &Value) -> Result<f64, Stop> {
    match value {
        Value::Double(d) => Ok(*d),
        Value::Int(_) | Value::Uint(_) => {
            value.as_f64().ok_or(Stop::failed("a formula must be a number"))
        }
        other => {
            Err(Stop::because(format!("a formula must be a number, not {}", other.type_name())))
        }
    }
}

fn field<'a>(operand: Cow<'a, Value>, key: &MapKey) -> Result<Cow<'a, Value>, Stop> {
    let missing = || match key {
        MapKey::String(name) => Stop::because(format!("no such key: `{name}`")),
        _ => Stop::failed("no such key"),
    };
    match operand {
        Cow::Borrowed(operand) => {
            let found = only_map(operand)?.get(key);
            found.map(Cow::Borrowed).ok_or_else(missing)
        }
        Cow::Owned(operand) => {
            let found = only_map(&operand)?.get(key).cloned();
            found.map(Cow::Owned).ok_or_else(missing)
        }
    }
}

/// A call of two arguments as a condition: mostly a test of text, done without building values.
fn text_test<'a>(
    function: Function,
    text: &'a Code,
    part: &'a Code,
    env: &mut Env<'a>,
) -> Result<bool, Stop> {
    let args = [text.value(env)?, part.value(env)?];
    if let [Value::String(text), Value::String(part)] = args.each_ref().map(|a| &**a) {
        match function {
            Function::Contains => return Ok(text.contains(&**part)),
            Function::StartsWith => return Ok(text.starts_with(&**part)),
            Function::EndsWith => return Ok(text.ends_with(&**part)),
            _ => {}
        }
    }
    truth(&apply(function, &args, &mut env.budget)?)
}

fn call<'a>(function: Function, args: &'a [Code], env: &mut Env<'a>) -> Result<Value, Stop> {
    let values = arguments(args, env)?;
    apply(function, &values, &mut env.budget)
}

fn arguments<'a>(
    args: &'a [Code],
    env: &mut Env<'a>,
) -> Result<SmallVec<[Cow<'a, Value>; 3]>, Stop> {
    args.iter().map(|arg| arg.value(env)).collect()
}

fn run_loop<'a>(body: &'a CodeLoop, env: &mut Env<'a>) -> Result<Value, Stop> {
    let range = elements(&*body.range.value(env)?, body.kind)?;
    let mut kept: Vec<Value> = Vec::new();
    let mut matched = 0_usize;
    let mut stop: Option<Stop> = None;
    for element in range {
        env.budget.spend(1)?;
        env.locals.push(element);
        let step = body.step(env);
        let element = env.locals.pop();
        match (body.kind, step) {
            (LoopKind::All, Ok(None)) => return Ok(Value::Bool(false)),
            (LoopKind::Exists, Ok(Some(_))) => return Ok(Value::Bool(true)),
            (LoopKind::All | LoopKind::Exists, Err(other)) => {
                stop = Some(match stop {
                    Some(stop) => stop.merge(other),
                    None => other,
                });
            }
            (_, Err(other)) => return Err(other),
            (LoopKind::ExistsOne, Ok(Some(_))) => matched += 1,
            (LoopKind::Filter, Ok(Some(_))) => kept.extend(element),
            (LoopKind::Map, Ok(Some(value))) => kept.extend(value),
            (_, Ok(_)) => {}
        }
    }
    match (body.kind, stop) {
        (_, Some(stop)) => Err(stop),
        (LoopKind::All, None) => Ok(Value::Bool(true)),
        (LoopKind::Exists, None) => Ok(Value::Bool(false)),
        (LoopKind::ExistsOne, None) => Ok(Value::Bool(matched == 1)),
        (LoopKind::Map | LoopKind::Filter, None) => list(kept),
    }
}

impl CodeLoop {
    /// None where the predicate does not hold; else what `map` makes of the element.
    fn step<'a>(&'a self, env: &mut Env<'a>) -> Result<Option<Option<Value>>, Stop> {
        if let Some(predicate) = &self.predicate
            && !predicate.truth(env)?
        {
            return Ok(None);
        }
        match &self.transform {
            Some(transform) => Ok(Some(Some(transform.value(env)?.into_owned()))),
            None => Ok(Some(None)),
        }
    }
}
