//! A decision for the wire.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::catalog as outline;
use super::fate;
use super::kind::{offer_kind, outcome_kind};
use super::reasons::reasons;
use super::source;
use super::time::timestamp;
use crate::api::wire::v1;
use crate::core::catalog::source::{ContactPoint, ContentType};
use crate::core::catalog::{Catalog, Channel, Offer, Scheme, SchemeFormula};
use crate::core::decide::{
    ChannelDecision, ChannelRequest, NoOffer, Placed, PlacementDecision, RenderedContent,
};
use crate::core::feature::FeatureVector;
use crate::core::interaction::OutcomeKind;
use crate::core::policy::Gate;
use crate::core::propensity::Estimate;
use crate::core::time::UnixMs;
use crate::engine::{Decided, DegradedPart};

/// What was asked, as far as the answer repeats it.
#[derive(Clone, Debug)]
pub struct Echo<'a> {
    /// The customer.
    pub customer: &'a str,
    /// The interaction.
    pub interaction: &'a str,
    /// Whether it was a dry run.
    pub dry_run: bool,
    /// Whether to tell reasons and fates.
    pub explain: bool,
    /// The channels asked.
    pub channels: &'a [ChannelRequest],
}

/// The decision; its candidates' fates take at most `fates_bytes_max`.
pub fn decision(decided: &Decided, echo: &Echo<'_>, fates_bytes_max: usize) -> v1::Decision {
    let catalog = &*decided.snapshot.catalog;
    let decision = &decided.decision;
    let told = if echo.explain {
        fate::all(catalog, &decision.channels, echo.channels, fates_bytes_max)
    } else {
        fate::Told::default()
    };
    let channels = decision.channels.iter();
    let channels = channels.filter_map(|channel| channel_decision(decided, echo, channel));
    v1::Decision {
        decision_id: decision.id.to_string(),
        customer_id: echo.customer.to_owned(),
        interaction_id: echo.interaction.to_owned(),
        decide_time: Some(timestamp(decision.at)),
        versions: Some(versions(decided)),
        seed: decision.seed,
        dry_run: echo.dry_run,
        channels: channels.collect(),
        experiments: experiments(decided),
        degradations: decided.degradations.iter().map(degradation).collect(),
        candidates: told.fates,
        candidates_omitted: told.omitted,
        sources: match echo.explain {
            true => decided.sources.iter().map(source::used).collect(),
            false => Vec::new(),
        },
    }
}

fn experiments(decided: &Decided) -> Vec<v1::ExperimentArm> {
    let experiment = decided.snapshot.catalog.experiment.as_ref();
    let arm = |spec: &crate::core::experiment::ExperimentSpec| v1::ExperimentArm {
        experiment: spec.id.to_string(),
        arm: decided.decision.arm.to_string(),
    };
    experiment.map(arm).into_iter().collect()
}

