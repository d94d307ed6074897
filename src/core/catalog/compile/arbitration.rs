//! `arbitration.yaml`: schemes by channel, placement and customer.

use std::sync::Arc;

use super::Build;
use super::adjustments::Adjustments;
use super::exploration;
use super::scope::Facts;
use super::selection::Selector;
use super::slates::Slates;
use crate::core::arbitration::spec::{ArbitrationSpec, PlaceSpec, UseSpec};
use crate::core::catalog::fault::Place;
use crate::core::catalog::kind::FileKind;
use crate::core::catalog::schema::Schema;
use crate::core::catalog::source::{Condition, PlacementArbitrationSource, UseSource};
use crate::core::catalog::{Channel, Scheme};

/// Most entries of `use`.
const USES_MAX: usize = 256;

/// Gives each channel its scheme and exploration.
pub(super) fn channels(build: &Build<'_>, schemes: &[Scheme], channels: &mut [Channel]) {
    let file = build.arbitration();
    let top = build.place(&file.document);
    let find = |place: &Place<'_>, name: &str| scheme(build, schemes, place, name);
    let default = find(&top.key("default"), &file.source.default).unwrap_or(0);
    for channel in channels.iter_mut() {
        channel.scheme = default;
    }
    let section = top.key("channels");
    let names: Vec<Arc<str>> = channels.iter().map(|channel| channel.name.clone()).collect();
    for (name, source) in &file.source.channels {
        let place = section.key(name);
        let named = channels.iter_mut().find(|channel| *channel.name == **name);
        let Some(channel) = named else {
            if !build.broken().excuses(FileKind::Channels, name) {
                place.unknown_key("channel", name, names.iter().map(AsRef::as_ref));
            }
            continue;
        };
        if let Some(scheme) = &source.scheme {
            channel.scheme = find(&place.key("scheme"), scheme).unwrap_or(default);
        }
        if let Some(exploration) = &source.exploration {
            let place = place.key("exploration");
            channel.exploration = exploration::compile(&place, exploration);
        }
    }
}

/// The index of the scheme of that name.
fn scheme(build: &Build<'_>, schemes: &[Scheme], place: &Place<'_>, name: &str) -> Option<u16> {
    let found = schemes.iter().position(|scheme| *scheme.name == *name);
    if found.is_none() && !build.broken().excuses(FileKind::Arbitration, name) {
        let known = schemes.iter().map(|scheme| &*scheme.name);
        place.unknown("scheme", name, known);
    }
    found.and_then(|index| u16::try_from(index).ok())
}

/// Compiles where schemes are used, and how placements arbitrate.
pub(super) fn spec(
    build: &Build<'_>,
    schema: &Schema,
    schemes: &[Scheme],
    facts: &[Facts],
    selector: &Selector<'_>,
) -> ArbitrationSpec {
    let slates = Slates { build, facts, selector };
    let compiler = Spec { build, schema, schemes, selector, slates: &slates };
    let adjustments = Adjustments::new(build, schema, facts, selector);
    ArbitrationSpec {
        uses: compiler.uses(),
        places: compiler.places(),
        max_per_group: compiler.max_per_group(),
        bundles: slates.bundles(),
        repeat_across_channels: build.arbitration().source.repeat_across_channels,
        channel_ranking: slates.channel_ranking(),
        influencers: adjustments.influencers(),
        objections: adjustments.objections(),
    }
}

struct Spec<'s> {
    build: &'s Build<'s>,
    schema: &'s Schema,
    schemes: &'s [Scheme],
    selector: &'s Selector<'s>,
    slates: &'s Slates<'s>,
}

