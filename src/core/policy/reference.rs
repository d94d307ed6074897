//! The plain reading of a policy, one offer and one rule at a time, with no sharing, no bitsets and
//! no order of work: what the compiled policy is held to.

use super::spec::{LimitSpec, PolicySpec, RuleSpec};
use crate::core::catalog::source::{CoolDownScope, CountedOutcome};
use crate::core::expression::Frame;
use crate::core::interaction::OutcomeKind;
use crate::core::key::Key;
use crate::core::profile::Profile;
use crate::core::time::UnixMs;
use crate::core::value::Value;

/// All that the reading needs.
pub(super) struct Reading<'a> {
    pub(super) spec: &'a PolicySpec,
    pub(super) rules: &'a [RuleSpec],
    /// `None`: the profile could not be read.
    pub(super) profile: Option<&'a Profile>,
    pub(super) keys: &'a [Key],
    pub(super) now: UnixMs,
}

impl Reading<'_> {
    pub(super) fn survives(&self, offer: u32, channel: u16, frame: &Frame) -> bool {
        self.rules_hold(offer, channel, frame)
            && self.consented(offer, channel)
            && self.within_limits(offer, channel)
            && !self.rests(offer)
    }

    fn rules_hold(&self, offer: u32, channel: u16, frame: &Frame) -> bool {
        self.rules
            .iter()
            .filter(|rule| rule.offers.contains(&offer) && rule.channels >> channel & 1 == 1)
            .all(|rule| rule.program.reference_eval(frame) == Ok(Value::Bool(true)))
    }

    fn consented(&self, offer: u32, channel: u16) -> bool {
        self.spec.transactional.contains(offer)
            || self.spec.consents.iter().filter(|consent| consent.channel == channel).all(
                |consent| {
                    self.profile.is_some_and(|profile| {
                        profile.consent(consent.purpose, consent.channel_key) == Some(true)
                    })
                },
            )
    }

    fn within_limits(&self, offer: u32, channel: u16) -> bool {
        self.spec.limits.iter().all(|limit| {
            let binds = limit.channel_mask >> channel & 1 == 1 && limit.offers.contains(offer);
            !binds
                || self.profile.is_some_and(|profile| self.count(limit, profile, offer) < limit.max)
        })
    }

    fn count(&self, limit: &LimitSpec, profile: &Profile, offer: u32) -> u32 {
        let mut count = 0;
        for contact in profile.contacts() {
            let index = self.keys.iter().position(|key| *key == contact.offer);
            let counts_offer = match index {
                Some(index) if limit.per_offer => index == offer as usize,
                Some(index) => limit.offers.contains(index as u32),
                None => limit.counts_retired && !limit.per_offer,
            };
            let seen = |kind: OutcomeKind| contact.outcomes & kind.bit() != 0;
            let counts_outcome = match limit.counts {
                CountedOutcome::Contact => true,
                CountedOutcome::Click => seen(OutcomeKind::Click),
                CountedOutcome::Accept => seen(OutcomeKind::Accept) || seen(OutcomeKind::Convert),
            };
            let on_channel = limit.channels.is_empty() || limit.channels.contains(&contact.channel);
            let in_window = self.now.0 - contact.at.0 < limit.window_ms;
            if counts_offer && counts_outcome && on_channel && in_window {
                count += 1;
            }
        }
        count
    }

    fn rests(&self, offer: u32) -> bool {
        let Some(profile) = self.profile else {
            return self.spec.cool_downs.iter().any(|cool_down| cool_down.offers.contains(offer));
        };
        self.spec.cool_downs.iter().any(|cool_down| {
            profile.responses().iter().any(|response| {
                let Some(index) = self.keys.iter().position(|key| *key == response.offer) else {
                    return false;
                };
                let same = match cool_down.scope {
                    CoolDownScope::Offer => index == offer as usize,
                    CoolDownScope::Group => {
                        self.spec.groups[index] == self.spec.groups[offer as usize]
                    }
                };
                same && cool_down.offers.contains(index as u32)
                    && cool_down.after.contains(&response.kind)
                    && (cool_down.reasons.is_empty()
                        || cool_down.reasons.contains(&response.reason))
                    && cool_down.duration_ms.is_none_or(|ms| self.now.0 - response.at.0 < ms)
            })
        })
    }
}
