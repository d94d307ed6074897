//! Where a customer stands: contacts counted against limits, and offers that rest.

use super::time::timestamp;
use crate::api::wire::v1;
use crate::core::catalog::Catalog;
use crate::core::catalog::source::CoolDownScope;
use crate::core::decide::{self, Request, Snapshot};
use crate::core::key::Key;
use crate::core::policy::{
    Evaluation, LimitSpec, LimitState, Restriction, Setting, Subject, Supply, Window,
};
use crate::core::profile::Profile;
use crate::core::time::UnixMs;
use crate::core::value::Value;

fn evaluation<'a>(
    catalog: &'a Catalog,
    profile: &'a Profile,
    frame: &[Option<Value>],
    now: UnixMs,
) -> Evaluation<'a> {
    let setting = Setting {
        subject: Subject::Known(profile),
        customer: 0,
        now,
        supply: &Supply::Open,
        restriction: Restriction::default(),
    };
    Evaluation::new(&catalog.policy, setting, frame, |key| catalog.offer_by_key(key))
}

/// Contacts counted against each limit; for a limit per offer, those of the offer with most.
pub fn contacts(snapshot: &Snapshot, profile: &Profile, now: UnixMs) -> Vec<v1::ContactCount> {
    let catalog = &*snapshot.catalog;
    let frame = decide::frame(snapshot, Subject::Known(profile), &Request::default(), now);
    let evaluation = evaluation(catalog, profile, &frame, now);
    let limits = catalog.policy.spec().limits.iter().zip(evaluation.limits());
    limits
        .map(|(limit, state)| {
            let count = count(limit, state);
            let release = || release(catalog, limit, profile, limit.window.around(now, &frame));
            v1::ContactCount {
                limit: limit.id.to_string(),
                count,
                allowed: limit.max,
                release_time: (count > 0).then(release).flatten().map(timestamp),
            }
        })
        .collect()
}

fn count(limit: &LimitSpec, state: &LimitState) -> u32 {
    if limit.per_offer {
        state.counts.iter().map(|(_, count)| *count).max().unwrap_or(0)
    } else {
        limit.max.saturating_sub(state.remaining)
    }
}

/// When the oldest contact within the window leaves it, or the window ends.
fn release(
    catalog: &Catalog,
    limit: &LimitSpec,
    profile: &Profile,
    (since, end): (UnixMs, Option<UnixMs>),
) -> Option<UnixMs> {
    let Window::Rolling(window_ms) = limit.window else { return end };
    let counts = |offer: Key| match catalog.offer_by_key(offer) {
        Some(index) => limit.offers.contains(index),
        None => limit.counts_retired,
    };
    let mut counted = profile.contacts_since(since).iter();
    let oldest =
        counted.find(|contact| limit.counts_contact(contact, since) && counts(contact.offer))?;
    Some(UnixMs(oldest.at.0.saturating_add(window_ms)))
}

/// Until when an offer rests after what happened to it or to its group.
pub fn rests_until(
    catalog: &Catalog,
    profile: &Profile,
    offer: Key,
    now: UnixMs,
) -> Option<UnixMs> {
    let index = catalog.offer_by_key(offer)?;
    let group = catalog.offers.get(index as usize)?.group;
    let spec = catalog.policy.spec();
    let evaluation = evaluation(catalog, profile, &[], now);
    let resting = evaluation.cooled().iter().filter(|cooled| {
        let scope = spec.cool_downs.get(cooled.cool_down).map(|cool_down| cool_down.scope);
        let other = catalog.offers.get(cooled.offer as usize).map(|offer| offer.group);
        cooled.offer == index || (scope == Some(CoolDownScope::Group) && other == Some(group))
    });
    resting.map(|cooled| cooled.until.unwrap_or(FOR_EVER)).max()
}

/// 9999-12-29T23:59:59Z: what rests for good.
const FOR_EVER: UnixMs = UnixMs(253_402_127_999_000);
