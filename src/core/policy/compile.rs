//! From declared rules to shared atoms: conditions are split at their top-level `&&`, equal
//! conjuncts (by canonical form) become one atom, and each atom knows, by gate, the offers that
//! need it. So a decision's cost grows with distinct conditions, not with offers.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::index::{self, Index};
use super::spec::{Gate, PolicySpec};
use super::{Bitset, ReadValue};
use crate::core::catalog::schema::builtin;
use crate::core::expression::{Program, Slot};

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
    /// Asked also where only eligibility counts.
    pub(super) hard: bool,
    pub(super) offers: Bitset,
}

/// A way in which conditions stop an offer. Offers with the same condition at the same gate for the
/// same reason share it, so that explaining all of them costs little more than explaining one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cause {
    pub(super) gate: Gate,
    pub(super) atom: u32,
    pub(super) channels: u64,
    pub(super) reason: Option<Arc<str>>,
    pub(super) from: Option<Arc<str>>,
}

/// The compiled policy of a catalog.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    pub(super) spec: PolicySpec,
    pub(super) atoms: Vec<Atom>,
    /// Conditions on one slot, answered together.
    pub(super) indexes: Vec<Index>,
    /// Those that no index answers, the most selective first: atoms that stop many offers empty the
    /// set early.
    pub(super) requirements: Vec<Requirement>,
    rules: usize,
    pub(super) causes: Vec<Cause>,
    /// Causes that may stop each offer, in order of gates: flat, offer after offer.
    causes_flat: Vec<u32>,
    /// Where each offer's causes end in `causes_flat`.
    causes_end: Vec<u32>,
}

impl Policy {
    /// Compiles `spec`. Conditions that folded to `true` cost nothing from here on.
    #[must_use]
    pub fn compile(mut spec: PolicySpec) -> Self {
        let mut atoms: Vec<Atom> = Vec::new();
        let mut by_canonical: BTreeMap<Arc<str>, u32> = BTreeMap::new();
        let mut requirements: BTreeMap<(u32, u64, bool), Bitset> = BTreeMap::new();
        let rules = spec.rules.len();
        let mut causes: BTreeMap<Cause, u32> = BTreeMap::new();
        let mut causes_by_offer: Vec<Vec<u32>> = vec![Vec::new(); spec.offers];
        spec.rules.sort_by_key(|rule| rule.gate);
        for rule in std::mem::take(&mut spec.rules) {
            for conjunct in rule.program.conjuncts() {
                if conjunct.constant().is_some_and(|value| *value == true.into()) {
                    continue;
                }
                let next = u32::try_from(atoms.len()).unwrap_or(u32::MAX);
                let atom = *by_canonical.entry(conjunct.canonical().into()).or_insert_with(|| {
                    atoms.push(Atom::of(conjunct));
                    next
                });
                let next = u32::try_from(causes.len()).unwrap_or(u32::MAX);
                let (reason, from) = (rule.reason.clone(), rule.from.clone());
                let cause = Cause { gate: rule.gate, atom, channels: rule.channels, reason, from };
                let cause = *causes.entry(cause).or_insert(next);
                let offers = requirements
                    .entry((atom, rule.channels, rule.gate <= Gate::Eligibility))
                    .or_insert_with(|| Bitset::empty(spec.offers));
                for offer in &rule.offers {
                    offers.insert(*offer);
                    if let Some(list) = causes_by_offer.get_mut(*offer as usize) {
                        list.push(cause);
                    }
                }
            }
        }
        let mut requirements: Vec<_> = requirements
            .into_iter()
            .map(|((atom, channels, hard), offers)| {
                (offers.count(), Requirement { atom, channels, hard, offers })
            })
            .collect();
        requirements
            .sort_by_key(|(offers, requirement)| (std::cmp::Reverse(*offers), requirement.atom));
        let mut requirements: Vec<Requirement> =
            requirements.into_iter().map(|(_, requirement)| requirement).collect();
        let indexes = index::build(&atoms, &mut requirements);
        let mut causes: Vec<(Cause, u32)> = causes.into_iter().collect();
        causes.sort_unstable_by_key(|(_, number)| *number);
        let causes = causes.into_iter().map(|(cause, _)| cause).collect();
        let mut causes_end = Vec::with_capacity(causes_by_offer.len());
        let mut causes_flat = Vec::new();
        for list in causes_by_offer {
            causes_flat.extend(list);
            causes_end.push(u32::try_from(causes_flat.len()).unwrap_or(u32::MAX));
        }
        Self { spec, atoms, indexes, requirements, rules, causes, causes_flat, causes_end }
    }

    /// The causes that may stop `offer`, in order of gates.
    pub(super) fn causes_of(&self, offer: u32) -> &[u32] {
        let offer = offer as usize;
        let start = offer.checked_sub(1).and_then(|before| self.causes_end.get(before));
        let end = self.causes_end.get(offer).map_or(0, |end| *end as usize);
        self.causes_flat.get(start.map_or(0, |start| *start as usize)..end).unwrap_or_default()
    }

    /// Number of distinct conditions.
    #[must_use]
    pub fn atoms(&self) -> usize {
        self.atoms.len()
    }

    /// Number of indexes, and of distinct conditions that they answer.
    #[must_use]
    pub fn indexed(&self) -> (usize, usize) {
        let conditions = self.indexes.iter().map(|index| index.requirements.len());
        (self.indexes.len(), conditions.sum())
    }

    /// Number of declared rules.
    #[must_use]
    pub fn rules(&self) -> usize {
        self.rules
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

/// What differs between the channels of one decision.
const BY_CHANNEL: [Slot; 4] =
    [builtin::CHANNEL, builtin::LOCALE, builtin::PLACEMENT, builtin::STATE];

fn reads_channel(program: &Program) -> bool {
    program.slots().iter().any(|slot| BY_CHANNEL.contains(slot))
}
