//! The compiled tree: what the fast evaluator walks. Common conditions on one slot have nodes of
//! their own, which compare without copying, allocating or looking at types twice.

use std::sync::Arc;

use super::apply::regex;
use super::functions::Function;
use super::lookup::Lookup;
use super::syntax::{LoopKind, Operator};
use super::term::{Term, TermKind};
use super::types::{Slot, Type};
use crate::core::value::{MapKey, Value};

/// A slot with what is needed to read it with care.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) slot: Slot,
    pub(super) ty: Type,
    pub(super) path: Arc<str>,
}

#[derive(Debug)]
pub(super) enum Code {
    Constant(Value),
    Fail(Arc<str>),
    Slot(Slot, Box<Source>),
    HasSlot(Slot),
    Local(usize),
    Field(Box<Code>, MapKey),
    HasField(Box<Code>, MapKey),
    All(Box<[Code]>),
    Any(Box<[Code]>),
    Not(Box<Code>),
    Negate(Box<Code>),
    Conditional(Box<[Code; 3]>),
    Compare(Operator, Box<[Code; 2]>),
    Arithmetic(Operator, Box<[Code; 2]>),
    /// Both operands are doubles whenever they have a value.
    DoubleArithmetic(Operator, Box<[Code; 2]>),
    Contains(Box<[Code; 2]>),
    Index(Box<[Code; 2]>),
    Coalesce(Box<[Code; 2]>),
    Call(Function, Box<[Code]>),
    Lookup(Arc<dyn Lookup>, Box<[Code]>),
    Matches(Box<Code>, Box<regex::Regex>),
    List(Box<[Code]>),
    Map(Box<[(Code, Code)]>),
    Loop(Box<CodeLoop>),
    /// A slot declared int against a whole constant.
    SlotInt(Slot, Operator, i64, Box<Source>),
    /// A slot declared double against a constant.
    SlotDouble(Slot, Operator, f64, Box<Source>),
    /// A slot of text `==` (or `!=`, where true) a constant.
    SlotText(Slot, Arc<str>, bool, Box<Source>),
    /// Membership in a constant list.
    In(Box<Code>, Box<Set>),
    SlotIn(Slot, Box<Set>, Box<Source>),
}

#[derive(Debug)]
pub(super) struct CodeLoop {
    pub(super) kind: LoopKind,
    pub(super) range: Code,
    pub(super) predicate: Option<Code>,
    pub(super) transform: Option<Code>,
}

/// A constant list, sorted for lookup.
#[derive(Debug, Default)]
pub(super) struct Set {
    texts: Vec<Arc<str>>,
    ints: Vec<i64>,
    /// Whatever is neither; and all numbers, for a needle that is a double or unsigned.
    pub(super) others: Vec<Value>,
}

impl Set {
    fn new(elements: &[Value]) -> Self {
        let mut set = Self::default();
        for element in elements {
            match element {
                Value::String(text) => set.texts.push(text.clone()),
                Value::Int(int) => {
                    set.ints.push(*int);
                    set.others.push(element.clone());
                }
                other => set.others.push(other.clone()),
            }
        }
        set.texts.sort_unstable();
        set.texts.dedup();
        set.ints.sort_unstable();
        set.ints.dedup();
        set
    }

    pub(super) fn has_text(&self, text: &str) -> bool {
        // A scan of a few beats a search: most differ in length.
        if self.texts.len() <= 8 {
            return self.texts.iter().any(|t| **t == *text);
        }
        self.texts.binary_search_by(|t| (**t).cmp(text)).is_ok()
    }

    pub(super) fn has_int(&self, int: i64) -> bool {
        self.ints.binary_search(&int).is_ok()
    }

    /// Whether every element is an int, so that an int needle needs no second look.
    pub(super) fn ints_only(&self) -> bool {
        self.ints.len() >= self.others.len()
    }
}

