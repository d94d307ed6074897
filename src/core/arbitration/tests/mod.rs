//! Arbitration as decisions show it: a small bank, one customer, and what comes out.

mod answers;
mod channels;
mod schemes;
mod slate;
mod slates;
mod treatments;

use std::sync::Arc;

use crate::core::affinity::AffinitySpec;
use crate::core::catalog;
use crate::core::decide::{
    ChannelDecision, ChannelRequest, Decision, Placed, PlacementRequest, Request, Snapshot, decide,
};
use crate::core::interaction::{Outcome, OutcomeKind};
use crate::core::key::{Key, id64};
use crate::core::learn::Models;
use crate::core::policy::Subject;
use crate::core::profile::Profile;
use crate::core::propensity::PropensitySpec;
use crate::core::time::UnixMs;
use crate::core::value::Value;

pub(super) const NOW: UnixMs = UnixMs(1_760_000_000_000);

const SCHEMA: &str = "
attributes:
  age: { type: int }
  vip: { type: bool, default: false }
  tags: { type: string_list, default: [] }
  name: { type: string, personal: true }
context:
  mood: { type: string, values: [calm, upset], default: calm }
";
const SEGMENTS: &str = "segments: { young: { when: customer.age < 30 } }\n";
const OBJECTIVES: &str = "objectives: { margin: { weight: 1 }, service: { weight: 2 } }\n";
const CHANNELS: &str = "
shapes:
  call:
    type: object
    properties: { queue: { type: string, maxLength: 10 } }
    required: [queue]
    additionalProperties: false
channels:
  web:
    locales: [en]
    placements:
      hero: { slots: 1 }
      side: { slots: 3, weights: [1.0, 0.5, 0.25] }
  app:
    locales: [en]
    placements:
      feed: { slots: 2 }
  call:
    locales: [en]
    escaping: none
    placements:
      next: { slots: 3 }
";

/// An offer `id` of `group` worth `value`, taken with `probability`.
pub(super) fn offer(id: &str, group: &str, value: f64, probability: f64, more: &str) -> String {
    format!(
        "  - id: {id}
    name: {id}
    group: {group}
    kind: sell
    value: {value}
    prior: {{ probability: {probability}, evidence: 10 }}
    {more}
    treatments:
      - {{ channel: web, content: {{ title: Hello }} }}
      - {{ channel: app, content: {{ title: Hello }} }}
      - {{ channel: call, content: {{ title: Hello }} }}
"
    )
}

/// A bank with these offers (groups `cards` and `loans`), arbitration and policies.
pub(super) fn bank(offers: &[String], arbitration: &str, policies: &str) -> Snapshot {
    match try_bank(offers, arbitration, policies) {
        Ok(snapshot) => snapshot,
        Err(faults) => panic!("{faults:#?}"),
    }
}

/// As [`bank`], or all that is wrong with it.
pub(super) fn try_bank(
    offers: &[String],
    arbitration: &str,
    policies: &str,
) -> Result<Snapshot, Vec<String>> {
    let offers = format!(
        "groups: {{ cards: {{ lever: '+10 %' }}, loans: {{}} }}\noffers:\n{}",
        offers.concat()
    );
    let mut files = vec![
        ("schema.yaml", SCHEMA),
        ("segments.yaml", SEGMENTS),
        ("objectives.yaml", OBJECTIVES),
        ("channels.yaml", CHANNELS),
        ("offers/all.yaml", &offers),
        ("arbitration.yaml", arbitration),
    ];
    if !policies.is_empty() {
        files.push(("policies/all.yaml", policies));
    }
    let files: Vec<(String, Vec<u8>)> =
        files.into_iter().map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).collect();
    let loaded = catalog::load(&files)
        .map_err(|faults| faults.iter().map(|fault| format!("{fault:?}")).collect::<Vec<_>>())?;
    let models = Models::new(PropensitySpec::default(), AffinitySpec::default());
    Ok(Snapshot {
        catalog: Arc::new(loaded.catalog),
        models: Arc::new(models),
        prices: Arc::default(),
    })
}

/// A request for all placements of these channels.
pub(super) fn request(snapshot: &Snapshot, channels: &[&str]) -> Request {
    let channels = channels.iter().map(|name| {
        let channel = snapshot.catalog.channel_by_name(name).unwrap();
        let placements = &snapshot.catalog.channels[usize::from(channel)].placements;
        let placements = (0..).zip(placements).map(|(placement, spec)| PlacementRequest {
            placement,
            slots: spec.slots,
            only: Vec::new(),
            without: Vec::new(),
        });
        let placements = placements.collect();
        ChannelRequest { channel, locale: None, placements, scheme: None }
    });
    let channels = channels.collect();
    Request { customer: id64("c"), channels, explain: true, ..Request::default() }
}

/// A customer of that age.
pub(super) fn aged(age: i64) -> Profile {
    let mut profile = Profile::new(NOW);
    profile.set_attribute(Key::of("age"), Some(Value::Int(age)), NOW).unwrap();
    profile
}

/// What is decided for `profile` on one channel.
pub(super) fn on(snapshot: &Snapshot, profile: &Profile, channel: &str) -> ChannelDecision {
    let request = request(snapshot, &[channel]);
    whole(snapshot, profile, &request).channels.remove(0)
}

/// The whole decision.
pub(super) fn whole(snapshot: &Snapshot, profile: &Profile, request: &Request) -> Decision {
    decide(snapshot, Subject::Known(profile), request, NOW, 1)
}

/// Ids of the placed offers, by placement.
pub(super) fn ids(snapshot: &Snapshot, channel: &ChannelDecision) -> Vec<Vec<String>> {
    let name = |placed: &Placed| snapshot.catalog.offers[placed.offer as usize].id.to_string();
    let placements = channel.placements.iter();
    placements.map(|placement| placement.offers.iter().map(name).collect()).collect()
}

/// Scores by offer, of those placed.
pub(super) fn scores(snapshot: &Snapshot, channel: &ChannelDecision) -> Vec<(String, f64)> {
    let placed = channel.placements.iter().flat_map(|placement| &placement.offers);
    let each = placed.map(|placed| {
        (snapshot.catalog.offers[placed.offer as usize].id.to_string(), placed.score)
    });
    each.collect()
}

/// An outcome of an offer.
pub(super) fn outcome(id: u64, offer: &str, kind: OutcomeKind, at: UnixMs) -> Outcome {
    Outcome {
        id,
        decision: None,
        offer: Key::of(offer),
        group: Key::default(),
        treatment: Key::default(),
        channel: Key::of("web"),
        kind,
        interaction: None,
        reason: Key::default(),
        value: None,
        order: None,
        at,
    }
}
