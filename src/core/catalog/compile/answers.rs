//! `models.yaml`: how long answers are waited for, whose they are, which events are answers, and
//! the funnel.

use std::collections::BTreeMap;
use std::sync::Arc;

use smallvec::SmallVec;

use super::Build;
use super::events::event_program;
use super::literal::span;
use super::offers::{Declared, prior};
use crate::core::answers::{AnswersSpec, Credit, NaturalSpec, Windows};
use crate::core::catalog::fault::Place;
use crate::core::catalog::kind::FileKind;
use crate::core::catalog::schema::Schema;
use crate::core::catalog::source::{
    AnswerKind, AttributionSource, ChannelWindowsSource, ContactPoint, CreditRule, CreditSource,
    FunnelStageSource, NaturalSource, PriorSource, WindowsSource,
};
use crate::core::catalog::{Channel, Prior};
use crate::core::expression::{Program, Type};
use crate::core::interaction::OutcomeKind;
use crate::core::learn::{STAGES_MAX, Stage, Stages};
use crate::core::time::DAY_MS;

/// Longest window, days.
const WINDOW_DAYS_MAX: i64 = 400;
/// Belief of a stage that declares none.
const STAGE_PRIOR: PriorSource = PriorSource { probability: 0.2, evidence: 5.0 };
/// Silence on channels where the decision is the contact.
const SILENCE_SENT_MS: i64 = 7 * DAY_MS;