/// Compiles a simplified term.
pub(super) fn lower(term: &Term) -> Code {
    let one = |term: &Term| Box::new(lower(term));
    let each = |terms: &[Term]| terms.iter().map(lower).collect::<Box<[Code]>>();
    let two = |terms: &[Term; 2]| {
        let [a, b] = terms;
        Box::new([lower(a), lower(b)])
    };
    match &term.kind {
        TermKind::Constant(value) => Code::Constant(value.clone()),
        TermKind::Fail(message) => Code::Fail(message.clone()),
        TermKind::Slot(slot, path) => Code::Slot(*slot, source(*slot, &term.ty, path)),
        TermKind::HasSlot(slot, _) => Code::HasSlot(*slot),
        TermKind::Local(index) => Code::Local(*index),
        TermKind::Field(operand, field) => Code::Field(one(operand), key(field)),
        TermKind::HasField(operand, field) => Code::HasField(one(operand), key(field)),
        TermKind::All(operands) => Code::All(each(operands)),
        TermKind::Any(operands) => Code::Any(each(operands)),
        TermKind::Not(operand) => Code::Not(one(operand)),
        TermKind::Negate(operand) => Code::Negate(one(operand)),
        TermKind::Conditional(three) => {
            let [condition, yes, no] = &**three;
            Code::Conditional(Box::new([lower(condition), lower(yes), lower(no)]))
        }
        TermKind::Binary(Operator::In, terms) => membership(terms),
        TermKind::Binary(Operator::Index, terms) => Code::Index(two(terms)),
        TermKind::Binary(operator, terms) if operator.mirrored().is_some() => {
            specialised(*operator, terms).unwrap_or_else(|| Code::Compare(*operator, two(terms)))
        }
        TermKind::Binary(operator, terms) => {
            let codes = two(terms);
            let doubles = codes.iter().all(surely_double);
            if doubles && *operator != Operator::Modulo {
                Code::DoubleArithmetic(*operator, codes)
            } else {
                Code::Arithmetic(*operator, codes)
            }
        }
        TermKind::Coalesce(terms) => Code::Coalesce(two(terms)),
        TermKind::Call(function, args) => call(*function, args),
        TermKind::Lookup(table, args) => Code::Lookup(table.clone(), each(args)),
        TermKind::List(elements) => Code::List(each(elements)),
        TermKind::Map(entries) => {
            Code::Map(entries.iter().map(|(k, v)| (lower(k), lower(v))).collect())
        }
        TermKind::Loop(body) => Code::Loop(Box::new(CodeLoop {
            kind: body.kind,
            range: lower(&body.range),
            predicate: body.predicate.as_ref().map(lower),
            transform: body.transform.as_ref().map(lower),
        })),
    }
}

fn key(field: &Arc<str>) -> MapKey {
    MapKey::String(field.clone())
}

fn source(slot: Slot, ty: &Type, path: &Arc<str>) -> Box<Source> {
    Box::new(Source { slot, ty: ty.clone(), path: path.clone() })
}

/// A comparison of a slot with a constant of its type.
fn specialised(operator: Operator, terms: &[Term; 2]) -> Option<Code> {
    let [left, right] = terms;
    let TermKind::Slot(slot, path) = &left.kind else {
        return None;
    };
    let source = source(*slot, &left.ty, path);
    match (&left.ty, right.constant()?) {
        (Type::Int, Value::Int(int)) => Some(Code::SlotInt(*slot, operator, *int, source)),
        (Type::Double, Value::Double(double)) => {
            Some(Code::SlotDouble(*slot, operator, *double, source))
        }
        #[expect(clippy::cast_precision_loss, reason = "checked to be exact")]
        (Type::Double, Value::Int(int)) if int.unsigned_abs() < 1 << 53 => {
            Some(Code::SlotDouble(*slot, operator, *int as f64, source))
        }
        (Type::String | Type::Enum(_), Value::String(text)) => match operator {
            Operator::Equal => Some(Code::SlotText(*slot, text.clone(), false, source)),
            Operator::NotEqual => Some(Code::SlotText(*slot, text.clone(), true, source)),
            _ => None,
        },
        _ => None,
    }
}

fn membership(terms: &[Term; 2]) -> Code {
    let [needle, haystack] = terms;
    match (&needle.kind, haystack.constant()) {
        (TermKind::Slot(slot, path), Some(Value::List(elements))) => {
            let set = Box::new(Set::new(elements));
            Code::SlotIn(*slot, set, source(*slot, &needle.ty, path))
        }
        (_, Some(Value::List(elements))) => {
            Code::In(Box::new(lower(needle)), Box::new(Set::new(elements)))
        }
        _ => Code::Contains(Box::new([lower(needle), lower(haystack)])),
    }
}

fn call(function: Function, args: &[Term]) -> Code {
    if let (Function::Matches, [text, pattern]) = (function, args)
        && let Some(Value::String(pattern)) = pattern.constant()
        && let Ok(regex) = regex(pattern)
    {
        return Code::Matches(Box::new(lower(text)), Box::new(regex));
    }
    Code::Call(function, args.iter().map(lower).collect())
}

/// Whether the code gives a double whenever it gives a value.
pub(super) fn surely_double(code: &Code) -> bool {
    match code {
        Code::Constant(value) => matches!(value, Value::Double(_)),
        Code::Slot(_, source) => source.ty == Type::Double,
        Code::DoubleArithmetic(..) => true,
        Code::Negate(operand) => surely_double(operand),
        Code::Coalesce(two) => two.iter().all(surely_double),
        Code::Conditional(three) => {
            let [_, yes, no] = &**three;
            surely_double(yes) && surely_double(no)
        }
        Code::Call(function, _) => matches!(
            function,
            Function::ToDouble | Function::Ln | Function::Exp | Function::Pow | Function::Sqrt
        ),
        _ => false,
    }
}
