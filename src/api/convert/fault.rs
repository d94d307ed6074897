//! The bad fields of a request: all of them, each once, with its path.

use std::fmt::Display;

/// What kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Needed and not given.
    Required,
    /// The catalog does not have it: a channel, placement, offer, event type, purpose or scheme.
    UnknownName,
    /// The catalog declares no such attribute, context entry or event field.
    UnknownField,
    /// Another type than the one declared.
    WrongType,
    /// Outside what is declared or possible.
    OutOfRange,
    /// More bytes or entries than allowed.
    TooMuch,
    /// Not readable as what it should be.
    Malformed,
    /// Named twice.
    Duplicate,
    /// Known, and not possible here or not yet.
    NotAllowed,
}

impl Reason {
    /// For machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::Required => "REQUIRED",
            Self::UnknownName => "UNKNOWN_NAME",
            Self::UnknownField => "UNKNOWN_FIELD",
            Self::WrongType => "WRONG_TYPE",
            Self::OutOfRange => "OUT_OF_RANGE",
            Self::TooMuch => "TOO_MUCH",
            Self::Malformed => "MALFORMED",
            Self::Duplicate => "DUPLICATE",
            Self::NotAllowed => "NOT_ALLOWED",
        }
    }
}

/// A bad field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Path from the root of the request or item.
    pub field: String,
    /// What kind.
    pub reason: Reason,
    /// What was given (never a value) and what is expected.
    pub message: String,
}

/// A fault whose field is not known yet.
pub type Wrong = (Reason, String);

/// Most bytes of listed faults: they travel in a header, which clients bound at 8 KiB and more.
const LISTED_BYTES_MAX: usize = 4 * 1024;
/// Longest text of the caller's that is repeated in a path.
const QUOTED_BYTES_MAX: usize = 64;

/// All faults found so far.
#[derive(Debug, Default)]
pub struct Faults {
    listed: Vec<Fault>,
    bytes: usize,
    omitted: usize,
    other_than_names: bool,
}

impl Faults {
    /// Adds a fault.
    pub fn add(&mut self, field: impl Display, reason: Reason, message: impl Into<String>) {
        self.other_than_names |= reason != Reason::UnknownName;
        let fault = Fault { field: field.to_string(), reason, message: message.into() };
        let bytes = fault.field.len() + fault.message.len() + 32;
        if !self.listed.is_empty() && self.bytes + bytes > LISTED_BYTES_MAX {
            self.omitted += 1;
            return;
        }
        self.bytes += bytes;
        self.listed.push(fault);
    }

    /// Adds what is wrong with `field`.
    pub fn note(&mut self, field: impl Display, wrong: Wrong) {
        self.add(field, wrong.0, wrong.1);
    }

    /// The value, or a fault on `field`.
    pub fn take<T>(&mut self, field: impl Display, result: Result<T, Wrong>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(wrong) => {
                self.note(field, wrong);
                None
            }
        }
    }

    /// Adds a fault when `text` is longer than `bytes_max` bytes.
    pub fn bound_text(&mut self, field: impl Display, text: &str, bytes_max: usize) {
        if text.len() > bytes_max {
            self.add(field, Reason::TooMuch, too_long(text.len(), bytes_max));
        }
    }

    /// Adds a fault when there are more than `max`; whether there are not.
    pub fn bound_count(&mut self, field: impl Display, count: usize, max: usize) -> bool {
        if count > max {
            let message = format!("{count} entries are given, at most {max} are allowed");
            self.add(field, Reason::TooMuch, message);
        }
        count <= max
    }

    /// How many faults there are, listed or not.
    pub fn count(&self) -> usize {
        self.listed.len() + self.omitted
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// The first fault.
    pub fn first(&self) -> Option<&Fault> {
        self.listed.first()
    }

    /// Whether names that the catalog does not have are all that is wrong.
    pub fn only_unknown_names(&self) -> bool {
        !self.is_empty() && !self.other_than_names
    }

    /// All faults; when they do not fit into a header, the last one says how many are left out.
    pub fn list(mut self) -> Vec<Fault> {
        if self.omitted > 0 {
            let message = format!("{} more fields are at fault", self.omitted);
            self.listed.push(Fault { field: String::new(), reason: Reason::TooMuch, message });
        }
        self.listed
    }

    /// `value`, unless something is wrong.
    ///
    /// # Errors
    /// With all faults.
    pub fn done<T>(self, value: Option<T>) -> Result<T, Self> {
        match value {
            Some(value) if self.is_empty() => Ok(value),
            _ => Err(self),
        }
    }
}

/// Words for a text that is too long.
pub fn too_long(bytes: usize, bytes_max: usize) -> String {
    format!("{bytes} bytes are given, at most {bytes_max} are allowed")
}

/// The caller's own text, cut to what may be repeated.
pub fn quoted(text: &str) -> &str {
    let end = (0..=QUOTED_BYTES_MAX.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_fit_a_header_and_none_is_lost_unsaid() {
        let mut faults = Faults::default();
        for n in 0..10_000 {
            faults.add(format!("context.key_{n}"), Reason::UnknownField, "is not declared");
        }
        assert_eq!(faults.count(), 10_000);
        let listed = faults.list();
        let bytes: usize = listed.iter().map(|f| f.field.len() + f.message.len()).sum();
        assert!(bytes < 5_000, "{bytes}");
        assert_eq!(
            listed.last().unwrap().message,
            format!("{} more fields are at fault", 10_001 - listed.len())
        );
    }

    #[test]
    fn quotes_end_between_characters() {
        assert_eq!(quoted("short"), "short");
        assert!(quoted(&"é".repeat(100)).len() <= QUOTED_BYTES_MAX);
    }
}
