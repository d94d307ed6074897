//! `cases/*.yaml`: tests of the rules, typed, so that running one needs no further checks.

mod expect;

pub use expect::{Expected, Factor, Stopped};

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::Build;
use super::given::prices;
use super::literal::{in_range, moment, span, value_of};
use super::windows::report;
use crate::core::catalog::Catalog;
use crate::core::catalog::fault::{Place, did_you_mean};
use crate::core::catalog::kind::FileKind;
use crate::core::catalog::schema::EventSpec;
use crate::core::catalog::source::{
    CaseSource, GivenSource, HistoryEventSource, HistoryOutcomeSource, HistorySource,
};
use crate::core::expression::{Slot, Type};
use crate::core::interaction::{Event, Outcome, OutcomeKind};
use crate::core::key::{Key, id64};
use crate::core::policy::Supply;
use crate::core::profile::ConsentState;
use crate::core::time::UnixMs;
use crate::core::value::Value;

mod rights;

/// Most events and outcomes before a case.
const HISTORY_MAX: usize = 1000;
/// Longest ago, days.
const AGO_DAYS_MAX: i64 = 36_500;

/// A case, ready to be run.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it shows.
    pub name: Arc<str>,
    /// `file:line:column`.
    pub position: String,
    /// The moment.
    pub now: UnixMs,
    /// Indices of the channels: the case's own, then the others asked for; never empty.
    pub channels: Vec<u16>,
    /// Index of the placement of the case's own channel; `None`: all of it.
    pub placement: Option<u16>,
    /// The seed of all chance.
    pub seed: u64,
    /// Whether the profile cannot be read.
    pub unavailable: bool,
    /// The locale asked for.
    pub locale: Option<Arc<str>>,
    /// Attributes of the customer, by key of their NAME.
    pub attributes: Vec<(Key, Value)>,
    /// Key of the interaction.
    pub interaction: Option<Key>,
    /// The context, by slot.
    pub context: Vec<(Slot, Value)>,
    /// Scores supposed, by slot.
    pub scores: Vec<(Slot, Value)>,
    /// Shadow prices, by line.
    pub prices: Vec<(Arc<str>, f64)>,
    /// Consents by purpose, on all channels.
    pub consents: Vec<(Key, ConsentState)>,
    /// What is left of quotas.
    pub supply: Supply,
    /// Hash of the customer's id.
    pub customer: u64,
    /// What happened before, the earliest first.
    pub history: Vec<Happened>,
    /// What must come out, by index of the channel; the first channel's first.
    pub expect: Vec<(u16, Expected)>,
}

/// Something that happened before.
#[derive(Clone, Debug, PartialEq)]
pub enum Happened {
    /// An event.
    Event(Event),
    /// An outcome; of an impression follows the contact.
    Outcome(Outcome),
}

impl Happened {
    /// When.
    #[must_use]
    pub fn at(&self) -> UnixMs {
        match self {
            Self::Event(event) => event.at,
            Self::Outcome(outcome) => outcome.at,
        }
    }
}

/// Compiles all cases.
pub(super) fn compile(build: &Build<'_>, catalog: &Catalog) -> Vec<Case> {
    let mut cases = Vec::new();
    for file in &build.folder.cases {
        let top = build.place(&file.document);
        let section = top.key("cases");
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, source) in file.source.cases.iter().enumerate() {
            let place = section.index(index);
            if let Some(first) = names.insert(&source.name, index) {
                let first = section.index(first);
                place.key("name").error_hint(
                    format!("case `{}` is declared twice", source.name),
                    format!("first declared at {}", first.key("name").position()),
                );
            }
            let compiler = Cases { build, catalog };
            cases.extend(compiler.case(&place, source));
        }
    }
    cases
}

struct Cases<'c> {
    build: &'c Build<'c>,
    catalog: &'c Catalog,
}

