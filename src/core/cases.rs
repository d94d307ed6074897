//! Running a rules folder's own tests: each case is decided as any customer would be, with models
//! that have learned nothing, and every difference from what was expected is told.

mod coverage;

pub use coverage::Coverage;

use std::sync::Arc;

use crate::core::affinity::AffinitySpec;
use crate::core::catalog::schema::builtin;
use crate::core::catalog::{Case, Catalog, Channel, Happened};
use crate::core::decide::{
    self, Cause, ChannelDecision, ChannelRequest, Placed, PlacementRequest, Request, Snapshot,
    decide,
};
use crate::core::expression::Frame;
use crate::core::key::{Key, id64};
use crate::core::learn::Models;
use crate::core::objective::Prices;
use crate::core::policy::Subject;
use crate::core::profile::{Consent, ConsentState, Profile};
use crate::core::propensity::PropensitySpec;
use crate::core::record;
use crate::core::time::UnixMs;
use crate::core::value::Value;

/// What came of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseReport {
    /// What it shows.
    pub name: Arc<str>,
    /// `file:line:column`.
    pub position: String,
    /// What was not as expected; empty when it passed.
    pub failures: Vec<String>,
}

impl CaseReport {
    /// Whether everything was as expected.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// Runs the cases against the catalog they came with.
#[must_use]
pub fn run(catalog: &Arc<Catalog>, cases: &[Case]) -> Vec<CaseReport> {
    run_each(catalog, cases, |_, _| {})
}

/// As [`run`]; also what the cases have shown of the rules.
#[must_use]
pub fn run_covering(catalog: &Arc<Catalog>, cases: &[Case]) -> (Vec<CaseReport>, Coverage) {
    let mut coverage = Coverage::new(catalog);
    let reports = run_each(catalog, cases, |decided, frame| coverage.note(catalog, decided, frame));
    (reports, coverage)
}

fn run_each(
    catalog: &Arc<Catalog>,
    cases: &[Case],
    mut note: impl FnMut(&ChannelDecision, &Frame),
) -> Vec<CaseReport> {
    let models = Models::new(PropensitySpec::default(), AffinitySpec::default());
    let snapshot =
        Snapshot { catalog: catalog.clone(), models: Arc::new(models), prices: Arc::default() };
    let reports = cases.iter().map(|case| CaseReport {
        name: case.name.clone(),
        position: case.position.clone(),
        failures: run_one(&snapshot, case, &mut note),
    });
    reports.collect()
}

fn run_one(
    snapshot: &Snapshot,
    case: &Case,
    note: &mut impl FnMut(&ChannelDecision, &Frame),
) -> Vec<String> {
    let profile = match profile(snapshot, case) {
        Ok(profile) => profile,
        Err(failure) => return vec![failure],
    };
    let catalog = &*snapshot.catalog;
    let Some(channel) = catalog.channels.get(usize::from(case.channel)) else {
        return vec!["its channel is not in the catalog".to_owned()];
    };
    let others = case.also.iter().filter_map(|other| {
        let spec = catalog.channels.get(usize::from(*other))?;
        Some(channel_request(*other, spec, None, None))
    });
    let own = channel_request(case.channel, channel, case.placement, case.locale.clone());
    let request = Request {
        customer: id64(&case.name),
        channels: std::iter::once(own).chain(others).collect(),
        context: case.context.clone(),
        interaction: case.interaction,
        explain: true,
        ..Request::default()
    };
    let supposed = case.scores.iter().map(|(slot, value)| (*slot, Some(value.clone())));
    let request = Request { overrides: supposed.collect(), ..request };
    let prices = Prices::named(1, case.prices.clone(), &catalog.pacing.lines);
    let snapshot = &Snapshot { prices: Arc::new(prices), ..snapshot.clone() };
    let decision = decide(snapshot, Subject::Known(&profile), &request, case.now, 0);
    for decided in &decision.channels {
        let frame = decided_frame(snapshot, &profile, &request, case.now, decided);
        note(decided, &frame);
    }
    match decision.channels.first() {
        Some(decided) => differences(catalog, case, decided),
        None => vec!["nothing was decided".to_owned()],
    }
}

/// The frame with which a channel was decided.
fn decided_frame(
    snapshot: &Snapshot,
    profile: &Profile,
    request: &Request,
    now: UnixMs,
    decided: &ChannelDecision,
) -> Vec<Option<Value>> {
    let mut frame = decide::frame(snapshot, Subject::Known(profile), request, now);
    let channel = snapshot.catalog.channels.get(usize::from(decided.channel));
    let set = [
        (builtin::CHANNEL, channel.map(|channel| Value::String(channel.name.clone()))),
        (builtin::LOCALE, Some(Value::String(decided.locale.clone()))),
    ];
    for (slot, value) in set {
        if let Some(place) = frame.get_mut(slot.0 as usize) {
            *place = value;
        }
    }
    frame
}

/// A channel with all its placements, or one.
fn channel_request(
    channel: u16,
    spec: &Channel,
    only: Option<u16>,
    locale: Option<Arc<str>>,
) -> ChannelRequest {
    let placements = (0_u16..).zip(&spec.placements);
    let placements = placements.filter(|(index, _)| only.is_none_or(|wanted| wanted == *index));
    let placements = placements.map(|(placement, spec)| PlacementRequest {
        placement,
        slots: spec.slots,
        only: Vec::new(),
        without: Vec::new(),
    });
    ChannelRequest { channel, locale, placements: placements.collect(), scheme: None }
}

/// The customer of a case: attributes and consents long held, then history as it happened.
fn profile(snapshot: &Snapshot, case: &Case) -> Result<Profile, String> {
    let earliest = case.history.first().map_or(case.now, Happened::at).min(case.now);
    let mut profile = Profile::new(earliest);
    for (name, value) in &case.attributes {
        profile
            .set_attribute(*name, Some(value.clone()), earliest)
            .map_err(|error| format!("its customer cannot be: {error}"))?;
    }
    for (purpose, granted) in &case.consents {
        let (purpose, granted, at) = (*purpose, *granted, UnixMs(earliest.0));
        let consent =
            Consent { purpose, channel: Key::default(), state: ConsentState::of(granted), at };
        profile
            .set_consent(consent, earliest)
            .map_err(|error| format!("its customer cannot be: {error}"))?;
    }
    for happened in &case.history {
        let at = happened.at();
        let customer = id64(&case.name);
        match happened {
            Happened::Event(event) => {
                record::event(snapshot, &mut profile, event, customer, at);
            }
            Happened::Outcome(outcome) => {
                record::outcome(snapshot, &mut profile, outcome, &[], &[], customer, at);
            }
        }
    }
    Ok(profile)
}

fn differences(catalog: &Catalog, case: &Case, decided: &ChannelDecision) -> Vec<String> {
    let placed: Vec<&Placed> =
        decided.placements.iter().flat_map(|placement| &placement.offers).collect();
    let offers: Vec<u32> = placed.iter().map(|placed| placed.offer).collect();
    let expect = &case.expect;
    let got = || names(catalog, &offers);
    let mut failures = Vec::new();
    if let Some(wanted) = &expect.offers
        && *wanted != offers
    {
        failures.push(format!("expected {}, got {}", names(catalog, wanted), got()));
    }
    for wanted in expect.includes.iter().filter(|wanted| !offers.contains(wanted)) {
        let why = fate(catalog, decided, *wanted);
        failures.push(format!("expected `{}` among {}: {why}", name(catalog, *wanted), got()));
    }
    for unwanted in expect.excludes.iter().filter(|unwanted| offers.contains(unwanted)) {
        failures.push(format!("did not expect `{}`, got {}", name(catalog, *unwanted), got()));
    }
    if let Some(first) = expect.first
        && offers.first() != Some(&first)
    {
        let why = fate(catalog, decided, first);
        failures.push(format!("expected `{}` first, got {}: {why}", name(catalog, first), got()));
    }
    if let Some(nothing) = expect.no_offer
        && nothing != offers.is_empty()
    {
        let wanted = if nothing { "no offer" } else { "some offer" };
        failures.push(format!("expected {wanted}, got {}", got()));
    }
    if let Some(wanted) = expect.rank
        && wanted != decided.rank
    {
        failures.push(format!("expected the channel to rank {wanted}, it ranks {}", decided.rank));
    }
    for stopped in &expect.stopped {
        let as_expected = decided.fates.of(stopped.offer).is_some_and(|(_, cause)| {
            let by = cause.stop.by.id(name(catalog, stopped.offer));
            cause.stop.gate == stopped.gate && stopped.by.as_deref().is_none_or(|id| id == by)
        });
        if !as_expected {
            let by = stopped.by.as_ref().map_or(String::new(), |by| format!(" `{by}`"));
            failures.push(format!(
                "expected `{}` to be stopped at {}{by}: {}",
                name(catalog, stopped.offer),
                stopped.gate.name(),
                fate(catalog, decided, stopped.offer)
            ));
        }
    }
    for (offer, field, wanted) in &expect.content {
        let texts = placed.iter().filter(|placed| placed.offer == *offer);
        let found = texts.flat_map(|placed| &placed.content).find(|content| content.name == *field);
        let label = format!("`{}.{field}`", name(catalog, *offer));
        match found {
            Some(content) if content.text.contains(&**wanted) => {}
            Some(content) => failures
                .push(format!("expected {label} to contain `{wanted}`, got `{}`", content.text)),
            None => failures.push(format!(
                "expected {label} to contain `{wanted}`: {}",
                fate(catalog, decided, *offer)
            )),
        }
    }
    failures
}

fn name(catalog: &Catalog, offer: u32) -> &str {
    catalog.offers.get(offer as usize).map_or("?", |offer| &*offer.id)
}

fn names(catalog: &Catalog, offers: &[u32]) -> String {
    if offers.is_empty() {
        return "no offer".to_owned();
    }
    let names: Vec<&str> = offers.iter().map(|offer| name(catalog, *offer)).collect();
    format!("[{}]", names.join(", "))
}

/// What became of an offer, in words.
fn fate(catalog: &Catalog, decided: &ChannelDecision, offer: u32) -> String {
    match decided.fates.of(offer) {
        Some((_, Cause { stop, .. })) => {
            let rule = match stop.by.id(name(catalog, offer)) {
                "" => String::new(),
                rule => format!(" `{rule}`"),
            };
            let condition = match &stop.condition {
                Some(condition) => format!(" ({condition})"),
                None => String::new(),
            };
            format!("{}{rule}: {}{condition}", stop.gate.name(), stop.message)
        }
        None => format!("`{}` was placed", name(catalog, offer)),
    }
}