/// Compiles what `models.yaml` says of answers.
pub(super) fn compile(
    build: &Build<'_>,
    schema: &Schema,
    channels: &[Channel],
    declared: &[Declared<'_>],
) -> AnswersSpec {
    let Some(file) = &build.folder.models else {
        return AnswersSpec {
            windows: channels.iter().map(usual).collect(),
            ..AnswersSpec::default()
        };
    };
    let top = build.place(&file.document);
    let source = &file.source;
    AnswersSpec {
        windows: windows(build, &top.key("windows"), &source.windows, channels),
        credit: credit(&top.key("attribution"), &source.attribution, channels),
        natural: natural(
            build,
            schema,
            declared,
            &top.key("natural_outcomes"),
            &source.natural_outcomes,
        ),
        stages: stages(&top.key("funnel"), &source.funnel),
    }
}

/// The windows of a channel of which nothing is said.
fn usual(channel: &Channel) -> Windows {
    match channel.contact {
        ContactPoint::Decision => {
            Windows { silence_ms: Some(SILENCE_SENT_MS), ..Windows::default() }
        }
        ContactPoint::Impression => Windows::default(),
    }
}

fn windows(
    build: &Build<'_>,
    place: &Place<'_>,
    source: &WindowsSource,
    channels: &[Channel],
) -> Vec<Windows> {
    let section = place.key("channels");
    for name in source.channels.keys() {
        let known = || channels.iter().map(|channel| &*channel.name);
        if !known().any(|known| known == name) && !build.broken().excuses(FileKind::Channels, name)
        {
            section.key(name).unknown_key("channel", name, known());
        }
    }
    let everywhere = ChannelWindowsSource {
        silence: source.silence.clone(),
        click: source.click.clone(),
        accept: source.accept.clone(),
        reject: source.reject.clone(),
        convert: source.convert.clone(),
    };
    let of = |(index, channel): (usize, &Channel)| {
        // What is wrong with what is said of all is told once.
        let general = given(place, &everywhere, usual(channel), index == 0);
        match source.channels.get(&*channel.name) {
            Some(own) => given(&section.key(&channel.name), own, general, true),
            None => general,
        }
    };
    channels.iter().enumerate().map(of).collect()
}

/// `usual`, changed to what is given.
fn given(place: &Place<'_>, source: &ChannelWindowsSource, usual: Windows, tell: bool) -> Windows {
    let read = |key: &str, text: &Option<String>, usual: i64| match text {
        None => usual,
        Some(text) => match span(text, WINDOW_DAYS_MAX) {
            Ok(ms) => ms,
            Err(error) => {
                if tell {
                    place.key(key).error(error.message);
                }
                usual
            }
        },
    };
    let silence_ms = match source.silence.as_deref() {
        Some("never") => None,
        None => usual.silence_ms,
        Some(_) => Some(read("silence", &source.silence, DAY_MS)),
    };
    Windows {
        silence_ms,
        click_ms: read("click", &source.click, usual.click_ms),
        accept_ms: read("accept", &source.accept, usual.accept_ms),
        reject_ms: read("reject", &source.reject, usual.reject_ms),
        convert_ms: read("convert", &source.convert, usual.convert_ms),
    }
}

fn credit(place: &Place<'_>, source: &AttributionSource, channels: &[Channel]) -> [Credit; 3] {
    [("click", &source.click), ("accept", &source.accept), ("convert", &source.convert)].map(
        |(key, source)| match source {
            Some(source) => one_credit(&place.key(key), source, channels),
            None => Credit::default(),
        },
    )
}

fn one_credit(place: &Place<'_>, source: &CreditSource, channels: &[Channel]) -> Credit {
    let mut credit = Credit { rule: source.rule, ..Credit::default() };
    if let Some(text) = &source.half_life {
        match span(text, WINDOW_DAYS_MAX) {
            Ok(ms) => credit.half_life_ms = ms,
            Err(error) => place.key("half_life").error(error.message),
        }
        if source.rule != CreditRule::TimeDecayed {
            place.key("half_life").error("only the rule `time_decayed` has a half-life");
        }
    }
    if let Some(view) = &source.view_through {
        let place = place.key("view_through");
        let window_ms = span(&view.window, WINDOW_DAYS_MAX).unwrap_or_else(|error| {
            place.key("window").error(error.message);
            DAY_MS
        });
        if !(view.weight > 0.0 && view.weight <= 1.0) {
            place.key("weight").error("a weight lies above 0 and up to 1");
        }
        let mut bits = if view.channels.is_empty() { u64::MAX } else { 0 };
        let section = place.key("channels");
        for (index, name) in view.channels.iter().enumerate() {
            let found = channels.iter().position(|channel| *channel.name == **name);
            match found.and_then(|found| u32::try_from(found).ok()) {
                Some(found) => bits |= 1_u64.checked_shl(found).unwrap_or(0),
                None => {
                    let known = channels.iter().map(|channel| &*channel.name);
                    section.index(index).unknown("channel", name, known);
                }
            }
        }
        credit.view_through = Some((window_ms, view.weight, bits));
    }
    credit
}

fn kind_of(kind: AnswerKind) -> OutcomeKind {
    match kind {
        AnswerKind::Click => OutcomeKind::Click,
        AnswerKind::Accept => OutcomeKind::Accept,
        AnswerKind::Convert => OutcomeKind::Convert,
    }
}

fn natural(
    build: &Build<'_>,
    schema: &Schema,
    declared: &[Declared<'_>],
    section: &Place<'_>,
    source: &[NaturalSource],
) -> BTreeMap<Arc<str>, Vec<NaturalSpec>> {
    let mut natural: BTreeMap<Arc<str>, Vec<NaturalSpec>> = BTreeMap::new();
    for (index, source) in source.iter().enumerate() {
        let place = section.index(index);
        let Some(event) = schema.events.get(source.on.as_str()) else {
            if !build.broken().excuses(FileKind::Schema, &source.on) {
                let known = schema.events.keys().map(AsRef::as_ref);
                place.key("on").unknown("event type", &source.on, known);
            }
            continue;
        };
        let program = |key: &str, text: &Option<String>, ty: Type| -> Option<Program> {
            event_program(build, &place.key(key), text.as_ref()?, &event.fields, &ty)
        };
        let offer = Some(source.offer.clone());
        let Some(offer) = program("offer", &offer, Type::String) else { continue };
        let spec = NaturalSpec {
            kind: kind_of(source.outcome),
            when: program("when", &source.when, Type::Bool),
            offer,
            offers: offers(build, &place, declared, source.matches.as_deref()),
            value: program("value", &source.value, Type::Double),
            order: program("order", &source.order, Type::String),
        };
        natural.entry(event.name.clone()).or_default().push(spec);
    }
    natural
}

/// Offers by their id, or by the text that an attribute of theirs has.
fn offers(
    build: &Build<'_>,
    place: &Place<'_>,
    declared: &[Declared<'_>],
    matches: Option<&str>,
) -> BTreeMap<Arc<str>, SmallVec<[u32; 2]>> {
    let mut offers: BTreeMap<Arc<str>, SmallVec<[u32; 2]>> = BTreeMap::new();
    for (number, offer) in (0_u32..).zip(declared) {
        let own = matches.and_then(|name| offer.source.attributes.get(name)?.as_str());
        let text = own.unwrap_or(&offer.source.id);
        offers.entry(text.into()).or_default().push(number);
    }
    let has = |name: &str| {
        let mut all = declared.iter();
        all.any(|offer| offer.source.attributes.get(name).is_some_and(|text| text.is_string()))
    };
    if let Some(name) = matches
        && !has(name)
        && !build.broken().excuses(FileKind::Offers, "")
    {
        let texts = declared.iter().flat_map(|offer| &offer.source.attributes);
        let known = texts.filter(|(_, value)| value.is_string()).map(|(name, _)| name.as_str());
        let known: std::collections::BTreeSet<&str> = known.collect();
        place.key("matches").unknown("text attribute of offers", name, known);
    }
    offers
}

fn stages(section: &Place<'_>, source: &[FunnelStageSource]) -> Stages {
    let mut stages = Stages::new();
    if source.len() > STAGES_MAX {
        section.error(format!("a funnel has at most {STAGES_MAX} stages"));
    }
    for (index, source) in source.iter().take(STAGES_MAX).enumerate() {
        let place = section.index(index);
        let kind = kind_of(source.outcome);
        if stages.iter().any(|stage| stage.kind == kind) {
            place.key("outcome").error(format!("`{}` is a stage already", kind.name()));
            continue;
        }
        let prior: Prior = prior(&place.key("prior"), source.prior.unwrap_or(STAGE_PRIOR));
        stages.push(Stage { kind, prior });
    }
    stages
}
