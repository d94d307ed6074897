//! Simplification that keeps the meaning: constants evaluated, `&&` and `||` flattened and freed of
//! what decides nothing, constants brought to the right of comparisons.

use std::collections::BTreeSet;

use super::canonical::canonical;
use super::limits::FOLDED_NODES_MAX;
use super::reference::Reference;
use super::stop::Budget;
use super::syntax::Operator;
use super::term::{Term, TermKind, TermLoop};
use super::types::Type;
use crate::core::value::Value;

/// Simplifies a term under `depth` macro variables.
pub(super) fn fold(term: Term, depth: usize) -> Term {
    let Term { kind, ty, span } = term;
    let each = |terms: Vec<Term>| terms.into_iter().map(|t| fold(t, depth)).collect::<Vec<_>>();
    let one = |term: Box<Term>| Box::new(fold(*term, depth));
    let kind = match kind {
        TermKind::All(operands) => return logical(each(operands), false, span),
        TermKind::Any(operands) => return logical(each(operands), true, span),
        TermKind::Not(operand) => return not(fold(*operand, depth), span),
        TermKind::Field(operand, field) => TermKind::Field(one(operand), field),
        TermKind::HasField(operand, field) => TermKind::HasField(one(operand), field),
        TermKind::Negate(operand) => TermKind::Negate(one(operand)),
        TermKind::Conditional(three) => {
            let [condition, yes, no] = three.map(|t| fold(t, depth));
            match condition.constant() {
                Some(Value::Bool(true)) => return yes,
                Some(Value::Bool(false)) => return no,
                _ => TermKind::Conditional(Box::new([condition, yes, no])),
            }
        }
        TermKind::Binary(operator, two) => {
            let [left, right] = two.map(|t| fold(t, depth));
            match operator.mirrored() {
                Some(mirrored) if left.constant().is_some() && right.constant().is_none() => {
                    TermKind::Binary(mirrored, Box::new([right, left]))
                }
                _ => TermKind::Binary(operator, Box::new([left, right])),
            }
        }
        TermKind::Coalesce(two) => {
            let [value, default] = two.map(|t| fold(t, depth));
            if value.constant().is_some() {
                return value;
            }
            TermKind::Coalesce(Box::new([value, default]))
        }
        TermKind::Call(function, args) => TermKind::Call(function, each(args)),
        TermKind::Lookup(table, args) => TermKind::Lookup(table, each(args)),
        TermKind::List(elements) => TermKind::List(each(elements)),
        TermKind::Map(entries) => TermKind::Map(
            entries.into_iter().map(|(k, v)| (fold(k, depth), fold(v, depth))).collect(),
        ),
        TermKind::Loop(body) => TermKind::Loop(Box::new(TermLoop {
            kind: body.kind,
            range: fold(body.range, depth),
            predicate: body.predicate.map(|p| fold(p, depth + 1)),
            transform: body.transform.map(|t| fold(t, depth + 1)),
        })),
        leaf @ (TermKind::Constant(_)
        | TermKind::Fail(_)
        | TermKind::Slot(..)
        | TermKind::HasSlot(..)
        | TermKind::Local(_)) => leaf,
    };
    evaluated(Term { kind, ty, span }, depth)
}

/// The constant a term without slots and outer variables is; itself where that fails, so that it
/// fails at each evaluation as it would unfolded.
fn evaluated(term: Term, depth: usize) -> Term {
    if term.constant().is_some() || !closed(&term, depth) {
        return term;
    }
    let mut reference =
        Reference { frame: &[], locals: vec![Value::Null; depth], budget: Budget::full() };
    match reference.eval(&term) {
        Ok(value) if small(&value, FOLDED_NODES_MAX) => {
            Term { kind: TermKind::Constant(value), ..term }
        }
        _ => term,
    }
}

/// Whether a value, written out, has at most `nodes_max` nodes. Lists may share their elements, so
/// a small program can build a value too large to print.
pub(super) fn small(value: &Value, nodes_max: usize) -> bool {
    fn count(value: &Value, left: &mut usize) -> bool {
        if *left == 0 {
            return false;
        }
        *left -= 1;
        match value {
            Value::List(elements) => elements.iter().all(|e| count(e, left)),
            Value::Map(map) => map.values().all(|v| count(v, left)),
            _ => true,
        }
    }
    let mut left = nodes_max;
    count(value, &mut left)
}

/// Whether the term reads neither slots nor the variables of macros around it. Children are folded
/// already, so only a macro's body needs a deeper look.
fn closed(term: &Term, depth: usize) -> bool {
    match &term.kind {
        TermKind::Slot(..) | TermKind::HasSlot(..) => false,
        TermKind::Local(index) => *index >= depth,
        _ => {
            let mut all = true;
            term.children(&mut |child| all = all && closed(child, depth));
            all
        }
    }
}

fn logical(operands: Vec<Term>, decisive: bool, span: super::syntax::Span) -> Term {
    let mut flat: Vec<Term> = Vec::with_capacity(operands.len());
    for operand in operands {
        match operand.kind {
            TermKind::All(inner) if !decisive => flat.extend(inner),
            TermKind::Any(inner) if decisive => flat.extend(inner),
            TermKind::Constant(Value::Bool(b)) if b == decisive => {
                return boolean(TermKind::Constant(Value::Bool(b)), span);
            }
            TermKind::Constant(Value::Bool(_)) => {}
            _ => flat.push(operand),
        }
    }
    if flat.len() > 1 {
        let mut seen = BTreeSet::new();
        flat.retain(|operand| seen.insert(canonical(operand)));
    }
    if flat.is_empty() {
        return boolean(TermKind::Constant(Value::Bool(!decisive)), span);
    }
    if let [only] = flat.as_slice()
        && surely_bool(only)
    {
        return only.clone();
    }
    let kind = if decisive { TermKind::Any(flat) } else { TermKind::All(flat) };
    boolean(kind, span)
}

fn not(operand: Term, span: super::syntax::Span) -> Term {
    let kind = match operand.kind {
        TermKind::Constant(Value::Bool(b)) => TermKind::Constant(Value::Bool(!b)),
        TermKind::Binary(Operator::Equal, two) => TermKind::Binary(Operator::NotEqual, two),
        TermKind::Binary(Operator::NotEqual, two) => TermKind::Binary(Operator::Equal, two),
        TermKind::Not(inner) if surely_bool(&inner) => return *inner,
        _ => TermKind::Not(Box::new(operand)),
    };
    boolean(kind, span)
}

fn boolean(kind: TermKind, span: super::syntax::Span) -> Term {
    Term { kind, ty: Type::Bool, span }
}

/// Whether the term's value, if it has one, is a bool for certain: what comes out of lists and maps
/// is not checked against their static types.
fn surely_bool(term: &Term) -> bool {
    match &term.kind {
        TermKind::Slot(..) | TermKind::Call(..) => term.ty == Type::Bool,
        TermKind::HasSlot(..)
        | TermKind::HasField(..)
        | TermKind::All(_)
        | TermKind::Any(_)
        | TermKind::Not(_)
        | TermKind::Constant(Value::Bool(_)) => true,
        TermKind::Binary(operator, _) => operator.mirrored().is_some() || *operator == Operator::In,
        _ => false,
    }
}
