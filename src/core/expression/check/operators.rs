//! Types of operators.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Checker;
use super::names::closest;
use super::unify::{assignable, comparable, is_number, join, ordered};
use crate::core::expression::syntax::{Operator, Span, Syntax};
use crate::core::expression::term::{Term, TermKind};
use crate::core::expression::types::Type;
use crate::core::value::Value;

impl Checker<'_> {
    pub(super) fn negate(&mut self, span: Span, operand: &Syntax) -> Term {
        let operand = self.term(operand);
        let ty = operand.ty.clone();
        if !matches!(ty, Type::Int | Type::Double | Type::Duration | Type::Dyn) {
            self.fault(operand.span, format!("cannot negate {ty}"), None);
        }
        let kind = TermKind::Negate(Box::new(operand));
        Term { kind, ty, span }
    }

    pub(super) fn binary(&mut self, syntax: &Syntax, op: Operator, two: &[Syntax; 2]) -> Term {
        let [left, right] = two;
        let (left, right) = (self.term(left), self.term(right));
        let ty = match op {
            Operator::Equal | Operator::NotEqual => {
                self.equality(syntax.span, op, &left, &right);
                Type::Bool
            }
            Operator::Less | Operator::LessEqual | Operator::Greater | Operator::GreaterEqual => {
                self.ordering(syntax.span, op, &left, &right);
                Type::Bool
            }
            Operator::In => {
                self.membership(syntax.span, &left, &right);
                Type::Bool
            }
            Operator::Index => self.index(&left, &right),
            _ => arithmetic(op, &left.ty, &right.ty).unwrap_or_else(|| {
                let symbol = op.symbol();
                let message = format!("no `{symbol}` for {} and {}", left.ty, right.ty);
                self.fault(syntax.span, message, number_hint(&left, &right));
                Type::Dyn
            }),
        };
        Term { kind: TermKind::Binary(op, Box::new([left, right])), ty, span: syntax.span }
    }

    fn equality(&mut self, span: Span, op: Operator, left: &Term, right: &Term) {
        if !comparable(&left.ty, &right.ty) {
            let message = format!("{} is never equal to {}", left.ty, right.ty);
            let hint = match (&left.kind, &right.kind) {
                (TermKind::Slot(_, path), TermKind::Constant(Value::Null))
                | (TermKind::Constant(Value::Null), TermKind::Slot(_, path)) => {
                    let not = if op == Operator::Equal { "!" } else { "" };
                    Some(format!("to ask whether it is known, write `{not}has({path})`"))
                }
                _ => None,
            };
            self.fault(span, message, hint);
        }
        self.within(&left.ty, right);
        self.within(&right.ty, left);
    }

    fn ordering(&mut self, span: Span, op: Operator, left: &Term, right: &Term) {
        if !comparable(&left.ty, &right.ty) || !ordered(&left.ty) || !ordered(&right.ty) {
            let symbol = op.symbol();
            let message = format!("no `{symbol}` for {} and {}", left.ty, right.ty);
            self.fault(span, message, None);
        }
    }

    fn membership(&mut self, span: Span, left: &Term, right: &Term) {
        let element = match &right.ty {
            Type::List(element) => element,
            Type::Map(key, _) => key,
            Type::Dyn => return,
            other => {
                let message = format!("`in` wants a list or a map on its right, not {other}");
                let hint = matches!(other, Type::String | Type::Enum(_))
                    .then(|| "for a part of a text, write `text.contains(part)`".to_owned());
                self.fault(right.span, message, hint);
                return;
            }
        };
        if !comparable(&left.ty, element) {
            let message = format!("{} is never in {}", left.ty, right.ty);
            self.fault(span, message, None);
        }
        self.within(&left.ty, right);
        self.within(element, left);
    }

    /// Text literals compared with text from a closed set must be of that set.
    pub(super) fn within(&mut self, ty: &Type, literal: &Term) {
        let Type::Enum(set) = ty else { return };
        match &literal.kind {
            TermKind::Constant(Value::String(text)) if !set.contains(text) => {
                let message = format!("`{text}` is not one of {}", Type::Enum(set.clone()));
                let hint = closest(text, set.iter().map(|s| &**s))
                    .map(|best| format!("did you mean `{best}`?"))
                    .or_else(|| among(set));
                self.fault(literal.span, message, hint);
            }
            TermKind::List(elements) => {
                for element in elements {
                    self.within(ty, element);
                }
            }
            _ => {}
        }
    }

    fn index(&mut self, container: &Term, index: &Term) -> Type {
        let (wanted, element) = match &container.ty {
            Type::List(element) => (Type::Int, (**element).clone()),
            Type::Map(key, value) => ((**key).clone(), (**value).clone()),
            Type::Dyn => return Type::Dyn,
            other => {
                let message = format!("{other} cannot be indexed");
                self.fault(container.span, message, None);
                return Type::Dyn;
            }
        };
        let both_numbers = is_number(&wanted) && is_number(&index.ty);
        if !assignable(&index.ty, &wanted) && !both_numbers {
            let message = format!("the index must be {wanted}, not {}", index.ty);
            self.fault(index.span, message, None);
        }
        element
    }
}

fn among(set: &Arc<BTreeSet<Arc<str>>>) -> Option<String> {
    let names: Vec<String> = set.iter().take(8).map(|s| format!("`{s}`")).collect();
    (!names.is_empty()).then(|| format!("write one of {}", names.join(", ")))
}

fn arithmetic(op: Operator, left: &Type, right: &Type) -> Option<Type> {
    Some(match (op, left, right) {
        (_, Type::Dyn, _) | (_, _, Type::Dyn) => Type::Dyn,
        (_, Type::Int, Type::Int) => Type::Int,
        (_, Type::Uint, Type::Uint) => Type::Uint,
        (Operator::Modulo, ..) => return None,
        (_, Type::Double, Type::Double) => Type::Double,
        (Operator::Add, Type::String | Type::Enum(_), Type::String | Type::Enum(_)) => Type::String,
        (Operator::Add, Type::Bytes, Type::Bytes) => Type::Bytes,
        (Operator::Add, Type::List(a), Type::List(b)) => {
            Type::List(Arc::new(join(a, b).unwrap_or(Type::Dyn)))
        }
        (Operator::Add | Operator::Subtract, Type::Timestamp, Type::Duration)
        | (Operator::Add, Type::Duration, Type::Timestamp) => Type::Timestamp,
        (Operator::Subtract, Type::Timestamp, Type::Timestamp)
        | (Operator::Add | Operator::Subtract, Type::Duration, Type::Duration) => Type::Duration,
        _ => return None,
    })
}

/// How to bring two numbers of different types together.
pub(super) fn number_hint(left: &Term, right: &Term) -> Option<String> {
    let whole = match (&left.ty, &right.ty) {
        (Type::Double, Type::Int | Type::Uint) => right,
        (Type::Int | Type::Uint, Type::Double) => left,
        (Type::Int, Type::Uint) | (Type::Uint, Type::Int) => {
            return Some("bring both to one type with `int(...)`".to_owned());
        }
        _ => return None,
    };
    Some(match &whole.kind {
        TermKind::Constant(Value::Int(i)) => format!("write `{i}.0`"),
        TermKind::Slot(_, path) => format!("write `double({path})`"),
        _ => "bring the whole number to double with `double(...)`".to_owned(),
    })
}