fn versions(decided: &Decided) -> v1::Versions {
    v1::Versions {
        catalog: Some(outline::version(&decided.versions.catalog)),
        log_position: decided.versions.log_position,
        profile_version: decided.versions.profile,
        prices_version: decided.decision.prices,
        software: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

fn degradation(degradation: &crate::engine::Degradation) -> v1::Degradation {
    let (component, name) = match degradation.part {
        DegradedPart::Store => (v1::Component::Store, "profile"),
        DegradedPart::Deadline => (v1::Component::Deadline, "profile"),
        DegradedPart::Source => {
            (v1::Component::Source, degradation.source.as_deref().unwrap_or_default())
        }
        DegradedPart::Commit => (v1::Component::Ledger, "contacts"),
    };
    v1::Degradation {
        component: component.into(),
        name: name.to_owned(),
        detail: degradation.detail.clone(),
    }
}

fn channel_decision(
    decided: &Decided,
    echo: &Echo<'_>,
    channel: &ChannelDecision,
) -> Option<v1::ChannelDecision> {
    let catalog = &*decided.snapshot.catalog;
    let spec = catalog.channels.get(usize::from(channel.channel))?;
    let asked = echo.channels.iter().find(|asked| asked.channel == channel.channel);
    let arm = catalog.experiment.as_ref().map(|experiment| experiment.arms.iter());
    let mut arms = arm.into_iter().flatten();
    let drawn = arms.any(|arm| arm.draws() && arm.name == decided.decision.arm);
    let (at, features) = (decided.decision.at, &decided.decision.features);
    let told = Telling { drawn, catalog, channel, spec, features, at };
    let placements = channel
        .placements
        .iter()
        .filter_map(|placement| {
            let asked = asked.and_then(|asked| {
                asked.placements.iter().find(|asked| asked.placement == placement.placement)
            });
            told.placement(placement, asked.map(|asked| asked.slots), decided)
        })
        .collect();
    Some(v1::ChannelDecision {
        channel: spec.name.to_string(),
        rank: channel.rank,
        expected_value: channel.expected_value,
        placements,
        responsiveness: Some(channel.responsiveness),
    })
}

/// What telling of one channel needs.
struct Telling<'a> {
    /// Whether the customer's arm of the experiment draws the order.
    drawn: bool,
    catalog: &'a Catalog,
    channel: &'a ChannelDecision,
    spec: &'a Channel,
    features: &'a FeatureVector,
    at: UnixMs,
}

impl Telling<'_> {
    fn placement(
        &self,
        placement: &PlacementDecision,
        slots: Option<u32>,
        decided: &Decided,
    ) -> Option<v1::PlacementDecision> {
        let spec = self.spec.placements.get(usize::from(placement.placement))?;
        let slots = slots.unwrap_or(spec.slots).min(spec.slots);
        let shown = u32::try_from(placement.offers.len()).unwrap_or(u32::MAX);
        let empty = slots.saturating_sub(shown);
        let no_offer = (empty > 0).then(|| self.no_offer(placement, empty, decided));
        let scheme = self.catalog.schemes.get(usize::from(placement.scheme));
        let offers = placement.offers.iter().filter_map(|placed| self.offer(scheme, placed));
        Some(v1::PlacementDecision {
            placement: spec.name.to_string(),
            offers: offers.collect(),
            no_offer,
            scheme: scheme.map(|scheme| scheme.name.to_string()).unwrap_or_default(),
        })
    }

    fn no_offer(
        &self,
        placement: &PlacementDecision,
        empty_slots: u32,
        decided: &Decided,
    ) -> v1::NoOffer {
        let reach = self.catalog.reach.get(usize::from(self.channel.channel));
        let reach = reach.and_then(|reach| reach.get(usize::from(placement.placement)));
        let none = placement.offers.is_empty();
        let (reason, message) = match placement.no_offer {
            _ if none && !decided.degradations.is_empty() => {
                (v1::NoOfferReason::Degraded, "too little could be known to offer safely")
            }
            _ if reach.is_none_or(|reach| reach.is_empty()) => {
                (v1::NoOfferReason::NoCandidate, "no offer has a treatment for this placement")
            }
            Some(NoOffer::BelowThreshold) => {
                (v1::NoOfferReason::NotWorth, "each candidate scored below the threshold")
            }
            Some(NoOffer::FewerThanSlots) if none => {
                (v1::NoOfferReason::Slate, "what was left is offered elsewhere in this decision")
            }
            Some(NoOffer::FewerThanSlots) => {
                (v1::NoOfferReason::Policy, "fewer offers than slots passed the policies")
            }
            Some(NoOffer::NoneEligible) | None => self.gate_in_the_way(),
        };
        v1::NoOffer {
            reason: reason.into(),
            message: message.to_owned(),
            empty_slots,
            selection_probability: None,
        }
    }

    /// The last gate in the way of any candidate, where fates are told: who is stopped by a contact
    /// limit had passed all before it.
    fn gate_in_the_way(&self) -> (v1::NoOfferReason, &'static str) {
        let stopped =
            |gate: Gate| self.channel.fates.causes.iter().any(|cause| cause.stop.gate == gate);
        if stopped(Gate::ControlGroup) {
            let words = "the customer is held back in a control group";
            (v1::NoOfferReason::ControlGroup, words)
        } else if stopped(Gate::ContactLimit) {
            (v1::NoOfferReason::ContactLimit, "the customer has been contacted often enough")
        } else if stopped(Gate::Quota) {
            (v1::NoOfferReason::Quota, "the quotas are used up")
        } else if stopped(Gate::Consent) || stopped(Gate::DoNotContact) {
            (v1::NoOfferReason::Consent, "the customer has not consented to this channel")
        } else {
            (v1::NoOfferReason::Policy, "no offer passed the policies")
        }
    }

    /// The last moment at which the offer's impression still finds the units held for it.
    fn expires_at(&self, offer: u32) -> Option<UnixMs> {
        let channel = 1_u64.checked_shl(u32::from(self.channel.channel)).unwrap_or(0);
        let decides = self.spec.contact == ContactPoint::Decision;
        let quotas = self.catalog.policy.spec().quotas.iter();
        quotas
            .filter(|quota| quota.binds(offer, channel))
            .filter_map(|quota| quota.impression_within_ms(decides))
            .min()
            .map(|within| UnixMs(self.at.0.saturating_add(within)))
    }

    fn offer(&self, scheme: Option<&Scheme>, placed: &Placed) -> Option<v1::OfferDecision> {
        let offer = self.catalog.offers.get(placed.offer as usize)?;
        let group = self.catalog.groups.get(usize::from(offer.group));
        let treatment = offer.treatments.get(placed.treatment);
        let (lever, context_weight) = match scheme.map(|scheme| &scheme.formula) {
            Some(SchemeFormula::ExpectedValue) => (Some(placed.factors.lever), None),
            Some(
                SchemeFormula::Pcvl(_) | SchemeFormula::Custom(_) | SchemeFormula::FirstMatch(_),
            ) => (Some(placed.factors.lever), Some(placed.factors.context_weight)),
            _ => (None, None),
        };
        let valued = offer.value.is_some() || !offer.contributions.is_empty();
        let mode = if placed.mandatory {
            v1::SelectionMode::Mandatory
        } else if self.drawn {
            v1::SelectionMode::Control
        } else if self.channel.explored {
            v1::SelectionMode::Explored
        } else {
            v1::SelectionMode::Ranked
        };
        Some(v1::OfferDecision {
            offer_id: offer.id.to_string(),
            name: localized(offer, &self.channel.locale),
            group: group.map(|group| group.name.to_string()).unwrap_or_default(),
            kind: offer_kind(offer.kind).into(),
            treatment_id: treatment.map(|t| t.id.to_string()).unwrap_or_default(),
            rank: placed.slot + 1,
            score: placed.score,
            propensity: Some(propensity(&placed.estimate)),
            outcome_probabilities: placed.funnel.iter().map(outcome_probability).collect(),
            affinity: placed.factors.affinity,
            value: valued.then_some(placed.factors.value),
            uplift: placed.factors.uplift,
            lever,
            context_weight,
            selection_mode: mode.into(),
            selection_probability: placed.selection_probability,
            selection_probability_estimated: placed.selection_estimated,
            content: placed.content.iter().map(content).collect(),
            locale: self.channel.locale.to_string(),
            expire_time: self.expires_at(placed.offer).map(timestamp),
            bundle: placed.bundle.as_deref().unwrap_or_default().to_owned(),
            reasons: placed
                .reasons
                .as_ref()
                .map(|why| reasons(self.catalog, scheme, placed, why, self.features)),
        })
    }
}

