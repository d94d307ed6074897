//! From declared rules to shared atoms: conditions are split at their top-level `&&`, equal
//! conjuncts (by canonical form) become one atom, and each atom knows, by gate, the offers that
//! need it. So a decision's cost grows with distinct conditions, not with offers.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::spec::{Gate, PolicySpec};
use super::{Bitset, ReadValue};
use crate::core::catalog::schema::builtin;
use crate::core::expression::Program;

/// A distinct condition.
#[derive(Clone, Debug)]
pub(super) struct Atom {
    pub(super) program: Program,
    /// Its text, shared by all reasons that show it.
    pub(super) text: Arc<str>,
    /// What it reads, shared by all reasons that show it.
    pub(super) reads: Arc<[ReadValue]>,
    /// Whether it reads what differs between the channels of one decision.
    pub(super) by_channel: bool,
}

/// The offers that need an atom, on some channels.
#[derive(Clone, Debug)]
pub(super) struct Requirement {
    pub(super) atom: u32,
    pub(super) channels: u64,
    pub(super) offers: Bitset,
}

/// A declared rule, as what its offers need.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) gate: Gate,
    pub(super) channels: u64,
    pub(super) atoms: Vec<u32>,
    pub(super) reason: Option<Arc<str>>,
    pub(super) from: Arc<str>,
}

/// The compiled policy of a catalog.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    pub(super) spec: PolicySpec,
    pub(super) atoms: Vec<Atom>,
    /// The most selective first: atoms that stop many offers empty the set early.
    pub(super) requirements: Vec<Requirement>,
    pub(super) rules: Vec<Rule>,
    /// Rules of each offer, in order of gates.
    pub(super) rules_by_offer: Vec<Vec<u32>>,
}

impl Policy {
    /// Compiles `spec`. Conditions that folded to `true` cost nothing from here on.
    #[must_use]
    pub fn compile(mut spec: PolicySpec) -> Self {
        let mut atoms: Vec<Atom> = Vec::new();
        let mut by_canonical: BTreeMap<Arc<str>, u32> = BTreeMap::new();
        let mut requirements: BTreeMap<(u32, u64), Bitset> = BTreeMap::new();
        let mut rules = Vec::with_capacity(spec.rules.len());
        let mut rules_by_offer: Vec<Vec<u32>> = vec![Vec::new(); spec.offers];
        spec.rules.sort_by_key(|rule| rule.gate);
        for (number, rule) in (0_u32..).zip(std::mem::take(&mut spec.rules)) {
            let mut needed = Vec::new();
            for conjunct in rule.program.conjuncts() {
                if conjunct.constant().is_some_and(|value| *value == true.into()) {
                    continue;
                }
                let next = u32::try_from(atoms.len()).unwrap_or(u32::MAX);
                let atom = *by_canonical.entry(conjunct.canonical().into()).or_insert_with(|| {
                    atoms.push(Atom::of(conjunct));
                    next
                });
                needed.push(atom);
                let offers = requirements
                    .entry((atom, rule.channels))
                    .or_insert_with(|| Bitset::empty(spec.offers));
                for offer in &rule.offers {
                    offers.insert(*offer);
                }
            }
            for offer in &rule.offers {
                if let Some(list) = rules_by_offer.get_mut(*offer as usize) {
                    list.push(number);
                }
            }
            rules.push(Rule {
                gate: rule.gate,
                channels: rule.channels,
                atoms: needed,
                reason: rule.reason,
                from: rule.from,
            });
        }
        let mut requirements: Vec<_> = requirements
            .into_iter()
            .map(|((atom, channels), offers)| {
                (offers.count(), Requirement { atom, channels, offers })
            })
            .collect();
        requirements
            .sort_by_key(|(offers, requirement)| (std::cmp::Reverse(*offers), requirement.atom));
        let requirements = requirements.into_iter().map(|(_, requirement)| requirement).collect();
        Self { spec, atoms, requirements, rules, rules_by_offer }
    }

    /// Number of distinct conditions.
    #[must_use]
    pub fn atoms(&self) -> usize {
        self.atoms.len()
    }

    /// Number of declared rules.
    #[must_use]
    pub fn rules(&self) -> usize {
        self.rules.len()
    }

    /// What was declared, the rules themselves left out.
    #[must_use]
    pub fn spec(&self) -> &PolicySpec {
        &self.spec
    }

    /// Every distinct condition's text.
    pub fn conditions(&self) -> impl Iterator<Item = &str> {
        self.atoms.iter().map(|atom| atom.program.source())
    }
}

impl Atom {
    fn of(program: Program) -> Self {
        let reads = program
            .paths()
            .iter()
            .zip(program.slots())
            .map(|(path, slot)| ReadValue { path: path.clone(), slot: slot.0 })
            .collect();
        let by_channel = reads_channel(&program);
        Self { text: program.source().into(), reads, by_channel, program }
    }
}

fn reads_channel(program: &Program) -> bool {
    program
        .slots()
        .iter()
        .any(|slot| [builtin::CHANNEL, builtin::LOCALE, builtin::PLACEMENT].contains(slot))
}
