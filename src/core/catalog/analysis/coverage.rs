//! Rules that no case shows at work.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Subject;
use super::findings::Kind;
use crate::core::cases::Coverage;
use crate::core::catalog::fault::Severity;
use crate::core::policy::{Asked, Gate};

const CONDITION: Kind = (Severity::Hint, "untested-condition");
const RULE: Kind = (Severity::Hint, "untested-rule");

/// Tells of what is not covered.
pub(super) fn check(subject: &Subject<'_>, coverage: &Coverage) {
    conditions(subject, coverage);
    for id in rules(subject) {
        if !coverage.rules.contains(&id) && subject.findings.add(RULE) {
            let message = format!("no case shows `{id}` stop an offer");
            subject.sites.at_rule(&id, |place| place.key("id").finding(RULE, message, None));
        }
    }
}

/// Each condition is told of once, where it is asked first.
fn conditions(subject: &Subject<'_>, coverage: &Coverage) {
    let mut told: BTreeSet<u32> = BTreeSet::new();
    for offer in (0_u32..).take(subject.catalog.offers.len()) {
        let asked: Vec<Asked<'_>> = subject.catalog.policy.asked_of(offer).collect();
        for one in asked {
            let seen = |list: &[bool]| list.get(one.atom as usize).copied().unwrap_or(true);
            let words = match (seen(&coverage.held), seen(&coverage.stopped)) {
                (true, true) => continue,
                (true, false) => "in every case this holds: none shows it stop anything",
                (false, true) => "in no case this holds",
                (false, false) => "no case asks this",
            };
            // The dates of an offer are its author's, not a rule.
            if one.gate != Gate::Validity && told.insert(one.atom) {
                subject.at_condition(CONDITION, offer, &one, words.to_owned(), None);
            }
        }
    }
}

/// Ids of all rules that may stop an offer.
fn rules(subject: &Subject<'_>) -> BTreeSet<Arc<str>> {
    let catalog = subject.catalog;
    let mut ids = BTreeSet::new();
    for offer in (0_u32..).take(catalog.offers.len()) {
        ids.extend(catalog.policy.asked_of(offer).filter_map(|asked| asked.from.cloned()));
    }
    let spec = catalog.policy.spec();
    ids.extend(spec.limits.iter().map(|limit| limit.id.clone()));
    ids.extend(spec.cool_downs.iter().map(|rest| rest.id.clone()));
    ids.extend(spec.sequences.iter().filter_map(|sequence| sequence.id.clone()));
    ids.extend(spec.states.iter().map(|state| state.id.clone()));
    ids.extend(catalog.exclusions.iter().map(|exclusion| exclusion.id.clone()));
    ids
}
