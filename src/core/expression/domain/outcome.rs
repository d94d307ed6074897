//! What a term may come to.

use super::interval::{arithmetic, orders};
use super::knowledge::Knowledge;
use super::values::Values;
use crate::core::expression::canonical::canonical;
use crate::core::expression::syntax::Operator;
use crate::core::expression::term::{Term, TermKind};
use crate::core::expression::types::Type;
use crate::core::value::Value;

/// Wholes of a range that are held against a list one by one.
const ENUMERATED_MAX: i128 = 64;

/// What a term may come to: values, or none (missing or failed).
pub(super) struct Possible {
    pub(super) values: Values,
    pub(super) stops: bool,
}

impl Possible {
    fn bools((yes, no): (bool, bool), stops: bool) -> Self {
        Self { values: Values::Bools { no, yes }, stops }
    }

    fn unknown(ty: &Type) -> Self {
        // A closed set says what a slot holds, not what an operation gives.
        let ty = if ty.is_text() { &Type::String } else { ty };
        Self { values: Values::of(ty), stops: true }
    }

    /// Whether it may be true, and whether it may be false.
    pub(super) fn truths(&self) -> (bool, bool) {
        match self.values {
            Values::Bools { no, yes } => (yes, no),
            _ => (true, true),
        }
    }
}

impl Knowledge<'_> {
    pub(super) fn possible(&self, term: &Term) -> Possible {
        match &term.kind {
            TermKind::Constant(value) => Possible { values: Values::only(value), stops: false },
            TermKind::Slot(slot, _) => {
                let domain = self.domain(*slot);
                Possible { values: domain.values, stops: domain.missing }
            }
            TermKind::HasSlot(slot, _) => {
                let domain = self.domain(*slot);
                Possible::bools((!domain.values.is_empty(), domain.missing), false)
            }
            TermKind::All(terms) => self.logical(terms, false),
            TermKind::Any(terms) => self.logical(terms, true),
            TermKind::Not(operand) => {
                let operand = self.possible(operand);
                let (yes, no) = operand.truths();
                Possible::bools((no, yes), operand.stops)
            }
            TermKind::Conditional(three) => {
                let [condition, yes, no] = &**three;
                let condition = self.possible(condition);
                let branches = match condition.truths() {
                    (true, true) => vec![yes, no],
                    (true, false) => vec![yes],
                    (false, true) => vec![no],
                    (false, false) => Vec::new(),
                };
                let mut all =
                    Possible { values: Values::of(&term.ty).none(), stops: condition.stops };
                for branch in branches {
                    let branch = self.possible(branch);
                    all.stops |= branch.stops;
                    all.values = all.values.join(&branch.values);
                }
                all
            }
            TermKind::Coalesce(two) => {
                let [value, default] = &**two;
                let mut possible = self.possible(value);
                if possible.stops {
                    let default = self.possible(default);
                    possible.values = possible.values.join(&default.values);
                }
                possible
            }
            TermKind::Binary(operator, two) => self.binary(term, *operator, two),
            _ => self.opaque(term),
        }
    }

    /// `&&` (decided by false) and `||` (by true).
    fn logical(&self, terms: &[Term], decisive: bool) -> Possible {
        let (mut decided, mut undecided, mut stops) = (false, true, false);
        for term in terms {
            let possible = self.possible(term);
            let (yes, no) = possible.truths();
            let (deciding, other) = if decisive { (yes, no) } else { (no, yes) };
            decided |= deciding;
            undecided &= other;
            stops |= possible.stops;
            if deciding && !other && !possible.stops {
                (undecided, stops) = (false, false);
                break;
            }
        }
        let truths = if decisive { (decided, undecided) } else { (undecided, decided) };
        Possible::bools(truths, stops)
    }

    fn binary(&self, term: &Term, operator: Operator, two: &[Term; 2]) -> Possible {
        let [left, right] = two;
        let (a, b) = (self.possible(left), self.possible(right));
        let stops = a.stops || b.stops;
        if operator.mirrored().is_some() {
            // Of dynamic values, an order may fail.
            let sure = !matches!((&a.values, &b.values), (Values::Any, _) | (_, Values::Any));
            let truths = orders(&a.values, &b.values).of(operator);
            return self.known(term, Possible::bools(truths, stops || !sure));
        }
        match (operator, right.constant()) {
            (Operator::In, Some(Value::List(elements))) => {
                Possible::bools(member(&a.values, elements), stops)
            }
            (Operator::In, _) => self.opaque(term),
            _ => match arithmetic(operator, &a.values, &b.values) {
                // Whole numbers fail beyond their range.
                Some(values) => {
                    let all = Values::of(&term.ty);
                    let wholes = matches!(values, Values::Wholes(..));
                    Possible { values: values.meet(&all), stops: stops || wholes }
                }
                None => Possible::unknown(&term.ty),
            },
        }
    }

    fn opaque(&self, term: &Term) -> Possible {
        self.known(term, Possible::unknown(&term.ty))
    }

    /// What is known of this very condition, on top of what may be.
    fn known(&self, term: &Term, possible: Possible) -> Possible {
        if self.facts.is_empty() || term.ty != Type::Bool {
            return possible;
        }
        match self.facts.get(&canonical(term)) {
            Some(truth) => {
                let (yes, no) = possible.truths();
                Possible::bools((yes && *truth, no && !truth), false)
            }
            None => possible,
        }
    }
}

/// Whether a value may be in the list, and whether it may not.
fn member(values: &Values, elements: &[Value]) -> (bool, bool) {
    let listed = |value: &Value| {
        let only = Values::only(value);
        elements.iter().any(|element| orders(&only, &Values::only(element)).equal)
    };
    match values {
        Values::Texts(texts) => {
            let mut known = texts.iter().map(|text| listed(&Value::String(text.clone())));
            let found: Vec<bool> = known.by_ref().collect();
            (found.contains(&true), found.contains(&false))
        }
        Values::Wholes(min, max)
            if min <= max && max.checked_sub(*min).is_some_and(|width| width < ENUMERATED_MAX) =>
        {
            let equal = |whole: i128| {
                let only = Values::Wholes(whole, whole);
                elements.iter().any(|element| orders(&only, &Values::only(element)).equal)
            };
            let found: Vec<bool> = (*min..=*max).map(equal).collect();
            (found.contains(&true), found.contains(&false))
        }
        other if other.is_empty() => (false, false),
        other => {
            let possible =
                elements.iter().any(|element| orders(other, &Values::only(element)).equal);
            (possible, true)
        }
    }
}
