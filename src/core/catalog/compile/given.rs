//! What a case supposes of prices.

use std::sync::Arc;

use crate::core::catalog::fault::Place;
use crate::core::catalog::source::GivenSource;
use crate::core::objective::Line;

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