/// The offer's name in `locale`, in its language, or as it is declared for all.
pub fn localized(offer: &Offer, locale: &str) -> String {
    let language = locale.split('-').next().unwrap_or_default();
    let names: &BTreeMap<Arc<str>, Arc<str>> = &offer.names;
    [locale, language, ""]
        .into_iter()
        .find_map(|key| names.get(key))
        .or_else(|| names.values().next())
        .map(|name| name.to_string())
        .unwrap_or_default()
}

fn outcome_probability((kind, probability): &(OutcomeKind, f64)) -> v1::OutcomeProbability {
    v1::OutcomeProbability { kind: outcome_kind(*kind).into(), probability: *probability }
}

/// Share of the intervals that hold the true probability.
const COVERAGE: f64 = 0.9;
/// Standard deviations to either side of the mean that hold [`COVERAGE`] of a normal distribution.
const COVERAGE_DEVIATIONS: f64 = 1.644_853_626_951_472_7;

/// A propensity with its interval: the logit's mean and 1.645 standard deviations to either side.
fn propensity(estimate: &Estimate) -> v1::Propensity {
    let reach = COVERAGE_DEVIATIONS * estimate.logit_variance.max(0.0).sqrt();
    let sigmoid = |logit: f64| 1.0 / (1.0 + (-logit).exp());
    let probability = estimate.probability;
    v1::Propensity {
        probability,
        lower: sigmoid(estimate.logit_mean - reach).min(probability),
        upper: sigmoid(estimate.logit_mean + reach).max(probability),
        coverage: COVERAGE,
        evidence: estimate.evidence,
    }
}

fn content(content: &RenderedContent) -> (String, v1::ContentItem) {
    let text = content.text.clone();
    let mut item = v1::ContentItem::default();
    let kind = match content.ty {
        ContentType::Text => v1::ContentType::Text,
        ContentType::Html => v1::ContentType::Html,
        ContentType::Image => v1::ContentType::Image,
        ContentType::Link => v1::ContentType::Link,
        ContentType::Video => v1::ContentType::Video,
        ContentType::Structured => v1::ContentType::Structured,
    };
    item.r#type = kind.into();
    match content.ty {
        ContentType::Text | ContentType::Html => item.text = text,
        ContentType::Image | ContentType::Link | ContentType::Video => {
            item.uri = text;
            item.text.clone_from(&content.words);
        }
        ContentType::Structured => {
            item.data = serde_json::from_str(&text).ok().map(|json| structured(&json));
            item.text = text;
        }
    }
    (content.name.to_string(), item)
}

fn structured(json: &serde_json::Value) -> v1::Value {
    use v1::value::Kind;
    let kind = match json {
        serde_json::Value::Null => Kind::NullValue(0),
        serde_json::Value::Bool(b) => Kind::BoolValue(*b),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(whole) => Kind::IntValue(whole),
            None => Kind::DoubleValue(number.as_f64().unwrap_or_default()),
        },
        serde_json::Value::String(text) => Kind::StringValue(text.clone()),
        serde_json::Value::Array(values) => {
            Kind::ListValue(v1::ValueList { values: values.iter().map(structured).collect() })
        }
        serde_json::Value::Object(entries) => Kind::MapValue(v1::ValueMap {
            entries: entries.iter().map(|(key, value)| (key.clone(), structured(value))).collect(),
        }),
    };
    v1::Value { kind: Some(kind) }
}