impl Spec<'_> {
    fn uses(&self) -> Vec<UseSpec> {
        let file = self.build.arbitration();
        let top = self.build.place(&file.document);
        let section = top.key("use");
        if file.source.uses.len() > USES_MAX {
            section.error_at_key(format!("at most {USES_MAX} entries"), None);
        }
        let uses = file.source.uses.iter().take(USES_MAX).enumerate();
        uses.filter_map(|(index, source)| self.one_use(&section.index(index), source)).collect()
    }

    fn one_use(&self, place: &Place<'_>, source: &UseSource) -> Option<UseSpec> {
        let (mask, _) = self.selector.channels(place, &source.channels);
        let names = place.key("placements");
        for (index, name) in source.placements.iter().enumerate() {
            let on = |channel: &Channel| channel.placements.iter().any(|p| *p.name == **name);
            let excused = self.build.broken().excuses(FileKind::Channels, name);
            if !self.selector.channels.iter().any(on) && !excused {
                let all = self.selector.channels.iter().flat_map(|channel| &channel.placements);
                names.index(index).unknown("placement", name, all.map(|p| &*p.name));
            }
        }
        let places = (0_u32..).zip(self.selector.channels).map(|(bit, channel)| {
            if mask.checked_shr(bit).unwrap_or(0) & 1 == 0 {
                return 0;
            }
            let named = (0_u32..).zip(&channel.placements).filter(|(_, placement)| {
                source.placements.is_empty()
                    || source.placements.iter().any(|name| **name == *placement.name)
            });
            named.fold(0, |bits, (bit, _)| bits | 1_u128.checked_shl(bit).unwrap_or(0))
        });
        let places: Vec<u128> = places.collect();
        if places.iter().all(|placements| *placements == 0) {
            place.warn("this names no placement of these channels: it is never used", None);
        }
        let when = source.when.clone().map(Condition::Expression);
        let when = when.map(|when| {
            let programs = &self.build.programs;
            programs.condition(self.schema, &place.key("when"), &when, None)
        });
        let scheme = scheme(self.build, self.schemes, &place.key("scheme"), &source.scheme)?;
        let when = match when {
            None => None,
            Some(compiled) => Some(compiled?),
        };
        Some(UseSpec { places, when, scheme })
    }

    fn places(&self) -> Vec<Vec<PlaceSpec>> {
        let file = self.build.arbitration();
        let top = self.build.place(&file.document);
        let section = top.key("channels");
        let channels = self.selector.channels.iter().map(|channel| {
            let declared = file.source.channels.get(&*channel.name);
            let place = section.key(&channel.name);
            let places = place.key("placements");
            for name in declared.iter().flat_map(|declared| declared.placements.keys()) {
                let known = || channel.placements.iter().map(|p| &*p.name);
                if !known().any(|known| known == name)
                    && !self.build.broken().excuses(FileKind::Channels, name)
                {
                    places.key(name).unknown_key("placement", name, known());
                }
            }
            let whole = declared
                .and_then(|declared| self.slates.diversity(&place, declared.diversity.as_ref()));
            let each = channel.placements.iter().map(|placement| {
                let own = declared.and_then(|declared| declared.placements.get(&*placement.name));
                let own = own.cloned().unwrap_or_default();
                let mut spec = self.place(&places.key(&placement.name), &own);
                spec.diversity = spec.diversity.or_else(|| whole.clone());
                spec
            });
            each.collect()
        });
        channels.collect()
    }

    fn place(&self, place: &Place<'_>, own: &PlacementArbitrationSource) -> PlaceSpec {
        let found = own
            .scheme
            .as_ref()
            .and_then(|name| scheme(self.build, self.schemes, &place.key("scheme"), name));
        PlaceSpec {
            scheme: found,
            max_per_group: self.slates.max_per_group(place, own.max_per_group),
            diversity: self.slates.diversity(place, own.diversity.as_ref()),
        }
    }

    fn max_per_group(&self) -> Vec<Option<u32>> {
        let file = self.build.arbitration();
        let top = self.build.place(&file.document);
        let section = top.key("channels");
        let channels = self.selector.channels.iter().map(|channel| {
            let declared = file.source.channels.get(&*channel.name)?;
            self.slates.max_per_group(&section.key(&channel.name), declared.max_per_group)
        });
        channels.collect()
    }
}
