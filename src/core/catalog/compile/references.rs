//! Which dotted names a CEL text mentions, with their places: a scan that knows identifiers and
//! string literals, nothing more. Used to find dependencies before anything is compiled.

/// A mention of `root.name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference<'t> {
    /// Before the dot.
    pub root: &'t str,
    /// After the dot.
    pub name: &'t str,
    /// Byte offsets of `root.name`: start and end (exclusive).
    pub span: (usize, usize),
}

/// All mentions of `root.name` in `text`, in order.
pub(super) fn references(text: &str) -> Vec<Reference<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut after_dot = false;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        if c == '"' || c == '\'' {
            at = after_string(text, at, c);
            after_dot = false;
        } else if is_start(c) {
            let end = word_end(text, at);
            if !after_dot && let Some(reference) = dotted(text, at, end) {
                at = reference.span.1;
                found.push(reference);
            } else {
                at = end;
            }
            after_dot = false;
        } else {
            after_dot = c == '.' || (after_dot && c.is_whitespace());
            at += c.len_utf8();
        }
    }
    found
}

fn dotted(text: &str, start: usize, end: usize) -> Option<Reference<'_>> {
    let root = text.get(start..end)?;
    let rest = text.get(end..)?;
    let spaced = rest.trim_start().strip_prefix('.')?.trim_start();
    let name_at = text.len() - spaced.len();
    spaced.chars().next().filter(|c| is_start(*c))?;
    let name_end = word_end(text, name_at);
    Some(Reference { root, name: text.get(name_at..name_end)?, span: (start, name_end) })
}

fn is_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

fn word_end(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    start + length
}

/// The offset after the string literal that starts at `start` with `quote`.
fn after_string(text: &str, start: usize, quote: char) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let triple: String = std::iter::repeat_n(quote, 3).collect();
    if let Some(body) = rest.strip_prefix(&triple) {
        return match body.find(&triple) {
            Some(end) => start + 3 + end + 3,
            None => text.len(),
        };
    }
    let mut escaped = false;
    for (offset, c) in rest.char_indices().skip(1) {
        if c == quote && !escaped {
            return start + offset + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::references;

    #[test]
    fn finds_dotted_names_outside_of_strings() {
        let text = "customer.age > 3 && 'customer.x' != offer . apr && a.b.c(\"\\\"d.e\")";
        let found: Vec<_> =
            references(text).iter().map(|found| format!("{}.{}", found.root, found.name)).collect();
        assert_eq!(found, ["customer.age", "offer.apr", "a.b"]);
    }
}
