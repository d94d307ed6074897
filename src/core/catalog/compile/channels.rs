//! Channels with their placements, scheme and exploration.

use std::collections::{BTreeMap, BTreeSet};

use super::Build;
use super::names::{Namespace, id_key, is_locale};
use super::windows::clock;
use crate::core::catalog::fault::Place;
use crate::core::catalog::kind::FileKind;
use crate::core::catalog::source::{ChannelSource, ContactPoint, DirectionSource, PlacementSource};
use crate::core::catalog::{Channel, Placement};
use crate::core::content::Shape;
use crate::core::key::Key;
use crate::core::policy::{Bitset, ConsentSpec, QuietSpec};
use crate::core::zone::ZoneSpec;

/// Most channels: each is a bit.
const CHANNELS_MAX: usize = 64;
/// Most placements of a channel: each is a bit.
const PLACEMENTS_MAX: usize = 128;
/// Most shapes of structured content.
const SHAPES_MAX: usize = 256;
/// Most slots of a placement.
const SLOTS_MAX: u32 = 100;

/// Compiles `channels.yaml`. Schemes and exploration are filled in by `arbitration`.
pub(super) fn compile(build: &Build<'_>) -> Vec<Channel> {
    let file = build.channels();
    let top = build.place(&file.document);
    let section = top.key("channels");
    let channels = &file.source.channels;
    if channels.is_empty() && !build.broken().lost(FileKind::Channels) {
        section.error_at_key("at least one channel is needed", None);
    }
    if channels.len() > CHANNELS_MAX {
        section.error_at_key(format!("at most {CHANNELS_MAX} channels"), None);
    }
    let mut names = Namespace::default();
    channels
        .iter()
        .take(CHANNELS_MAX)
        .map(|(name, source)| {
            let place = section.key(name);
            id_key(&place, "a channel", name);
            names.declare(&place, "channel", name, name);
            channel(build, &place, name, source)
        })
        .collect()
}

fn channel(build: &Build<'_>, place: &Place<'_>, name: &str, source: &ChannelSource) -> Channel {
    locales(place, source);
    if let Some(purpose) = &source.consent
        && !build.schema().source.purposes.contains_key(purpose)
        && !build.broken().excuses(FileKind::Schema, purpose)
    {
        let known = build.schema().source.purposes.keys().map(String::as_str);
        place.key("consent").unknown("purpose", purpose, known);
    }
    if source.text_chars_max == Some(0) {
        place.key("text_chars_max").error("no text fits in 0 characters");
    }
    let section = place.key("placements");
    if source.placements.len() > PLACEMENTS_MAX {
        let message = format!("a channel has at most {PLACEMENTS_MAX} placements");
        section.error_at_key(message, None);
    }
    if source.placements.is_empty() {
        section.error_at_key("a channel needs at least one placement", None);
    }
    let mut names = Namespace::default();
    let placements = source.placements.iter().take(PLACEMENTS_MAX);
    Channel {
        name: name.into(),
        key: Key::of(name),
        contact: source.contact,
        locales: source.locales.iter().map(|locale| locale.as_str().into()).collect(),
        escaping: source.escaping,
        text_chars_max: source.text_chars_max,
        consent: source.consent.as_deref().map(Key::of),
        placements: placements
            .map(|(name, source)| {
                let place = section.key(name);
                id_key(&place, "a placement", name);
                names.declare(&place, "placement", name, name);
                placement(&place, name, source)
            })
            .collect(),
        scheme: 0,
        exploration: crate::core::arbitration::explore::Exploration::default(),
    }
}

fn locales(place: &Place<'_>, source: &ChannelSource) {
    let section = place.key("locales");
    if source.locales.is_empty() {
        section.error_at_key("a channel speaks at least one locale", None);
    }
    let mut seen = BTreeSet::new();
    for (index, locale) in source.locales.iter().enumerate() {
        let place = section.index(index);
        if !is_locale(locale) {
            place.error_hint(format!("`{locale}` is not a locale"), "as `en`, `es`, `es-MX`");
        } else if !seen.insert(locale) {
            place.error(format!("`{locale}` is listed twice"));
        }
    }
}

