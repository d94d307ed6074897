//! The caller's filter on offers, as the offers it leaves.

use super::bounds::FILTER_NAMES_MAX;
use super::fault::{Faults, Wrong};
use super::{kind, name};
use crate::api::wire::v1;
use crate::core::catalog::source::OfferKind;
use crate::core::catalog::{Catalog, Offer};

/// Which offers may stand in a placement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Only these; empty: all.
    pub only: Vec<u32>,
    /// None of these.
    pub without: Vec<u32>,
}

/// Faults of one request up to which names are guessed.
const GUESSES_MAX: usize = 16;

struct Lists {
    offers: Vec<u32>,
    groups: Vec<u16>,
    kinds: Vec<OfferKind>,
    without_offers: Vec<u32>,
    without_groups: Vec<u16>,
}

/// The offers that `filter` leaves. Every list that is given must match; excluding lists win.
pub fn allowed(
    catalog: &Catalog,
    filter: &v1::OfferFilter,
    at: &str,
    faults: &mut Faults,
) -> Allowed {
    let offer = |id: &String, guess| name::offer(catalog, id, guess);
    let group = |group: &String, guess| name::group(catalog, group, guess);
    let mut list = Lists {
        offers: each(&filter.offer_ids, at, "offer_ids", faults, offer),
        groups: each(&filter.groups, at, "groups", faults, group),
        kinds: each(&filter.kinds, at, "kinds", faults, |kind, _| kind::offer_kind_given(*kind))
            .into_iter()
            .flatten()
            .collect(),
        without_offers: each(&filter.exclude_offer_ids, at, "exclude_offer_ids", faults, offer),
        without_groups: each(&filter.exclude_groups, at, "exclude_groups", faults, group),
    };
    list.offers.sort_unstable();
    list.without_offers.sort_unstable();
    list.resolve(catalog)
}

impl Lists {
    fn narrows(&self) -> bool {
        !(self.offers.is_empty() && self.groups.is_empty() && self.kinds.is_empty())
    }

    fn includes(&self, index: u32, offer: &Offer) -> bool {
        (self.offers.is_empty() || self.offers.binary_search(&index).is_ok())
            && (self.groups.is_empty() || self.groups.contains(&offer.group))
            && (self.kinds.is_empty() || self.kinds.contains(&offer.kind))
    }

    fn excludes(&self, index: u32, offer: &Offer) -> bool {
        self.without_offers.binary_search(&index).is_ok()
            || self.without_groups.contains(&offer.group)
    }

    fn resolve(&self, catalog: &Catalog) -> Allowed {
        let all = || (0_u32..).zip(&catalog.offers);
        let without = |excluded: &dyn Fn(u32, &Offer) -> bool| -> Vec<u32> {
            all().filter(|(index, offer)| excluded(*index, offer)).map(|(index, _)| index).collect()
        };
        if !self.narrows() {
            let excluded = |index, offer: &Offer| self.excludes(index, offer);
            return Allowed { only: Vec::new(), without: without(&excluded) };
        }
        let only: Vec<u32> = all()
            .filter(|(index, offer)| self.includes(*index, offer) && !self.excludes(*index, offer))
            .map(|(index, _)| index)
            .collect();
        // An empty list would mean all: where nothing is left, everything is left out.
        let without = if only.is_empty() { without(&|_, _| true) } else { Vec::new() };
        Allowed { only, without }
    }
}

fn each<T, U>(
    given: &[T],
    at: &str,
    list: &str,
    faults: &mut Faults,
    resolve: impl Fn(&T, bool) -> Result<U, Wrong>,
) -> Vec<U> {
    if !faults.bound_count(format_args!("{at}.{list}"), given.len(), FILTER_NAMES_MAX) {
        return Vec::new();
    }
    given
        .iter()
        .enumerate()
        .filter_map(|(number, item)| {
            let guess = faults.count() < GUESSES_MAX;
            faults.take(format_args!("{at}.{list}[{number}]"), resolve(item, guess))
        })
        .collect()
}
