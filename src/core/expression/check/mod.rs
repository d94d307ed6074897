//! The type checker: [`Syntax`] → [`Term`], or every fault at once. Here: the walk. Beside it: names,
//! operators, calls, and what types go together.

mod calls;
mod lookups;
mod names;
mod operators;
mod unify;

use std::sync::Arc;

use super::functions::Function;
use super::limits::FAULTS_MAX;
use super::syntax::{Loop, LoopKind, Span, Syntax, SyntaxKind};
use super::term::{Term, TermKind, TermLoop};
use super::types::{ExpressionFault, Scope, Type};
use crate::core::value::Value;
use unify::{assignable, join};

pub(super) use unify::type_of;

/// Checks a whole expression against the type its user needs. Whole numbers are converted where a
/// double is needed.
pub(super) fn check(
    syntax: &Syntax,
    scope: &dyn Scope,
    expected: &Type,
) -> Result<Term, Vec<ExpressionFault>> {
    let mut checker = Checker::new(scope, false);
    let mut term = checker.term(syntax);
    if *expected == Type::Double && matches!(term.ty, Type::Int | Type::Uint) {
        term = to_double(term);
    }
    if !assignable(&term.ty, expected) {
        let hint = match (expected, &term.ty) {
            (Type::Bool, Type::Int | Type::Uint | Type::Double) => {
                Some("compare it with something, as in `... > 0`".to_owned())
            }
            (Type::Bool, Type::String | Type::Enum(_)) => {
                Some("compare it with something, as in `... == 'text'`".to_owned())
            }
            _ => None,
        };
        let message = format!("the expression is {}, not {expected}", term.ty);
        checker.fault(term.span, message, hint);
    }
    if checker.faults.is_empty() {
        return Ok(term);
    }
    checker.faults.sort_by_key(|f| f.span);
    Err(checker.faults)
}

/// Resolves names without checking types: every node is `dyn`, and what cannot be resolved fails
/// when it is evaluated, not before.
pub(super) fn resolve(syntax: &Syntax, scope: &dyn Scope) -> Result<Term, Vec<ExpressionFault>> {
    let mut checker = Checker::new(scope, true);
    let term = checker.term(syntax);
    if checker.faults.is_empty() { Ok(term) } else { Err(checker.faults) }
}

struct Checker<'s> {
    scope: &'s dyn Scope,
    /// Whether types are left to run time.
    dynamic: bool,
    /// The scope's paths, fetched when a suggestion is needed.
    paths: Option<Vec<String>>,
    locals: Vec<(String, Type)>,
    faults: Vec<ExpressionFault>,
}

impl<'s> Checker<'s> {
    fn new(scope: &'s dyn Scope, dynamic: bool) -> Self {
        Self { scope, dynamic, paths: None, locals: Vec::new(), faults: Vec::new() }
    }

    fn term(&mut self, syntax: &Syntax) -> Term {
        let mut term = self.typed(syntax);
        if self.dynamic {
            term.ty = Type::Dyn;
        }
        term
    }

    fn typed(&mut self, syntax: &Syntax) -> Term {
        let span = syntax.span;
        let (kind, ty) = match &syntax.kind {
            SyntaxKind::Literal(value) => (TermKind::Constant(value.clone()), type_of(value)),
            SyntaxKind::Name(_) => return self.name(syntax),
            SyntaxKind::Select(operand, field) => return self.select(syntax, operand, field),
            SyntaxKind::Has(operand, field) => return self.has(syntax, operand, field),
            SyntaxKind::All(operands) => (TermKind::All(self.conditions(operands)), Type::Bool),
            SyntaxKind::Any(operands) => (TermKind::Any(self.conditions(operands)), Type::Bool),
            SyntaxKind::Not(operand) => {
                let operand = self.condition(operand, "`!`");
                (TermKind::Not(Box::new(operand)), Type::Bool)
            }
            SyntaxKind::Negate(operand) => return self.negate(span, operand),
            SyntaxKind::Conditional(three) => return self.conditional(span, three),
            SyntaxKind::Binary(operator, two) => return self.binary(syntax, *operator, two),
            SyntaxKind::Call(name, target, args) => {
                return self.call(syntax, name, target.as_deref(), args);
            }
            SyntaxKind::List(elements) => {
                let terms: Vec<Term> = elements.iter().map(|e| self.term(e)).collect();
                let element = common(terms.iter().map(|t| &t.ty));
                (TermKind::List(terms), Type::List(Arc::new(element)))
            }
            SyntaxKind::Map(entries) => return self.map(span, entries),
            SyntaxKind::Loop(body) => return self.macro_loop(span, body),
        };
        Term { kind, ty, span }
    }

