//! What a sound folder nevertheless does not mean: offers that can never be served, conditions that
//! decide nothing, limits that never bind, schemes that ignore what is declared. Found without any
//! customer, from what slots may hold by their declarations (`slots`, over
//! [`crate::core::expression::Knowledge`]); nothing is called impossible that some customer, whose
//! values keep to the declarations, could show to be possible.

mod atoms;
mod conditions;
mod coverage;
mod findings;
mod limits;
mod offers;
mod reach;
mod schemes;
mod sequences;
mod sites;
mod slots;
#[cfg(test)]
mod tests;
mod thresholds;

use super::fault::Faults;
use super::read::Folder;
use super::{Case, Catalog};
use crate::core::cases::Coverage;
use crate::core::time::UnixMs;
use findings::Findings;
use sites::Sites;

/// What is analysed.
pub(super) struct Subject<'a> {
    catalog: &'a Catalog,
    sites: Sites<'a>,
    findings: Findings<'a>,
}

/// Analyses a folder that compiled. With `at`, what can only have held before counts as never. Where
/// the folder has errors, only what no mending can excuse is told: what was left out could reach a
/// placement or read a value.
pub(super) fn analyse(folder: &Folder, catalog: &Catalog, faults: &Faults, at: Option<UnixMs>) {
    let whole = !faults.failed();
    let subject = Subject {
        catalog,
        sites: Sites::new(folder, catalog, faults),
        findings: Findings::new(faults),
    };
    let always = slots::Declared::new(&catalog.schema, &catalog.channels, None);
    let from_now = slots::Declared::new(&catalog.schema, &catalog.channels, at);
    let mut atoms = atoms::Atoms::new(&catalog.policy, &always, &from_now);
    conditions::check(&subject, &mut atoms, &always);
    let served = offers::check(&subject, &mut atoms, &from_now);
    limits::check(&subject);
    if whole {
        reach::check(&subject, &served);
        sequences::check(&subject, &served);
        schemes::check(&subject);
        thresholds::check(&subject, &from_now);
    }
    subject.findings.finish();
}

/// What the cases of a folder leave untested.
pub(super) fn uncovered(
    folder: &Folder,
    catalog: &Catalog,
    faults: &Faults,
    cases: &[Case],
    coverage: &Coverage,
) {
    if cases.is_empty() {
        return;
    }
    let subject = Subject {
        catalog,
        sites: Sites::new(folder, catalog, faults),
        findings: Findings::new(faults),
    };
    coverage::check(&subject, coverage);
    subject.findings.finish();
}
