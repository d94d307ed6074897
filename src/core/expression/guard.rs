//! Reads that nothing guards: where a slot that may be empty makes the whole missing.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::program::Program;
use super::syntax::Span;
use super::term::{Term, TermKind};
use super::types::Slot;

/// A read of a slot that may be empty, with nothing around it that deals with that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unguarded {
    /// The slot.
    pub slot: Slot,
    /// Its path.
    pub path: Arc<str>,
    /// Where it is read first: bytes of the source text.
    pub span: (usize, usize),
}

impl Program {
    /// The first read of each slot that `may_be_missing` and that nothing guards. Guards are
    /// `has(x) && ...`, `!has(x) || ...` (in any order), `has(x) ? ... : ...` and
    /// `coalesce(..., default)`.
    #[must_use]
    pub fn unguarded(&self, may_be_missing: &dyn Fn(Slot) -> bool) -> Vec<Unguarded> {
        let mut search = Search { may_be_missing, found: Vec::new() };
        search.walk(self.term(), &BTreeSet::new());
        search.found.sort_by_key(|read| read.span);
        search.found
    }
}

struct Search<'a> {
    may_be_missing: &'a dyn Fn(Slot) -> bool,
    found: Vec<Unguarded>,
}

/// Slots known to hold something.
type Known = BTreeSet<Slot>;

impl Search<'_> {
    fn walk(&mut self, term: &Term, known: &Known) {
        match &term.kind {
            TermKind::Slot(slot, path) => self.read(*slot, path, term.span, known),
            // Of a map that is missing, no field is there.
            TermKind::HasField(operand, _) if base(operand).is_some() => {}
            TermKind::Coalesce(two) => {
                let [_, default] = &**two;
                self.walk(default, known);
            }
            TermKind::All(operands) => self.walk_each(operands, true, known),
            TermKind::Any(operands) => self.walk_each(operands, false, known),
            TermKind::Conditional(three) => {
                let [condition, yes, no] = &**three;
                self.walk(condition, known);
                self.walk(yes, &with(known, condition, true));
                self.walk(no, &with(known, condition, false));
            }
            _ => {
                let mut children = Vec::new();
                term.children(&mut |child| children.push(child));
                children.into_iter().for_each(|child| self.walk(child, known));
            }
        }
    }

    /// Operands of `&&` (`||`) matter only where all others are true (false).
    fn walk_each(&mut self, operands: &[Term], others: bool, known: &Known) {
        for (index, operand) in operands.iter().enumerate() {
            let mut known = known.clone();
            for (place, other) in operands.iter().enumerate() {
                if place != index {
                    learn(other, others, &mut known);
                }
            }
            self.walk(operand, &known);
        }
    }

    fn read(&mut self, slot: Slot, path: &Arc<str>, span: Span, known: &Known) {
        let guarded = known.contains(&slot) || !(self.may_be_missing)(slot);
        if !guarded && !self.found.iter().any(|read| read.slot == slot) {
            self.found.push(Unguarded { slot, path: path.clone(), span });
        }
    }
}

fn with(known: &Known, condition: &Term, value: bool) -> Known {
    let mut known = known.clone();
    learn(condition, value, &mut known);
    known
}

/// What is known to be there once `term` is `value`.
fn learn(term: &Term, value: bool, known: &mut Known) {
    match &term.kind {
        TermKind::HasSlot(slot, _) if value => _ = known.insert(*slot),
        TermKind::HasField(operand, _) if value => known.extend(base(operand)),
        TermKind::Not(operand) => learn(operand, !value, known),
        TermKind::All(operands) if value => operands.iter().for_each(|o| learn(o, true, known)),
        TermKind::Any(operands) if !value => operands.iter().for_each(|o| learn(o, false, known)),
        _ => {}
    }
}

/// The slot at the root of a chain of fields.
fn base(term: &Term) -> Option<Slot> {
    match &term.kind {
        TermKind::Slot(slot, _) => Some(*slot),
        TermKind::Field(operand, _) => base(operand),
        _ => None,
    }
}
