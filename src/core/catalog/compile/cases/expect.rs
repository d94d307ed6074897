//! What a case expects.

use std::sync::Arc;

use super::Cases;
use crate::core::catalog::fault::Place;
use crate::core::catalog::source::{ExpectSource, FactorSource};
use crate::core::policy::Gate;

/// What must have stopped an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// Index of the offer.
    pub offer: u32,
    /// At which gate.
    pub gate: Gate,
    /// By which policy, limit, cool-down or exclusion.
    pub by: Option<Arc<str>>,
}

/// What must come out; offers by index.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// Exactly these, in this order.
    pub offers: Option<Vec<u32>>,
    /// These, among others.
    pub includes: Vec<u32>,
    /// None of these.
    pub excludes: Vec<u32>,
    /// The first.
    pub first: Option<u32>,
    /// Whether nothing is offered.
    pub no_offer: Option<bool>,
    /// Place of the channel among those asked for.
    pub rank: Option<u32>,
    /// What was stopped, and where.
    pub stopped: Vec<Stopped>,
    /// The words about a stopped offer contain this.
    pub reasons: Vec<(u32, Arc<str>)>,
    /// The text of a content field contains this: (offer, field, part of the text).
    pub content: Vec<(u32, Arc<str>, Arc<str>)>,
    /// Exactly these offers in a placement, by index, in this order.
    pub placements: Vec<(u16, Vec<u32>)>,
    /// The treatment of a placed offer.
    pub treatments: Vec<(u32, Arc<str>)>,
    /// What a placed offer's score is made of.
    pub factors: Vec<(u32, Factor)>,
}

/// A number that must come out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factor {
    /// Its name, or `score`.
    pub name: &'static str,
    /// The least and the most it may be.
    pub between: (f64, f64),
}

/// What a placed offer's factors may be called.
const FACTORS: [&str; 9] = [
    "score",
    "propensity",
    "affinity",
    "value",
    "lever",
    "context_weight",
    "priority",
    "influence",
    "objection",
];