    fn conditions(&mut self, operands: &[Syntax]) -> Vec<Term> {
        operands.iter().map(|o| self.condition(o, "`&&` and `||`")).collect()
    }

    fn condition(&mut self, syntax: &Syntax, whose: &str) -> Term {
        let term = self.term(syntax);
        if !assignable(&term.ty, &Type::Bool) {
            let message = format!("{whose} need conditions; this is {}", term.ty);
            let message = if whose == "`&&` and `||`" {
                message
            } else {
                message.replace(" need conditions", " needs a condition")
            };
            self.fault(term.span, message, None);
        }
        term
    }

    fn conditional(&mut self, span: Span, three: &[Syntax; 3]) -> Term {
        let [condition, yes, no] = three;
        let condition = self.condition(condition, "`? :`");
        let (yes, no) = (self.term(yes), self.term(no));
        let ty = join(&yes.ty, &no.ty).unwrap_or_else(|| {
            let message =
                format!("the branches of `? :` are of different types: {} and {}", yes.ty, no.ty);
            self.fault(span, message, operators::number_hint(&yes, &no));
            Type::Dyn
        });
        let kind = TermKind::Conditional(Box::new([condition, yes, no]));
        Term { kind, ty, span }
    }

    fn map(&mut self, span: Span, entries: &[(Syntax, Syntax)]) -> Term {
        let mut terms = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let key = self.term(key);
            if !matches!(
                key.ty,
                Type::Dyn | Type::Bool | Type::Int | Type::Uint | Type::String | Type::Enum(_)
            ) {
                let message = format!("a map key cannot be {}", key.ty);
                self.fault(key.span, message, None);
            }
            terms.push((key, self.term(value)));
        }
        let key = common(terms.iter().map(|(k, _)| &k.ty));
        let value = common(terms.iter().map(|(_, v)| &v.ty));
        Term { kind: TermKind::Map(terms), ty: Type::Map(Arc::new(key), Arc::new(value)), span }
    }

    fn macro_loop(&mut self, span: Span, body: &Loop) -> Term {
        let name = body.kind.name();
        let range = self.term(&body.range);
        let element = match &range.ty {
            Type::List(element) => (**element).clone(),
            Type::Map(key, _) => (**key).clone(),
            Type::Dyn => Type::Dyn,
            other => {
                let message = format!("`{name}` goes over a list or a map, not {other}");
                self.fault(range.span, message, None);
                Type::Dyn
            }
        };
        self.locals.push((body.variable.clone(), element.clone()));
        let whose = format!("`{name}`");
        let predicate = body.predicate.as_ref().map(|p| self.condition(p, &whose));
        let transform = body.transform.as_ref().map(|t| self.term(t));
        self.locals.pop();
        let ty = match body.kind {
            LoopKind::Filter => Type::List(Arc::new(element)),
            LoopKind::Map => {
                let to = transform.as_ref().map_or(Type::Dyn, |t| t.ty.clone());
                Type::List(Arc::new(to))
            }
            LoopKind::All | LoopKind::Exists | LoopKind::ExistsOne => Type::Bool,
        };
        let body = TermLoop { kind: body.kind, range, predicate, transform };
        let kind = TermKind::Loop(Box::new(body));
        Term { kind, ty, span }
    }

    /// Stands for a node with a fault: of any type, so that it causes no further faults.
    fn broken(span: Span) -> Term {
        Term { kind: TermKind::Constant(Value::Null), ty: Type::Dyn, span }
    }

    /// A node that nothing stands for: a fault was noted, or it fails with `message` at run time.
    fn nothing(&self, span: Span, message: impl FnOnce() -> String) -> Term {
        if !self.dynamic {
            return Self::broken(span);
        }
        Term { kind: TermKind::Fail(message().into()), ty: Type::Dyn, span }
    }

    fn fault(&mut self, span: Span, message: String, hint: Option<String>) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(ExpressionFault { span, message, hint });
        }
    }
}

/// The type all have; `dyn` where there is none.
fn common<'t>(mut types: impl Iterator<Item = &'t Type>) -> Type {
    let Some(first) = types.next() else {
        return Type::Dyn;
    };
    types.try_fold(first.clone(), |all, ty| join(&all, ty)).unwrap_or(Type::Dyn)
}

fn to_double(term: Term) -> Term {
    Term { span: term.span, ty: Type::Double, kind: TermKind::Call(Function::ToDouble, vec![term]) }
}
