//! From a place inside a scalar's text to a place in the file.

use super::{Node, NodeContent, Style};

/// Line and column (from 1, in characters) of the character at `offset` (in characters) of the
/// text of scalar `node`. `line_at` gives the file's lines by number, from 1. Exact for scalars on
/// one line and for `|`; elsewhere the line is right where lines are simply folded.
pub fn locate<'a>(
    node: &Node,
    offset: usize,
    line_at: impl Fn(u32) -> Option<&'a str>,
) -> (u32, u32) {
    let at = node.at;
    let start = (at.line, at.column);
    let NodeContent::Scalar(style) = &node.content else {
        return start;
    };
    let line = line_at(at.line).unwrap_or_default();
    let rest = || line.chars().skip(at.column.saturating_sub(1) as usize);
    match style {
        Style::Literal | Style::Folded => block(node, *style, offset, line_at),
        _ if at.line != at.end_line => folded(node, offset, line_at),
        Style::Plain => (at.line, at.column + number(offset)),
        Style::Single => (at.line, at.column + 1 + single(rest().skip(1), offset)),
        Style::Double => (at.line, at.column + 1 + double(rest().skip(1), offset)),
    }
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(0)
}

/// Characters written before the `offset`th read one, in `'...'`: quotes are doubled.
fn single(written: impl Iterator<Item = char>, offset: usize) -> u32 {
    let (mut read, mut width, mut half) = (0, 0, false);
    for c in written {
        if read >= offset && !half {
            break;
        }
        width += 1;
        half = c == '\'' && !half;
        read += usize::from(!half);
    }
    width
}

/// Characters written before the `offset`th read one, in `"..."`: with escapes.
fn double(mut written: impl Iterator<Item = char>, offset: usize) -> u32 {
    let mut width = 0;
    for _ in 0..offset {
        let Some(c) = written.next() else { break };
        width += 1;
        if c == '\\' {
            let digits = match written.next() {
                Some('x') => 2,
                Some('u') => 4,
                Some('U') => 8,
                _ => 0,
            };
            width += 1 + digits;
            for _ in 0..digits {
                written.next();
            }
        }
    }
    width
}

/// In a block: the lines after the indicator, less their indentation.
fn block<'a>(
    node: &Node,
    style: Style,
    offset: usize,
    line_at: impl Fn(u32) -> Option<&'a str>,
) -> (u32, u32) {
    let blank = |line: u32| line_at(line).is_some_and(|text| text.trim().is_empty());
    // The parser places a block at its indicator or at its first line of text.
    let mut first = node.at.line;
    let header = line_at(first).unwrap_or_default();
    let mut from_column = header.chars().skip(node.at.column.saturating_sub(1) as usize);
    if matches!(from_column.next(), Some('|' | '>')) {
        first += 1;
    }
    let mut probe = first;
    while blank(probe) {
        probe += 1;
    }
    let indent = line_at(probe).unwrap_or_default().chars().take_while(|c| *c == ' ').count();
    let mut left = offset;
    let mut line = first;
    while let Some(text) = line_at(line) {
        let stripped = text.chars().skip(indent).collect::<String>();
        let length = match style {
            Style::Literal => stripped.chars().count(),
            _ => stripped.trim_end().chars().count(),
        };
        if left <= length {
            return (line, number(indent + left) + 1);
        }
        left -= length + 1;
        line += 1;
    }
    (node.at.line, node.at.column)
}

/// In a plain or quoted scalar over several lines: lines are trimmed and joined by one space.
fn folded<'a>(node: &Node, offset: usize, line_at: impl Fn(u32) -> Option<&'a str>) -> (u32, u32) {
    let quoted = !matches!(node.content, NodeContent::Scalar(Style::Plain));
    let mut left = offset;
    for line in node.at.line..=node.at.end_line {
        let text = line_at(line).unwrap_or_default();
        let indent = if line == node.at.line {
            node.at.column.saturating_sub(1) as usize + usize::from(quoted)
        } else {
            text.chars().take_while(|c| c.is_whitespace()).count()
        };
        let length = text.trim_end().chars().count().saturating_sub(indent);
        if left <= length {
            return (line, number(indent + left) + 1);
        }
        left -= length + 1;
    }
    (node.at.line, node.at.column)
}
