//! Names: what they may look like, and that no two share a key.

use std::collections::BTreeMap;

use crate::core::catalog::fault::Place;
use crate::core::key::Key;

/// Longest name, in bytes.
const NAME_BYTES_MAX: usize = 128;

/// Words that CEL keeps for itself.
const RESERVED: [&str; 21] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "true",
    "var",
    "void",
    "while",
];

/// Checks the name of something that expressions read (`customer.NAME`), standing as the key of
/// `place`.
pub(super) fn identifier(place: &Place<'_>, what: &str, name: &str) {
    let mut chars = name.chars();
    let first = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let rest = chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !first || !rest || name.len() > NAME_BYTES_MAX {
        let hint = format!(
            "letters, digits and `_`, not a digit first, at most {NAME_BYTES_MAX} characters"
        );
        place.error_at_key(format!("`{name}` cannot be the name of {what}"), Some(hint));
    } else if RESERVED.contains(&name) {
        place.error_at_key(
            format!("`{name}` is a word of the expression language, not a name"),
            None,
        );
    }
}

/// Whether `id` may name an offer, group, channel, placement, policy, treatment or purpose.
pub(super) fn is_id(id: &str) -> bool {
    let allowed =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.');
    !id.is_empty() && id.len() <= NAME_BYTES_MAX && id.chars().all(allowed)
}

/// What an id may look like, as a hint.
pub(super) fn id_hint() -> String {
    format!("`a-z`, `0-9`, `_`, `-` and `.`, at most {NAME_BYTES_MAX} characters")
}

/// Checks an id standing as the key of `place`.
pub(super) fn id_key(place: &Place<'_>, what: &str, id: &str) {
    if !is_id(id) {
        place.error_at_key(format!("`{id}` cannot be the name of {what}"), Some(id_hint()));
    }
}

/// Checks an id standing as the value of `place`.
pub(super) fn id_value(place: &Place<'_>, what: &str, id: &str) {
    if !is_id(id) {
        place.error_hint(format!("`{id}` cannot be the id of {what}"), id_hint());
    }
}

/// Whether `locale` looks like a BCP 47 language tag: `es`, `es-MX`, `zh-Hant-TW`.
pub(super) fn is_locale(locale: &str) -> bool {
    let mut parts = locale.split('-');
    let language = parts.next().is_some_and(|part| {
        (2..=3).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphabetic())
    });
    language
        && locale.len() <= 35
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric())
        })
}

/// Names of one namespace by key, with where each was first declared.
#[derive(Debug, Default)]
pub(super) struct Namespace {
    names: BTreeMap<Key, (String, String)>,
}

impl Namespace {
    /// Declares `name` (its key is that of `keyed`); a second one of the same name or key is a
    /// fault. `place` is the entry that has the name as its key. Whether it is new.
    pub(super) fn declare(
        &mut self,
        place: &Place<'_>,
        what: &str,
        name: &str,
        keyed: &str,
    ) -> bool {
        self.add(what, name, keyed, &place.key_position(), |message, hint| {
            place.error_at_key(message, Some(hint));
        })
    }

    /// As [`Namespace::declare`], for a name that is the value of `place`.
    pub(super) fn declare_value(
        &mut self,
        place: &Place<'_>,
        what: &str,
        name: &str,
        keyed: &str,
    ) -> bool {
        self.add(what, name, keyed, &place.position(), |message, hint| {
            place.error_hint(message, hint);
        })
    }

    fn add(
        &mut self,
        what: &str,
        name: &str,
        keyed: &str,
        at: &str,
        report: impl Fn(String, String),
    ) -> bool {
        let key = Key::of(keyed);
        match self.names.get(&key) {
            None => {
                self.names.insert(key, (name.to_owned(), at.to_owned()));
                true
            }
            Some((first, at)) if first == name => {
                report(
                    format!("{what} `{name}` is declared twice"),
                    format!("first declared at {at}"),
                );
                false
            }
            Some((first, at)) => {
                report(
                    format!("`{name}` and `{first}` have the same internal key"),
                    format!("rename one of them; the other is at {at}"),
                );
                false
            }
        }
    }
}
