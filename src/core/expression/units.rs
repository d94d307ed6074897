//! Units of numbers: what is added, subtracted or compared must be in one unit.

use std::sync::Arc;

use super::functions::Function;
use super::program::Program;
use super::syntax::Operator;
use super::term::{Term, TermKind};
use super::types::{ExpressionFault, Slot};

/// The unit of a number, where one is declared: `EUR`, `%`, `years`.
pub type Unit = Option<Arc<str>>;

impl Program {
    /// The unit of the result, as far as it follows from those that `declared` gives slots, and a
    /// fault for each operation on two different units. Numbers without a unit (literals above all)
    /// go with every unit; products and quotients have none.
    #[must_use]
    pub fn units(&self, declared: &dyn Fn(Slot) -> Unit) -> (Unit, Vec<ExpressionFault>) {
        let mut check = Check { declared, faults: Vec::new() };
        let unit = check.unit(self.term());
        check.faults.sort_by_key(|fault| fault.span);
        (unit, check.faults)
    }
}

struct Check<'a> {
    declared: &'a dyn Fn(Slot) -> Unit,
    faults: Vec<ExpressionFault>,
}

impl Check<'_> {
    fn unit(&mut self, term: &Term) -> Unit {
        match &term.kind {
            TermKind::Slot(slot, _) => (self.declared)(*slot),
            TermKind::Negate(operand) => self.unit(operand),
            TermKind::Binary(operator, two) => {
                let [left, right] = &**two;
                let (a, b) = (self.unit(left), self.unit(right));
                self.binary(*operator, term, a, b)
            }
            TermKind::Conditional(three) => {
                let [condition, yes, no] = &**three;
                self.unit(condition);
                let (yes, no) = (self.unit(yes), self.unit(no));
                self.same(term, "be alternatives", yes, no)
            }
            TermKind::Coalesce(two) => {
                let [value, default] = &**two;
                let (value, default) = (self.unit(value), self.unit(default));
                self.same(term, "stand for each other", value, default)
            }
            TermKind::Call(function, args) => {
                let units: Vec<Unit> = args.iter().map(|arg| self.unit(arg)).collect();
                self.call(*function, term, units)
            }
            TermKind::List(elements) => {
                let units: Vec<Unit> = elements.iter().map(|e| self.unit(e)).collect();
                self.all_same(term, "stand in one list", units)
            }
            _ => {
                let mut children = Vec::new();
                term.children(&mut |child| children.push(child));
                children.into_iter().for_each(|child| _ = self.unit(child));
                None
            }
        }
    }

    fn binary(&mut self, operator: Operator, term: &Term, a: Unit, b: Unit) -> Unit {
        match operator {
            Operator::Add | Operator::Subtract | Operator::Modulo => {
                self.same(term, "be added or subtracted", a, b)
            }
            // A factor may be what converts one unit into another.
            Operator::Multiply | Operator::Divide => None,
            Operator::Index => a,
            _ => {
                self.same(term, "be compared", a, b);
                None
            }
        }
    }

    fn call(&mut self, function: Function, term: &Term, units: Vec<Unit>) -> Unit {
        match function {
            Function::Min | Function::Max | Function::Clamp => {
                self.all_same(term, "be compared", units)
            }
            Function::Abs
            | Function::Round
            | Function::Floor
            | Function::Ceil
            | Function::ToInt
            | Function::ToUint
            | Function::ToDouble => units.into_iter().next().flatten(),
            _ => None,
        }
    }

    fn all_same(&mut self, term: &Term, verb: &str, units: Vec<Unit>) -> Unit {
        let faults = self.faults.len();
        units.into_iter().reduce(|a, b| {
            // One fault for one list.
            if self.faults.len() > faults { a } else { self.same(term, verb, a, b) }
        })?
    }

    fn same(&mut self, term: &Term, verb: &str, a: Unit, b: Unit) -> Unit {
        match (a, b) {
            (Some(a), Some(b)) if a != b => {
                self.faults.push(ExpressionFault {
                    span: term.span,
                    message: format!("{a} and {b} cannot {verb}"),
                    hint: Some("bring both to one unit by multiplying or dividing".to_owned()),
                });
                None
            }
            (a, b) => a.or(b),
        }
    }
}
