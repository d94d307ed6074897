//! A compiled expression.

use std::sync::{Arc, OnceLock};

use super::canonical::canonical;
use super::check::{check, resolve};
use super::code::{Code, lower};
use super::eval::Env;
use super::fold::{fold, small};
use super::limits::VALUE_NODES_MAX;
use super::parse::parse;
use super::reference::Reference;
use super::stop::{Budget, Stop};
use super::syntax::Span;
use super::term::{Term, TermKind};
use super::types::{EvalError, ExpressionFault, Frame, Scope, Slot, Type};
use crate::core::value::Value;

/// A compiled expression. Cheap to clone; may be evaluated from many threads at once.
#[derive(Clone, Debug)]
pub struct Program(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    text: Arc<str>,
    span: Span,
    /// As checked, before any simplification.
    term: Term,
    folded: OnceLock<Term>,
    code: Code,
    canonical: String,
    slots: Vec<Slot>,
    paths: Vec<Arc<str>>,
}

impl Program {
    /// Parses, checks and compiles an expression whose names `scope` knows.
    ///
    /// `expected` is the type the user of the expression needs: [`Type::Bool`] for conditions,
    /// [`Type::Double`] for formulas (whole numbers are accepted and converted), [`Type::Dyn`] for
    /// any.
    ///
    /// # Errors
    /// Every fault of the expression, in the order of their places.
    pub fn compile(
        source: &str,
        scope: &dyn Scope,
        expected: &Type,
    ) -> Result<Self, Vec<ExpressionFault>> {
        let syntax = parse(source)?;
        let term = check(&syntax, scope, expected)?;
        Ok(Self::build(Arc::from(source), trimmed(source), term))
    }

    /// Compiles an expression without checking types: for expressions that no schema stands
    /// behind. Names and functions that are not known fail when they are evaluated, as CEL has it
    /// for unchecked expressions: `unknown || true` is true.
    ///
    /// # Errors
    /// Where the text is not CEL.
    pub fn compile_unchecked(
        source: &str,
        scope: &dyn Scope,
    ) -> Result<Self, Vec<ExpressionFault>> {
        let syntax = parse(source)?;
        let term = resolve(&syntax, scope)?;
        Ok(Self::build(Arc::from(source), trimmed(source), term))
    }

    fn build(text: Arc<str>, span: Span, term: Term) -> Self {
        let folded = fold(term.clone(), 0);
        let mut read: Vec<(Slot, Arc<str>)> = Vec::new();
        collect_slots(&folded, &mut read);
        read.sort_unstable();
        read.dedup_by_key(|(slot, _)| *slot);
        let (slots, paths) = read.into_iter().unzip();
        Self(Arc::new(Inner {
            text,
            span,
            code: lower(&folded),
            canonical: canonical(&folded),
            term,
            folded: OnceLock::new(),
            slots,
            paths,
        }))
    }

    /// Evaluates to a value.
    ///
    /// # Errors
    /// [`EvalError::Missing`] where a needed slot is empty, [`EvalError::Failed`] where an
    /// operation failed; `&&` and `||` absorb both where another operand decides. Where both meet
    /// and nothing decides, the failure wins; of several failures the one whose message sorts
    /// first, of several missing slots the lowest. So the order of operands never matters.
    pub fn eval(&self, frame: &Frame) -> Result<Value, EvalError> {
        let mut env = Env::new(frame);
        let value = self.0.code.value(&mut env).and_then(|value| {
            if small(&value, VALUE_NODES_MAX) {
                Ok(value)
            } else {
                Err(Stop::failed("cost limit exceeded: value too large"))
            }
        });
        value.map(std::borrow::Cow::into_owned).map_err(|stop| self.error(stop))
    }

    /// Evaluates a condition, without building a value.
    ///
    /// # Errors
    /// As [`Program::eval`]; a value that is not a bool is a failure.
    #[inline]
    pub fn eval_bool(&self, frame: &Frame) -> Result<bool, EvalError> {
        let mut env = Env::new(frame);
        self.0.code.truth(&mut env).map_err(|stop| self.error(stop))
    }

    /// Evaluates a formula; whole numbers are converted.
    ///
    /// # Errors
    /// As [`Program::eval`]; a value that is not a number is a failure. Doubles may be infinite or
    /// NaN, as IEEE 754 has it.
    #[inline]
    pub fn eval_f64(&self, frame: &Frame) -> Result<f64, EvalError> {
        self.number(&mut Env::new(frame))
    }

