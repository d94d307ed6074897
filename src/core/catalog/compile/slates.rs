//! How slates are composed: most of a group, variety, bundles.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Build;
use super::literal::span;
use super::names::{Namespace, id_value};
use super::offers::prior;
use super::scope::Facts;
use super::selection::Selector;
use crate::core::arbitration::channels::ChannelRanking;
use crate::core::arbitration::slate::{BundleSpec, Diversity};
use crate::core::catalog::Channel;
use crate::core::catalog::fault::{Place, did_you_mean};
use crate::core::catalog::kind::FileKind;
use crate::core::catalog::source::{BundleSource, DiversitySource};

/// Most bundles, and most offers of one.
const BUNDLES_MAX: usize = 1_024;
const MEMBERS_MAX: usize = 8;
/// Longest half-life of contacts, days.
const HALF_LIFE_DAYS_MAX: i64 = 3_650;
/// Facts that every offer has.
const OWN: [&str; 2] = ["group", "kind"];

/// What slates are compiled from.
pub(super) struct Slates<'s> {
    pub build: &'s Build<'s>,
    pub facts: &'s [Facts],
    pub selector: &'s Selector<'s>,
}

impl Slates<'_> {
    /// A bound on offers of one group.
    pub(super) fn max_per_group(&self, place: &Place<'_>, max: Option<u32>) -> Option<u32> {
        if max == Some(0) {
            let hint = "to show none of a group, do not give it treatments here";
            place.key("max_per_group").error_hint("at most 0 of a group is nothing at all", hint);
        }
        max.map(|max| max.max(1))
    }

    /// Variety: the category of each offer, and how much.
    pub(super) fn diversity(
        &self,
        place: &Place<'_>,
        source: Option<&DiversitySource>,
    ) -> Option<Diversity> {
        let source = source?;
        let place = place.key("diversity");
        if !(0.0..=1.0).contains(&source.strength) {
            place.key("strength").error("a strength lies in 0..=1");
        }
        let by = source.by.as_deref().unwrap_or("group");
        let name = by.strip_prefix("offer.").unwrap_or(by);
        let known = || self.facts.iter().flat_map(|facts| facts.keys().map(AsRef::as_ref));
        if !OWN.contains(&name) && !self.facts.is_empty() && !known().any(|known| known == name) {
            let names: BTreeSet<&str> = known().chain(OWN).collect();
            let hint = did_you_mean(name, names);
            let message = format!("no offer has an attribute `{name}`");
            match hint {
                Some(hint) => place.key("by").error_hint(message, hint),
                None => place.key("by").error(message),
            }
        }
        let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
        let categories = self.facts.iter().map(|facts| match facts.get(name) {
            None => Diversity::NONE,
            Some(value) => {
                let next = u32::try_from(numbers.len()).unwrap_or(Diversity::NONE - 1);
                *numbers.entry(format!("{value:?}")).or_insert(next)
            }
        });
        let categories: Arc<[u32]> = categories.collect();
        Some(Diversity { categories, strength: source.strength })
    }

    /// Compiles the bundles.
    pub(super) fn bundles(&self) -> Vec<BundleSpec> {
        let file = self.build.arbitration();
        let top = self.build.place(&file.document);
        let section = top.key("bundles");
        if file.source.bundles.len() > BUNDLES_MAX {
            section.error_at_key(format!("at most {BUNDLES_MAX} bundles"), None);
        }
        let mut ids = Namespace::default();
        let mut taken: BTreeMap<u32, &str> = BTreeMap::new();
        let mut bundles = Vec::new();
        for (index, source) in file.source.bundles.iter().take(BUNDLES_MAX).enumerate() {
            let place = section.index(index);
            id_value(&place.key("id"), "a bundle", &source.id);
            ids.declare_value(&place.key("id"), "bundle", &source.id, &source.id);
            let offers = self.members(&place, source);
            for offer in &offers {
                if let Some(other) = taken.insert(*offer, &source.id) {
                    let id = self.selector.offers.get(*offer as usize);
                    let id = id.map_or("", |offer| &*offer.id);
                    let message = format!("offer `{id}` is in bundle `{other}` already");
                    place.key("offers").error_at_key(message, None);
                }
            }
            let (channels, _) = self.selector.channels(&place, &source.channels);
            self.warn_too_long(&place, source, channels);
            bundles.push(BundleSpec { id: source.id.as_str().into(), offers, channels });
        }
        bundles
    }

    /// How channels are ranked.
    pub(super) fn channel_ranking(&self) -> ChannelRanking {
        let file = self.build.arbitration();
        let top = self.build.place(&file.document);
        let section = top.key("channel_ranking");
        let source = &file.source.channel_ranking;
        let mut ranking = ChannelRanking::default();
        if let Some(own) = source.prior {
            ranking.prior = prior(&section.key("prior"), own);
        }
        if let Some(text) = &source.half_life {
            match span(text, HALF_LIFE_DAYS_MAX) {
                Ok(ms) => ranking.half_life_ms = ms,
                Err(error) => {
                    let place = section.key("half_life");
                    place.error_hint(error.message, error.hint.unwrap_or_default());
                }
            }
        }
        ranking
    }

    fn members(&self, place: &Place<'_>, source: &BundleSource) -> Vec<u32> {
        let section = place.key("offers");
        if !(2..=MEMBERS_MAX).contains(&source.offers.len()) {
            let message = format!("a bundle has 2 to {MEMBERS_MAX} offers");
            section.error_at_key(message, None);
        }
        let mut offers = Vec::new();
        for (index, name) in source.offers.iter().enumerate() {
            match self.selector.offer_index.get(name.as_str()) {
                Some(offer) if offers.contains(offer) => {
                    section.index(index).error(format!("`{name}` is listed twice"));
                }
                Some(offer) => offers.push(*offer),
                None if self.build.broken().excuses(FileKind::Offers, name) => {}
                None => {
                    let known = self.selector.offer_index.keys().map(AsRef::as_ref);
                    section.index(index).unknown("offer", name, known);
                }
            }
        }
        offers
    }

    /// Warns of a bundle that fits into no placement of its channels.
    fn warn_too_long(&self, place: &Place<'_>, source: &BundleSource, channels: u64) {
        let fits = |channel: &Channel| {
            channel.placements.iter().any(|p| p.slots as usize >= source.offers.len())
        };
        let mut on = (0_u32..).zip(self.selector.channels);
        let somewhere = on
            .any(|(bit, channel)| channels.checked_shr(bit).unwrap_or(0) & 1 == 1 && fits(channel));
        if !somewhere && !self.selector.channels.is_empty() {
            let message = "no placement of its channels has as many slots: it is never shown";
            place.key("offers").warn_at_key(message, None);
        }
    }
}
