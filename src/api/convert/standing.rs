//! Where a customer stands: contacts counted against limits, and offers that rest.

use super::time::timestamp;
use crate::api::wire::v1;
use crate::core::catalog::Catalog;
use crate::core::catalog::source::CoolDownScope;
use crate::core::key::Key;
use crate::core::policy::{Evaluation, LimitSpec, LimitState, Subject};
use crate::core::profile::Profile;
use crate::core::time::UnixMs;

/// Contacts counted against each limit; for a limit per offer, those of the offer with most.
pub fn contacts(catalog: &Catalog, profile: &Profile, now: UnixMs) -> Vec<v1::ContactCount> {
    let subject = Subject::Known(profile);
    let evaluation =
        Evaluation::new(&catalog.policy, subject, |key| catalog.offer_by_key(key), now);
    let limits = catalog.policy.spec().limits.iter().zip(evaluation.limits());
    limits
        .map(|(limit, state)| {
            let count = count(limit, state);
            let release = (count > 0).then(|| release(catalog, limit, profile, now)).flatten();
            v1::ContactCount {
                limit: limit.id.to_string(),
                count,
                allowed: limit.max,
                release_time: release.map(timestamp),
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

/// When the oldest contact within the window leaves it.
fn release(catalog: &Catalog, limit: &LimitSpec, profile: &Profile, now: UnixMs) -> Option<UnixMs> {
    let counts = |offer: Key| match catalog.offer_by_key(offer) {
        Some(index) => limit.offers.contains(index),
        None => limit.counts_retired,
    };
    let oldest = profile.contacts().iter().find(|contact| {
        now.since(contact.at) < limit.window_ms
            && (limit.channels.is_empty() || limit.channels.contains(&contact.channel))
            && counts(contact.offer)
    })?;
    Some(UnixMs(oldest.at.0.saturating_add(limit.window_ms)))
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
    let mut until: Option<UnixMs> = None;
    for cool_down in &spec.cool_downs {
        let kinds = cool_down.after.iter().fold(0, |bits, kind| bits | kind.bit());
        let same = catalog.offers.iter().enumerate().filter(|(other, spec)| {
            let whole_group = cool_down.scope == CoolDownScope::Group && spec.group == group;
            *other == index as usize || whole_group
        });
        for (other, spec) in same {
            if !u32::try_from(other).is_ok_and(|other| cool_down.offers.contains(other)) {
                continue;
            }
            let at = profile.latest_outcome(spec.key, kinds, &cool_down.reasons);
            let end = at.map(|at| match cool_down.duration_ms {
                Some(ms) => UnixMs(at.0.saturating_add(ms)),
                None => FOR_EVER,
            });
            if end.is_some_and(|end| end > now) {
                until = until.max(end);
            }
        }
    }
    until
}

/// 9999-12-29T23:59:59Z: what rests for good.
const FOR_EVER: UnixMs = UnixMs(253_402_127_999_000);
