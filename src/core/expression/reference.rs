//! The plain evaluator: a walk over the checked tree that copies every value. Slow on purpose; it
//! says what an expression means, and random tests hold the fast one against it. The compiler uses
//! it to fold constants.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::apply::apply;
use super::arithmetic::{arithmetic, list, negate};
use super::compare::{compare, contains, element, key_value, map_key};
use super::lookup::CALL_COST;
use super::read::{present, read};
use super::stop::{Budget, Stop};
use super::syntax::{LoopKind, Operator};
use super::term::{Term, TermKind, TermLoop};
use super::types::Frame;
use crate::core::value::{MapKey, Value};

pub(super) struct Reference<'f> {
    pub(super) frame: &'f Frame,
    pub(super) locals: Vec<Value>,
    pub(super) budget: Budget,
}

impl Reference<'_> {
    pub(super) fn eval(&mut self, term: &Term) -> Result<Value, Stop> {
        match &term.kind {
            TermKind::Constant(value) => Ok(value.clone()),
            TermKind::Fail(message) => Err(Stop::because(message.to_string())),
            TermKind::Slot(slot, path) => {
                read(self.frame, *slot, &term.ty, path).map(Cow::into_owned)
            }
            TermKind::HasSlot(slot, _) => Ok(Value::Bool(present(self.frame, *slot).is_ok())),
            TermKind::Local(index) => match self.locals.get(*index) {
                Some(value) => Ok(value.clone()),
                None => Err(Stop::failed("no such variable")),
            },
            TermKind::Field(operand, field) => {
                let operand = self.eval(operand)?;
                only_map(&operand)?;
                element(&operand, &Value::String(field.clone())).cloned()
            }
            TermKind::HasField(operand, field) => match self.eval(operand) {
                Err(Stop::Missing(_)) => Ok(Value::Bool(false)),
                Err(failed) => Err(failed),
                Ok(operand) => {
                    let map = only_map(&operand)?;
                    Ok(Value::Bool(map.contains_key(&MapKey::String(field.clone()))))
                }
            },
            TermKind::All(operands) => self.logical(operands, false),
            TermKind::Any(operands) => self.logical(operands, true),
            TermKind::Not(operand) => self.condition(operand).map(|b| Value::Bool(!b)),
            TermKind::Negate(operand) => negate(&self.eval(operand)?),
            TermKind::Conditional(three) => {
                let [condition, yes, no] = &**three;
                let chosen = if self.condition(condition)? { yes } else { no };
                self.eval(chosen)
            }
            TermKind::Binary(operator, two) => {
                let [left, right] = &**two;
                let (left, right) = (self.eval(left)?, self.eval(right)?);
                self.binary(*operator, &left, &right)
            }
            TermKind::Coalesce(two) => {
                let [value, default] = &**two;
                match self.eval(value) {
                    Err(Stop::Missing(_)) => self.eval(default),
                    other => other,
                }
            }
            TermKind::Call(function, terms) => {
                let args = self.eval_all(terms)?;
                let args: Vec<_> = args.into_iter().map(Cow::Owned).collect();
                apply(*function, &args, &mut self.budget)
            }
            TermKind::Lookup(table, terms) => {
                self.budget.spend(CALL_COST)?;
                let args: Vec<_> = self.eval_all(terms)?.into_iter().map(Cow::Owned).collect();
                table.reference(&args).map_err(Stop::because)
            }
            TermKind::List(terms) => list(self.eval_all(terms)?),
            TermKind::Map(entries) => {
                let mut map = BTreeMap::new();
                for (key, value) in entries {
                    let (key, value) = (self.eval(key)?, self.eval(value)?);
                    insert(&mut map, &key, value)?;
                }
                Ok(Value::Map(map.into()))
            }
            TermKind::Loop(body) => self.run_loop(body),
        }
    }

    fn eval_all(&mut self, terms: &[Term]) -> Result<Vec<Value>, Stop> {
        terms.iter().map(|t| self.eval(t)).collect()
    }

    fn condition(&mut self, term: &Term) -> Result<bool, Stop> {
        truth(&self.eval(term)?)
    }

    /// `&&` and `||`: one operand equal to `decisive` decides, whatever became of the others.
    fn logical(&mut self, operands: &[Term], decisive: bool) -> Result<Value, Stop> {
        let results: Vec<_> = operands.iter().map(|o| self.condition(o)).collect();
        if results.contains(&Ok(decisive)) {
            return Ok(Value::Bool(decisive));
        }
        match results.into_iter().filter_map(Result::err).reduce(Stop::merge) {
            Some(stop) => Err(stop),
            None => Ok(Value::Bool(!decisive)),
        }
    }

    fn binary(&mut self, operator: Operator, left: &Value, right: &Value) -> Result<Value, Stop> {
        match operator {
            Operator::In => contains(left, right, &mut self.budget).map(Value::Bool),
            Operator::Index => element(left, right).cloned(),
            Operator::Add
            | Operator::Subtract
            | Operator::Multiply
            | Operator::Divide
            | Operator::Modulo => arithmetic(operator, left, right, &mut self.budget),
            _ => compare(operator, left, right, &mut self.budget).map(Value::Bool),
        }
    }

    fn run_loop(&mut self, body: &TermLoop) -> Result<Value, Stop> {
        let elements = elements(&self.eval(&body.range)?, body.kind)?;
        let mut kept = Vec::new();
        let mut results = Vec::new();
        for element in elements {
            self.budget.spend(1)?;
            self.locals.push(element.clone());
            let holds = match &body.predicate {
                Some(predicate) => self.condition(predicate),
                None => Ok(true),
            };
            let step = match (&body.transform, &holds) {
                (Some(transform), Ok(true)) => self.eval(transform),
                _ => Ok(element),
            };
            self.locals.pop();
            let wanted = match body.kind {
                LoopKind::All | LoopKind::Exists => {
                    let decided = holds == Ok(body.kind == LoopKind::Exists);
                    results.push(holds);
                    if decided {
                        break;
                    }
                    continue;
                }
                _ => holds?,
            };
            if wanted {
                kept.push(step?);
            }
        }
        match body.kind {
            LoopKind::All | LoopKind::Exists => {
                let decisive = body.kind == LoopKind::Exists;
                if results.contains(&Ok(decisive)) {
                    return Ok(Value::Bool(decisive));
                }
                match results.into_iter().filter_map(Result::err).reduce(Stop::merge) {
                    Some(stop) => Err(stop),
                    None => Ok(Value::Bool(!decisive)),
                }
            }
            LoopKind::ExistsOne => Ok(Value::Bool(kept.len() == 1)),
            LoopKind::Map | LoopKind::Filter => list(kept),
        }
    }
}

