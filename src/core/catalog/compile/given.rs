//! What a case supposes of prices.

use std::sync::Arc;

use crate::core::catalog::fault::Place;
use crate::core::catalog::source::GivenSource;
use crate::core::objective::PacingSpec;

/// The shadow prices of a case, by line.
pub(super) fn prices(
    place: &Place<'_>,
    given: &GivenSource,
    pacing: &PacingSpec,
) -> Vec<(Arc<str>, f64)> {
    for (name, price) in &given.prices {
        let lines = pacing.lines.iter().map(|line| &*line.id);
        let mut known = lines.chain(pacing.limits.iter().map(|limit| &*limit.id));
        if !known.clone().any(|known| *known == **name) {
            let what = "target, budget, resource, constraint or paced limit";
            place.unknown_key(what, name, known.by_ref());
        } else if !(0.0..=1e12).contains(price) {
            place.key(name).error("a price is 0 or more");
        }
    }
    given.prices.iter().map(|(name, price)| (name.as_str().into(), *price)).collect()
}