impl Cases<'_> {
    fn case(&self, place: &Place<'_>, source: &CaseSource) -> Option<Case> {
        let given = place.key("given");
        let (channels, placement) = self.channels(&given, &source.given)?;
        let channel = *channels.first()?;
        let now = match moment(&source.given.now) {
            Ok(now) => UnixMs(now.as_millisecond()),
            Err(error) => {
                report(&given.key("now"), error);
                return None;
            }
        };
        Some(Case {
            name: source.name.as_str().into(),
            position: place.key("name").position(),
            now,
            placement,
            seed: source.given.seed,
            unavailable: source.given.unavailable,
            locale: source.given.locale.as_deref().map(Into::into),
            interaction: source.given.interaction.as_deref().map(Key::of),
            attributes: self.attributes(&given.key("customer"), &source.given),
            context: self.context(&given.key("context"), &source.given),
            scores: self.scores(&given.key("scores"), &source.given),
            prices: prices(&given.key("prices"), &source.given, &self.catalog.pacing),
            consents: self.consents(&given.key("consents"), &source.given),
            supply: self.supply(&given.key("quotas"), &source.given),
            customer: self.customer(source),
            history: self.history(&given.key("history"), &source.given, now, channel),
            expect: self.by_channel(&place.key("expect"), &source.expect, &channels),
            channels,
        })
    }

    fn channels(&self, place: &Place<'_>, given: &GivenSource) -> Option<(Vec<u16>, Option<u16>)> {
        let channel = self.channel_index(&place.key("channel"), &given.channel)?;
        let placement = match &given.placement {
            Some(name) => Some(self.placement(&place.key("placement"), channel, name)?),
            None => None,
        };
        let also = place.key("also");
        let names = given.also.iter().enumerate();
        let also = names.filter_map(|(at, name)| self.channel_index(&also.index(at), name));
        Some((std::iter::once(channel).chain(also).collect(), placement))
    }

    fn placement(&self, place: &Place<'_>, channel: u16, name: &str) -> Option<u16> {
        let spec = self.catalog.channels.get(usize::from(channel))?;
        let known = || spec.placements.iter().map(|placement| &*placement.name);
        let found = known().position(|known| known == name);
        if found.is_none() && !self.build.broken().excuses(FileKind::Channels, name) {
            let owner = format!("channel `{}`", spec.name);
            place.unknown_in(&owner, "placement", name, known());
        }
        u16::try_from(found?).ok()
    }

    fn channel_index(&self, place: &Place<'_>, name: &str) -> Option<u16> {
        let known = || self.catalog.channels.iter().map(|channel| &*channel.name);
        let found = known().position(|known| known == name);
        if found.is_none() && !self.build.broken().excuses(FileKind::Channels, name) {
            place.unknown("channel", name, known());
        }
        u16::try_from(found?).ok()
    }

    fn attributes(&self, place: &Place<'_>, given: &GivenSource) -> Vec<(Key, Value)> {
        let schema = &self.catalog.schema;
        let mut values = Vec::new();
        for (name, literal) in &given.customer {
            let place = place.key(name);
            let Some(slot) = schema.attributes.get(name.as_str()) else {
                let path = format!("customer.{name}");
                if schema.by_path.contains_key(path.as_str()) {
                    place.error_at_key(
                        format!("`{path}` is computed, not stored"),
                        Some("give what it is computed from: attributes, `history`".to_owned()),
                    );
                } else if !self.build.broken().excuses(FileKind::Schema, name) {
                    let known = schema.attributes.keys().map(AsRef::as_ref);
                    place.unknown_key("attribute", name, known);
                }
                continue;
            };
            let value = self.slot_value(&place, *slot, literal);
            values.extend(value.map(|value| (Key::of(name), value)));
        }
        values
    }

    fn context(&self, place: &Place<'_>, given: &GivenSource) -> Vec<(Slot, Value)> {
        let schema = &self.catalog.schema;
        let mut values = Vec::new();
        for (name, literal) in &given.context {
            let place = place.key(name);
            let Some(slot) = schema.context.get(name.as_str()) else {
                if !self.build.broken().excuses(FileKind::Schema, name) {
                    let known = schema.context.keys().map(AsRef::as_ref);
                    place.unknown_key("context entry", name, known);
                }
                continue;
            };
            let value = self.slot_value(&place, *slot, literal);
            values.extend(value.map(|value| (*slot, value)));
        }
        values
    }

    fn scores(&self, place: &Place<'_>, given: &GivenSource) -> Vec<(Slot, Value)> {
        let schema = &self.catalog.schema;
        let mut values = Vec::new();
        for (name, literal) in &given.scores {
            let place = place.key(name);
            let Some(slot) = schema.by_path.get(format!("score.{name}").as_str()) else {
                if !self.build.broken().excuses(FileKind::Segments, name) {
                    let specs = schema.scores.iter().filter_map(|score| schema.slot(score.slot));
                    place.unknown_key("score", name, specs.map(|spec| &*spec.name));
                }
                continue;
            };
            let value = self.slot_value(&place, *slot, literal);
            values.extend(value.map(|value| (*slot, value)));
        }
        values
    }

    fn slot_value(&self, place: &Place<'_>, slot: Slot, literal: &Json) -> Option<Value> {
        let spec = self.catalog.schema.slot(slot)?;
        typed(place, literal, &spec.ty, spec.range)
    }

    fn history(
        &self,
        place: &Place<'_>,
        given: &GivenSource,
        now: UnixMs,
        channel: u16,
    ) -> Vec<Happened> {
        if given.history.len() > HISTORY_MAX {
            place.error_at_key(format!("at most {HISTORY_MAX} things happened before"), None);
        }
        let happened = given.history.iter().enumerate().take(HISTORY_MAX);
        let mut history: Vec<Happened> = happened
            .filter_map(|(index, source)| {
                let place = place.index(index);
                let id = id64(&format!("case {index}"));
                match source {
                    HistorySource::Event(event) => self.event(&place, event, now, id),
                    HistorySource::Outcome(outcome) => {
                        self.outcome(&place, outcome, now, (id, channel))
                    }
                }
            })
            .collect();
        history.sort_by_key(Happened::at);
        history
    }

    fn event(
        &self,
        place: &Place<'_>,
        source: &HistoryEventSource,
        now: UnixMs,
        id: u64,
    ) -> Option<Happened> {
        let events = &self.catalog.schema.events;
        let Some(spec) = events.get(source.event.as_str()) else {
            if !self.build.broken().excuses(FileKind::Schema, &source.event) {
                let known = events.keys().map(AsRef::as_ref);
                place.key("event").unknown("event type", &source.event, known);
            }
            return None;
        };
        let at = ago(&place.key("ago"), &source.ago, now)?;
        Some(Happened::Event(Event {
            id,
            name: spec.name.clone(),
            at,
            frame: self.frame(&place.key("fields"), source, spec),
        }))
    }

    fn frame(
        &self,
        place: &Place<'_>,
        source: &HistoryEventSource,
        spec: &EventSpec,
    ) -> Vec<Option<Value>> {
        for name in source.fields.keys() {
            let mut known = spec.fields.iter().map(|field| &*field.name);
            if !known.any(|known| known == name)
                && !self.build.broken().excuses(FileKind::Schema, name)
            {
                let known = spec.fields.iter().map(|field| &*field.name);
                let what = format!("field of event `{}`", spec.name);
                place.key(name).unknown_key(&what, name, known);
            }
        }
        let fields = spec.fields.iter();
        fields
            .map(|field| match source.fields.get(&*field.name) {
                Some(literal) => typed(&place.key(&field.name), literal, &field.ty, field.range),
                None => field.default.clone(),
            })
            .collect()
    }

    fn outcome(
        &self,
        place: &Place<'_>,
        source: &HistoryOutcomeSource,
        now: UnixMs,
        (id, channel): (u64, u16),
    ) -> Option<Happened> {
        let kind = OutcomeKind::from_name(&source.outcome);
        if kind.is_none() {
            let known = OutcomeKind::ALL.into_iter().map(OutcomeKind::name);
            place.key("outcome").unknown("outcome", &source.outcome, known);
        }
        let offer = self.offer_at(&place.key("offer"), &source.offer);
        let channel = match &source.channel {
            Some(name) => self.channel_index(&place.key("channel"), name)?,
            None => channel,
        };
        let at = ago(&place.key("ago"), &source.ago, now)?;
        let offer = self.catalog.offers.get(offer? as usize)?;
        let group = self.catalog.groups.get(usize::from(offer.group))?;
        let shown = offer.treatments.iter();
        let treatment = shown
            .filter(|treatment| treatment.channel == channel)
            .map(|treatment| treatment.key)
            .next();
        Some(Happened::Outcome(Outcome {
            id,
            decision: None,
            offer: offer.key,
            group: group.key,
            treatment: treatment.unwrap_or_default(),
            channel: self.catalog.channels.get(usize::from(channel))?.key,
            kind: kind?,
            interaction: source.interaction.as_deref().map(Key::of),
            reason: source.reason.as_deref().map_or(Key(0), Key::of),
            value: None,
            order: None,
            at,
        }))
    }

    /// The index of an offer; `report` gets the hint when there is none.
    fn offer(&self, name: &str, report: impl Fn(Option<String>)) -> Option<u32> {
        let known = &self.catalog.offer_index;
        let found = known.get(name).copied();
        if found.is_none() && !self.build.broken().excuses(FileKind::Offers, name) {
            report(did_you_mean(name, known.keys().map(AsRef::as_ref)));
        }
        found
    }
}

fn ago(place: &Place<'_>, text: &str, now: UnixMs) -> Option<UnixMs> {
    if text == "0s" || text == "0" {
        return Some(now);
    }
    match span(text, AGO_DAYS_MAX) {
        Ok(ms) => Some(UnixMs(now.0.saturating_sub(ms))),
        Err(error) => {
            report(place, error);
            None
        }
    }
}

fn typed(
    place: &Place<'_>,
    literal: &Json,
    ty: &Type,
    range: (Option<f64>, Option<f64>),
) -> Option<Value> {
    let checked = value_of(literal, ty).and_then(|value| {
        in_range(&value, range)?;
        Ok(value)
    });
    checked.map_err(|error| report(place, error)).ok()
}
