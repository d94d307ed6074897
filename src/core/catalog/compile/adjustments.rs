//! Influencers and objections.

use super::Build;
use super::by_offer::Expressions;
use super::literal::span;
use super::names::{Namespace, id_key, id_value};
use super::programs::Gives;
use super::scope::{Facts, Standing};
use super::selection::Selector;
use crate::core::arbitration::influence::{Decay, InfluencerSpec};
use crate::core::arbitration::objection::{Adjustment, ObjectionSpec};
use crate::core::catalog::fault::Place;
use crate::core::catalog::schema::Schema;
use crate::core::catalog::source::{DecaySource, InfluencerSource, ObjectionSource};
use crate::core::interaction::OutcomeKind;
use crate::core::key::Key;
use crate::core::policy::Bitset;

/// Most influencers, reasons with objections, and adjustments of one.
const ENTRIES_MAX: usize = 256;
/// Longest half-life or span, days.
const DECAY_DAYS_MAX: i64 = 3_650;

/// What adjustments are compiled from.
pub(super) struct Adjustments<'f> {
    build: &'f Build<'f>,
    offers: usize,
    expressions: Expressions<'f>,
}

impl<'f> Adjustments<'f> {
    pub(super) fn new(
        build: &'f Build<'f>,
        schema: &'f Schema,
        facts: &'f [Facts],
        selector: &'f Selector<'f>,
    ) -> Self {
        let expressions = Expressions { build, schema, facts, selector };
        Self { build, offers: facts.len(), expressions }
    }

    /// Compiles the influencers.
    pub(super) fn influencers(&self) -> Vec<InfluencerSpec> {
        let file = self.build.arbitration();
        let top = self.build.place(&file.document);
        let section = top.key("influencers");
        bounded(&section, file.source.influencers.len());
        let mut ids = Namespace::default();
        let influencers = file.source.influencers.iter().take(ENTRIES_MAX).enumerate();
        influencers
            .filter_map(|(index, source)| {
                let place = section.index(index);
                id_value(&place.key("id"), "an influencer", &source.id);
                ids.declare_value(&place.key("id"), "influencer", &source.id, &source.id);
                self.influencer(&place, source)
            })
            .collect()
    }

    fn influencer(&self, place: &Place<'_>, source: &InfluencerSource) -> Option<InfluencerSpec> {
        let after = OutcomeKind::from_name(&source.after);
        if after.is_none() {
            let known = OutcomeKind::ALL.into_iter().map(OutcomeKind::name);
            place.key("after").unknown("outcome", &source.after, known);
        }
        percent(place, source.percent);
        let decay = decay(&place.key("decay"), &source.decay);
        let applies_to = place.key("applies_to");
        let offers = self.expressions.selector.offers(&applies_to, &source.applies_to);
        Some(InfluencerSpec {
            id: source.id.as_str().into(),
            offers: Bitset::of(self.offers, offers),
            after: after?,
            reasons: source.reasons.iter().map(|reason| Key::of(reason)).collect(),
            scope: source.scope,
            percent: source.percent,
            decay: decay?,
        })
    }

    /// Compiles the objections, by reason.
    pub(super) fn objections(&self) -> Vec<ObjectionSpec> {
        let file = self.build.arbitration();
        let top = self.build.place(&file.document);
        let section = top.key("objections");
        bounded(&section, file.source.objections.len());
        let mut names = Namespace::default();
        let objections = file.source.objections.iter().take(ENTRIES_MAX);
        objections
            .map(|(reason, sources)| {
                let place = section.key(reason);
                id_key(&place, "a reason", reason);
                names.declare(&place, "reason", reason, reason);
                bounded(&place, sources.len());
                let adjustments = sources.iter().take(ENTRIES_MAX).enumerate();
                let adjustments = adjustments
                    .filter_map(|(index, source)| self.adjustment(&place.index(index), source));
                ObjectionSpec {
                    reason: reason.as_str().into(),
                    key: Key::of(reason),
                    adjustments: adjustments.collect(),
                }
            })
            .collect()
    }

    fn adjustment(&self, place: &Place<'_>, source: &ObjectionSource) -> Option<Adjustment> {
        percent(place, source.percent);
        let offers = self.expressions.selection(&place.key("applies_to"), &source.applies_to);
        let when = source.when.as_ref().map(|text| {
            let want = (Standing::Condition, Gives::Bool);
            self.expressions.by_offer(&place.key("when"), text, want, offers.as_ref())
        });
        let when = match when {
            None => None,
            Some(compiled) => Some(compiled?),
        };
        let (same_group, percent) = (source.same_group, source.percent);
        Some(Adjustment { offers, same_group, when, percent })
    }
}

fn percent(place: &Place<'_>, percent: f64) {
    if !(-100.0..=1000.0).contains(&percent) {
        place.key("percent").error("a percentage lies in -100..=1000");
    } else if percent == 0.0 {
        place.key("percent").warn("0 % changes nothing", None);
    }
}

fn decay(place: &Place<'_>, source: &DecaySource) -> Option<Decay> {
    let (key, text, linear) = match (&source.half_life, &source.linear) {
        (Some(text), None) => ("half_life", text, false),
        (None, Some(text)) => ("linear", text, true),
        _ => {
            let hint = "as `{ half_life: 3d }` or `{ linear: 7d }`";
            place.error_at_key("a decay has either a half-life or a span", Some(hint.to_owned()));
            return None;
        }
    };
    match span(text, DECAY_DAYS_MAX) {
        Ok(ms) if linear => Some(Decay::Linear(ms)),
        Ok(ms) => Some(Decay::HalfLife(ms)),
        Err(error) => {
            place.key(key).error_hint(error.message, error.hint.unwrap_or_default());
            None
        }
    }
}

fn bounded(place: &Place<'_>, entries: usize) {
    if entries > ENTRIES_MAX {
        place.error_at_key(format!("at most {ENTRIES_MAX} entries"), None);
    }
}