    #[inline]
    pub(super) fn number<'a>(&'a self, env: &mut Env<'a>) -> Result<f64, EvalError> {
        self.0.code.number(env).map_err(|stop| self.error(stop))
    }

    /// Evaluates by walking the checked, unsimplified tree and copying every value: slow, plain,
    /// and by definition right. For tests of the fast path.
    ///
    /// # Errors
    /// As [`Program::eval`].
    pub fn reference_eval(&self, frame: &Frame) -> Result<Value, EvalError> {
        let mut reference = Reference { frame, locals: Vec::new(), budget: Budget::full() };
        let value = reference.eval(&self.0.term);
        value.map_err(|stop| self.error(stop))
    }

    /// The checked tree.
    pub(super) fn term(&self) -> &Term {
        &self.0.term
    }

    /// The simplified tree; made when it is first asked for.
    pub(super) fn folded(&self) -> &Term {
        self.0.folded.get_or_init(|| fold(self.0.term.clone(), 0))
    }

    /// The static type of the value.
    #[must_use]
    pub fn ty(&self) -> &Type {
        &self.0.term.ty
    }

    /// The text it was compiled from, white space around it left out.
    #[must_use]
    pub fn source(&self) -> &str {
        let (start, end) = self.0.span;
        self.0.text.get(start..end).unwrap_or(&self.0.text)
    }

    /// The whole text it stands in, and which of its bytes are it: of a conjunct, a part.
    #[must_use]
    pub fn within(&self) -> (&str, (usize, usize)) {
        (&self.0.text, self.0.span)
    }

    /// The slots it may read, ascending.
    #[must_use]
    pub fn slots(&self) -> &[Slot] {
        &self.0.slots
    }

    /// The paths of [`Program::slots`], in the same order.
    #[must_use]
    pub fn paths(&self) -> &[Arc<str>] {
        &self.0.paths
    }

    /// The normal form: two programs of one scope with the same normal form give the same results
    /// (short of the cost limit, which depends on the order of work). It does not depend on white
    /// space, brackets, the spelling of literals, constants that fold, the names of macro
    /// variables, or the order of `&&`, `||` and constant lists.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.0.canonical
    }

    /// The value, where it is the same for every frame.
    #[must_use]
    pub fn constant(&self) -> Option<&Value> {
        match &self.0.code {
            Code::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// The conditions joined by `&&` at the top, each with its own text and normal form; those
    /// that always hold left out. Of an expression without `&&`, itself.
    #[must_use]
    pub fn conjuncts(&self) -> Vec<Self> {
        let TermKind::All(_) = &self.0.term.kind else {
            return vec![self.clone()];
        };
        if self.constant().is_some() {
            return vec![self.clone()];
        }
        let mut terms = Vec::new();
        collect_conjuncts(&self.0.term, &mut terms);
        terms
            .into_iter()
            .map(|t| Self::build(self.0.text.clone(), t.span, t.clone()))
            .filter(|p| p.constant() != Some(&Value::Bool(true)))
            .collect()
    }

    #[cold]
    fn error(&self, stop: Stop) -> EvalError {
        match stop {
            Stop::Failed(why) => EvalError::Failed(why.into_owned()),
            Stop::Missing(slot) => {
                let index = self.0.slots.binary_search(&slot).ok();
                let path = index.and_then(|i| self.0.paths.get(i)).cloned();
                EvalError::Missing(path.unwrap_or_else(|| unread_path(&self.0.term, slot)))
            }
        }
    }
}

/// The span of a text without the white space around it.
fn trimmed(source: &str) -> Span {
    let start = source.len() - source.trim_start().len();
    (start, source.trim_end().len().max(start))
}

/// The path of a slot that only the unsimplified tree reads.
fn unread_path(term: &Term, slot: Slot) -> Arc<str> {
    let mut read = Vec::new();
    collect_slots(term, &mut read);
    let found = read.into_iter().find(|(s, _)| *s == slot);
    found.map_or_else(|| Arc::from("?"), |(_, path)| path)
}

fn collect_slots(term: &Term, into: &mut Vec<(Slot, Arc<str>)>) {
    if let TermKind::Slot(slot, path) | TermKind::HasSlot(slot, path) = &term.kind {
        into.push((*slot, path.clone()));
    }
    term.children(&mut |child| collect_slots(child, into));
}

fn collect_conjuncts<'t>(term: &'t Term, into: &mut Vec<&'t Term>) {
    match &term.kind {
        TermKind::All(operands) => operands.iter().for_each(|o| collect_conjuncts(o, into)),
        _ => into.push(term),
    }
}
