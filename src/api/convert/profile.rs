//! A profile for the wire: the 360-degree view.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::bounds::{RECENT_DEFAULT, RECENT_MAX};
use super::fault::{Faults, Reason};
use super::kind::outcome_kind;
use super::reasons::item_name;
use super::time::timestamp;
use super::value::wire;
use super::{consent, name, standing};
use crate::api::wire::v1;
use crate::core::catalog::Catalog;
use crate::core::catalog::schema::{Origin, SlotSpec};
use crate::core::decide::{Request, Snapshot, frame};
use crate::core::key::Key;
use crate::core::policy::Subject;
use crate::core::profile::{Contact, Profile, Response};
use crate::core::time::UnixMs;
use crate::core::value::Value;
use crate::engine::ProfileView;

/// The parts asked for.
#[derive(Clone, Debug)]
pub struct Sections {
    parts: BTreeSet<v1::ProfileSection>,
    recent_max: usize,
}

impl Sections {
    /// The parts of a request; none named means all.
    pub fn asked(request: &v1::GetProfileRequest, faults: &mut Faults) -> Self {
        let mut parts = BTreeSet::new();
        for (number, section) in request.sections.iter().enumerate() {
            match v1::ProfileSection::try_from(*section) {
                Ok(v1::ProfileSection::Unspecified) | Err(_) => {
                    let message = format!("{section} is no section");
                    faults.add(format_args!("sections[{number}]"), Reason::OutOfRange, message);
                }
                Ok(section) => {
                    parts.insert(section);
                }
            }
        }
        if request.recent_max > RECENT_MAX {
            let message = format!("must be at most {RECENT_MAX}");
            faults.add("recent_max", Reason::OutOfRange, message);
        }
        let recent_max = match request.recent_max {
            0 => RECENT_DEFAULT,
            asked => asked,
        };
        Self { parts, recent_max: recent_max as usize }
    }

    fn has(&self, section: v1::ProfileSection) -> bool {
        self.parts.is_empty() || self.parts.contains(&section)
    }
}

/// The profile, with names of the catalog. Values marked sensitive are left out: no caller can be
/// told from another yet, so none may see them.
pub fn profile(
    snapshot: &Snapshot,
    customer: &str,
    view: &ProfileView,
    sections: &Sections,
    ttl: Option<Duration>,
    now: UnixMs,
) -> v1::Profile {
    use v1::ProfileSection as Section;
    let catalog = &*snapshot.catalog;
    let known = &*view.profile;
    let mut shown = v1::Profile {
        customer_id: customer.to_owned(),
        version: view.version,
        identities: identities(known),
        merged_customer_ids: merged(known),
        ..v1::Profile::default()
    };
    if view.version > 0 {
        let ttl_ms = ttl.and_then(|ttl| i64::try_from(ttl.as_millis()).ok());
        let updated = known.updated_at();
        shown.create_time = Some(timestamp(known.created_at()));
        shown.update_time = Some(timestamp(updated));
        shown.expire_time = ttl_ms.map(|ms| timestamp(UnixMs(updated.0.saturating_add(ms))));
    }
    if sections.has(Section::Attributes) {
        shown.attributes = attributes(catalog, known);
    }
    let computed = [Section::Derived, Section::Segments, Section::Scores];
    if computed.into_iter().any(|section| sections.has(section)) {
        let frame = frame(snapshot, Subject::Known(known), &Request::default(), now);
        if sections.has(Section::Derived) {
            shown.derived = derived(catalog, &frame);
        }
        if sections.has(Section::Segments) {
            shown.segments = segments(catalog, &frame);
        }
        if sections.has(Section::Scores) {
            shown.scores = scores(catalog, &frame);
        }
    }
    if sections.has(Section::Consents) {
        shown.consents = consent::all(catalog, known.consents());
        shown.past_consents = consent::all(catalog, known.past_consents());
        shown.do_not_contact = known.do_not_contact();
    }
    if sections.has(Section::Contacts) {
        shown.contacts = standing::contacts(snapshot, known, now);
    }
    if sections.has(Section::Offers) {
        shown.offers = offers(catalog, known, now);
    }
    if sections.has(Section::Items) {
        shown.items = items(catalog, known, now);
    }
    if sections.has(Section::Outcomes) {
        let contacts = known.contacts().iter().rev().take(sections.recent_max);
        shown.recent_outcomes = contacts.map(|contact| outcome(catalog, contact)).collect();
    }
    shown
}

/// The customers that were merged into this one.
fn merged(profile: &Profile) -> Vec<String> {
    profile.absorbed().iter().map(|one| one.customer.to_string()).collect()
}

