//! Narrowing by what is assumed.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::knowledge::{Computed, Domain, Knowledge};
use super::values::Values;
use crate::core::expression::canonical::canonical;
use crate::core::expression::syntax::Operator;
use crate::core::expression::term::{Term, TermKind};
use crate::core::expression::types::{Slot, Type};
use crate::core::value::Value;

/// How deep computed slots are followed into each other.
const DEPTH_MAX: usize = 16;

impl Knowledge<'_> {
    /// Assumes that the term gives `truth`; `false` where it cannot.
    pub(super) fn holds(&mut self, term: &Term, truth: bool, depth: usize) -> bool {
        match &term.kind {
            TermKind::Constant(value) => *value == Value::Bool(truth),
            TermKind::All(terms) if truth => terms.iter().all(|t| self.holds(t, true, depth)),
            TermKind::Any(terms) if !truth => terms.iter().all(|t| self.holds(t, false, depth)),
            TermKind::All(terms) | TermKind::Any(terms) => {
                self.one_of(terms.iter().map(|term| vec![(term, truth)]), depth)
            }
            TermKind::Not(operand) => self.holds(operand, !truth, depth),
            TermKind::Conditional(three) => {
                let [condition, yes, no] = &**three;
                let ways =
                    [vec![(condition, true), (yes, truth)], vec![(condition, false), (no, truth)]];
                self.one_of(ways.into_iter(), depth)
            }
            TermKind::HasSlot(slot, _) => {
                let mut domain = self.domain(*slot);
                if truth {
                    domain.missing = false;
                } else {
                    domain.values = domain.values.none();
                }
                self.narrow(*slot, domain, depth)
            }
            TermKind::Slot(slot, _) => {
                let values = Values::Bools { no: !truth, yes: truth };
                self.narrow(*slot, Domain { missing: false, values }, depth)
            }
            TermKind::Binary(operator, two) => self.compares(term, *operator, two, truth, depth),
            _ => self.fact(term, truth, depth),
        }
    }

    /// Assumes that one of several ways holds.
    fn one_of<'t>(
        &mut self,
        ways: impl Iterator<Item = Vec<(&'t Term, bool)>>,
        depth: usize,
    ) -> bool {
        let mut joined: Option<Self> = None;
        for way in ways {
            let mut branch = self.clone();
            if way.iter().all(|(term, truth)| branch.holds(term, *truth, depth)) {
                joined = Some(match joined {
                    Some(joined) => joined.join(branch),
                    None => branch,
                });
            }
        }
        match joined {
            Some(joined) => {
                *self = joined;
                true
            }
            None => false,
        }
    }

    fn compares(
        &mut self,
        term: &Term,
        operator: Operator,
        two: &[Term; 2],
        truth: bool,
        depth: usize,
    ) -> bool {
        let (yes, no) = self.possible(term).truths();
        if !(if truth { yes } else { no }) {
            return false;
        }
        let [left, right] = two;
        let (left, right, operator) = match (left.constant(), operator.mirrored()) {
            (Some(_), Some(mirrored)) => (right, left, mirrored),
            _ => (left, right, operator),
        };
        let Some(constant) = right.constant() else {
            return self.fact(term, truth, depth);
        };
        let operator = if truth { Some(operator) } else { negated(operator) };
        let narrowed = match operator {
            Some(operator) => satisfying(operator, constant, &left.ty, truth),
            None => None,
        };
        match (&left.kind, narrowed) {
            (TermKind::Slot(slot, _), narrowed) => {
                let mut domain = self.domain(*slot);
                domain.missing = false;
                if let Some(values) = narrowed {
                    domain.values = domain.values.meet(&values);
                }
                for out in excluded(operator, constant, truth) {
                    domain.values.remove(out);
                }
                self.narrow(*slot, domain, depth)
            }
            (TermKind::Binary(..), Some(values)) => {
                self.gives(left, &values, depth) && self.fact(term, truth, depth)
            }
            _ => self.fact(term, truth, depth),
        }
    }

    /// Assumes that a term gives one of `values`, where that says something of a slot.
    fn gives(&mut self, term: &Term, values: &Values, depth: usize) -> bool {
        let (TermKind::Binary(operator, two), Values::Wholes(min, max)) = (&term.kind, values)
        else {
            return match &term.kind {
                TermKind::Slot(slot, _) => {
                    let domain = Domain { missing: false, values: values.clone() };
                    self.narrow(*slot, domain, depth)
                }
                _ => true,
            };
        };
        let [left, right] = &**two;
        let whole = |term: &Term| match term.constant() {
            Some(Value::Int(whole)) => Some(i128::from(*whole)),
            _ => None,
        };
        let wholes = |min: Option<i128>, max: Option<i128>| {
            Values::Wholes(min.unwrap_or(i128::MIN), max.unwrap_or(i128::MAX))
        };
        match (operator, whole(left), whole(right)) {
            (Operator::Add, Some(c), None) => {
                self.gives(right, &wholes(min.checked_sub(c), max.checked_sub(c)), depth)
            }
            (Operator::Add, None, Some(c)) => {
                self.gives(left, &wholes(min.checked_sub(c), max.checked_sub(c)), depth)
            }
            (Operator::Subtract, None, Some(c)) => {
                self.gives(left, &wholes(min.checked_add(c), max.checked_add(c)), depth)
            }
            (Operator::Subtract, Some(c), None) => {
                self.gives(right, &wholes(c.checked_sub(*max), c.checked_sub(*min)), depth)
            }
            _ => true,
        }
    }

    /// Assumes a condition that no set expresses: what it needs is there, and it keeps its truth.
    fn fact(&mut self, term: &Term, truth: bool, depth: usize) -> bool {
        if !self.present(term, depth) {
            return false;
        }
        let (yes, no) = self.possible(term).truths();
        if !(if truth { yes } else { no }) {
            return false;
        }
        *self.facts.entry(canonical(term)).or_insert(truth) == truth
    }

    /// Assumes that the term has a value: so have the slots it cannot do without.
    fn present(&mut self, term: &Term, depth: usize) -> bool {
        match &term.kind {
            TermKind::Slot(slot, _) => {
                let mut domain = self.domain(*slot);
                domain.missing = false;
                self.narrow(*slot, domain, depth)
            }
            TermKind::Field(operand, _) | TermKind::Negate(operand) => self.present(operand, depth),
            TermKind::Binary(_, two) => two.iter().all(|term| self.present(term, depth)),
            TermKind::Call(_, terms) => terms.iter().all(|term| self.present(term, depth)),
            _ => true,
        }
    }

    /// Narrows a slot, and what it is computed from.
    fn narrow(&mut self, slot: Slot, domain: Domain, depth: usize) -> bool {
        if !self.restrict(slot, &domain) {
            return false;
        }
        if domain.missing || depth >= DEPTH_MAX {
            return true;
        }
        let slots = self.slots;
        match slots.computed(slot) {
            Some(Computed::Holds(program)) => match domain.values {
                // Not in it may also mean unknown.
                Values::Bools { no: false, yes: true } => {
                    self.holds(program.folded(), true, depth + 1)
                }
                _ => true,
            },
            Some(Computed::Value(program)) => {
                let term = program.folded();
                match domain.values {
                    Values::Bools { no, yes } if no != yes => self.holds(term, yes, depth + 1),
                    values => self.present(term, depth + 1) && self.gives(term, &values, depth + 1),
                }
            }
            None => true,
        }
    }
}

