//! Conditions that only hold one slot against constants: what an index over many of them needs.

use super::program::Program;
use super::syntax::Operator;
use super::term::{Term, TermKind};
use super::types::{Slot, Type};
use crate::core::value::Value;

/// What a condition compares its only slot with. Between two neighbouring constants (of ordered
/// types), and for all texts that are none of them, the condition has one and the same result.
#[derive(Clone, Debug)]
pub struct Single {
    /// The slot.
    pub slot: Slot,
    /// Its declared type.
    pub ty: Type,
    /// The constants, in the order of the text.
    pub constants: Vec<Value>,
}

impl Program {
    /// What the condition compares its only slot with; `None` where it reads more than one slot,
    /// or does anything but compare, `in`, `has`, `&&`, `||`, `!` and `?:`.
    #[must_use]
    pub fn single(&self) -> Option<Single> {
        let [slot] = self.slots() else {
            return None;
        };
        let mut single = Single { slot: *slot, ty: Type::Dyn, constants: Vec::new() };
        collect(self.folded(), &mut single).then_some(single)
    }
}

/// Whether the term is of that kind; its constants are added.
fn collect(term: &Term, single: &mut Single) -> bool {
    let mut all = |terms: &[Term]| terms.iter().all(|term| collect(term, single));
    match &term.kind {
        TermKind::Constant(Value::Bool(_)) | TermKind::HasSlot(..) => true,
        TermKind::Slot(..) => {
            single.ty = term.ty.clone();
            term.ty == Type::Bool
        }
        TermKind::All(terms) | TermKind::Any(terms) => all(terms),
        TermKind::Not(operand) => collect(operand, single),
        TermKind::Conditional(three) => all(&**three),
        TermKind::Binary(operator, two) => compared(*operator, two, single),
        _ => false,
    }
}

fn compared(operator: Operator, two: &[Term; 2], single: &mut Single) -> bool {
    let [left, right] = two;
    let (TermKind::Slot(..), Some(constant)) = (&left.kind, right.constant()) else {
        return false;
    };
    single.ty = left.ty.clone();
    let equality = matches!(operator, Operator::Equal | Operator::NotEqual);
    match (operator, constant) {
        (Operator::In, Value::List(elements)) => single.constants.extend(elements.iter().cloned()),
        (Operator::In, _) => return false,
        _ if operator.mirrored().is_none() || (left.ty.is_text() && !equality) => return false,
        (_, constant) => single.constants.push(constant.clone()),
    }
    true
}
