//! A request to decide, with its names resolved.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use super::bounds::{CHANNELS_MAX, LOCALE_BYTES_MAX, PLACEMENTS_MAX, REQUEST_ID_BYTES_MAX};
use super::fault::{Faults, Reason};
use super::what_if::Changed;
use super::{context, customer, filter, name, what_if};
use crate::api::wire::v1;
use crate::core::catalog::{Catalog, Channel};
use crate::core::decide::{ChannelRequest, PlacementRequest, Request, Snapshot};
use crate::core::key::{Key, id64};
use crate::core::policy::Supply;
use crate::engine::DecideCall;

/// A call, and what its answer needs beside it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What the engine is asked.
    pub call: DecideCall,
    /// Schemes to decide with as well.
    pub compare: Vec<u16>,
}

/// The call behind a request.
///
/// # Errors
/// With every bad field.
pub fn asked(
    request: &v1::DecideRequest,
    snapshot: &Arc<Snapshot>,
    deadline: Instant,
) -> Result<Asked, Faults> {
    let catalog = &*snapshot.catalog;
    let mut faults = Faults::default();
    let customer = customer::customer(&request.customer_id, &request.identities, &mut faults);
    faults.bound_text("request_id", &request.request_id, REQUEST_ID_BYTES_MAX);
    faults.bound_text("interaction_id", &request.interaction_id, REQUEST_ID_BYTES_MAX);
    let locale = locale("locale", &request.locale, &mut faults);
    let context = context::context(&catalog.schema, &request.context, &mut faults);
    let view = v1::DecisionView::try_from(request.view);
    if view.is_err() {
        faults.add("view", Reason::OutOfRange, format!("{} is no view", request.view));
    }
    let changed = changed(catalog, request, &mut faults);
    let mut channels = channels(catalog, &request.channels, locale.as_ref(), &mut faults);
    for channel in &mut channels {
        channel.scheme = changed.scheme;
    }
    let customer = faults.done(customer)?;
    let call = DecideCall {
        customer,
        request_id: (!request.request_id.is_empty()).then(|| id64(&request.request_id)),
        request: Request {
            as_standard: false,
            live: Vec::new(),
            customer: 0,
            interaction: (!request.interaction_id.is_empty())
                .then(|| Key::of(&request.interaction_id)),
            channels,
            context,
            overrides: changed.overrides,
            supply: Supply::Unavailable,
            explain: view == Ok(v1::DecisionView::Full),
        },
        snapshot: snapshot.clone(),
        dry_run: request.dry_run,
        as_of: changed.as_of,
        seed: changed.seed,
        assume_consent: changed.assume_consent,
        deadline,
    };
    Ok(Asked { call, compare: changed.compare })
}

fn changed(catalog: &Catalog, request: &v1::DecideRequest, faults: &mut Faults) -> Changed {
    match &request.what_if {
        None => Changed::default(),
        Some(_) if !request.dry_run => {
            let message = "is possible in a dry run only: set `dry_run`";
            faults.add("what_if", Reason::NotAllowed, message);
            Changed::default()
        }
        Some(what_if) => what_if::changed(catalog, what_if, faults),
    }
}

fn locale(field: &str, locale: &str, faults: &mut Faults) -> Option<Arc<str>> {
    faults.bound_text(field, locale, LOCALE_BYTES_MAX);
    if !locale.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        faults.add(field, Reason::Malformed, "is no BCP 47 language tag such as `es-ES`");
    }
    (!locale.is_empty()).then(|| locale.into())
}

fn channels(
    catalog: &Catalog,
    asked: &[v1::ChannelRequest],
    default_locale: Option<&Arc<str>>,
    faults: &mut Faults,
) -> Vec<ChannelRequest> {
    if asked.is_empty() {
        faults.add("channels", Reason::Required, "at least one channel is needed");
    }
    if !faults.bound_count("channels", asked.len(), CHANNELS_MAX) {
        return Vec::new();
    }
    let mut seen = BTreeSet::new();
    let mut channels = Vec::with_capacity(asked.len());
    for (number, asked) in asked.iter().enumerate() {
        let at = format!("channels[{number}]");
        let own = locale(&format!("{at}.locale"), &asked.locale, faults);
        let found = name::channel(catalog, &asked.channel);
        let Some(index) = faults.take(format!("{at}.channel"), found) else { continue };
        if !seen.insert(index) {
            faults.add(format!("{at}.channel"), Reason::Duplicate, "is named twice");
        }
        let Some(channel) = catalog.channels.get(usize::from(index)) else { continue };
        channels.push(ChannelRequest {
            channel: index,
            locale: own.or_else(|| default_locale.cloned()),
            placements: placements(catalog, channel, &asked.placements, &at, faults),
            scheme: None,
        });
    }
    channels
}

fn placements(
    catalog: &Catalog,
    channel: &Channel,
    asked: &[v1::PlacementRequest],
    at: &str,
    faults: &mut Faults,
) -> Vec<PlacementRequest> {
    if asked.is_empty() {
        let all = (0_u16..).zip(&channel.placements);
        return all
            .map(|(placement, spec)| PlacementRequest {
                placement,
                slots: spec.slots,
                only: Vec::new(),
                without: Vec::new(),
            })
            .collect();
    }
    if !faults.bound_count(format_args!("{at}.placements"), asked.len(), PLACEMENTS_MAX) {
        return Vec::new();
    }
    let mut seen = BTreeSet::new();
    let mut placements = Vec::with_capacity(asked.len());
    for (number, asked) in asked.iter().enumerate() {
        let at = format!("{at}.placements[{number}]");
        let found = name::placement(channel, &asked.placement);
        let Some(index) = faults.take(format!("{at}.placement"), found) else { continue };
        if !seen.insert(index) {
            faults.add(format!("{at}.placement"), Reason::Duplicate, "is named twice");
        }
        let declared = channel.placements.get(usize::from(index)).map_or(0, |spec| spec.slots);
        let slots = asked.slots.unwrap_or(declared);
        if slots == 0 || slots > declared {
            let message = format!("must lie between 1 and {declared}");
            faults.add(format!("{at}.slots"), Reason::OutOfRange, message);
        }
        let allowed = asked.filter.as_ref().map_or_else(filter::Allowed::default, |filter| {
            filter::allowed(catalog, filter, &format!("{at}.filter"), faults)
        });
        let filter::Allowed { only, without } = allowed;
        placements.push(PlacementRequest { placement: index, slots, only, without });
    }
    placements
}
