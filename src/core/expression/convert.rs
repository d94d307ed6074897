//! The parser's tree → [`Syntax`]: places looked up, operators named, macros recognised from the
//! loops they were expanded to.

use std::collections::BTreeMap;
use std::sync::Arc;

use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SourceInfo, operators,
};

use super::limits::FAULTS_MAX;
use super::syntax::{Loop, LoopKind, Operator, Span, Syntax, SyntaxKind};
use super::tokens::Tokens;
use super::types::ExpressionFault;
use crate::core::value::Value;

pub(super) struct Converter<'s> {
    source: &'s str,
    tokens: Tokens,
    places: Option<Arc<SourceInfo>>,
    /// Bytes literals that were hidden from the parser, by place.
    literals: BTreeMap<usize, Vec<u8>>,
    faults: Vec<ExpressionFault>,
}

impl<'s> Converter<'s> {
    pub(super) fn new(
        source: &'s str,
        tokens: Tokens,
        places: Option<Arc<SourceInfo>>,
        literals: BTreeMap<usize, Vec<u8>>,
    ) -> Self {
        Self { source, tokens, places, literals, faults: Vec::new() }
    }

    pub(super) fn into_faults(self) -> Vec<ExpressionFault> {
        self.faults
    }

    /// The node, or none where a fault was noted.
    pub(super) fn convert(&mut self, node: IdedExpr) -> Option<Syntax> {
        let at = self.place(node.id);
        match node.expr {
            Expr::Literal(literal) => {
                let end = self.literal_end(at);
                let value = match (&literal, self.literals.get(&at.0)) {
                    (LiteralValue::Bytes(_), Some(bytes)) => Value::Bytes(bytes.as_slice().into()),
                    _ => constant(literal),
                };
                let kind = SyntaxKind::Literal(value);
                Some(self.node(at, (at.0, end), kind))
            }
            Expr::Ident(name) => Some(self.node(at, at, SyntaxKind::Name(name))),
            Expr::Select(select) => {
                let operand = self.convert(*select.operand)?;
                let field = self.field_after(operand.span.1);
                let hull = (operand.span.0.min(at.0), field.1.max(at.1));
                let kind = if select.test {
                    SyntaxKind::Has(Box::new(operand), select.field)
                } else {
                    SyntaxKind::Select(Box::new(operand), select.field)
                };
                Some(self.node(field, hull, kind))
            }
            Expr::Call(call) => self.call(at, call),
            Expr::List(list) => {
                let elements = self.convert_all(list.elements);
                Some(self.node(at, at, SyntaxKind::List(elements?)))
            }
            Expr::Map(map) => {
                let mut entries = Vec::with_capacity(map.entries.len());
                for entry in map.entries {
                    let EntryExpr::MapEntry(entry) = entry.expr else {
                        return self.fault(at, "a map entry is written `key: value`");
                    };
                    let key = self.convert(entry.key);
                    let value = self.convert(entry.value);
                    entries.push((key?, value?));
                }
                Some(self.node(at, at, SyntaxKind::Map(entries)))
            }
            Expr::Comprehension(comprehension) => self.comprehension(at, *comprehension),
            Expr::Struct(message) => {
                let text =
                    format!("messages like `{}{{}}` are not part of rules", message.type_name);
                self.fault(at, &text)
            }
            Expr::Unspecified => self.fault(at, "not an expression"),
        }
    }

    fn convert_all(&mut self, nodes: Vec<IdedExpr>) -> Option<Vec<Syntax>> {
        // Convert all before giving up, so that every fault is seen.
        let converted: Vec<_> = nodes.into_iter().map(|n| self.convert(n)).collect();
        converted.into_iter().collect()
    }

    fn call(&mut self, at: Span, call: CallExpr) -> Option<Syntax> {
        if let Some(target) = call.target {
            let target = self.convert(*target);
            let args = self.convert_all(call.args);
            let (target, args) = (target?, args?);
            let name = self.field_after(target.span.1);
            let hull = (target.span.0, at.1);
            let kind = SyntaxKind::Call(call.func_name, Some(Box::new(target)), args);
            return Some(self.node(name, hull, kind));
        }
        let name = call.func_name;
        let args = self.convert_all(call.args)?;
        let hull =
            args.iter().fold(at, |hull, arg| (hull.0.min(arg.span.0), hull.1.max(arg.span.1)));
        let kind = match (name.as_str(), args) {
            (operators::LOGICAL_AND, args) => SyntaxKind::All(args),
            (operators::LOGICAL_OR, args) => SyntaxKind::Any(args),
            (operators::LOGICAL_NOT, args) => SyntaxKind::Not(Box::new(args.into_iter().next()?)),
            (operators::NEGATE, args) => SyntaxKind::Negate(Box::new(args.into_iter().next()?)),
            (operators::CONDITIONAL, args) => {
                SyntaxKind::Conditional(Box::new(args.try_into().ok()?))
            }
            (symbol, args) => match binary(symbol) {
                Some(operator) => SyntaxKind::Binary(operator, Box::new(args.try_into().ok()?)),
                None => {
                    let bracket = self.field_after(at.1);
                    let kind =
                        SyntaxKind::Call(symbol.trim_start_matches('.').to_owned(), None, args);
                    return Some(self.node(at, (at.0, bracket.1), kind));
                }
            },
        };
        Some(self.node(at, hull, kind))
    }

