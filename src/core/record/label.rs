//! What an outcome says to the main model.

use crate::core::catalog::Catalog;
use crate::core::catalog::source::Label;
use crate::core::interaction::OutcomeKind;

/// Positive, negative, or nothing.
pub(super) fn label(catalog: &Catalog, kind: OutcomeKind) -> Option<bool> {
    let labels = &catalog.models.labels;
    let label = match kind {
        OutcomeKind::Impression => labels.impression,
        OutcomeKind::Click => labels.click,
        OutcomeKind::Accept => labels.accept,
        OutcomeKind::Reject => labels.reject,
        OutcomeKind::Convert => labels.convert,
        OutcomeKind::NoResponse => labels.no_response,
        OutcomeKind::Sent => Label::Ignore,
    };
    match label {
        Label::Positive => Some(true),
        Label::Negative => Some(false),
        Label::Ignore => None,
    }
}

/// Whether the outcomes seen before on the same contact taught this label, or a better one.
pub(super) fn already_taught(catalog: &Catalog, before: u8, positive: bool) -> bool {
    taught(catalog, before).any(|known| known || known == positive)
}

/// Whether an explicit negative was taught before.
pub(super) fn was_negative(catalog: &Catalog, before: u8) -> bool {
    taught(catalog, before).any(|known| !known)
}

fn taught(catalog: &Catalog, before: u8) -> impl Iterator<Item = bool> {
    let kinds = OutcomeKind::ALL.into_iter().filter(move |kind| before & kind.bit() != 0);
    kinds.filter_map(|kind| label(catalog, kind))
}
