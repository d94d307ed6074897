//! What is wrong with a rules folder, where, and how to mend it.

mod place;
mod render;
mod sink;
mod suggest;

pub use place::Place;
pub use render::{render, render_coloured};
pub use sink::{Document, FAULTS_MAX, Faults};
pub use suggest::{did_you_mean, nearest};

/// How bad a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The folder cannot be served.
    Error,
    /// It can, but probably does not mean what was meant.
    Warning,
    /// It can, and may be written or tested better.
    Hint,
}

impl Severity {
    /// The word in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Hint => "hint",
        }
    }
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// How bad.
    pub severity: Severity,
    /// Its kind: stable, for machines (`never-served`, `unknown-name`).
    pub code: &'static str,
    /// Path of the file within the folder, with `/`.
    pub file: String,
    /// Line, from 1; 0 when the fault is about the whole file.
    pub line: u32,
    /// Column in characters, from 1; 0 when unknown.
    pub column: u32,
    /// Length in characters of what is underlined; at least 1.
    pub length: u32,
    /// What is wrong; lower case, no final period, the user's text in backticks.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
    /// The source line.
    pub snippet: Option<String>,
}
