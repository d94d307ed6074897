//! Functions of text.

use std::borrow::Cow;
use std::sync::Arc;

use smallvec::SmallVec;

use super::no_overload;
use crate::core::expression::arithmetic;
use crate::core::expression::functions::Function;
use crate::core::expression::limits::{LIST_LENGTH_MAX, REGEX_BYTES_MAX, TEXT_BYTES_MAX};
use crate::core::expression::stop::{Budget, Stop};
use crate::core::value::Value;

pub(super) fn text(
    function: Function,
    args: &[Cow<'_, Value>],
    budget: &mut Budget,
) -> Result<Value, Stop> {
    let args: SmallVec<[&Value; 4]> = args.iter().map(|a| &**a).collect();
    let result = match (function, args.as_slice()) {
        (Function::Contains, [Value::String(a), Value::String(b)]) => {
            return Ok(Value::Bool(a.contains(&**b)));
        }
        (Function::StartsWith, [Value::String(a), Value::String(b)]) => {
            return Ok(Value::Bool(a.starts_with(&**b)));
        }
        (Function::EndsWith, [Value::String(a), Value::String(b)]) => {
            return Ok(Value::Bool(a.ends_with(&**b)));
        }
        (Function::Matches, [Value::String(a), Value::String(pattern)]) => {
            // Compiling costs far more than most operations.
            budget.spend(100 + pattern.len())?;
            return regex(pattern).map(|r| Value::Bool(r.is_match(a)));
        }
        (Function::LowerAscii, [Value::String(a)]) => a.to_ascii_lowercase(),
        (Function::UpperAscii, [Value::String(a)]) => a.to_ascii_uppercase(),
        (Function::Trim, [Value::String(a)]) => a.trim().to_owned(),
        (Function::Split, [Value::String(a), Value::String(separator)]) => {
            return split(a, separator, budget);
        }
        (Function::Split, [Value::String(a), Value::String(by), Value::Int(most)]) => {
            return split_most(a, by, *most, budget);
        }
        (Function::CharAt, [Value::String(a), Value::Int(at)]) => char_at(a, *at)?,
        (Function::IndexOf, [Value::String(a), Value::String(part)]) => {
            return index_of(a, part, 0);
        }
        (Function::IndexOf, [Value::String(a), Value::String(part), Value::Int(from)]) => {
            return index_of(a, part, *from);
        }
        (Function::LastIndexOf, [Value::String(a), Value::String(part)]) => {
            return last_index_of(a, part, None);
        }
        (Function::LastIndexOf, [Value::String(a), Value::String(part), Value::Int(from)]) => {
            return last_index_of(a, part, Some(*from));
        }
        (Function::Reverse, [Value::String(a)]) => a.chars().rev().collect(),
        (
            Function::Replace,
            [Value::String(a), Value::String(old), Value::String(new), Value::Int(most)],
        ) => {
            let most = usize::try_from(*most).unwrap_or(usize::MAX);
            let count = a.matches(&**old).take(most).count();
            budget.spend_bytes(a.len().saturating_add(count.saturating_mul(new.len())))?;
            a.replacen(&**old, new, most)
        }
        (Function::Join, [Value::List(list)]) => join(list, "", budget)?,
        (Function::Join, [Value::List(list), Value::String(by)]) => join(list, by, budget)?,
        (Function::Replace, [Value::String(a), Value::String(old), Value::String(new)]) => {
            let count = a.matches(&**old).count();
            budget.spend_bytes(a.len().saturating_add(count.saturating_mul(new.len())))?;
            a.replace(&**old, new)
        }
        (Function::Substring, [Value::String(a), Value::Int(from)]) => {
            substring(a, *from, None)?.to_owned()
        }
        (Function::Substring, [Value::String(a), Value::Int(from), Value::Int(to)]) => {
            substring(a, *from, Some(*to))?.to_owned()
        }
        _ => return Err(no_overload(function)),
    };
    budget.spend_bytes(result.len())?;
    Ok(Value::String(result.into()))
}

fn split(text: &str, separator: &str, budget: &mut Budget) -> Result<Value, Stop> {
    let limit = LIST_LENGTH_MAX + 1;
    let parts: Vec<Value> = if separator.is_empty() {
        let chars = text.chars().take(limit);
        chars.map(|c| Value::from(&*c.to_string())).collect()
    } else {
        text.split(separator).take(limit).map(Value::from).collect()
    };
    budget.spend(parts.len())?;
    arithmetic::list(parts)
}

fn join(list: &Arc<[Value]>, separator: &str, budget: &mut Budget) -> Result<String, Stop> {
    budget.spend(list.len())?;
    let mut joined = String::new();
    for (index, element) in list.iter().enumerate() {
        let text = element.as_str().ok_or_else(|| no_overload(Function::Join))?;
        if index > 0 {
            joined.push_str(separator);
        }
        joined.push_str(text);
        if joined.len() > TEXT_BYTES_MAX {
            break;
        }
    }
    Ok(joined)
}

/// By characters, `from` inclusive, `to` exclusive.
fn substring(text: &str, from: i64, to: Option<i64>) -> Result<&str, Stop> {
    let out = || Stop::failed("substring out of range");
    let byte = |at: i64| {
        let at = usize::try_from(at).map_err(|_| out())?;
        text.char_indices()
            .map(|(i, _)| i)
            .chain(std::iter::once(text.len()))
            .nth(at)
            .ok_or_else(out)
    };
    let start = byte(from)?;
    let end = to.map_or(Ok(text.len()), byte)?;
    text.get(start..end).ok_or_else(out)
}

/// Compiles a pattern, within limits.
pub(in super::super) fn regex(pattern: &str) -> Result<regex::Regex, Stop> {
    regex::RegexBuilder::new(pattern)
        .size_limit(REGEX_BYTES_MAX)
        .dfa_size_limit(REGEX_BYTES_MAX)
        .nest_limit(50)
        .build()
        .map_err(|e| match e {
            regex::Error::CompiledTooBig(_) => Stop::failed("pattern too large"),
            _ => Stop::failed("pattern is not a regular expression"),
        })
}

/// At most `most` parts, the last with the rest; none for 0, all for a negative number.
fn split_most(text: &str, by: &str, most: i64, budget: &mut Budget) -> Result<Value, Stop> {
    match usize::try_from(most) {
        Err(_) => split(text, by, budget),
        Ok(0) => arithmetic::list(Vec::new()),
        Ok(most) if by.is_empty() => {
            let mut chars = text.chars();
            let mut parts: Vec<Value> = (&mut chars)
                .take(most.saturating_sub(1).min(LIST_LENGTH_MAX + 1))
                .map(|c| Value::from(&*c.to_string()))
                .collect();
            if !chars.as_str().is_empty() {
                parts.push(Value::from(chars.as_str()));
            }
            budget.spend(parts.len())?;
            arithmetic::list(parts)
        }
        Ok(most) => {
            let parts = text.splitn(most.min(LIST_LENGTH_MAX + 1), by);
            let parts: Vec<Value> = parts.map(Value::from).collect();
            budget.spend(parts.len())?;
            arithmetic::list(parts)
        }
    }
}

/// The character at a place; nothing at the end.
fn char_at(text: &str, at: i64) -> Result<String, Stop> {
    let out = || Stop::failed("index out of range");
    let at = usize::try_from(at).map_err(|_| out())?;
    match text.chars().nth(at) {
        Some(char) => Ok(char.to_string()),
        None if at == text.chars().count() => Ok(String::new()),
        None => Err(out()),
    }
}

/// Place, in characters, of the first `part` at or behind `from`; -1 where there is none.
fn index_of(text: &str, part: &str, from: i64) -> Result<Value, Stop> {
    let rest = substring(text, from, None).map_err(|_| Stop::failed("index out of range"))?;
    let found = rest.find(part).and_then(|at| rest.get(..at)).map(|s| s.chars().count());
    let found = found.and_then(|count| i64::try_from(count).ok());
    Ok(Value::Int(found.map_or(-1, |count| count + from)))
}

/// Place, in characters, of the last `part` that begins at or before `to`; -1 where there is none.
fn last_index_of(text: &str, part: &str, to: Option<i64>) -> Result<Value, Stop> {
    let within = match to {
        None => text,
        Some(to) => {
            let start =
                substring(text, 0, Some(to)).map_err(|_| Stop::failed("index out of range"))?;
            text.get(..(start.len() + part.len()).min(text.len())).unwrap_or(text)
        }
    };
    let found = within.rfind(part).and_then(|at| within.get(..at)).map(|s| s.chars().count());
    let found = found.and_then(|count| i64::try_from(count).ok());
    Ok(Value::Int(found.unwrap_or(-1)))
}
