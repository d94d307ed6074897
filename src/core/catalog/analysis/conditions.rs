//! Conditions that decide nothing: those that hold always or never, and those that another one of
//! the same offer or policy makes sure of.

use std::collections::BTreeSet;

use super::Subject;
use super::atoms::Atoms;
use super::findings::Kind;
use super::slots::Declared;
use crate::core::catalog::fault::Severity;
use crate::core::expression::{Knowledge, Outcomes, Program};
use crate::core::policy::{Asked, Gate};

const NEVER: Kind = (Severity::Warning, "never-holds");
const ALWAYS: Kind = (Severity::Warning, "always-holds");
const IMPLIED: Kind = (Severity::Warning, "implied");
const REPEATED: Kind = (Severity::Hint, "repeated");

/// Looks at all conditions.
pub(super) fn check(subject: &Subject<'_>, atoms: &mut Atoms<'_>, declared: &Declared<'_>) {
    segments(subject, declared);
    treatments(subject, declared);
    // A policy's condition is told once, however many offers it is about.
    let mut told: BTreeSet<(&str, u32)> = BTreeSet::new();
    for offer in (0_u32..).take(subject.catalog.offers.len()) {
        let asked: Vec<Asked<'_>> = subject
            .catalog
            .policy
            .asked_of(offer)
            .filter(|asked| asked.gate != Gate::Validity)
            .collect();
        for (number, one) in asked.iter().enumerate() {
            if one.from.is_some_and(|policy| told.contains(&(&**policy, one.atom))) {
                continue;
            }
            let found = alone(subject, atoms, offer, one)
                || beside(subject, atoms, offer, (number, one), &asked);
            if let (true, Some(policy)) = (found, one.from) {
                told.insert((policy, one.atom));
            }
        }
    }
}

/// Whether the condition decides nothing by itself.
fn alone(subject: &Subject<'_>, atoms: &Atoms<'_>, offer: u32, asked: &Asked<'_>) -> bool {
    // Constant conditions were told of when they were compiled.
    if asked.program.constant().is_some() {
        return true;
    }
    let Some(outcomes) = atoms.outcomes.get(asked.atom as usize) else {
        return false;
    };
    match said(*outcomes) {
        Some((kind, message, hint)) => {
            subject.at_condition(kind, offer, asked, message.into(), Some(hint.into()));
            true
        }
        None => false,
    }
}

fn said(outcomes: Outcomes) -> Option<(Kind, &'static str, &'static str)> {
    match outcomes {
        Outcomes { yes: false, .. } => Some((
            NEVER,
            "this never holds",
            "by the types, ranges and closed sets that are declared, no customer can meet it",
        )),
        Outcomes { yes: true, no: false, stops: false } => Some((
            ALWAYS,
            "this always holds",
            "by the types, ranges and closed sets that are declared; leave it out",
        )),
        _ => None,
    }
}

/// Whether another condition of the same offer makes sure of this one.
fn beside(
    subject: &Subject<'_>,
    atoms: &mut Atoms<'_>,
    offer: u32,
    (number, one): (usize, &Asked<'_>),
    asked: &[Asked<'_>],
) -> bool {
    for (other_number, other) in asked.iter().enumerate() {
        // Another policy's condition may go, and this one stay.
        let same = one.from == other.from;
        let covered = other.channels & one.channels == one.channels;
        if other_number == number || !covered || (!same && one.from.is_some()) {
            continue;
        }
        let by = Subject::words(other);
        if one.atom == other.atom {
            // Of two that are the same, the later one is told of.
            if same && other_number > number {
                continue;
            }
            let kind = if same { IMPLIED } else { REPEATED };
            subject.at_condition(kind, offer, one, format!("{by} asks the same"), None);
            return true;
        }
        if !atoms.implied(one.atom, other.atom) {
            continue;
        }
        if same && other_number > number && atoms.implied(other.atom, one.atom) {
            continue;
        }
        let kind = if same { IMPLIED } else { REPEATED };
        let hint = Some("leave it out, or mend the one that was meant otherwise".to_owned());
        let message = format!("this holds wherever {by} does: it decides nothing");
        subject.at_condition(kind, offer, one, message, hint);
        return true;
    }
    false
}

fn segments(subject: &Subject<'_>, declared: &Declared<'_>) {
    use crate::core::catalog::schema::Origin;
    let Some(file) = &subject.sites.folder.segments else { return };
    let schema = &subject.catalog.schema;
    let top = subject.sites.top(&file.document);
    let section = top.key("segments");
    for name in file.source.segments.keys() {
        let slot = schema.segments.get(name.as_str()).and_then(|slot| schema.slot(*slot));
        let Some(Origin::Computed(program)) = slot.map(|spec| &spec.origin) else { continue };
        let place = section.key(name);
        let (kind, message) = match told(declared, program) {
            Some(NEVER) => (NEVER, format!("nobody is ever in segment `{name}`")),
            Some(kind) => (kind, format!("everybody is in segment `{name}`")),
            None => continue,
        };
        if subject.findings.add(kind) {
            place.key("when").finding(kind, message, None);
        }
    }
}

fn treatments(subject: &Subject<'_>, declared: &Declared<'_>) {
    for (number, offer) in (0_u32..).zip(&subject.catalog.offers) {
        for treatment in &offer.treatments {
            for when in &treatment.when {
                if told(declared, when) == Some(ALWAYS) {
                    let message = format!("`{}` always holds", when.source());
                    subject.at_treatment(ALWAYS, (number, treatment), message, None);
                }
            }
        }
    }
}

fn told(declared: &Declared<'_>, program: &Program) -> Option<Kind> {
    if program.constant().is_some() {
        return None;
    }
    said(Knowledge::new(declared).outcomes(program)).map(|(kind, ..)| kind)
}
