//! What is known of the slots while conditions are assumed to hold.

use std::collections::BTreeMap;

use super::values::Values;
use crate::core::expression::{Program, Slot};
use crate::core::value::Value;

/// What a slot may hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Domain {
    /// Whether it may be missing.
    pub missing: bool,
    /// Its values where it is not.
    pub values: Values,
}

impl Domain {
    /// Whether nothing is possible: not even that it is missing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.missing && self.values.is_empty()
    }

    /// Whether the slot may hold that.
    #[must_use]
    pub fn allows(&self, value: Option<&Value>) -> bool {
        value.map_or(self.missing, |value| self.values.contains(value))
    }
}

/// How a computed slot comes to its value.
#[derive(Clone, Copy, Debug)]
pub enum Computed<'a> {
    /// `true` where the condition holds, else (unknown too) `false`; never missing.
    Holds(&'a Program),
    /// The value of the expression; missing where it has none.
    Value(&'a Program),
}

/// What is declared of slots.
pub trait Slots {
    /// What a slot may hold before anything is assumed.
    fn domain(&self, slot: Slot) -> Domain;
    /// How it is computed, where it is.
    fn computed(&self, slot: Slot) -> Option<Computed<'_>>;
}

/// What a condition may come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// It may hold.
    pub yes: bool,
    /// It may be false.
    pub no: bool,
    /// It may be unknown or fail.
    pub stops: bool,
}

/// What is known: for each slot what it may hold, and which conditions that no set can express are
/// known to be true or false.
#[derive(Clone)]
pub struct Knowledge<'s> {
    pub(super) slots: &'s dyn Slots,
    pub(super) domains: BTreeMap<Slot, Domain>,
    /// By normal form.
    pub(super) facts: BTreeMap<String, bool>,
}

impl<'s> Knowledge<'s> {
    /// What is declared, and nothing more.
    #[must_use]
    pub fn new(slots: &'s dyn Slots) -> Self {
        Self { slots, domains: BTreeMap::new(), facts: BTreeMap::new() }
    }

    /// What `slot` may hold.
    #[must_use]
    pub fn domain(&self, slot: Slot) -> Domain {
        self.domains.get(&slot).cloned().unwrap_or_else(|| self.slots.domain(slot))
    }

    /// Narrows what `slot` may hold; whether anything is left.
    pub fn restrict(&mut self, slot: Slot, domain: &Domain) -> bool {
        let known = self.domain(slot);
        let narrowed = Domain {
            missing: known.missing && domain.missing,
            values: known.values.meet(&domain.values),
        };
        let possible = !narrowed.is_empty();
        self.domains.insert(slot, narrowed);
        possible
    }

    /// Assumes that a condition holds; `false` where it cannot.
    pub fn assume(&mut self, program: &Program) -> bool {
        self.holds(program.folded(), true, 0)
    }

    /// What a condition may come to.
    #[must_use]
    pub fn outcomes(&self, program: &Program) -> Outcomes {
        let possible = self.possible(program.folded());
        match possible.values {
            Values::Bools { no, yes } => Outcomes { yes, no, stops: possible.stops },
            _ => Outcomes { yes: true, no: true, stops: true },
        }
    }

    /// The least and the greatest number an expression may give; `None` where nothing is known, or
    /// where it may be no number.
    #[must_use]
    pub fn range(&self, program: &Program) -> Option<(f64, f64)> {
        #[expect(clippy::cast_precision_loss, reason = "rounded as the evaluator rounds")]
        match self.possible(program.folded()).values {
            Values::Reals(min, max, false) if min <= max => Some((min, max)),
            Values::Wholes(min, max) if min <= max => Some((min as f64, max as f64)),
            _ => None,
        }
    }

    /// What may be where one of the two holds.
    pub(super) fn join(mut self, other: Self) -> Self {
        self.domains.retain(|slot, _| other.domains.contains_key(slot));
        for (slot, domain) in &mut self.domains {
            if let Some(other) = other.domains.get(slot) {
                domain.missing |= other.missing;
                domain.values = domain.values.join(&other.values);
            }
        }
        self.facts.retain(|fact, truth| other.facts.get(fact) == Some(truth));
        self
    }
}

impl std::fmt::Debug for Knowledge<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Knowledge")
            .field("domains", &self.domains)
            .field("facts", &self.facts)
            .finish_non_exhaustive()
    }
}
