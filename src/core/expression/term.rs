//! The checked tree: every name resolved, every node typed. Evaluated plainly by
//! [`reference`](super::reference), optimised into [`Code`](super::code::Code).

use std::sync::Arc;

use super::functions::Function;
use super::lookup::Lookup;
use super::syntax::{LoopKind, Operator, Span};
use super::types::{Slot, Type};
use crate::core::value::Value;

#[derive(Clone, Debug)]
pub(super) struct Term {
    pub(super) kind: TermKind,
    pub(super) ty: Type,
    pub(super) span: Span,
}

#[derive(Clone, Debug)]
pub(super) enum TermKind {
    Constant(Value),
    /// Fails with this message: what could not be resolved where nothing is checked beforehand.
    Fail(Arc<str>),
    /// Read as the term's type; holds the path.
    Slot(Slot, Arc<str>),
    HasSlot(Slot, Arc<str>),
    /// A macro's variable; counted from the outermost macro.
    Local(usize),
    /// A key of a map, written as a field.
    Field(Box<Term>, Arc<str>),
    HasField(Box<Term>, Arc<str>),
    All(Vec<Term>),
    Any(Vec<Term>),
    Not(Box<Term>),
    Negate(Box<Term>),
    Conditional(Box<[Term; 3]>),
    Binary(Operator, Box<[Term; 2]>),
    /// The first, or the second where the first is missing.
    Coalesce(Box<[Term; 2]>),
    Call(Function, Vec<Term>),
    /// `table.NAME(args)`.
    Lookup(Arc<dyn Lookup>, Vec<Term>),
    List(Vec<Term>),
    Map(Vec<(Term, Term)>),
    Loop(Box<TermLoop>),
}

#[derive(Clone, Debug)]
pub(super) struct TermLoop {
    pub(super) kind: LoopKind,
    pub(super) range: Term,
    pub(super) predicate: Option<Term>,
    pub(super) transform: Option<Term>,
}

impl Term {
    pub(super) fn constant(&self) -> Option<&Value> {
        match &self.kind {
            TermKind::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// Calls `visit` on each direct child, in reading order.
    pub(super) fn children<'t>(&'t self, visit: &mut dyn FnMut(&'t Term)) {
        match &self.kind {
            TermKind::Constant(_)
            | TermKind::Fail(_)
            | TermKind::Slot(..)
            | TermKind::HasSlot(..)
            | TermKind::Local(_) => {}
            TermKind::Field(a, _)
            | TermKind::HasField(a, _)
            | TermKind::Not(a)
            | TermKind::Negate(a) => visit(a),
            TermKind::All(terms)
            | TermKind::Any(terms)
            | TermKind::Call(_, terms)
            | TermKind::Lookup(_, terms)
            | TermKind::List(terms) => terms.iter().for_each(visit),
            TermKind::Conditional(three) => three.iter().for_each(visit),
            TermKind::Binary(_, two) | TermKind::Coalesce(two) => two.iter().for_each(visit),
            TermKind::Map(entries) => {
                for (key, value) in entries {
                    visit(key);
                    visit(value);
                }
            }
            TermKind::Loop(body) => {
                visit(&body.range);
                body.predicate.iter().for_each(&mut *visit);
                body.transform.iter().for_each(visit);
            }
        }
    }
}
