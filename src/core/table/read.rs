//! The text of a cell: `gold`, `'a','b'`, `18`, `< 10`, `[18..65)`, `not('x')`, `-`.

use super::cell::{Bound, Cell, Test, order};
use crate::core::catalog::{LiteralError, value_of};
use crate::core::expression::Type;
use crate::core::value::Value;

/// What is wrong with a cell, and how to mend it.
pub type CellError = LiteralError;

/// Reads a cell of a column of type `ty`.
///
/// # Errors
/// When the text is no condition on values of that type.
pub fn read_cell(text: &str, ty: &Type) -> Result<Cell, CellError> {
    let text = text.trim();
    if matches!(text, "" | "-" | "any") {
        return Ok(Cell::Any);
    }
    if let Some(inner) = text.strip_prefix("not(").and_then(|rest| rest.strip_suffix(')')) {
        return Ok(Cell::Not(tests(inner, ty)?));
    }
    Ok(Cell::Of(tests(text, ty)?))
}

fn tests(text: &str, ty: &Type) -> Result<Vec<Test>, CellError> {
    split(text).into_iter().map(|part| test(part.trim(), ty)).collect()
}

/// The parts between commas that stand outside of quotes.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut quote) = (0, None);
    for (at, char) in text.char_indices() {
        match (quote, char) {
            (None, '\'' | '"') => quote = Some(char),
            (Some(open), _) if open == char => quote = None,
            (None, ',') => {
                parts.extend(text.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(text.get(start..));
    parts
}

fn test(text: &str, ty: &Type) -> Result<Test, CellError> {
    if text.is_empty() {
        return Err(error("there is nothing between two commas", None));
    }
    let ordered = !matches!(ty, Type::String | Type::Enum(_) | Type::Bool);
    if let Some(range) = range(text, ty).filter(|_| ordered) {
        let (low, high) = range?;
        let empty = match (&low, &high) {
            (Bound::With(low), Bound::With(high)) => order(low, high).is_gt(),
            (low, high) => match (low.value(), high.value()) {
                (Some(low), Some(high)) => order(low, high).is_ge(),
                _ => false,
            },
        };
        if empty {
            return Err(error(
                &format!("the range `{text}` is empty"),
                Some("write the smaller end first"),
            ));
        }
        return Ok(Test::Between(low, high));
    }
    literal(text, ty).map(Test::Is)
}

/// The range a text says, if it is one.
fn range(text: &str, ty: &Type) -> Option<Result<(Bound, Bound), CellError>> {
    let value = |text: &str| literal(text.trim(), ty);
    for (sign, with, low) in
        [("<=", true, false), (">=", true, true), ("<", false, false), (">", false, true)]
    {
        if let Some(rest) = text.strip_prefix(sign) {
            return Some(value(rest).map(|value| {
                let bound = if with { Bound::With(value) } else { Bound::Without(value) };
                if low { (bound, Bound::Open) } else { (Bound::Open, bound) }
            }));
        }
    }
    let (from_with, inner) = match (text.strip_prefix('['), text.strip_prefix('(')) {
        (Some(inner), _) => (true, inner),
        (_, Some(inner)) => (false, inner),
        _ => return None,
    };
    let (to_with, inner) = match (inner.strip_suffix(']'), inner.strip_suffix(')')) {
        (Some(inner), _) => (true, inner),
        (_, Some(inner)) => (false, inner),
        _ => return Some(Err(not_a_range(text))),
    };
    let Some((low, high)) = inner.split_once("..") else {
        return Some(Err(not_a_range(text)));
    };
    let bound = |text: &str, with: bool| match text.trim() {
        "" => Ok(Bound::Open),
        text if with => value(text).map(Bound::With),
        text => value(text).map(Bound::Without),
    };
    Some(bound(low, from_with).and_then(|low| Ok((low, bound(high, to_with)?))))
}

fn not_a_range(text: &str) -> CellError {
    error(
        &format!("`{text}` is not a range"),
        Some("write it as `[18..65)`: a square bracket takes its end in, a round one does not"),
    )
}

fn error(message: &str, hint: Option<&str>) -> CellError {
    LiteralError { message: message.to_owned(), hint: hint.map(str::to_owned) }
}

/// A literal of type `ty` written as text; texts with or without quotes.
///
/// # Errors
/// When it is of another type, or outside a closed set.
pub fn literal(text: &str, ty: &Type) -> Result<Value, CellError> {
    let text = text.trim();
    let unquoted = ['\'', '"']
        .into_iter()
        .find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote).filter(|_| text.len() > 1));
    let json = match (ty, unquoted) {
        (_, Some(inner)) => inner.into(),
        (Type::Bool | Type::Int | Type::Double | Type::List(_), None) => {
            serde_json::from_str(text).unwrap_or_else(|_| text.into())
        }
        _ => text.into(),
    };
    let value = value_of(&json, ty)?;
    match value {
        Value::Double(double) if !double.is_finite() => {
            Err(error(&format!("`{text}` is not a finite number"), None))
        }
        value => Ok(value),
    }
}