/// The comparison that holds where `operator` is false; `None` where NaN makes both false, and for
/// what is no comparison.
fn negated(operator: Operator) -> Option<Operator> {
    match operator {
        Operator::Equal => Some(Operator::NotEqual),
        Operator::NotEqual => Some(Operator::Equal),
        Operator::Less => Some(Operator::GreaterEqual),
        Operator::LessEqual => Some(Operator::Greater),
        Operator::Greater => Some(Operator::LessEqual),
        Operator::GreaterEqual => Some(Operator::Less),
        Operator::In => Some(Operator::In),
        _ => None,
    }
}

/// The values of type `ty` for which `operator` with `constant` is true (for `in`: gives `truth`);
/// where the comparison was negated, NaN stays possible. `None`: no set says it.
fn satisfying(operator: Operator, constant: &Value, ty: &Type, truth: bool) -> Option<Values> {
    if operator == Operator::In {
        let Value::List(elements) = constant else { return None };
        return truth.then(|| listed(elements, ty)).flatten();
    }
    match (ty, constant) {
        (Type::Double, Value::Double(_) | Value::Int(_)) => {
            let c = match constant {
                Value::Double(c) => *c,
                #[expect(clippy::cast_precision_loss, reason = "checked to be exact")]
                Value::Int(c) if c.unsigned_abs() < 1 << 53 => *c as f64,
                _ => return None,
            };
            let (least, most) = (f64::NEG_INFINITY, f64::INFINITY);
            if c.is_nan() {
                return None;
            }
            let (min, max) = match operator {
                Operator::Equal => (c, c),
                Operator::Less => (least, c.next_down()),
                Operator::LessEqual => (least, c),
                Operator::Greater => (c.next_up(), most),
                Operator::GreaterEqual => (c, most),
                _ => return None,
            };
            Some(Values::Reals(min, max, !truth && operator != Operator::Equal))
        }
        (Type::Int | Type::Uint | Type::Timestamp | Type::Duration, constant) => {
            let (floor, ceil) = whole(constant)?;
            let (min, max) = match operator {
                Operator::Equal => (ceil, floor),
                Operator::Less => (i128::MIN, ceil.saturating_sub(1)),
                Operator::LessEqual => (i128::MIN, floor),
                Operator::Greater => (floor.saturating_add(1), i128::MAX),
                Operator::GreaterEqual => (ceil, i128::MAX),
                _ => return None,
            };
            Some(Values::Wholes(min, max))
        }
        (Type::String | Type::Enum(_), Value::String(_)) if operator == Operator::Equal => {
            Some(Values::only(constant))
        }
        (Type::Bool, Value::Bool(b)) => match operator {
            Operator::Equal => Some(Values::only(constant)),
            Operator::NotEqual => Some(Values::only(&Value::Bool(!b))),
            _ => None,
        },
        _ => None,
    }
}