/// Those of them that are named as an identity is.
fn identities(profile: &Profile) -> Vec<v1::Identity> {
    let named = profile.absorbed().iter().filter_map(|one| one.customer.split_once(':'));
    named.map(|(kind, id)| v1::Identity { r#type: kind.to_owned(), id: id.to_owned() }).collect()
}

fn attributes(catalog: &Catalog, profile: &Profile) -> BTreeMap<String, v1::Value> {
    let schema = &catalog.schema;
    let known = profile.attributes().iter().filter_map(|attribute| {
        let place = schema.attribute_keys.binary_search_by_key(&attribute.name, |(key, _)| *key);
        let (_, slot) = schema.attribute_keys.get(place.ok()?)?;
        let spec = schema.slot(*slot).filter(|spec| !spec.sensitive)?;
        Some((spec.name.to_string(), wire(&attribute.value)))
    });
    known.collect()
}

fn derived(catalog: &Catalog, frame: &[Option<Value>]) -> BTreeMap<String, v1::Value> {
    let shown = |spec: &&SlotSpec| {
        matches!(spec.origin, Origin::Aggregate(_) | Origin::Computed(_))
            && spec.path.starts_with("customer.")
            && !spec.sensitive
    };
    let specs = catalog.schema.slots.iter().filter(shown);
    specs
        .filter_map(|spec| {
            let value = frame.get(spec.slot.0 as usize)?.as_ref()?;
            Some((spec.name.to_string(), wire(value)))
        })
        .collect()
}

fn scores(catalog: &Catalog, frame: &[Option<Value>]) -> BTreeMap<String, v1::Value> {
    let schema = &catalog.schema;
    let specs = schema.scores.iter().filter_map(|score| schema.slot(score.slot));
    specs
        .filter(|spec| !spec.sensitive)
        .filter_map(|spec| {
            let value = frame.get(spec.slot.0 as usize)?.as_ref()?;
            Some((spec.name.to_string(), wire(value)))
        })
        .collect()
}

fn segments(catalog: &Catalog, frame: &[Option<Value>]) -> Vec<v1::SegmentMembership> {
    let segments = catalog.schema.segments.iter();
    segments
        .filter(|(_, slot)| frame.get(slot.0 as usize) == Some(&Some(Value::Bool(true))))
        .map(|(name, _)| v1::SegmentMembership {
            segment: name.to_string(),
            ..v1::SegmentMembership::default()
        })
        .collect()
}

/// History by offer: the latest outcomes by kind and reason, contacts included.
fn offers(catalog: &Catalog, profile: &Profile, now: UnixMs) -> Vec<v1::OfferHistory> {
    let mut by_offer: BTreeMap<Key, Vec<Response>> = BTreeMap::new();
    for response in profile.responses().iter().copied() {
        by_offer.entry(response.offer).or_default().push(response);
    }
    let mut histories: Vec<v1::OfferHistory> = by_offer
        .into_iter()
        .map(|(offer, responses)| history(catalog, profile, offer, &responses, now))
        .collect();
    histories.sort_by(|a, b| a.offer_id.cmp(&b.offer_id));
    histories
}

fn history(
    catalog: &Catalog,
    profile: &Profile,
    offer: Key,
    responses: &[Response],
    now: UnixMs,
) -> v1::OfferHistory {
    let mut counts: BTreeMap<v1::OutcomeKind, u32> = BTreeMap::new();
    for response in responses {
        let count = counts.entry(outcome_kind(response.kind)).or_default();
        *count = count.saturating_add(response.count);
    }
    let last = responses.iter().max_by_key(|response| response.at);
    let reason = last.map(|last| last.reason).filter(|reason| *reason != Key::default());
    v1::OfferHistory {
        offer_id: name::offer_of(catalog, offer),
        counts: counts
            .into_iter()
            .map(|(kind, count)| v1::OutcomeCount { kind: kind.into(), count })
            .collect(),
        last_kind: last.map_or(0, |last| outcome_kind(last.kind).into()),
        last_reason: reason.map(|reason| reason_name(catalog, reason)).unwrap_or_default(),
        last_time: last.map(|last| timestamp(last.at)),
        rest_time: standing::rests_until(catalog, profile, offer, now).map(timestamp),
    }
}

/// Reasons are kept by key; the names that are looked for here are those of the cool-downs.
fn reason_name(_: &Catalog, reason: Key) -> String {
    reason.to_string()
}

fn items(catalog: &Catalog, profile: &Profile, now: UnixMs) -> Vec<v1::ItemStrength> {
    let mut items: Vec<v1::ItemStrength> = profile
        .interests()
        .iter()
        .map(|interest| v1::ItemStrength {
            item: item_name(catalog, interest.item),
            strength: f64::from(interest.weight_at(now)),
            last_time: Some(timestamp(interest.at)),
        })
        .collect();
    items.sort_by(|a, b| b.strength.total_cmp(&a.strength).then(a.item.cmp(&b.item)));
    items
}

fn outcome(catalog: &Catalog, contact: &Contact) -> v1::Outcome {
    let offer = catalog.offer_by_key(contact.offer);
    let offer = offer.and_then(|index| catalog.offers.get(index as usize));
    let treatment = offer.and_then(|offer| {
        offer.treatments.iter().find(|treatment| treatment.key == contact.treatment)
    });
    v1::Outcome {
        offer_id: name::offer_of(catalog, contact.offer),
        treatment_id: treatment.map(|treatment| treatment.id.to_string()).unwrap_or_default(),
        channel: name::channel_of(catalog, contact.channel),
        kind: outcome_kind(contact.made_by()).into(),
        outcome_time: Some(timestamp(contact.at)),
        ..v1::Outcome::default()
    }
}
