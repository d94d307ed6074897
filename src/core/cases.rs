//! Running a rules folder's own tests: each case is decided as any customer would be, with models
//! that have learned nothing, and every difference from what was expected is told.

mod coverage;
mod differences;

pub use coverage::Coverage;
use differences::differences;

use std::sync::Arc;

use crate::core::affinity::AffinitySpec;
use crate::core::catalog::schema::builtin;
use crate::core::catalog::{Case, Catalog, Channel, Happened};
use crate::core::decide::{
    self, ChannelDecision, ChannelRequest, PlacementRequest, Request, Snapshot, decide,
};
use crate::core::expression::Frame;
use crate::core::key::Key;
use crate::core::learn::Models;
use crate::core::objective::Prices;
use crate::core::policy::Subject;
use crate::core::profile::{Consent, Profile};
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
    let subject = if case.unavailable { Subject::Unavailable } else { Subject::Known(&profile) };
    let channels = case.channels.iter().enumerate().filter_map(|(number, channel)| {
        let spec = catalog.channels.get(usize::from(*channel))?;
        let placement = if number == 0 { case.placement } else { None };
        Some(channel_request(*channel, spec, placement, case.locale.clone()))
    });
    let request = Request {
        as_standard: false,
        live: Vec::new(),
        customer: case.customer,
        supply: case.supply.clone(),
        channels: channels.collect(),
        context: case.context.clone(),
        interaction: case.interaction,
        explain: true,
        overrides: case.scores.iter().map(|(slot, value)| (*slot, Some(value.clone()))).collect(),
    };
    let prices = Prices::named(1, case.prices.clone(), &catalog.pacing.lines);
    let snapshot = &Snapshot { prices: Arc::new(prices), ..snapshot.clone() };
    let decision = decide(snapshot, subject, &request, case.now, case.seed);
    for decided in &decision.channels {
        let frame = decided_frame(snapshot, subject, &request, case.now, decided);
        note(decided, &frame);
    }
    let expected = case.expect.iter().map(|(channel, expect)| {
        match decision.channels.iter().find(|decided| decided.channel == *channel) {
            Some(decided) => differences(catalog, expect, decided),
            None => vec!["nothing was decided".to_owned()],
        }
    });
    expected.flatten().collect()
}

/// The frame with which a channel was decided.
fn decided_frame(
    snapshot: &Snapshot,
    subject: Subject<'_>,
    request: &Request,
    now: UnixMs,
    decided: &ChannelDecision,
) -> Vec<Option<Value>> {
    let mut frame = decide::frame(snapshot, subject, request, now);
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
    for (purpose, state) in &case.consents {
        let (purpose, state, at) = (*purpose, *state, UnixMs(earliest.0));
        let consent = Consent { purpose, channel: Key::default(), state, at };
        profile
            .set_consent(consent, earliest)
            .map_err(|error| format!("its customer cannot be: {error}"))?;
    }
    for happened in &case.history {
        let at = happened.at();
        let customer = case.customer;
        match happened {
            Happened::Event(event) => {
                record::event(snapshot, &mut profile, event, &[], customer, at);
            }
            Happened::Outcome(outcome) => {
                record::outcome(snapshot, &mut profile, outcome, &[], &[], customer, at);
            }
        }
    }
    Ok(profile)
}