/// The nearest whole numbers not above and not below a constant.
fn whole(constant: &Value) -> Option<(i128, i128)> {
    match (constant, Values::only(constant)) {
        (Value::Double(c), _) if c.abs() < 1e18 =>
        {
            #[expect(clippy::cast_possible_truncation, reason = "below 1e18, and whole")]
            Some((libm::floor(*c) as i128, libm::ceil(*c) as i128))
        }
        (_, Values::Wholes(whole, _)) => Some((whole, whole)),
        _ => None,
    }
}

/// The values of type `ty` that equal an element.
fn listed(elements: &[Value], ty: &Type) -> Option<Values> {
    if elements.is_empty() {
        return Some(Values::of(ty).none());
    }
    let mut all: Option<Values> = None;
    for element in elements {
        let one = match (ty, element) {
            (Type::String | Type::Enum(_), Value::String(_)) => Values::only(element),
            (Type::String | Type::Enum(_), _) => continue,
            (ty, element) => satisfying(Operator::Equal, element, ty, true)?,
        };
        all = Some(match all {
            Some(all) => all.join(&one),
            None => one,
        });
    }
    Some(all.unwrap_or_else(|| Values::Texts(BTreeSet::<Arc<str>>::new())))
}

/// Values that are taken out one by one: by `!=`, and by not being in a list.
fn excluded(operator: Option<Operator>, constant: &Value, truth: bool) -> &[Value] {
    match (operator, constant) {
        (Some(Operator::NotEqual), constant) => std::slice::from_ref(constant),
        (Some(Operator::In), Value::List(elements)) if !truth => elements,
        _ => &[],
    }
}
