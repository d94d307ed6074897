//! The normal form of a simplified term, as text: the same for the same meaning, however written.
//! Every operator in brackets, macro variables numbered, `&&` and `||` sorted and without repetition.

use std::fmt::Write as _;

use super::apply::spelled;
use super::compare::key_value;
use super::syntax::Operator;
use super::term::{Term, TermKind};
use crate::core::value::Value;

pub(super) fn canonical(term: &Term) -> String {
    let mut text = String::new();
    write_term(term, &mut text);
    text
}

// Writing to a String cannot fail, so results of `write!` are dropped.
fn write_term(term: &Term, out: &mut String) {
    match &term.kind {
        TermKind::Constant(value) => write_value(value, out),
        TermKind::Fail(message) => {
            let _ = write!(out, "fail({message:?})");
        }
        TermKind::Slot(_, path) => out.push_str(path),
        TermKind::HasSlot(_, path) => {
            let _ = write!(out, "has({path})");
        }
        TermKind::Local(index) => {
            let _ = write!(out, "@{index}");
        }
        TermKind::Field(operand, field) => {
            write_term(operand, out);
            let _ = write!(out, ".`{field}`");
        }
        TermKind::HasField(operand, field) => {
            out.push_str("has(");
            write_term(operand, out);
            let _ = write!(out, ".`{field}`)");
        }
        TermKind::All(operands) => write_sorted(operands, " && ", out),
        TermKind::Any(operands) => write_sorted(operands, " || ", out),
        TermKind::Not(operand) => {
            out.push('!');
            write_term(operand, out);
        }
        TermKind::Negate(operand) => {
            out.push_str("-(");
            write_term(operand, out);
            out.push(')');
        }
        TermKind::Conditional(three) => write_list("if(", three.as_slice(), ")", out),
        TermKind::Coalesce(two) => write_list("coalesce(", two.as_slice(), ")", out),
        TermKind::Binary(operator, two) => write_binary(*operator, two, out),
        TermKind::Call(function, args) => {
            write_list(&format!("{function:?}("), args, ")", out);
        }
        TermKind::Lookup(table, args) => {
            write_list(&format!("table.{}(", table.name()), args, ")", out);
        }
        TermKind::List(elements) => write_list("[", elements, "]", out),
        TermKind::Map(entries) => {
            out.push('{');
            for (key, value) in entries {
                write_term(key, out);
                out.push_str(": ");
                write_term(value, out);
                out.push_str(", ");
            }
            out.push('}');
        }
        TermKind::Loop(body) => {
            let _ = write!(out, "{}(", body.kind.name());
            write_term(&body.range, out);
            for part in [&body.predicate, &body.transform] {
                out.push_str("; ");
                if let Some(part) = part {
                    write_term(part, out);
                }
            }
            out.push(')');
        }
    }
}

fn write_binary(operator: Operator, two: &[Term; 2], out: &mut String) {
    let [left, right] = two;
    if operator == Operator::Index {
        write_term(left, out);
        out.push('[');
        write_term(right, out);
        out.push(']');
        return;
    }
    out.push('(');
    write_term(left, out);
    let _ = write!(out, " {} ", operator.symbol());
    match (operator, right.constant()) {
        (Operator::In, Some(Value::List(elements))) => write_set(elements, out),
        _ => write_term(right, out),
    }
    out.push(')');
}

fn write_list(open: &str, terms: &[Term], close: &str, out: &mut String) {
    out.push_str(open);
    for (index, term) in terms.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write_term(term, out);
    }
    out.push_str(close);
}

/// Order and repetition of operands do not change the result, not even which fault it is.
fn write_sorted(operands: &[Term], between: &str, out: &mut String) {
    let mut texts: Vec<String> = operands.iter().map(canonical).collect();
    texts.sort_unstable();
    texts.dedup();
    let _ = write!(out, "({})", texts.join(between));
}

fn write_set(elements: &[Value], out: &mut String) {
    let mut texts: Vec<String> = elements.iter().map(value_text).collect();
    texts.sort_unstable();
    texts.dedup();
    let _ = write!(out, "[{}]", texts.join(", "));
}

fn value_text(value: &Value) -> String {
    let mut text = String::new();
    write_value(value, &mut text);
    text
}

fn write_value(value: &Value, out: &mut String) {
    let _ = match value {
        Value::Null => write!(out, "null"),
        Value::Uint(u) => write!(out, "{u}u"),
        Value::Double(d) => write!(out, "{d:?}"),
        Value::String(s) => write!(out, "{s:?}"),
        Value::Bytes(b) => write!(out, "b{b:?}"),
        Value::List(elements) => {
            out.push('[');
            for element in elements.iter() {
                write_value(element, out);
                out.push_str(", ");
            }
            write!(out, "]")
        }
        Value::Map(map) => {
            out.push('{');
            for (key, value) in map.iter() {
                write_value(&key_value(key), out);
                out.push_str(": ");
                write_value(value, out);
                out.push_str(", ");
            }
            write!(out, "}}")
        }
        Value::Timestamp(_) | Value::Duration(_) => {
            let text = spelled(value).unwrap_or_default();
            write!(out, "{}({text:?})", value.type_name())
        }
        Value::Type(name) => write!(out, "type({name})"),
        Value::Bool(_) | Value::Int(_) => out.write_str(&spelled(value).unwrap_or_default()),
    };
}