impl Cases<'_> {
    /// What is expected of each channel, the first one's first.
    pub(super) fn by_channel(
        &self,
        place: &Place<'_>,
        source: &ExpectSource,
        channels: &[u16],
    ) -> Vec<(u16, Expected)> {
        let Some(first) = channels.first() else { return Vec::new() };
        let mut all = vec![(*first, self.expected(place, source, *first))];
        let section = place.key("channels");
        for (name, source) in &source.channels {
            let place = section.key(name);
            let Some(channel) = self.channel_index(&place, name) else { continue };
            if !channels.contains(&channel) {
                place.error_at_key(format!("the case does not ask for channel `{name}`"), None);
            }
            if !source.channels.is_empty() {
                place.key("channels").error_at_key("channels are not nested", None);
            }
            all.push((channel, self.expected(&place, source, channel)));
        }
        all
    }

    fn expected(&self, place: &Place<'_>, source: &ExpectSource, channel: u16) -> Expected {
        let list = |key: &str, names: &[String]| self.offers(&place.key(key), names);
        Expected {
            offers: source.offers.as_ref().map(|names| list("offers", names)),
            includes: list("includes", &source.includes),
            excludes: list("excludes", &source.excludes),
            first: source.first.as_ref().and_then(|name| self.offer_at(&place.key("first"), name)),
            no_offer: source.no_offer,
            rank: source.rank,
            stopped: self.stopped(&place.key("stopped"), source),
            reasons: self.reasons(&place.key("reasons"), source),
            content: self.content(&place.key("content"), source),
            placements: self.placements(&place.key("placements"), source, channel),
            treatments: self.treatments(&place.key("treatments"), source, channel),
            factors: self.factors(&place.key("factors"), source),
        }
    }

    fn offers(&self, place: &Place<'_>, names: &[String]) -> Vec<u32> {
        let names = names.iter().enumerate();
        names.filter_map(|(at, name)| self.offer_at(&place.index(at), name)).collect()
    }

    fn reasons(&self, place: &Place<'_>, source: &ExpectSource) -> Vec<(u32, Arc<str>)> {
        let reasons = source.reasons.iter();
        let known = reasons.filter_map(|(name, words)| {
            Some((self.offer_key(&place.key(name), name)?, words.as_str().into()))
        });
        known.collect()
    }

    fn placements(
        &self,
        place: &Place<'_>,
        source: &ExpectSource,
        channel: u16,
    ) -> Vec<(u16, Vec<u32>)> {
        let placements = source.placements.iter();
        let known = placements.filter_map(|(name, offers)| {
            let place = place.key(name);
            Some((self.placement(&place, channel, name)?, self.offers(&place, offers)))
        });
        known.collect()
    }

    fn treatments(
        &self,
        place: &Place<'_>,
        source: &ExpectSource,
        channel: u16,
    ) -> Vec<(u32, Arc<str>)> {
        let mut treatments = Vec::new();
        for (name, treatment) in &source.treatments {
            let place = place.key(name);
            let Some(number) = self.offer_key(&place, name) else { continue };
            let Some(offer) = self.catalog.offers.get(number as usize) else { continue };
            let known = || offer.treatments.iter().filter(|known| known.channel == channel);
            if !known().any(|known| *known.id == **treatment) {
                let owner = format!("on this channel, offer `{name}`");
                place.unknown_in(&owner, "treatment", treatment, known().map(|known| &*known.id));
            }
            treatments.push((number, treatment.as_str().into()));
        }
        treatments
    }

    fn factors(&self, place: &Place<'_>, source: &ExpectSource) -> Vec<(u32, Factor)> {
        let mut expected = Vec::new();
        for (name, factors) in &source.factors {
            let place = place.key(name);
            let Some(offer) = self.offer_key(&place, name) else { continue };
            for (factor, number) in factors {
                let place = place.key(factor);
                let Some(factor) = FACTORS.into_iter().find(|known| known == factor) else {
                    place.unknown_key("factor", factor, FACTORS);
                    continue;
                };
                let between = match *number {
                    FactorSource::Number(number) => {
                        let slack = number.abs() * 1e-6;
                        (number - slack, number + slack)
                    }
                    FactorSource::Between([least, most]) => (least, most),
                };
                expected.push((offer, Factor { name: factor, between }));
            }
        }
        expected
    }

    fn stopped(&self, place: &Place<'_>, source: &ExpectSource) -> Vec<Stopped> {
        let mut stopped = Vec::new();
        for (name, words) in &source.stopped {
            let place = place.key(name);
            let offer = self.offer_key(&place, name);
            let (gate, by) = match words.split_once(' ') {
                Some((gate, by)) => (gate, Some(by.trim())),
                None => (words.as_str(), None),
            };
            let Some(gate) = Gate::ALL.into_iter().find(|known| known.name() == gate) else {
                place.unknown("gate", gate, Gate::ALL.into_iter().map(Gate::name));
                continue;
            };
            stopped.extend(offer.map(|offer| Stopped { offer, gate, by: by.map(Into::into) }));
        }
        stopped
    }

    fn content(&self, place: &Place<'_>, source: &ExpectSource) -> Vec<(u32, Arc<str>, Arc<str>)> {
        let mut content = Vec::new();
        for (path, text) in &source.content {
            let place = place.key(path);
            let Some((name, field)) = path.rsplit_once('.') else {
                let hint = Some("as `gold_card.title`".to_owned());
                place.error_at_key(format!("`{path}` is not OFFER.FIELD"), hint);
                continue;
            };
            let offer = self.offer_key(&place, name);
            content.extend(offer.map(|offer| (offer, field.into(), text.as_str().into())));
        }
        content
    }

    /// The offer that the value of `place` names.
    pub(super) fn offer_at(&self, place: &Place<'_>, name: &str) -> Option<u32> {
        self.offer(name, |hint| {
            let message = format!("there is no offer `{name}`");
            match hint {
                Some(hint) => place.error_hint(message, hint),
                None => place.error(message),
            }
        })
    }

    /// The offer that the key of `place` names.
    fn offer_key(&self, place: &Place<'_>, name: &str) -> Option<u32> {
        self.offer(name, |hint| {
            place.error_at_key(format!("there is no offer `{name}`"), hint);
        })
    }
}
