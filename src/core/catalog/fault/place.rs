//! A path into a file's content, cheap to make and resolved to a position only when a fault is
//! reported there.

use super::{Document, Faults, Severity, did_you_mean};
use crate::core::catalog::yaml::{Entry, Node, NodeContent, Region, locate};
use crate::core::expression::ExpressionFault;

/// One step of a path.
#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// A place in a file.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    document: &'a Document,
    faults: &'a Faults,
    up: Option<(&'a Place<'a>, Step<'a>)>,
}

impl<'a> Place<'a> {
    /// The top of a file.
    #[must_use]
    pub fn top(document: &'a Document, faults: &'a Faults) -> Self {
        Self { document, faults, up: None }
    }

    /// The value of `key` here.
    #[must_use]
    pub fn key(&'a self, key: &'a str) -> Self {
        Self { up: Some((self, Step::Key(key))), ..*self }
    }

    /// Item `index` here.
    #[must_use]
    pub fn index(&'a self, index: usize) -> Self {
        Self { up: Some((self, Step::Index(index))), ..*self }
    }

    /// Path of the file.
    #[must_use]
    pub fn file(&self) -> &'a str {
        &self.document.path
    }

    /// Line and column, for 'first declared at'.
    #[must_use]
    pub fn position(&self) -> String {
        let region = self.region();
        format!("{}:{}:{}", self.document.path, region.line, region.column)
    }

    /// As [`Place::position`], of the key.
    #[must_use]
    pub fn key_position(&self) -> String {
        let region = self.key_region();
        format!("{}:{}:{}", self.document.path, region.line, region.column)
    }

    /// Reports an error at the value.
    pub fn error(&self, message: impl Into<String>) {
        self.report((Severity::Error, "invalid"), self.region(), message.into(), None);
    }

    /// Reports an error at the value, with a way to mend it.
    pub fn error_hint(&self, message: impl Into<String>, hint: impl Into<String>) {
        let hint = Some(hint.into());
        self.report((Severity::Error, "invalid"), self.region(), message.into(), hint);
    }

    /// Reports an error at the key under which the value stands.
    pub fn error_at_key(&self, message: impl Into<String>, hint: Option<String>) {
        self.report((Severity::Error, "invalid"), self.key_region(), message.into(), hint);
    }

    /// Reports a warning at the value.
    pub fn warn(&self, message: impl Into<String>, hint: Option<String>) {
        self.report((Severity::Warning, "warning"), self.region(), message.into(), hint);
    }

    /// Reports a warning at the key.
    pub fn warn_at_key(&self, message: impl Into<String>, hint: Option<String>) {
        self.report((Severity::Warning, "warning"), self.key_region(), message.into(), hint);
    }

    /// Reports a finding of kind `code` at the value.
    pub fn finding(&self, kind: (Severity, &'static str), message: String, hint: Option<String>) {
        self.faults.at(kind, self.document, self.region(), message, hint);
    }

    /// As [`Place::finding`], at the key.
    pub fn finding_at_key(
        &self,
        kind: (Severity, &'static str),
        message: String,
        hint: Option<String>,
    ) {
        self.faults.at(kind, self.document, self.key_region(), message, hint);
    }

    /// As [`Place::finding`], on the bytes `span` of the text that the value holds.
    pub fn finding_within(
        &self,
        kind: (Severity, &'static str),
        (text, span): (&str, (usize, usize)),
        message: String,
        hint: Option<String>,
    ) {
        self.faults.at(kind, self.document, self.within(text, span), message, hint);
    }

    /// Reports that the value names a `what` that is not declared.
    pub fn unknown<'k>(&self, what: &str, name: &str, known: impl IntoIterator<Item = &'k str>) {
        let message = format!("there is no {what} `{name}`");
        let hint = did_you_mean(name, known);
        self.report((Severity::Error, "unknown-name"), self.region(), message, hint);
    }

    /// Reports that `owner` has no such `what` as the value names.
    pub fn unknown_in<'k>(
        &self,
        owner: &str,
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) {
        let message = format!("{owner} has no {what} `{name}`");
        let hint = did_you_mean(name, known);
        self.report((Severity::Error, "unknown-name"), self.region(), message, hint);
    }

    /// As [`Place::unknown`], at the key.
    pub fn unknown_key<'k>(
        &self,
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) {
        let message = format!("there is no {what} `{name}`");
        let hint = did_you_mean(name, known);
        self.report((Severity::Error, "unknown-name"), self.key_region(), message, hint);
    }

    /// Reports faults of the expression `source` that the value holds.
    pub fn expression(&self, source: &str, faults: &[ExpressionFault]) {
        for fault in faults {
            let region = self.within(source, fault.span);
            self.report(
                (Severity::Error, "expression"),
                region,
                fault.message.clone(),
                fault.hint.clone(),
            );
        }
    }

    /// Reports an error on a line (from 1) of the text that the value holds.
    pub fn text_line(&self, text: &str, line: usize, message: String, hint: Option<String>) {
        let start: usize =
            text.split('\n').take(line.saturating_sub(1)).map(|line| line.len() + 1).sum();
        let end = text
            .get(start..)
            .and_then(|rest| rest.find('\n'))
            .map_or(text.len(), |length| start + length);
        let region = self.within(text, (start, end));
        self.report((Severity::Error, "text"), region, message, hint);
    }

    /// Reports an error on the bytes `span` of the text that the value holds.
    pub fn text_span(
        &self,
        text: &str,
        span: (usize, usize),
        message: String,
        hint: Option<String>,
    ) {
        let region = self.within(text, span);
        self.report((Severity::Error, "text"), region, message, hint);
    }

    fn report(
        &self,
        (severity, code): (Severity, &'static str),
        region: Region,
        message: String,
        hint: Option<String>,
    ) {
        self.faults.at((severity, code), self.document, region, message, hint);
    }

    fn within(&self, text: &str, (start, end): (usize, usize)) -> Region {
        let Some((_, Some(node))) = self.find() else {
            return self.region();
        };
        let chars = |end: usize| text.char_indices().take_while(|(at, _)| *at < end).count();
        let lines = |line| self.document.line(line);
        let (line, column) = locate(node, chars(start), lines);
        let (mut end_line, mut end_column) = locate(node, chars(end.max(start)), lines);
        if (end_line, end_column) <= (line, column) {
            (end_line, end_column) = (line, column + 1);
        }
        Region { line, column, end_line, end_column }
    }

    /// The region of the value: of a list or map, where its key stands.
    fn region(&self) -> Region {
        match self.find() {
            Some((_, Some(node))) if matches!(node.content, NodeContent::Scalar(_)) => node.at,
            Some((Some(entry), _)) => entry.at,
            Some((None, Some(node))) => first_key(node),
            _ => self.nearest(),
        }
    }

    fn key_region(&self) -> Region {
        match self.find() {
            Some((Some(entry), _)) => entry.at,
            _ => self.region(),
        }
    }

    /// The region of the nearest enclosing thing that was written.
    fn nearest(&self) -> Region {
        match self.up {
            Some((up, _)) => up.region(),
            None => Region { line: 1, column: 1, end_line: 1, end_column: 2 },
        }
    }

    fn find(&self) -> Option<(Option<&'a Entry>, Option<&'a Node>)> {
        let Some((up, step)) = self.up else {
            return Some((None, self.document.root.as_ref()));
        };
        let (_, node) = up.find()?;
        match (step, &node?.content) {
            (Step::Key(key), NodeContent::Map(entries)) => {
                let entry = entries.iter().find(|entry| entry.key == key)?;
                Some((Some(entry), Some(&entry.node)))
            }
            (Step::Index(index), NodeContent::List(items)) => Some((None, Some(items.get(index)?))),
            _ => None,
        }
    }
}

fn first_key(node: &Node) -> Region {
    match &node.content {
        NodeContent::Scalar(_) => node.at,
        NodeContent::List(items) => items.first().map_or(node.at, first_key),
        NodeContent::Map(entries) => entries.first().map_or(node.at, |entry| entry.at),
    }
}
