//! Bytes literals with `\u` or `\U` in them, which the parser refuses: decoded here, and hidden from
//! it behind plain text of the same length.

use std::collections::BTreeMap;

/// The source for the parser, and the literals taken out of it by the place of their first byte.
pub(super) struct Hidden {
    pub(super) source: String,
    pub(super) literals: BTreeMap<usize, Vec<u8>>,
}

/// Hides the bytes literals among `spans` that name characters by number; `None` where none does.
pub(super) fn hide(source: &str, spans: impl Iterator<Item = (usize, usize)>) -> Option<Hidden> {
    let mut hidden = Hidden { source: source.to_owned(), literals: BTreeMap::new() };
    for (start, end) in spans {
        let Some((content, text)) = source.get(start..end).and_then(content) else { continue };
        if !(text.contains("\\u") || text.contains("\\U")) {
            continue;
        }
        let Some(bytes) = decode(text) else { continue };
        let (from, to) = (start + content, start + content + text.len());
        hidden.source.replace_range(from..to, &"0".repeat(text.len()));
        hidden.literals.insert(start, bytes);
    }
    (!hidden.literals.is_empty()).then_some(hidden)
}

/// What stands between the quotes of a bytes literal that is not raw, and where it begins.
fn content(literal: &str) -> Option<(usize, &str)> {
    let quoted = literal.strip_prefix(['b', 'B'])?;
    ["\"\"\"", "'''", "\"", "'"].into_iter().find_map(|quote| {
        let text = quoted.strip_prefix(quote)?.strip_suffix(quote)?;
        Some((1 + quote.len(), text))
    })
}

/// The bytes a text with escapes stands for; `None` where an escape is none.
fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        if char != '\\' {
            bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        match chars.next()? {
            'u' => push_char(&mut bytes, read(&mut chars, 4, 16, 0)?)?,
            'U' => push_char(&mut bytes, read(&mut chars, 8, 16, 0)?)?,
            'x' | 'X' => bytes.push(u8::try_from(read(&mut chars, 2, 16, 0)?).ok()?),
            digit @ '0'..='3' => {
                let value = read(&mut chars, 2, 8, digit.to_digit(8)?)?;
                bytes.push(u8::try_from(value).ok()?);
            }
            plain => bytes.push(simple(plain)?),
        }
    }
    Some(bytes)
}

/// The number that the next `digits` digits make behind a `first`.
fn read(chars: &mut std::str::Chars<'_>, digits: usize, radix: u32, first: u32) -> Option<u32> {
    let mut value = first;
    for _ in 0..digits {
        value = value.checked_mul(radix)?.checked_add(chars.next()?.to_digit(radix)?)?;
    }
    Some(value)
}

fn push_char(bytes: &mut Vec<u8>, code: u32) -> Option<()> {
    let char = char::from_u32(code)?;
    bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
    Some(())
}

fn simple(escape: char) -> Option<u8> {
    Some(match escape {
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0c,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 0x0b,
        '\\' | '?' | '"' | '\'' | '`' => u8::try_from(escape).ok()?,
        _ => return None,
    })
}
