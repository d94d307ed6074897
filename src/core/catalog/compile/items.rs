//! Which item an offer stands for in affinity.

use std::collections::BTreeSet;

use super::Build;
use crate::core::catalog::fault::Place;
use crate::core::catalog::kind::FileKind;
use crate::core::catalog::source::{ModelsFile, OfferSource};
use crate::core::key::Key;

/// The item: the one the offer names, else the one its attribute named by `items_by` names, else
/// the offer itself.
pub(super) fn item(build: &Build<'_>, offer: &OfferSource) -> Key {
    let by = build.folder.models.as_ref().and_then(|file| file.source.items_by.as_deref());
    let named = || offer.attributes.get(by?)?.as_str();
    Key::of(offer.item.as_deref().or_else(named).unwrap_or(&offer.id))
}

/// Reports an `items_by` that no offer has as a text.
pub(super) fn check(build: &Build<'_>, top: &Place<'_>, source: &ModelsFile) {
    let Some(name) = source.items_by.as_deref() else { return };
    let offers = build.folder.offers.iter().flat_map(|file| &file.source.offers);
    let texts = offers.flat_map(|offer| &offer.attributes).filter(|(_, value)| value.is_string());
    let known: BTreeSet<&str> = texts.map(|(name, _)| name.as_str()).collect();
    if !known.contains(name) && !build.broken().excuses(FileKind::Offers, "") {
        top.key("items_by").unknown("text attribute of offers", name, known);
    }
}
