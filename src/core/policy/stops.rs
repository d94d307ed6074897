//! Why a gate that is not a condition stopped an offer, in words.

use std::sync::Arc;

use super::evaluate::{Evaluation, Subject, channel_bit};
use super::explain::{Stop, StoppedBy};
use super::sequence::SequenceKind;
use super::spec::Gate;
use super::{MONEY_UNITS, share};
use crate::core::catalog::source::CoolDownScope;
use crate::core::expression::Frame;

impl Evaluation<'_> {
    /// The first gate after the conditions that stops `offer` on the channel with index `channel`.
    pub(super) fn stopped(&self, offer: u32, channel: u16, frame: &Frame) -> Option<Stop> {
        self.stopped_by_pilot(offer)
            .or_else(|| self.stopped_by_control(offer))
            .or_else(|| self.stopped_by_state(offer))
            .or_else(|| self.stopped_by_do_not_contact(channel))
            .or_else(|| self.stopped_by_consent(offer, channel))
            .or_else(|| self.stopped_by_quiet_hours(offer, channel, frame))
            .or_else(|| self.stopped_by_limit(offer, channel))
            .or_else(|| self.stopped_by_cool_down(offer))
            .or_else(|| self.stopped_by_sequence(offer))
            .or_else(|| self.stopped_by_quota(offer, channel))
    }

    fn stopped_by_pilot(&self, offer: u32) -> Option<Stop> {
        let pilots = self.policy.spec.pilots.iter().filter(|pilot| pilot.offers.contains(offer));
        let pilot = pilots
            .into_iter()
            .find(|pilot| share::bucket(self.customer, pilot.salt) >= pilot.buckets)?;
        let percent = f64::from(pilot.buckets) / 100.0;
        let message = format!("a pilot for {percent} % of customers, and this is not one of them");
        Some(stop(Gate::Pilot, by(pilot.id.as_ref()), message))
    }

    fn stopped_by_control(&self, offer: u32) -> Option<Stop> {
        let keep = self.restriction.keep?;
        if keep.contains(offer) || self.policy.spec.transactional.contains(offer) {
            return None;
        }
        let message = "the customer is in the control group".to_owned();
        Some(stop(Gate::ControlGroup, by(self.restriction.arm), message))
    }

    fn stopped_by_state(&self, offer: u32) -> Option<Stop> {
        let state = self.state_in_effect().filter(|state| !state.allowed.contains(offer))?;
        let reason = state.reason.as_deref();
        let message = reason.map_or_else(
            || format!("the state `{}` of the customer puts other things first", state.id),
            str::to_owned,
        );
        let condition: Arc<str> = state.when.source().into();
        let told = stop(Gate::State, by(Some(&state.id)), message);
        Some(Stop { condition: Some(condition), ..told })
    }

    fn stopped_by_do_not_contact(&self, channel: u16) -> Option<Stop> {
        if !self.closed_to_contact(channel) {
            return None;
        }
        let message = match self.subject {
            Subject::Known(_) => "the customer wants no contact",
            Subject::Unavailable => "whether the customer wants contact could not be read",
        };
        Some(stop(Gate::DoNotContact, StoppedBy::Decision, message.to_owned()))
    }

    fn stopped_by_consent(&self, offer: u32, channel: u16) -> Option<Stop> {
        let mut consents = self.policy.spec.consents.iter();
        let consent = consents.find(|consent| {
            consent.channel == channel && consent.offers.contains(offer) && !self.consented(consent)
        })?;
        let message = match self.subject {
            Subject::Known(profile) => {
                let state = profile.consent_state(consent.purpose, consent.channel_key);
                let name = &consent.purpose_name;
                match state.filter(|state| state.counts(false) || state.is_pending()) {
                    Some(_) => format!("consent to `{name}` on this channel is not confirmed yet"),
                    None => format!("no consent to `{name}` on this channel"),
                }
            }
            Subject::Unavailable => "consent could not be read".to_owned(),
        };
        Some(stop(Gate::Consent, by(Some(&consent.purpose_name)), message))
    }

    fn stopped_by_quiet_hours(&self, offer: u32, channel: u16, frame: &Frame) -> Option<Stop> {
        if self.policy.spec.transactional.contains(offer) {
            return None;
        }
        let quiet = self.quiet(channel, frame)?;
        let message = match (self.subject, &quiet.zone.customer) {
            (Subject::Unavailable, Some(_)) => {
                "the customer's time zone could not be read".to_owned()
            }
            _ => format!("quiet hours, {} in {}", quiet.words(), quiet.zone.of(frame).name),
        };
        Some(stop(Gate::QuietHours, StoppedBy::Decision, message))
    }

    fn stopped_by_limit(&self, offer: u32, channel: u16) -> Option<Stop> {
        let limits = self.policy.spec.limits.iter().zip(self.limits());
        let mut binding =
            limits.filter(|(limit, _)| limit.channel_mask & channel_bit(channel) != 0);
        let unavailable = matches!(self.subject, Subject::Unavailable);
        let (limit, _) = binding.find(|(limit, state)| {
            limit.stops(state, channel, offer) || (unavailable && limit.offers.contains(offer))
        })?;
        let message = if unavailable {
            "contacts so far could not be read".to_owned()
        } else {
            format!("at most {} {}, all used", limit.max, limit.window.words())
        };
        Some(stop(Gate::ContactLimit, by(Some(&limit.id)), message))
    }

    fn stopped_by_cool_down(&self, offer: u32) -> Option<Stop> {
        let spec = &self.policy.spec;
        if matches!(self.subject, Subject::Unavailable) {
            let resting =
                spec.cool_downs.iter().find(|cool_down| cool_down.offers.contains(offer))?;
            let message = "earlier answers could not be read".to_owned();
            return Some(stop(Gate::CoolDown, by(Some(&resting.id)), message));
        }
        let cooled = self.cooled.iter().find(|cooled| {
            let scope = spec.cool_downs.get(cooled.cool_down).map(|cool_down| cool_down.scope);
            let group = |index: u32| spec.groups.get(index as usize);
            cooled.offer == offer
                || (scope == Some(CoolDownScope::Group) && group(cooled.offer) == group(offer))
        })?;
        let cool_down = spec.cool_downs.get(cooled.cool_down)?;
        let message = match cooled.until {
            Some(until) => format!("rests until {until}"),
            None => "rests for good".to_owned(),
        };
        Some(stop(Gate::CoolDown, by(Some(&cool_down.id)), message))
    }

    fn stopped_by_sequence(&self, offer: u32) -> Option<Stop> {
        let sequences = self.policy.spec.sequences.iter().enumerate();
        let mut binding = sequences.filter(|(_, sequence)| sequence.offers.contains(offer));
        let (_, sequence) = binding.find(|(index, _)| !self.sequence_open(*index))?;
        let message = match self.subject {
            Subject::Known(_) => sequence.words(),
            Subject::Unavailable => "what happened before could not be read".to_owned(),
        };
        let gate = match sequence.kind {
            SequenceKind::Requires => Gate::Prerequisite,
            SequenceKind::Excludes => Gate::Exclusion,
        };
        Some(stop(gate, by(sequence.id.as_ref()), message))
    }

    #[expect(clippy::cast_precision_loss, reason = "shown to people")]
    fn stopped_by_quota(&self, offer: u32, channel: u16) -> Option<Stop> {
        let quotas = self.policy.spec.quotas.iter().enumerate();
        let mut binding = quotas.filter(|(_, quota)| quota.binds(offer, channel_bit(channel)));
        let (index, quota) = binding.find(|(index, q)| q.cost(offer) > self.quota_left(*index))?;
        let message = match (self.supply, quota.is_money()) {
            (super::Supply::Unavailable, _) => "what is left could not be read".to_owned(),
            (_, false) => format!("all {} are used or held", quota.max),
            (_, true) => format!(
                "it costs {}, of {} there are {} left",
                quota.cost(offer) as f64 / MONEY_UNITS,
                quota.max as f64 / MONEY_UNITS,
                self.quota_left(index) as f64 / MONEY_UNITS,
            ),
        };
        Some(stop(Gate::Quota, by(Some(&quota.id)), message))
    }
}

fn by(rule: Option<&Arc<str>>) -> StoppedBy {
    rule.map_or(StoppedBy::Offer, |id| StoppedBy::Rule(id.clone()))
}

fn stop(gate: Gate, by: StoppedBy, message: String) -> Stop {
    let (condition, reads) = (None, Arc::default());
    Stop { gate, by, condition, reads, message: message.into() }
}
