//! Names: dotted paths to slots and constants, macro variables, fields of maps.

use std::sync::Arc;

use super::{Checker, type_of};
use crate::core::expression::syntax::{Span, Syntax, SyntaxKind};
use crate::core::expression::term::{Term, TermKind};
use crate::core::expression::types::{Binding, Type};
use crate::core::value::Value;

/// A dotted path as written: each segment with its place.
type Path<'a> = Vec<(&'a str, Span)>;

/// Names of types as values, `type(x) == int`, and the type each denotes. The short names of the
/// last two are ours.
const TYPES: [(&str, &str); 14] = [
    ("bool", "bool"),
    ("int", "int"),
    ("uint", "uint"),
    ("double", "double"),
    ("string", "string"),
    ("bytes", "bytes"),
    ("list", "list"),
    ("map", "map"),
    ("null_type", "null_type"),
    ("type", "type"),
    ("google.protobuf.Timestamp", "google.protobuf.Timestamp"),
    ("google.protobuf.Duration", "google.protobuf.Duration"),
    ("timestamp", "google.protobuf.Timestamp"),
    ("duration", "google.protobuf.Duration"),
];

impl Checker<'_> {
    pub(super) fn name(&mut self, syntax: &Syntax) -> Term {
        let SyntaxKind::Name(name) = &syntax.kind else {
            return Self::broken(syntax.span);
        };
        if let Some(term) = self.local(name, syntax.span) {
            return term;
        }
        let name = global(name);
        match self.scope.resolve(name) {
            Some(binding) => bound(binding, name, syntax.span),
            None => match denoted(name, syntax.span) {
                Some(term) => term,
                None => {
                    self.unknown(&[(name, syntax.at)]);
                    self.nothing(syntax.span, || format!("`{name}` is not known"))
                }
            },
        }
    }

    pub(super) fn select(&mut self, syntax: &Syntax, operand: &Syntax, field: &str) -> Term {
        if let Some(mut path) = self.path(operand) {
            path.push((field, syntax.at));
            return match self.longest(&path) {
                Some((term, used)) => path.iter().skip(used).fold(term, |term, (field, at)| {
                    let span = (term.span.0, at.1);
                    self.field(term, field, *at, span)
                }),
                None => {
                    let name = dotted(path.iter());
                    if let Some(term) = denoted(&name, syntax.span) {
                        return term;
                    }
                    self.unknown(&path);
                    self.nothing(syntax.span, || format!("`{name}` is not known"))
                }
            };
        }
        let operand = self.term(operand);
        self.field(operand, field, syntax.at, syntax.span)
    }

    pub(super) fn has(&mut self, syntax: &Syntax, operand: &Syntax, field: &str) -> Term {
        let span = syntax.span;
        let term = |kind| Term { kind, ty: Type::Bool, span };
        if let Some(mut path) = self.path(operand) {
            path.push((field, syntax.at));
            match self.longest(&path) {
                None => {
                    self.unknown(&path);
                    let name = dotted(path.iter());
                    return self.nothing(span, || format!("`{name}` is not known"));
                }
                Some((found, used)) if used == path.len() => {
                    return term(match found.kind {
                        TermKind::Slot(slot, path) => TermKind::HasSlot(slot, path),
                        _ => TermKind::Constant(Value::Bool(true)),
                    });
                }
                Some(_) => {}
            }
        }
        let operand = self.term(operand);
        self.field_type(&operand, field, syntax.at);
        term(TermKind::HasField(Box::new(operand), field.into()))
    }

    /// The path a chain of fields on a free name spells.
    fn path<'a>(&self, syntax: &'a Syntax) -> Option<Path<'a>> {
        match &syntax.kind {
            SyntaxKind::Name(name) if !self.locals.iter().any(|(n, _)| n == name) => {
                Some(vec![(global(name), syntax.at)])
            }
            SyntaxKind::Select(operand, field) => {
                let mut path = self.path(operand)?;
                path.push((field, syntax.at));
                Some(path)
            }
            _ => None,
        }
    }

    /// What the longest known beginning of the path stands for, and how many segments it took.
    fn longest(&self, path: &Path<'_>) -> Option<(Term, usize)> {
        let (start, _) = path.first()?.1;
        (1..=path.len()).rev().find_map(|used| {
            let name = dotted(path.iter().take(used));
            let binding = self.scope.resolve(&name)?;
            let end = path.get(used - 1).map_or(start, |(_, at)| at.1);
            Some((bound(binding, &name, (start, end)), used))
        })
    }

    fn local(&self, name: &str, span: Span) -> Option<Term> {
        let index = self.locals.iter().rposition(|(n, _)| n == name)?;
        let ty = self.locals.get(index).map(|(_, ty)| ty.clone())?;
        let kind = TermKind::Local(index);
        Some(Term { kind, ty, span })
    }

    fn field(&mut self, operand: Term, field: &str, at: Span, span: Span) -> Term {
        let ty = self.field_type(&operand, field, at);
        let kind = TermKind::Field(Box::new(operand), field.into());
        Term { kind, ty, span }
    }

    fn field_type(&mut self, operand: &Term, field: &str, at: Span) -> Type {
        match &operand.ty {
            Type::Map(_, value) => (**value).clone(),
            Type::Dyn => Type::Dyn,
            other => {
                let what = match &operand.kind {
                    TermKind::Slot(_, path) => format!("`{path}` is"),
                    _ => "this is".to_owned(),
                };
                let message = format!("{what} {other} and has no field `{field}`");
                self.fault(at, message, None);
                Type::Dyn
            }
        }
    }

    /// Notes that a path is unknown, at the first segment that leads nowhere.
    fn unknown(&mut self, path: &[(&str, Span)]) {
        if self.dynamic {
            return;
        }
        let full = dotted(path.iter());
        let paths = self.paths.take().unwrap_or_else(|| self.scope.paths());
        let leads = |count: usize| {
            let prefix = dotted(path.iter().take(count)) + ".";
            paths.iter().any(|p| p.starts_with(&prefix))
        };
        let good = (1..=path.len()).take_while(|count| leads(*count)).count();
        let (message, at, hint) = match path.get(good) {
            Some((_, at)) => {
                let hint = closest(&full, paths.iter().map(String::as_str))
                    .map(|best| format!("did you mean `{best}`?"));
                (format!("`{full}` is not known"), *at, hint)
            }
            None => {
                let prefix = full.clone() + ".";
                let hint = paths.iter().find(|p| p.starts_with(&prefix));
                let hint = hint.map(|p| format!("name one of its attributes, as in `{p}`"));
                let at = path.last().map_or((0, 0), |(_, at)| *at);
                (format!("`{full}` is a group, not a value"), at, hint)
            }
        };
        self.paths = Some(paths);
        self.fault(at, message, hint);
    }
}

