//! What became of each candidate, with names.

use prost::Message as _;

use super::reasons::factors;
use super::value::wire;
use crate::api::wire::v1;
use crate::core::catalog::{Catalog, Channel};
use crate::core::decide::{Cause, ChannelDecision, ChannelRequest, Fate};
use crate::core::policy::Gate;

/// Fates in the answer, and how many did not fit.
#[derive(Debug, Default)]
pub struct Told {
    /// In order of offer.
    pub fates: Vec<v1::CandidateFate>,
    /// Left out.
    pub omitted: u32,
}

/// The fates of all candidates on all channels, as many as fit into `bytes_max`.
pub fn all(
    catalog: &Catalog,
    channels: &[ChannelDecision],
    asked: &[ChannelRequest],
    bytes_max: usize,
) -> Told {
    let mut fates: Vec<(u32, v1::CandidateFate)> = Vec::new();
    for decided in channels {
        let Some(channel) = catalog.channels.get(usize::from(decided.channel)) else { continue };
        let asked = asked.iter().find(|asked| asked.channel == decided.channel);
        fates.extend(served(catalog, channel, decided));
        for (fate, cause) in decided.fates.iter() {
            let filtered = asked.is_some_and(|asked| filtered(asked, fate, cause));
            fates.push((fate.offer, stopped(catalog, channel, (fate, cause), filtered)));
        }
    }
    fates.sort_by_key(|(offer, _)| *offer);
    let mut told = Told::default();
    let mut bytes = 0;
    for (_, fate) in fates {
        bytes += fate.encoded_len() + 8;
        if bytes > bytes_max {
            told.omitted += 1;
        } else {
            told.fates.push(fate);
        }
    }
    told
}

fn served<'a>(
    catalog: &'a Catalog,
    channel: &'a Channel,
    decided: &'a ChannelDecision,
) -> impl Iterator<Item = (u32, v1::CandidateFate)> + 'a {
    decided.placements.iter().flat_map(move |placement| {
        let place = channel.placements.get(usize::from(placement.placement));
        let scheme = catalog.schemes.get(usize::from(placement.scheme));
        placement.offers.iter().filter_map(move |placed| {
            let offer = catalog.offers.get(placed.offer as usize)?;
            let treatment = offer.treatments.get(placed.treatment);
            let fate = v1::CandidateFate {
                offer_id: offer.id.to_string(),
                treatment_id: treatment.map(|t| t.id.to_string()).unwrap_or_default(),
                channel: channel.name.to_string(),
                placement: place.map(|place| place.name.to_string()).unwrap_or_default(),
                fate: v1::Fate::Served.into(),
                message: format!("in slot {}", placed.slot + 1),
                score: Some(placed.score),
                factors: factors(scheme, placed),
                ..v1::CandidateFate::default()
            };
            Some((placed.offer, fate))
        })
    })
}

/// Whether the caller's filters leave the offer out of every placement asked.
fn filtered(asked: &ChannelRequest, fate: &Fate, cause: &Cause) -> bool {
    let out = |only: &[u32], without: &[u32]| {
        without.contains(&fate.offer) || (!only.is_empty() && !only.contains(&fate.offer))
    };
    cause.stop.gate == Gate::Treatment
        && fate.score.is_none()
        && !asked.placements.is_empty()
        && asked.placements.iter().all(|placement| out(&placement.only, &placement.without))
}

fn stopped(
    catalog: &Catalog,
    channel: &Channel,
    (fate, Cause { stop, values }): (&Fate, &Cause),
    filtered: bool,
) -> v1::CandidateFate {
    let offer = catalog.offers.get(fate.offer as usize);
    let place = fate.placement.and_then(|index| channel.placements.get(usize::from(index)));
    let id = offer.map_or("", |offer| &*offer.id);
    let kind = if filtered { v1::Fate::Filter } else { fate_of(stop.gate, fate.score) };
    v1::CandidateFate {
        offer_id: id.to_owned(),
        treatment_id: String::new(),
        channel: channel.name.to_string(),
        placement: place.map(|place| place.name.to_string()).unwrap_or_default(),
        fate: kind.into(),
        rule_id: stop.by.id(id).to_owned(),
        condition: stop.condition.as_deref().unwrap_or_default().to_owned(),
        values: values.iter().map(|(path, value)| observed(catalog, path, value)).collect(),
        error: if stop.gate == Gate::Score { stop.message.to_string() } else { String::new() },
        message: if filtered {
            "left out by the request's filter".to_owned()
        } else {
            stop.message.to_string()
        },
        score: fate.score,
        factors: Vec::new(),
    }
}

fn observed(
    catalog: &Catalog,
    path: &str,
    value: &Option<crate::core::value::Value>,
) -> v1::ObservedValue {
    let schema = &catalog.schema;
    let spec = schema.by_path.get(path).and_then(|slot| schema.slot(*slot));
    let masked = value.is_some() && spec.is_some_and(|spec| spec.sensitive || spec.personal);
    v1::ObservedValue {
        path: path.to_owned(),
        value: value.as_ref().filter(|_| !masked).map(wire),
        masked,
    }
}

fn fate_of(gate: Gate, score: Option<f64>) -> v1::Fate {
    match gate {
        Gate::Validity => v1::Fate::Validity,
        Gate::Eligibility => v1::Fate::Eligibility,
        Gate::Applicability => v1::Fate::Applicability,
        Gate::Suitability => v1::Fate::Suitability,
        Gate::Pilot => v1::Fate::Pilot,
        Gate::ControlGroup => v1::Fate::ControlGroup,
        Gate::State => v1::Fate::State,
        Gate::Consent | Gate::DoNotContact => v1::Fate::Consent,
        Gate::QuietHours => v1::Fate::QuietTime,
        Gate::ContactLimit => v1::Fate::ContactLimit,
        Gate::CoolDown | Gate::Interaction => v1::Fate::CoolDown,
        Gate::Prerequisite => v1::Fate::Prerequisite,
        Gate::Quota => v1::Fate::Quota,
        // One that came to be scored had a treatment: its text failed.
        Gate::Treatment if score.is_some() => v1::Fate::Content,
        Gate::Treatment => v1::Fate::Channel,
        Gate::Exclusion => v1::Fate::Exclusion,
        Gate::Slate => v1::Fate::Slate,
        Gate::Threshold => v1::Fate::Threshold,
        // What cannot be scored ranks last.
        Gate::Score | Gate::Outranked => v1::Fate::Outranked,
    }
}
