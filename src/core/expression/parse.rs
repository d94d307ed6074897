//! Source text → [`Syntax`], by the `cel` crate's parser.
//!
//! That parser returns a tree of numbered nodes; it hands out the table from numbers to places only
//! with a syntax error. Numbers are given in reading order, so we parse a valid text a second time
//! with a stray bracket behind it and take the table from that error.

use std::collections::BTreeMap;
use std::sync::Arc;

use cel::common::ast::SourceInfo;
use cel::parser::{ParseError, PrattParser};

use super::bytes::hide;
use super::convert::Converter;
use super::limits::{BRACKETS_MAX, DEPTH_MAX, FAULTS_MAX, NODES_MAX, SOURCE_BYTES_MAX};
use super::syntax::Syntax;
use super::tokens::Tokens;
use super::types::ExpressionFault;

/// Parses, or says every place where the text is not CEL.
pub(super) fn parse(source: &str) -> Result<Syntax, Vec<ExpressionFault>> {
    if source.len() > SOURCE_BYTES_MAX {
        let length = source.len();
        return Err(vec![ExpressionFault {
            span: (0, length),
            message: format!(
                "expression of {length} bytes; at most {SOURCE_BYTES_MAX} are allowed"
            ),
            hint: Some("split it into named segments or attributes".to_owned()),
        }]);
    }
    let tokens = Tokens::scan(source);
    if let Some(span) = tokens.too_deep() {
        return Err(vec![ExpressionFault {
            span: whole_characters(span, source),
            message: format!("expression nests deeper than {DEPTH_MAX} levels"),
            hint: Some("split it, or use a list with `in` or a macro".to_owned()),
        }]);
    }
    let hidden = hide(source, tokens.bytes_literals());
    let (source, literals) = match &hidden {
        Some(hidden) => (hidden.source.as_str(), hidden.literals.clone()),
        None => (source, BTreeMap::new()),
    };
    let tree = parser().parse(source).map_err(|errors| {
        let mut faults: Vec<_> =
            errors.errors.iter().map(|e| syntax_fault(e, source, &tokens)).collect();
        faults.dedup_by(|a, b| a.span == b.span);
        faults.truncate(FAULTS_MAX);
        faults
    })?;
    let mut converter = Converter::new(source, tokens, places(source), literals);
    let syntax = converter.convert(tree);
    let faults = converter.into_faults();
    match syntax {
        Some(syntax) if faults.is_empty() => Ok(syntax),
        _ => Err(faults),
    }
}

fn parser() -> PrattParser {
    PrattParser::new()
        .max_recursion_depth(BRACKETS_MAX)
        .max_expression_node_count(NODES_MAX)
        .enable_variadic_operator_asts(true)
        .enable_ident_escape_syntax(true)
}

/// The table from node numbers to places of a valid text.
fn places(source: &str) -> Option<Arc<SourceInfo>> {
    let errors = parser().parse(&format!("{source}\n)")).err()?;
    errors.errors.into_iter().find_map(|e| e.source_info)
}

fn syntax_fault(error: &ParseError, source: &str, tokens: &Tokens) -> ExpressionFault {
    let span = span_of(error.pos, source, tokens);
    let text = source.get(span.0..span.1).unwrap_or_default();
    let message = error.msg.trim_start_matches("Syntax error: ");
    let message = if message.contains("<EOF>' expecting") {
        "the expression ends too early".to_owned()
    } else if message.starts_with("mismatched input") || message == "unexpected token" {
        format!("unexpected `{text}`")
    } else {
        message.replace('\'', "`")
    };
    let hint = match text {
        _ if message.contains("has()") => {
            Some("it asks for an attribute, as in `has(customer.age)`".to_owned())
        }
        "=" => Some("to compare, write `==`".to_owned()),
        "and" | "AND" => Some("write `&&`".to_owned()),
        "or" | "OR" => Some("write `||`".to_owned()),
        "not" | "NOT" => Some("write `!`".to_owned()),
        _ => None,
    };
    ExpressionFault { span, message, hint }
}

/// Line and column (from 1, in bytes) → the token there; the whole text where there is none.
fn span_of(pos: (isize, isize), source: &str, tokens: &Tokens) -> (usize, usize) {
    let (Ok(line), Ok(column)) = (usize::try_from(pos.0), usize::try_from(pos.1)) else {
        return (0, source.len());
    };
    if line == 0 {
        return (0, source.len());
    }
    let before: usize = source.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let start = (before + column.saturating_sub(1)).min(source.len());
    let span = match tokens.at_or_after(start) {
        Some(span) => span,
        None => (source.trim_end().len().min(start), source.len()),
    };
    whole_characters(span, source)
}

/// The lexer goes by bytes: a sign it does not know may be one of several.
fn whole_characters((mut start, mut end): (usize, usize), source: &str) -> (usize, usize) {
    while !source.is_char_boundary(start) {
        start -= 1;
    }
    while !source.is_char_boundary(end) {
        end += 1;
    }
    (start, end)
}
