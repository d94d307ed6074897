//! Cool-downs: what rests after an outcome, and until when.

use super::{Bitset, Policy};
use crate::core::catalog::source::CoolDownScope;
use crate::core::key::Key;
use crate::core::profile::Profile;
use crate::core::time::UnixMs;

/// An offer or group that rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cooled {
    /// Index of the cool-down.
    pub cool_down: usize,
    /// The offer whose outcome started it.
    pub offer: u32,
    /// When it ends; `None`: never.
    pub until: Option<UnixMs>,
}

/// What rests at `now`.
pub(super) fn cooled(
    policy: &Policy,
    profile: &Profile,
    index_of: &impl Fn(Key) -> Option<u32>,
    now: UnixMs,
) -> Vec<Cooled> {
    let mut found = Vec::new();
    if policy.spec.cool_downs.is_empty() {
        return found;
    }
    for response in profile.responses() {
        let Some(offer) = index_of(response.offer) else {
            continue;
        };
        for (cool_down, spec) in policy.spec.cool_downs.iter().enumerate() {
            if !spec.offers.contains(offer) || !spec.after.contains(&response.kind) {
                continue;
            }
            let Some(rest_ms) = spec.rest_ms(response.reason) else { continue };
            let until = rest_ms.map(|ms| UnixMs(response.at.0.saturating_add(ms)));
            if until.is_none_or(|until| now < until) {
                found.push(Cooled { cool_down, offer, until });
            }
        }
    }
    found
}

/// Adds what `cooled` makes rest to `offers`.
pub(super) fn mark(policy: &Policy, cooled: &Cooled, offers: &mut Bitset) {
    match policy.spec.cool_downs.get(cooled.cool_down).map(|spec| spec.scope) {
        Some(CoolDownScope::Group) => {
            let group = policy.spec.groups.get(cooled.offer as usize);
            for (offer, other) in (0_u32..).zip(&policy.spec.groups) {
                if Some(other) == group {
                    offers.insert(offer);
                }
            }
        }
        _ => offers.insert(cooled.offer),
    }
}
