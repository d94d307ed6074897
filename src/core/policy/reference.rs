//! The plain reading of a policy, one offer and one rule at a time, with no sharing, no bitsets and
//! no order of work: what the compiled policy is held to.

use super::spec::{Gate, LimitSpec, PolicySpec, RuleSpec, Window};
use super::{Bitset, SequenceKind, Supply, share};
use crate::core::catalog::source::CoolDownScope;
use crate::core::expression::Frame;
use crate::core::interaction::OutcomeKind;
use crate::core::key::Key;
use crate::core::profile::{ConsentState, Profile};
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
    pub(super) customer: u64,
    pub(super) supply: &'a Supply,
    pub(super) keep: Option<&'a Bitset>,
    pub(super) eligibility_only: bool,
}

impl Reading<'_> {
    pub(super) fn survives(&self, offer: u32, channel: u16, frame: &Frame) -> bool {
        self.rules_hold(offer, channel, frame)
            && self.in_pilots(offer)
            && self.kept(offer)
            && self.state_allows(offer, frame)
            && self.may_contact(channel)
            && self.consented(offer, channel)
            && self.awake(offer, channel)
            && self.within_limits(offer, channel)
            && !self.rests(offer)
            && self.in_sequence(offer)
            && self.supplied(offer, channel)
    }

    fn in_pilots(&self, offer: u32) -> bool {
        let mut pilots = self.spec.pilots.iter().filter(|pilot| pilot.offers.contains(offer));
        pilots.all(|pilot| share::bucket(self.customer, pilot.salt) < pilot.buckets)
    }

    fn kept(&self, offer: u32) -> bool {
        self.spec.transactional.contains(offer) || self.keep.is_none_or(|keep| keep.contains(offer))
    }

    fn state_allows(&self, offer: u32, frame: &Frame) -> bool {
        let holds = |program: &crate::core::expression::Program| {
            program.reference_eval(frame) == Ok(Value::Bool(true))
        };
        let in_effect = self.spec.states.iter().find(|state| holds(&state.when));
        in_effect.is_none_or(|state| state.allowed.contains(offer))
    }

    fn may_contact(&self, channel: u16) -> bool {
        self.spec.outbound >> channel & 1 == 0
            || self.profile.is_some_and(|profile| {
                let flag = profile.consents().iter().find(|consent| consent.purpose == Key(0));
                flag.is_none_or(|flag| flag.state != ConsentState::Denied)
            })
    }

    /// Every test customer lives in the default zone.
    fn awake(&self, offer: u32, channel: u16) -> bool {
        let quiet = self.spec.quiet_hours.iter().filter(|quiet| quiet.channel == channel);
        self.spec.transactional.contains(offer)
            || quiet.into_iter().all(|quiet| {
                let minute = quiet.zone.default.minute_of_day(self.now);
                let mut silent = (0..1440).map(|ahead| (quiet.from + ahead) % 1440);
                !silent.by_ref().take_while(|at| *at != quiet.to).any(|at| at == minute)
            })
    }

    fn in_sequence(&self, offer: u32) -> bool {
        let mut binding = self.spec.sequences.iter().filter(|rule| rule.offers.contains(offer));
        binding.all(|rule| {
            let Some(profile) = self.profile else { return false };
            let happened = profile.responses().iter().any(|response| {
                let index = self.keys.iter().position(|key| *key == response.offer);
                let age = (self.now.0 - response.at.0).max(0);
                index.is_some_and(|index| rule.earlier.contains(index as u32))
                    && rule.outcomes & response.kind.bit() != 0
                    && age >= rule.after_ms
                    && rule.within_ms.is_none_or(|within| age < within)
            });
            match rule.kind {
                SequenceKind::Requires => happened,
                SequenceKind::Excludes => !happened,
            }
        })
    }

    fn supplied(&self, offer: u32, channel: u16) -> bool {
        let quotas = self.spec.quotas.iter().enumerate();
        let mut binding =
            quotas.filter(|(_, q)| q.channel_mask >> channel & 1 == 1 && q.offers.contains(offer));
        binding.all(|(index, quota)| {
            let left = match self.supply {
                Supply::Open => return true,
                Supply::Unavailable => 0,
                Supply::Held(left) => left[index],
            };
            let cost = match &quota.costs {
                None => 1,
                Some(costs) => costs.iter().find(|(o, _)| *o == offer).map_or(0, |(_, c)| *c),
            };
            cost <= left
        })
    }

    fn rules_hold(&self, offer: u32, channel: u16, frame: &Frame) -> bool {
        self.rules
            .iter()
            .filter(|rule| rule.offers.contains(&offer) && rule.channels >> channel & 1 == 1)
            .filter(|rule| !self.eligibility_only || rule.gate <= Gate::Eligibility)
            .all(|rule| rule.program.reference_eval(frame) == Ok(Value::Bool(true)))
    }

    fn consented(&self, offer: u32, channel: u16) -> bool {
        let asks = |consent: &&super::ConsentSpec| {
            consent.channel == channel && consent.offers.contains(offer)
        };
        self.spec.consents.iter().filter(asks).all(|consent| {
            let state = self
                .profile
                .and_then(|profile| profile.consent_state(consent.purpose, consent.channel_key));
            match state {
                Some(ConsentState::Confirmed) => true,
                Some(ConsentState::Granted) => !consent.confirmed,
                _ => false,
            }
        })
    }

    fn within_limits(&self, offer: u32, channel: u16) -> bool {
        self.spec.limits.iter().all(|limit| {
            let binds = limit.channel_mask >> channel & 1 == 1 && limit.offers.contains(offer);
            let whole = limit.treatments.as_ref();
            let binds = binds
                && (self.profile.is_none()
                    || whole.is_none_or(|only| only.alone.contains(&(channel, offer))));
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
            let counts_outcome = OutcomeKind::ALL
                .into_iter()
                .any(|kind| contact.outcomes & kind.bit() != 0 && limit.counts & kind.bit() != 0);
            let on_channel = limit.channels.is_empty() || limit.channels.contains(&contact.channel);
            let in_window = match &limit.window {
                Window::Rolling(ms) => self.now.0 - contact.at.0 < *ms,
                Window::Calendar(period, zone) => {
                    contact.at >= period.around(self.now, &zone.default).0
                }
            };
            let treated =
                limit.treatments.as_ref().is_none_or(|only| only.keys.contains(&contact.treatment));
            if counts_offer && counts_outcome && on_channel && in_window && treated {
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
                    && match cool_down.by_reason.iter().find(|(key, _)| *key == response.reason) {
                        Some((_, rest)) => Some(*rest),
                        None => cool_down.otherwise,
                    }
                    .is_some_and(|rest| rest.is_none_or(|ms| self.now.0 - response.at.0 < ms))
            })
        })
    }
}
