//! Offers as declared, and the queries that narrow a list of them.

use super::bounds::{PAGE_DEFAULT, PAGE_MAX, REQUEST_ID_BYTES_MAX};
use super::fault::{Faults, Reason};
use super::kind::{offer_kind, offer_kind_given};
use super::name;
use crate::api::wire::v1;
use crate::core::catalog::source::OfferKind;
use crate::core::catalog::{Catalog, Number, Offer, Treatment};

/// What offers to list.
#[derive(Clone, Debug, Default)]
pub struct Query {
    channel: Option<u16>,
    group: Option<u16>,
    kind: Option<OfferKind>,
    text: String,
    /// List what comes after this id.
    after: String,
    page: usize,
}

/// The query behind a request.
///
/// # Errors
/// With every bad field.
pub fn query(catalog: &Catalog, request: &v1::ListOffersRequest) -> Result<Query, Faults> {
    let mut faults = Faults::default();
    let mut query = Query { page: page(request.page_size, &mut faults), ..Query::default() };
    faults.bound_text("page_token", &request.page_token, REQUEST_ID_BYTES_MAX * 2);
    query.after.clone_from(&request.page_token);
    if let Some(asked) = &request.query {
        if !asked.channel.is_empty() {
            query.channel = faults.take("query.channel", name::channel(catalog, &asked.channel));
        }
        if !asked.group.is_empty() {
            query.group = faults.take("query.group", name::group(catalog, &asked.group, true));
        }
        query.kind = faults.take("query.kind", offer_kind_given(asked.kind)).flatten();
        faults.bound_text("query.text", &asked.text, REQUEST_ID_BYTES_MAX);
        query.text = asked.text.to_lowercase();
    }
    faults.done(Some(query))
}

fn page(size: i32, faults: &mut Faults) -> usize {
    if !(0..=PAGE_MAX).contains(&size) {
        let message = format!("must lie between 0 and {PAGE_MAX}");
        faults.add("page_size", Reason::OutOfRange, message);
    }
    let size = if size == 0 { PAGE_DEFAULT } else { size };
    usize::try_from(size).unwrap_or(1)
}

impl Query {
    fn matches(&self, offer: &Offer) -> bool {
        let on_channel = |channel| offer.treatments.iter().any(|t| t.channel == channel);
        let holds = |text: &str| text.to_lowercase().contains(&self.text);
        self.channel.is_none_or(on_channel)
            && self.group.is_none_or(|group| offer.group == group)
            && self.kind.is_none_or(|kind| offer.kind == kind)
            && (self.text.is_empty()
                || holds(&offer.id)
                || offer.names.values().any(|name| holds(name)))
    }

    /// One page of what matches.
    pub fn list(&self, catalog: &Catalog) -> v1::ListOffersResponse {
        let total = catalog.offers.iter().filter(|offer| self.matches(offer)).count();
        let start = catalog.offers.partition_point(|offer| *offer.id <= *self.after);
        let start = if self.after.is_empty() { 0 } else { start };
        let rest = catalog.offers.get(start..).unwrap_or_default();
        let mut matching = rest.iter().filter(|offer| self.matches(offer));
        let page: Vec<&Offer> = matching.by_ref().take(self.page).collect();
        let more = matching.next().is_some();
        let last = page.last().filter(|_| more);
        v1::ListOffersResponse {
            next_page_token: last.map(|offer| offer.id.to_string()).unwrap_or_default(),
            offers: page.into_iter().map(|offer| wire(catalog, offer)).collect(),
            total_size: i32::try_from(total).unwrap_or(i32::MAX),
            version: Some(super::catalog::version(&catalog.version)),
        }
    }
}

fn wire(catalog: &Catalog, offer: &Offer) -> v1::Offer {
    let group = catalog.groups.get(usize::from(offer.group));
    let items = if offer.item == offer.key { vec![offer.id.to_string()] } else { Vec::new() };
    v1::Offer {
        offer_id: offer.id.to_string(),
        names: offer.names.iter().map(|(tag, name)| (tag.to_string(), name.to_string())).collect(),
        group: group.map(|group| group.name.to_string()).unwrap_or_default(),
        kind: offer_kind(offer.kind).into(),
        start_time: None,
        end_time: None,
        value: offer.value.as_ref().map(number).unwrap_or_default(),
        lever: (offer.lever - 1.0) * 100.0,
        conditions: Vec::new(),
        treatments: offer.treatments.iter().map(|t| treatment(catalog, t)).collect(),
        items,
        purpose: String::new(),
    }
}

fn number(number: &Number) -> String {
    match number {
        Number::Constant(number) => number.to_string(),
        Number::Program(program) => program.source().to_owned(),
    }
}

fn treatment(catalog: &Catalog, treatment: &Treatment) -> v1::Treatment {
    let channel = catalog.channels.get(usize::from(treatment.channel));
    let places = channel.map(|channel| channel.placements.as_slice()).unwrap_or_default();
    let fits = |index: u32| treatment.placements & 1_u128.checked_shl(index).unwrap_or(0) != 0;
    let named = (0_u32..).zip(places).filter(|(index, _)| fits(*index));
    let mut placements: Vec<String> = named.map(|(_, place)| place.name.to_string()).collect();
    if placements.len() == places.len() {
        placements.clear();
    }
    let variants = treatment.content.iter().flat_map(|content| &content.variants);
    let mut locales: Vec<String> = variants
        .filter(|variant| !variant.locale.is_empty())
        .map(|variant| variant.locale.to_string())
        .collect();
    locales.sort();
    locales.dedup();
    v1::Treatment {
        treatment_id: treatment.id.to_string(),
        channel: channel.map(|channel| channel.name.to_string()).unwrap_or_default(),
        placements,
        locales,
    }
}
