//! Many conditions on one slot, answered together: their constants cut the slot's values into
//! classes, within each of which every one of the conditions has one result. What each class stops
//! is worked out when the policy is compiled, by the evaluator itself; a decision looks its value's
//! class up and takes the stopped offers out, however many conditions there are.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Bitset;
use super::compile::{Atom, Requirement};
use crate::core::expression::{Frame, Single, Slot, Type};
use crate::core::value::Value;

mod classes;

use classes::Classes;

/// Most conditions of one index; more make several.
const ATOMS_MAX: usize = 64;
/// Most 64-bit words that all indexes of a policy may hold, 32 MB; what would not fit is asked
/// condition by condition.
const WORDS_MAX: usize = 4 << 20;

/// An index over conditions on one slot, on some channels.
#[derive(Clone, Debug)]
pub(super) struct Index {
    pub(super) channels: u64,
    /// Asked also where only eligibility counts.
    pub(super) hard: bool,
    slot: Slot,
    /// Where the value is missing.
    missing: Bitset,
    classes: Classes,
    /// What each class stops.
    stops: Vec<Bitset>,
    /// The requirements it stands for; asked one by one where the slot holds what it should not.
    pub(super) requirements: Vec<Requirement>,
}

impl Index {
    /// What the value in the frame stops; `None` where the value is not of the slot's type.
    pub(super) fn stopped(&self, frame: &Frame) -> Option<&Bitset> {
        match frame.get(self.slot.0 as usize).and_then(Option::as_ref) {
            None => Some(&self.missing),
            Some(value) => self.stops.get(self.classes.of(value)?),
        }
    }
}

/// What the conditions of an index have in common: slot, channels, and whether they are hard.
type Shared = (Slot, u64, bool);

/// Takes the requirements that an index can answer out of `requirements`.
pub(super) fn build(atoms: &[Atom], requirements: &mut Vec<Requirement>) -> Vec<Index> {
    let mut groups: BTreeMap<Shared, Vec<(Single, Requirement)>> = BTreeMap::new();
    let mut rest = Vec::new();
    for requirement in std::mem::take(requirements) {
        let atom = atoms.get(requirement.atom as usize);
        match atom.and_then(|atom| atom.program.single()) {
            Some(single) => {
                let group = groups
                    .entry((single.slot, requirement.channels, requirement.hard))
                    .or_default();
                group.push((single, requirement));
            }
            None => rest.push(requirement),
        }
    }
    let mut indexes = Vec::new();
    let mut words = 0;
    for (shared, group) in groups {
        // Neighbours share classes.
        let mut group = group;
        group.sort_by_cached_key(|(single, requirement)| {
            (single.constants.first().map(|first| format!("{first:?}")), requirement.atom)
        });
        let mut group = group.into_iter().peekable();
        while group.peek().is_some() {
            let part: Vec<_> = group.by_ref().take(ATOMS_MAX).collect();
            let built = (part.len() > 1 && words < WORDS_MAX)
                .then(|| index(atoms, shared, &part))
                .flatten();
            match built {
                Some(index) => {
                    words += index.stops.iter().map(|set| set.universe() / 64 + 1).sum::<usize>();
                    indexes.push(index);
                }
                None => rest.extend(part.into_iter().map(|(_, requirement)| requirement)),
            }
        }
    }
    *requirements = rest;
    // Those that concern most offers first: they empty the set soonest.
    indexes.sort_by_key(|index| std::cmp::Reverse(index.missing.count()));
    indexes
}

fn index(
    atoms: &[Atom],
    (slot, channels, hard): Shared,
    part: &[(Single, Requirement)],
) -> Option<Index> {
    let ty = part.iter().map(|(single, _)| &single.ty).find(|ty| **ty != Type::Dyn)?;
    let constants = part.iter().flat_map(|(single, _)| &single.constants);
    let classes = Classes::new(ty, constants)?;
    let offers = part.first().map_or(0, |(_, requirement)| requirement.offers.universe());
    let mut frame: Vec<Option<Value>> = vec![None; slot.0 as usize + 1];
    let stopped = |frame: &Frame| {
        let mut stopped = Bitset::empty(offers);
        for (_, requirement) in part {
            let program = &atoms.get(requirement.atom as usize)?.program;
            match program.eval_bool(frame) {
                Ok(true) => {}
                Ok(false) | Err(crate::core::expression::EvalError::Missing(_)) => {
                    stopped.union(&requirement.offers);
                }
                // A failure is to be counted: asked one by one.
                Err(_) => return None,
            }
        }
        Some(stopped)
    };
    let missing = stopped(&frame)?;
    let mut stops = Vec::with_capacity(classes.len());
    for value in classes.samples() {
        *frame.last_mut()? = Some(value);
        stops.push(stopped(&frame)?);
    }
    let requirements = part.iter().map(|(_, requirement)| requirement.clone()).collect();
    Some(Index { channels, hard, slot, missing, classes, stops, requirements })
}

/// A text that is none of `texts`.
fn other_than(texts: &[Arc<str>]) -> Arc<str> {
    let longest = texts.iter().map(|text| text.len()).max().unwrap_or(0);
    "-".repeat(longest + 1).into()
}
