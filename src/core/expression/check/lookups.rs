//! Calls of tables: `table.NAME(args)`.

use super::names::closest;
use super::operators::number_hint;
use super::unify::assignable;
use super::{Checker, to_double};
use crate::core::expression::lookup::{Callee, Lookup, ROOT};
use crate::core::expression::syntax::{Syntax, SyntaxKind};
use crate::core::expression::term::{Term, TermKind};
use crate::core::expression::types::Type;

impl Checker<'_> {
    /// The call, where its receiver is the word `table` and no name of the expression's own.
    pub(super) fn lookup(
        &mut self,
        syntax: &Syntax,
        name: &str,
        target: Option<&Syntax>,
        args: &[Syntax],
    ) -> Option<Term> {
        let SyntaxKind::Name(root) = &target?.kind else {
            return None;
        };
        let own = self.locals.iter().any(|(local, _)| local == root);
        if root != ROOT || own || self.scope.resolve(ROOT).is_some() {
            return None;
        }
        let terms: Vec<Term> = args.iter().map(|arg| self.term(arg)).collect();
        let table = match self.scope.lookup(name) {
            Some(Callee::Lookup(table)) => table,
            Some(Callee::Faulty) => return Some(Self::broken(syntax.span)),
            None => {
                self.no_table(syntax, name);
                return Some(self.nothing(syntax.span, || format!("there is no table `{name}`")));
            }
        };
        if terms.len() != table.params().len() {
            let message = format!("`{ROOT}.{name}` takes {} arguments", table.params().len());
            if !self.dynamic {
                self.fault(syntax.span, message.clone(), Some(form(&*table)));
            }
            return Some(self.nothing(syntax.span, || message));
        }
        let ty = table.result();
        let terms = self.arguments(&*table, terms);
        Some(Term { kind: TermKind::Lookup(table, terms), ty, span: syntax.span })
    }

    fn arguments(&mut self, table: &dyn Lookup, terms: Vec<Term>) -> Vec<Term> {
        let checked = terms.into_iter().zip(table.params()).map(|(term, param)| {
            if param.ty == Type::Double && matches!(term.ty, Type::Int | Type::Uint) {
                return to_double(term);
            }
            if !assignable(&term.ty, &param.ty) {
                let message =
                    format!("`{}` of this table is {}, not {}", param.name, param.ty, term.ty);
                let hint =
                    number_hint(&term, &Term { ty: param.ty.clone(), ..Self::broken(term.span) });
                self.fault(term.span, message, hint.or_else(|| Some(form(table))));
            }
            self.within(&param.ty, &term);
            term
        });
        checked.collect()
    }

    fn no_table(&mut self, syntax: &Syntax, name: &str) {
        if self.dynamic {
            return;
        }
        let known = self.scope.lookups();
        let hint = closest(name, known.iter().map(String::as_str))
            .map(|best| format!("did you mean `{ROOT}.{best}`?"));
        self.fault(syntax.at, format!("there is no table `{name}`"), hint);
    }
}

fn form(table: &dyn Lookup) -> String {
    let params: Vec<String> =
        table.params().iter().map(|param| format!("{}: {}", param.name, param.ty)).collect();
    format!("there is `{ROOT}.{}({})`", table.name(), params.join(", "))
}
