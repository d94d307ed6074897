//! Why an offer was stopped: read from the very evaluation that stopped it.

use std::sync::Arc;

use super::evaluate::{Evaluation, Subject, Verdict, channel_bit};
use super::spec::Gate;
use crate::core::catalog::source::CoolDownScope;
use crate::core::expression::Frame;

/// A value a condition read.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ReadValue {
    /// Dotted path.
    pub path: Arc<str>,
    /// Its slot's index in the frame.
    pub slot: u32,
}

/// The gate that stopped an offer, and why.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Stop {
    /// The gate.
    pub gate: Gate,
    /// Id of the policy, limit or cool-down, or of the offer itself.
    pub rule: Arc<str>,
    /// The condition as written, where there is one.
    pub condition: Option<Arc<str>>,
    /// Which of the policy's distinct conditions it is.
    pub atom: Option<u32>,
    /// What the condition read.
    pub values: Arc<[ReadValue]>,
    /// Why, for people.
    pub message: Arc<str>,
}

impl Evaluation<'_> {
    /// The first gate that stops `offer` on `channel`, in the order of [`Gate`]; `None` when it
    /// survives.
    pub fn stop(&mut self, offer: u32, channel: u16, frame: &Frame) -> Option<Stop> {
        self.stopped_by_rule(offer, channel, frame)
            .or_else(|| self.stopped_by_consent(offer, channel))
            .or_else(|| self.stopped_by_limit(offer, channel))
            .or_else(|| self.stopped_by_cool_down(offer))
    }

    fn stopped_by_rule(&mut self, offer: u32, channel: u16, frame: &Frame) -> Option<Stop> {
        let policy = self.policy;
        for number in policy.rules_by_offer.get(offer as usize)? {
            let rule = policy.rules.get(*number as usize)?;
            if rule.channels & channel_bit(channel) == 0 {
                continue;
            }
            for atom in &rule.atoms {
                let why = match self.verdict(*atom, frame) {
                    Verdict::True => continue,
                    Verdict::False | Verdict::Untested => None,
                    Verdict::Missing(path) => Some(format!("`{path}` is unknown")),
                    Verdict::Failed(why) => Some(format!("the condition failed: {why}")),
                };
                let (number, atom) = (*atom, policy.atoms.get(*atom as usize)?);
                // Of thousands of offers most are stopped in the same few words: they are shared.
                let message = match (why, &rule.reason) {
                    (Some(why), Some(reason)) => format!("{reason} ({why})").into(),
                    (Some(why), None) => why.into(),
                    (None, Some(reason)) => reason.clone(),
                    (None, None) => self.plain_words.clone(),
                };
                return Some(Stop {
                    gate: rule.gate,
                    rule: rule.from.clone(),
                    condition: Some(atom.text.clone()),
                    atom: Some(number),
                    values: atom.reads.clone(),
                    message,
                });
            }
        }
        None
    }

    fn stopped_by_consent(&self, offer: u32, channel: u16) -> Option<Stop> {
        let consent = self.consent_needed(channel)?;
        if self.policy.spec.transactional.contains(offer) || self.consented(consent) {
            return None;
        }
        let message = match self.subject {
            Subject::Known(_) => {
                format!("no consent to `{}` on this channel", consent.purpose_name)
            }
            Subject::Unavailable => "consent could not be read".to_owned(),
        };
        Some(plain(Gate::Consent, consent.purpose_name.clone(), message))
    }

    fn stopped_by_limit(&self, offer: u32, channel: u16) -> Option<Stop> {
        let limits = self.policy.spec.limits.iter().zip(self.limits());
        for (limit, state) in limits {
            if limit.channel_mask & channel_bit(channel) == 0 || !limit.offers.contains(offer) {
                continue;
            }
            if matches!(self.subject, Subject::Unavailable) {
                let message = "contacts so far could not be read".to_owned();
                return Some(plain(Gate::ContactLimit, limit.id.clone(), message));
            }
            let own = state.counts.iter().find(|(known, _)| *known == offer).map_or(0, |(_, n)| *n);
            let reached = if limit.per_offer { own >= limit.max } else { state.remaining == 0 };
            if reached {
                let message = format!("at most {} within the window, all used", limit.max);
                return Some(plain(Gate::ContactLimit, limit.id.clone(), message));
            }
        }
        None
    }

    fn stopped_by_cool_down(&self, offer: u32) -> Option<Stop> {
        let spec = &self.policy.spec;
        if matches!(self.subject, Subject::Unavailable) {
            let resting =
                spec.cool_downs.iter().find(|cool_down| cool_down.offers.contains(offer))?;
            let message = "earlier answers could not be read".to_owned();
            return Some(plain(Gate::CoolDown, resting.id.clone(), message));
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
        Some(plain(Gate::CoolDown, cool_down.id.clone(), message))
    }
}

fn plain(gate: Gate, rule: Arc<str>, message: String) -> Stop {
    let (condition, atom, values) = (None, None, Arc::default());
    Stop { gate, rule, condition, atom, values, message: message.into() }
}