/// A name freed of the dot that says 'not a variable of a macro'.
fn global(name: &str) -> &str {
    name.trim_start_matches('.')
}

/// The type a name denotes, as a value.
fn denoted(name: &str, span: Span) -> Option<Term> {
    let (_, denoted) = TYPES.iter().find(|(known, _)| *known == name)?;
    let kind = TermKind::Constant(Value::Type((*denoted).into()));
    Some(Term { kind, ty: Type::Type, span })
}

fn dotted<'a>(path: impl Iterator<Item = &'a (&'a str, Span)>) -> String {
    let names: Vec<&str> = path.map(|(name, _)| *name).collect();
    names.join(".")
}

fn bound(binding: Binding, name: &str, span: Span) -> Term {
    let (kind, ty) = match binding {
        Binding::Slot { slot, ty, .. } => (TermKind::Slot(slot, Arc::from(name)), ty),
        Binding::Constant(value) => {
            let ty = type_of(&value);
            (TermKind::Constant(value), ty)
        }
    };
    Term { kind, ty, span }
}

/// The known word nearest to one that is not known, where it is near.
pub(super) fn closest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).max(1);
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().len();
    known
        .map(|k| {
            // A distance is at least the difference of lengths: most words need no closer look.
            let far = k.chars().count().abs_diff(word.chars().count()) > allowed;
            let distance = if far { usize::MAX } else { strsim::osa_distance(word, k) };
            // `customer.income` for `customer.income_band`: the end is cut off or put on.
            let begun = k.starts_with(word) || word.starts_with(k) && last(k) > 3;
            (if begun { distance.min(allowed) } else { distance }, k)
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, k)| k)
}
