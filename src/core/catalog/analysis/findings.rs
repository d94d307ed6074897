//! Findings on their way to the faults: of each kind so many are shown, the rest counted.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::core::catalog::fault::{Fault, Faults, Severity};

/// Most findings of one kind that are shown.
const SHOWN_MAX: usize = 40;

/// A kind: how bad, and its stable name.
pub(super) type Kind = (Severity, &'static str);

/// Counts findings by kind.
pub(super) struct Findings<'a> {
    faults: &'a Faults,
    counts: RefCell<BTreeMap<Kind, usize>>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(faults: &'a Faults) -> Self {
        Self { faults, counts: RefCell::default() }
    }

    /// Counts one; whether it is to be shown.
    pub(super) fn add(&self, kind: Kind) -> bool {
        let mut counts = self.counts.borrow_mut();
        let count = counts.entry(kind).or_default();
        *count += 1;
        *count <= SHOWN_MAX
    }

    /// Says how many were not shown.
    pub(super) fn finish(self) {
        for ((severity, code), count) in self.counts.into_inner() {
            if count > SHOWN_MAX {
                self.faults.push(Fault {
                    severity,
                    code,
                    file: String::new(),
                    line: 0,
                    column: 0,
                    length: 1,
                    message: format!("and {} more `{code}`", count - SHOWN_MAX),
                    hint: None,
                    snippet: None,
                });
            }
        }
    }
}
