//! Calls: the overload for the arguments, or why there is none.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::names::closest;
use super::{Checker, join, to_double};
use crate::core::expression::apply::regex;
use crate::core::expression::functions::{Function, NAMESPACES, Signature, signatures};
use crate::core::expression::syntax::{Syntax, SyntaxKind};
use crate::core::expression::term::{Term, TermKind};
use crate::core::expression::time;
use crate::core::expression::types::Type;
use crate::core::value::Value;

impl Checker<'_> {
    pub(super) fn call(
        &mut self,
        syntax: &Syntax,
        name: &str,
        target: Option<&Syntax>,
        args: &[Syntax],
    ) -> Term {
        if name == "coalesce" && target.is_none() {
            return self.coalesce(syntax, args);
        }
        if let Some(term) = self.lookup(syntax, name, target, args) {
            return term;
        }
        if let Some(namespace) = self.namespace(target) {
            return self.call(syntax, &format!("{namespace}.{name}"), None, args);
        }
        let known: Vec<&Signature> = signatures().filter(|s| s.name == name).collect();
        if known.is_empty() && !self.dynamic {
            self.unknown_function(syntax, name);
        }
        let terms: Vec<Term> = target.into_iter().chain(args).map(|a| self.term(a)).collect();
        if known.is_empty() {
            return self.nothing(syntax.span, || format!("unknown function `{name}`"));
        }
        let types: Vec<Type> = terms.iter().map(|t| t.ty.clone()).collect();
        let fitting = |s: &&&Signature| {
            let types = types.iter().enumerate();
            s.member == target.is_some() && s.takes(terms.len()) && { types }
                .all(|(i, ty)| s.param(i).is_some_and(|kind| kind.accepts(ty)))
        };
        let Some(signature) = known.iter().find(fitting) else {
            let given: Vec<String> = types.iter().map(ToString::to_string).collect();
            let message = match (target, given.split_first()) {
                (Some(_), Some((first, rest))) => {
                    format!("no `{first}.{name}({})`", rest.join(", "))
                }
                _ => format!("no `{name}({})`", given.join(", ")),
            };
            if self.dynamic {
                return self.nothing(syntax.span, || message);
            }
            let forms: Vec<String> = known.iter().map(|s| format!("`{s}`")).collect();
            let hint = format!("there is {}", forms.join(", "));
            self.fault(syntax.span, message, Some(hint));
            return Self::broken(syntax.span);
        };
        // One static type may hide behind dyn in several overloads; then the result is open.
        let ambiguous = known.iter().filter(fitting).any(|s| s.result != signature.result);
        let ty = if signature.function == Function::ToDyn || ambiguous {
            Type::Dyn
        } else {
            signature.result(&types)
        };
        if !self.dynamic {
            self.literal_argument(signature.function, &terms);
        }
        let of_doubles = signature.function == Function::Sum && ty == Type::Double;
        let term = Term { kind: TermKind::Call(signature.function, terms), ty, span: syntax.span };
        // The sum of an empty list is a whole number.
        if of_doubles { to_double(term) } else { term }
    }

    /// The namespace a call's receiver names, where nothing else has that name.
    fn namespace<'t>(&self, target: Option<&'t Syntax>) -> Option<&'t str> {
        let SyntaxKind::Name(name) = &target?.kind else {
            return None;
        };
        let taken = self.locals.iter().any(|(local, _)| local == name);
        let free = NAMESPACES.contains(&name.as_str()) && !taken;
        (free && self.scope.resolve(name).is_none()).then_some(name)
    }

    /// Faults in literal arguments that would fail at every evaluation.
    fn literal_argument(&mut self, function: Function, terms: &[Term]) {
        let (term, text) = match (function, terms) {
            (Function::Matches | Function::Part(_), [_, term])
            | (Function::StartOfDay | Function::StartOfMonth, [_, term])
            | (Function::YearsBetween | Function::MonthsBetween, [_, _, term]) => {
                (term, term.constant())
            }
            (Function::ToTimestamp | Function::ToDuration, [term]) => (term, term.constant()),
            _ => return,
        };
        let Some(Value::String(text)) = text else {
            return;
        };
        let (message, hint) = match function {
            Function::Matches => match regex(text) {
                Ok(_) => return,
                Err(_) => (format!("`{text}` is not a regular expression we take"), None),
            },
            Function::ToTimestamp if time::parse_timestamp(text).is_none() => {
                (format!("`{text}` is not a timestamp"), Some("write it as `2026-01-31T09:00:00Z`"))
            }
            Function::ToDuration if time::parse_duration(text).is_none() => (
                format!("`{text}` is not a duration"),
                Some("write it as `1h30m` or `90s`; a day is `24h`"),
            ),
            Function::ToTimestamp | Function::ToDuration => return,
            _ if time::time_zone(text).is_none() => (
                format!("`{text}` is not a time zone"),
                Some("write it as `Europe/Madrid` or `+02:00`"),
            ),
            _ => return,
        };
        self.fault(term.span, message, hint.map(str::to_owned));
    }

    fn coalesce(&mut self, syntax: &Syntax, args: &[Syntax]) -> Term {
        let terms: Vec<Term> = args.iter().map(|a| self.term(a)).collect();
        let [value, default] = match <[Term; 2]>::try_from(terms) {
            Ok(two) => two,
            Err(_) if self.dynamic => {
                return self.nothing(syntax.span, || "`coalesce` takes two arguments".to_owned());
            }
            Err(_) => {
                let hint = Some("there is `coalesce(value, default)`".to_owned());
                self.fault(syntax.span, "`coalesce` takes two arguments".to_owned(), hint);
                return Self::broken(syntax.span);
            }
        };
        let whole = matches!(default.ty, Type::Int | Type::Uint);
        let default = if value.ty == Type::Double && whole { to_double(default) } else { default };
        let ty = match (&value.ty, &default.kind) {
            (Type::Enum(set), TermKind::Constant(Value::String(text))) => {
                let mut set: BTreeSet<Arc<str>> = (**set).clone();
                set.insert(text.clone());
                Type::Enum(Arc::new(set))
            }
            _ => join(&value.ty, &default.ty).unwrap_or_else(|| {
                let message = format!(
                    "`coalesce` wants a default of the same type: {} and {}",
                    value.ty, default.ty
                );
                self.fault(syntax.span, message, None);
                Type::Dyn
            }),
        };
        Term { kind: TermKind::Coalesce(Box::new([value, default])), ty, span: syntax.span }
    }

    fn unknown_function(&mut self, syntax: &Syntax, name: &str) {
        let form = match name {
            "all" | "exists" | "exists_one" | "filter" => {
                Some(format!("it is a macro: `list.{name}(x, condition)`"))
            }
            "map" => Some("it is a macro: `list.map(x, expression)`".to_owned()),
            "has" => Some("it is a macro: `has(customer.age)`".to_owned()),
            _ => {
                let names = signatures().map(|s| s.name).chain(["coalesce"]);
                closest(name, names).map(|best| format!("did you mean `{best}`?"))
            }
        };
        let message = match &form {
            Some(form) if form.starts_with("it is") => format!("`{name}` is not used like this"),
            _ => format!("unknown function `{name}`"),
        };
        self.fault(syntax.at, message, form);
    }
}
