//! What a case supposes of consents and prices.

use std::sync::Arc;

use super::Build;
use crate::core::catalog::Catalog;
use crate::core::catalog::fault::Place;
use crate::core::catalog::kind::FileKind;
use crate::core::catalog::source::GivenSource;
use crate::core::key::Key;
use crate::core::objective::Line;

/// The consents of a case, by purpose.
pub(super) fn consents(
    build: &Build<'_>,
    catalog: &Catalog,
    place: &Place<'_>,
    given: &GivenSource,
) -> Vec<(Key, bool)> {
    let purposes = &catalog.schema.purposes;
    let mut consents = Vec::new();
    for (name, granted) in &given.consents {
        if purposes.contains(name.as_str()) {
            consents.push((Key::of(name), *granted));
        } else if !build.broken().excuses(FileKind::Schema, name) {
            let known = purposes.iter().map(AsRef::as_ref);
            place.key(name).unknown_key("purpose", name, known);
        }
    }
    consents
}

/// The shadow prices of a case, by line.
pub(super) fn prices(
    place: &Place<'_>,
    given: &GivenSource,
    lines: &[Line],
) -> Vec<(Arc<str>, f64)> {
    for (name, price) in &given.prices {
        if !lines.iter().any(|line| *line.id == **name) {
            let known = lines.iter().map(|line| &*line.id);
            place.unknown_key("target, budget, resource or constraint", name, known);
        } else if !(0.0..=1e12).contains(price) {
            place.key(name).error("a price is 0 or more");
        }
    }
    given.prices.iter().map(|(name, price)| (name.as_str().into(), *price)).collect()
}