fn placement(place: &Place<'_>, name: &str, source: &PlacementSource) -> Placement {
    if !(1..=SLOTS_MAX).contains(&source.slots) {
        place.key("slots").error(format!("slots lie in 1..={SLOTS_MAX}"));
    }
    let slots = source.slots.clamp(1, SLOTS_MAX);
    let weights = place.key("weights");
    if !source.weights.is_empty() && source.weights.len() != source.slots as usize {
        weights.error_at_key(
            format!("{} weights for {} slots", source.weights.len(), source.slots),
            None,
        );
    }
    for (index, weight) in source.weights.iter().enumerate() {
        if !(*weight > 0.0 && *weight <= 1.0) {
            weights.index(index).error("a weight lies in (0, 1]");
        }
    }
    Placement {
        name: name.into(),
        key: Key::of(name),
        slots,
        weights: match source.weights.is_empty() {
            true => (1..=slots).map(attention).collect(),
            false => source.weights.clone(),
        },
    }
}

/// Attention of the slot at `position` (from 1): the discount of DCG, 1 / log2(1 + position)
/// (Järvelin, Kekäläinen 2002, eq. 2, in the usual form).
fn attention(position: u32) -> f64 {
    1.0 / libm::log2(f64::from(position) + 1.0)
}

/// The shapes of structured content, by name.
pub(super) fn shapes(build: &Build<'_>) -> BTreeMap<String, Shape> {
    let file = build.channels();
    let top = build.place(&file.document);
    let section = top.key("shapes");
    let mut shapes = BTreeMap::new();
    if file.source.shapes.len() > SHAPES_MAX {
        section.error_at_key(format!("at most {SHAPES_MAX} shapes"), None);
    }
    for (name, schema) in file.source.shapes.iter().take(SHAPES_MAX) {
        let place = section.key(name);
        id_key(&place, "a shape", name);
        match Shape::new(name, schema) {
            Ok(shape) => {
                shapes.insert(name.clone(), shape);
            }
            Err(why) => place.error_at_key(why, None),
        }
    }
    shapes
}

/// The consents that channels ask for.
pub(super) fn consents(build: &Build<'_>, transactional: &Bitset) -> Vec<ConsentSpec> {
    let mut offers = Bitset::full(transactional.universe());
    offers.subtract(transactional);
    let channels = (0_u16..).zip(&build.channels().source.channels);
    channels
        .filter_map(|(index, (name, source))| {
            let purpose = source.consent.as_deref()?;
            Some(ConsentSpec {
                offers: offers.clone(),
                confirmed: source.double_opt_in,
                channel: index,
                channel_key: Key::of(name),
                purpose: Key::of(purpose),
                purpose_name: purpose.into(),
            })
        })
        .collect()
}

/// Bits of the channels on which we go to the customer.
pub(super) fn outbound(build: &Build<'_>) -> u64 {
    let channels = build.channels().source.channels.values().take(CHANNELS_MAX).enumerate();
    let outbound = channels.filter(|(_, source)| match source.direction {
        Some(direction) => direction == DirectionSource::Outbound,
        None => source.contact == ContactPoint::Decision,
    });
    outbound.fold(0, |mask, (index, _)| mask | 1 << index)
}

/// When channels are silent.
pub(super) fn quiet_hours(build: &Build<'_>, customers: &ZoneSpec) -> Vec<QuietSpec> {
    let file = build.channels();
    let top = build.place(&file.document);
    let section = top.key("channels");
    let channels = (0_u16..).zip(&file.source.channels);
    channels
        .filter_map(|(channel, (name, source))| {
            let quiet = source.quiet_hours.as_ref()?;
            let place = section.key(name);
            let place = place.key("quiet_hours");
            let from = clock(&place.key("from"), &quiet.from);
            let to = clock(&place.key("to"), &quiet.to);
            let (from, to) = (from? % 1440, to? % 1440);
            if from == to {
                let message = "silent at all hours, or at none";
                place.error_hint(message, "`from` and `to` differ");
            }
            Some(QuietSpec { channel, from, to, zone: customers.clone() })
        })
        .collect()
}
