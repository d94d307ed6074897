//! Where faults gather while a folder is read.

use std::cell::{Cell, OnceCell, RefCell};

use super::{Fault, Severity};
use crate::core::catalog::yaml::{Node, Region, YamlError};

/// Most faults that are reported of one folder; the rest are counted.
pub const FAULTS_MAX: usize = 500;

/// A file with its text and positions.
#[derive(Debug)]
pub struct Document {
    /// Path within the folder, with `/`.
    pub path: String,
    /// The text.
    pub text: String,
    /// Where everything stands; `None` while the text is not YAML.
    pub root: Option<Node>,
    lines: OnceCell<Vec<usize>>,
}

impl Document {
    /// A file of that text.
    #[must_use]
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), root: None, lines: OnceCell::new() }
    }

    /// The line of that number, from 1, without its end.
    #[must_use]
    pub fn line(&self, number: u32) -> Option<&str> {
        let starts = self.lines.get_or_init(|| {
            let ends = self.text.match_indices('\n').map(|(end, _)| end + 1);
            std::iter::once(0).chain(ends).collect()
        });
        let start = *starts.get((number as usize).checked_sub(1)?)?;
        let line = self.text.get(start..)?.split('\n').next()?;
        Some(line.trim_end_matches('\r'))
    }
}

/// The faults found so far.
#[derive(Debug, Default)]
pub struct Faults {
    list: RefCell<Vec<Fault>>,
    left_out: Cell<usize>,
}

impl Faults {
    /// Adds a fault; over [`FAULTS_MAX`] it is only counted.
    pub fn push(&self, fault: Fault) {
        let mut list = self.list.borrow_mut();
        if list.len() < FAULTS_MAX {
            list.push(fault);
            return;
        }
        // What is worse takes the place of what is not.
        let milder = list.iter_mut().max_by_key(|fault| fault.severity);
        let milder = milder.filter(|milder| milder.severity > fault.severity);
        match milder {
            Some(slot) => *slot = fault,
            None if fault.severity == Severity::Error => {
                self.left_out.set(self.left_out.get() + 1);
            }
            None => {}
        }
    }

    /// Adds a fault about a whole file (or, with an empty path, the folder).
    pub fn file(&self, severity: Severity, file: &str, message: String, hint: Option<String>) {
        self.push(Fault {
            severity,
            code: "folder",
            file: file.to_owned(),
            line: 0,
            column: 0,
            length: 1,
            message,
            hint,
            snippet: None,
        });
    }

    /// Adds a fault at `region` of `document`; one over several lines is shown at its first.
    pub fn at(
        &self,
        (severity, code): (Severity, &'static str),
        document: &Document,
        region: Region,
        message: String,
        hint: Option<String>,
    ) {
        let snippet = document.line(region.line);
        let width = snippet.map_or(0, |line| {
            let rest = line.chars().count() + 1;
            rest.saturating_sub(region.column as usize)
        });
        let length = if region.end_line == region.line {
            region.end_column.saturating_sub(region.column)
        } else {
            u32::MAX
        };
        self.push(Fault {
            severity,
            code,
            file: document.path.clone(),
            line: region.line,
            column: region.column,
            length: length.min(u32::try_from(width).unwrap_or(u32::MAX)).max(1),
            message,
            hint,
            snippet: snippet.map(shorten),
        });
    }

    /// Adds what the YAML parser found.
    pub fn yaml(&self, document: &Document, errors: Vec<YamlError>) {
        for error in errors {
            if error.at.line == 0 {
                self.file(Severity::Error, &document.path, error.message, error.hint);
            } else {
                self.at((Severity::Error, "yaml"), document, error.at, error.message, error.hint);
            }
        }
    }

    /// Whether an error (not only warnings) is among them.
    #[must_use]
    pub fn failed(&self) -> bool {
        let list = self.list.borrow();
        list.iter().any(|fault| fault.severity == Severity::Error)
    }

    /// Number of faults so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.borrow().len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them by file, line and column.
    #[must_use]
    pub fn finish(self) -> Vec<Fault> {
        let left_out = self.left_out.get();
        let mut list = self.list.into_inner();
        list.sort_by(|a, b| {
            (&a.file, a.line, a.column, a.severity, &a.message)
                .cmp(&(&b.file, b.line, b.column, b.severity, &b.message))
        });
        list.dedup();
        if left_out > 0 {
            list.push(Fault {
                severity: Severity::Error,
                code: "folder",
                file: String::new(),
                line: 0,
                column: 0,
                length: 1,
                message: format!("and {left_out} more faults"),
                hint: None,
                snippet: None,
            });
        }
        list
    }
}

fn shorten(line: &str) -> String {
    const SNIPPET_CHARS_MAX: usize = 400;
    line.chars().take(SNIPPET_CHARS_MAX).collect()
}