/// A value as a condition.
pub(super) fn truth(value: &Value) -> Result<bool, Stop> {
    match value {
        Value::Bool(b) => Ok(*b),
        other => Err(Stop::because(format!("a condition must be bool, not {}", other.type_name()))),
    }
}

/// What a macro goes over: a list's elements, a map's keys.
pub(super) fn elements(range: &Value, kind: LoopKind) -> Result<Vec<Value>, Stop> {
    match range {
        Value::List(elements) => Ok(elements.to_vec()),
        Value::Map(map) => Ok(map.keys().map(key_value).collect()),
        other => Err(Stop::because(format!(
            "`{}` goes over a list or a map, not {}",
            kind.name(),
            other.type_name()
        ))),
    }
}

pub(super) fn only_map(value: &Value) -> Result<&BTreeMap<MapKey, Value>, Stop> {
    match value {
        Value::Map(map) => Ok(map),
        other => Err(Stop::because(format!("{} has no fields", other.type_name()))),
    }
}

/// Adds an entry to a map that is being built.
pub(super) fn insert(
    map: &mut BTreeMap<MapKey, Value>,
    key: &Value,
    value: Value,
) -> Result<(), Stop> {
    let key = match key {
        Value::Double(_) => None,
        other => map_key(other),
    };
    let key = key.ok_or(Stop::failed("not a map key"))?;
    match map.insert(key, value) {
        None => Ok(()),
        Some(_) => Err(Stop::failed("repeated map key")),
    }
}