    /// Macros come expanded; each has its own shape (cel-spec, "Macros").
    fn comprehension(&mut self, at: Span, loop_: ComprehensionExpr) -> Option<Syntax> {
        let shape = self.loop_shape(loop_.accu_init.expr, loop_.loop_step, &loop_.iter_var);
        let range = self.convert(loop_.iter_range);
        let Some((kind, predicate, transform)) = shape else {
            return self.fault(at, "not a macro we know");
        };
        let predicate = predicate.map(|p| self.convert(p));
        let transform = transform.map(|t| self.convert(t));
        let range = range?;
        let name = self.field_after(range.span.1);
        let hull = (range.span.0, at.1);
        let body = Loop {
            kind,
            range,
            variable: loop_.iter_var,
            predicate: predicate.map_or(Some(None), |p| p.map(Some))?,
            transform: transform.map_or(Some(None), |t| t.map(Some))?,
        };
        Some(self.node(name, hull, SyntaxKind::Loop(Box::new(body))))
    }

    fn loop_shape(&self, init: Expr, step: IdedExpr, variable: &str) -> Option<Shape> {
        let Expr::Call(step) = step.expr else {
            return None;
        };
        let mut args = step.args.into_iter();
        match init {
            Expr::Literal(LiteralValue::Boolean(start)) => {
                let kind = if *start.inner() { LoopKind::All } else { LoopKind::Exists };
                Some((kind, args.nth(1), None))
            }
            Expr::Literal(LiteralValue::Int(_)) => Some((LoopKind::ExistsOne, args.next(), None)),
            Expr::List(_) if step.func_name == operators::ADD => {
                Some((LoopKind::Map, None, appended(args.nth(1)?)))
            }
            Expr::List(_) => {
                let predicate = args.next();
                let Expr::Call(add) = args.next()?.expr else {
                    return None;
                };
                let element = appended(add.args.into_iter().nth(1)?)?;
                // `filter` appends the variable node itself, at the place of its declaration.
                let is_variable = matches!(&element.expr, Expr::Ident(name) if name == variable);
                let place = self.place(element.id).0;
                let declared_first =
                    predicate.as_ref().is_some_and(|p| place <= self.first_place(p));
                if is_variable && declared_first {
                    Some((LoopKind::Filter, predicate, None))
                } else {
                    Some((LoopKind::Map, predicate, Some(element)))
                }
            }
            _ => None,
        }
    }

    /// Numbers grow in reading order, so the smallest start is found at the left edge.
    fn first_place(&self, node: &IdedExpr) -> usize {
        let here = self.place(node.id).0;
        let child = match &node.expr {
            Expr::Call(call) => call.target.as_deref().or(call.args.first()),
            Expr::Select(select) => Some(&*select.operand),
            Expr::Comprehension(inner) => Some(&inner.iter_range),
            _ => None,
        };
        child.map_or(here, |c| here.min(self.first_place(c)))
    }

    fn node(&self, at: Span, hull: Span, kind: SyntaxKind) -> Syntax {
        let span = self.tokens.balanced(hull);
        Syntax { span, at, kind }
    }

    fn place(&self, id: u64) -> Span {
        let place = self.places.as_ref().and_then(|p| p.offset_for(id));
        match place {
            Some((start, end)) => (start as usize, (end as usize).min(self.source.len())),
            None => (0, self.source.len()),
        }
    }

    /// A negative number is one node placed at its sign.
    fn literal_end(&self, at: Span) -> usize {
        match self.source.get(at.0..at.1) {
            Some("-") => self.tokens.at_or_after(at.1).map_or(at.1, |t| t.1),
            _ => at.1,
        }
    }

    /// The name behind the dot that follows `end`, closing brackets skipped.
    fn field_after(&self, end: usize) -> Span {
        let mut from = end;
        while let Some(token) = self.tokens.at_or_after(from) {
            match self.source.get(token.0..token.1) {
                Some(")" | ".") => from = token.1,
                _ => return token,
            }
        }
        (end, end)
    }

    fn fault(&mut self, span: Span, message: &str) -> Option<Syntax> {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(ExpressionFault { span, message: message.to_owned(), hint: None });
        }
        None
    }
}

/// Kind of macro, its predicate, its transform.
type Shape = (LoopKind, Option<IdedExpr>, Option<IdedExpr>);

/// The one element of the list that a `map` or `filter` step appends.
fn appended(list: IdedExpr) -> Option<IdedExpr> {
    match list.expr {
        Expr::List(list) => list.elements.into_iter().next(),
        _ => None,
    }
}

fn constant(literal: LiteralValue) -> Value {
    match literal {
        LiteralValue::Boolean(b) => Value::Bool(b.into_inner()),
        LiteralValue::Bytes(b) => Value::Bytes(b.inner().into()),
        LiteralValue::Double(d) => Value::Double(d.into_inner()),
        LiteralValue::Int(i) => Value::Int(i.into_inner()),
        LiteralValue::Null => Value::Null,
        LiteralValue::String(s) => Value::String(s.inner().into()),
        LiteralValue::UInt(u) => Value::Uint(u.into_inner()),
    }
}

fn binary(symbol: &str) -> Option<Operator> {
    Some(match symbol {
        operators::ADD => Operator::Add,
        operators::SUBSTRACT => Operator::Subtract,
        operators::MULTIPLY => Operator::Multiply,
        operators::DIVIDE => Operator::Divide,
        operators::MODULO => Operator::Modulo,
        operators::EQUALS => Operator::Equal,
        operators::NOT_EQUALS => Operator::NotEqual,
        operators::LESS => Operator::Less,
        operators::LESS_EQUALS => Operator::LessEqual,
        operators::GREATER => Operator::Greater,
        operators::GREATER_EQUALS => Operator::GreaterEqual,
        operators::IN => Operator::In,
        operators::INDEX => Operator::Index,
        _ => return None,
    })
}
