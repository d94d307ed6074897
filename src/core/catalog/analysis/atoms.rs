//! What can be said of distinct conditions, alone and together; each question is answered once.

use std::collections::HashMap;

use super::slots::Declared;
use crate::core::catalog::schema::builtin;
use crate::core::expression::{
    Computed, Domain, Knowledge, Outcomes, Program, Slot, Slots as _, Values,
};
use crate::core::policy::Policy;

/// No channel in particular.
pub(super) const ANY_CHANNEL: u16 = u16::MAX;

/// The conditions of a policy.
pub(super) struct Atoms<'a> {
    pub(super) programs: Vec<&'a Program>,
    /// What each may come to, at any time.
    pub(super) outcomes: Vec<Outcomes>,
    always: &'a Declared<'a>,
    from_now: &'a Declared<'a>,
    /// A bit for each slot it reads, by itself or through what is computed, modulo 64.
    slots: Vec<u64>,
    by_channel: Vec<bool>,
    implied: HashMap<(u32, u32), bool>,
    contradictions: HashMap<(u16, Vec<u32>), Option<Vec<u32>>>,
}

impl<'a> Atoms<'a> {
    pub(super) fn new(
        policy: &'a Policy,
        always: &'a Declared<'a>,
        from_now: &'a Declared<'a>,
    ) -> Self {
        let programs: Vec<&Program> = policy.programs().collect();
        let knowledge = Knowledge::new(always);
        Self {
            outcomes: programs.iter().map(|program| knowledge.outcomes(program)).collect(),
            slots: programs.iter().map(|program| slots_of(always, program, 0)).collect(),
            by_channel: programs.iter().map(|program| reads_channel(program)).collect(),
            programs,
            always,
            from_now,
            implied: HashMap::new(),
            contradictions: HashMap::new(),
        }
    }

    fn program(&self, atom: u32) -> Option<&'a Program> {
        self.programs.get(atom as usize).copied()
    }

    fn slots(&self, atom: u32) -> u64 {
        self.slots.get(atom as usize).copied().unwrap_or(u64::MAX)
    }

    /// Whether `atom` holds wherever `other` does.
    pub(super) fn implied(&mut self, atom: u32, other: u32) -> bool {
        if atom == other || self.slots(atom) & self.slots(other) == 0 {
            return false;
        }
        if let Some(known) = self.implied.get(&(atom, other)) {
            return *known;
        }
        let implied = match (self.program(atom), self.program(other)) {
            (Some(program), Some(other)) => {
                let mut knowledge = Knowledge::new(self.always);
                let both = knowledge.assume(other) && knowledge.assume(other);
                let outcomes = knowledge.outcomes(program);
                both && outcomes.yes && !outcomes.no && !outcomes.stops
            }
            _ => false,
        };
        self.implied.insert((atom, other), implied);
        implied
    }

    /// Those of `atoms` that cannot hold together on a channel, as few as say so; `None` where
    /// nothing is known against it.
    pub(super) fn contradiction(
        &mut self,
        atoms: &[u32],
        channel: (u16, &str),
    ) -> Option<Vec<u32>> {
        for group in self.groups(atoms) {
            let by_channel =
                group.iter().any(|atom| self.by_channel.get(*atom as usize) != Some(&false));
            let number = if by_channel { channel.0 } else { ANY_CHANNEL };
            let key = (number, group);
            let core = match self.contradictions.get(&key) {
                Some(known) => known.clone(),
                None => {
                    let core = self.core(&key.1, by_channel.then_some(channel.1));
                    self.contradictions.insert(key, core.clone());
                    core
                }
            };
            if core.is_some() {
                return core;
            }
        }
        None
    }

    /// The atoms in groups that share no slot.
    fn groups(&self, atoms: &[u32]) -> Vec<Vec<u32>> {
        let mut groups: Vec<(u64, Vec<u32>)> = Vec::new();
        for atom in atoms {
            let mut slots = self.slots(*atom);
            let mut joined = vec![*atom];
            groups.retain_mut(|(theirs, members)| {
                let apart = slots & *theirs == 0;
                if !apart {
                    slots |= *theirs;
                    joined.append(members);
                }
                apart
            });
            groups.push((slots, joined));
        }
        let sorted = groups.into_iter().map(|(_, mut members)| {
            members.sort_unstable();
            members.dedup();
            members
        });
        sorted.collect()
    }

    /// The least part of `atoms` that contradicts itself.
    fn core(&self, atoms: &[u32], channel: Option<&str>) -> Option<Vec<u32>> {
        let together = |atoms: &[u32]| {
            let programs: Vec<&Program> =
                atoms.iter().filter_map(|atom| self.program(*atom)).collect();
            possible(self.from_now, &programs, channel)
        };
        if together(atoms) {
            return None;
        }
        let mut core = atoms.to_vec();
        // The core of many is not worth the search: quadratic in their number.
        const SEARCHED_MAX: usize = 64;
        let mut at = 0;
        while at < core.len() && core.len() <= SEARCHED_MAX {
            let mut less = core.clone();
            less.remove(at);
            if together(&less) {
                at += 1;
            } else {
                core = less;
            }
        }
        Some(core)
    }
}

/// Whether nothing is known against all of `programs` holding together.
pub(super) fn possible(
    declared: &Declared<'_>,
    programs: &[&Program],
    channel: Option<&str>,
) -> bool {
    let mut knowledge = Knowledge::new(declared);
    if let Some(channel) = channel {
        let values = Values::Texts([channel.into()].into());
        knowledge.restrict(builtin::CHANNEL, &Domain { missing: false, values });
    }
    // Twice: a later one may narrow what an earlier one reads.
    (0..2).all(|_| programs.iter().all(|program| knowledge.assume(program)))
}

fn reads_channel(program: &Program) -> bool {
    program.slots().contains(&builtin::CHANNEL)
}

fn slots_of(declared: &Declared<'_>, program: &Program, depth: usize) -> u64 {
    // Deeper, anything may be read.
    const DEPTH_MAX: usize = 16;
    if depth > DEPTH_MAX {
        return u64::MAX;
    }
    let bit = |slot: &Slot| 1_u64 << (slot.0 % 64);
    program.slots().iter().fold(0, |slots, slot| {
        let through = match declared.computed(*slot) {
            Some(Computed::Holds(program) | Computed::Value(program)) => {
                slots_of(declared, program, depth + 1)
            }
            None => 0,
        };
        slots | bit(slot) | through
    })
}
