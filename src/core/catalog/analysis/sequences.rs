//! Offers that wait for an outcome of another offer which never comes.

use super::Subject;
use super::findings::Kind;
use super::offers::Served;
use crate::core::catalog::fault::Severity;
use crate::core::policy::{Bitset, SequenceKind, SequenceSpec};

const UNREACHABLE: Kind = (Severity::Warning, "prerequisite-unreachable");

/// Looks at all offers that may be served but for what must have happened before: an offer is
/// reachable when each of its prerequisites names one that is. The least such set: offers that wait
/// for each other are not in it.
pub(super) fn check(subject: &Subject<'_>, served: &Served) {
    let spec = subject.catalog.policy.spec();
    let required = |offer: u32| {
        let sequences = spec.sequences.iter();
        sequences.filter(move |s| s.kind == SequenceKind::Requires && s.offers.contains(offer))
    };
    let mut alive = Bitset::empty(spec.offers);
    for offers in served.iter().flatten() {
        alive.union(offers);
    }
    let mut reachable = Bitset::empty(spec.offers);
    loop {
        let before = reachable.count();
        for offer in alive.iter() {
            if required(offer).all(|sequence| sequence.earlier.intersects(&reachable)) {
                reachable.insert(offer);
            }
        }
        if reachable.count() == before {
            break;
        }
    }
    for offer in alive.iter().filter(|offer| !reachable.contains(*offer)) {
        let blocked = required(offer).find(|sequence| !sequence.earlier.intersects(&reachable));
        if let Some(sequence) = blocked {
            tell(subject, offer, sequence);
        }
    }
}

fn tell(subject: &Subject<'_>, offer: u32, sequence: &SequenceSpec) {
    let offers = &subject.catalog.offers;
    let id = offers.get(offer as usize).map_or("?", |offer| &*offer.id);
    let message = format!("`{id}` waits for an outcome of {}", sequence.earlier_name);
    let by = sequence.id.as_ref().map(|id| format!(" (`{id}`)")).unwrap_or_default();
    let hint = format!("none of these can be served to a new customer{by}");
    subject.at_id(UNREACHABLE, offer, message, Some(hint));
}
