//! Why an offer was stopped: read from the very evaluation that stopped it.

use std::sync::Arc;

use super::evaluate::{Evaluation, Verdict, channel_bit};
use super::spec::Gate;
use crate::core::expression::Frame;

/// A value a condition read.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ReadValue {
    /// Dotted path.
    pub path: Arc<str>,
    /// Its slot's index in the frame.
    pub slot: u32,
}

/// Whose rule stopped an offer.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum StoppedBy {
    /// The offer's own.
    Offer,
    /// The policy, limit or cool-down with this id.
    Rule(Arc<str>),
    /// No declared rule: the decision itself.
    Decision,
}

impl StoppedBy {
    /// The id of the rule, where `offer` is the stopped offer's; empty when no rule is named.
    #[must_use]
    pub fn id<'a>(&'a self, offer: &'a str) -> &'a str {
        match self {
            Self::Offer => offer,
            Self::Rule(id) => id,
            Self::Decision => "",
        }
    }
}

/// The gate that stopped an offer, and why.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Stop {
    /// The gate.
    pub gate: Gate,
    /// Whose rule.
    pub by: StoppedBy,
    /// The condition as written, where there is one.
    pub condition: Option<Arc<str>>,
    /// What the condition read.
    pub reads: Arc<[ReadValue]>,
    /// Why, for people.
    pub message: Arc<str>,
}

/// Explains offers on one channel from the evaluation that decided. Each distinct way of being
/// stopped is told once, however many offers it stops.
#[derive(Debug)]
pub struct Explainer<'e, 'a> {
    evaluation: &'e mut Evaluation<'a>,
    channel: u16,
    frame: &'e Frame,
    by_cause: Vec<Known>,
    stops: Vec<Stop>,
}

/// What is known of a cause.
#[derive(Clone, Copy, Debug)]
enum Known {
    Unasked,
    Passes,
    Stops(u32),
}

impl<'a> Evaluation<'a> {
    /// Begins to explain the decision on `channel`.
    pub fn explain<'e>(&'e mut self, channel: u16, frame: &'e Frame) -> Explainer<'e, 'a> {
        let by_cause = vec![Known::Unasked; self.policy.causes.len()];
        Explainer { evaluation: self, channel, frame, by_cause, stops: Vec::new() }
    }
}

impl Explainer<'_, '_> {
    /// The first gate that stops `offer`, in the order of [`Gate`], by its number among
    /// [`Self::stops`]; `None` when the offer survives.
    pub fn stop(&mut self, offer: u32) -> Option<u32> {
        let policy = self.evaluation.policy;
        for cause in policy.causes_of(offer) {
            match self.known(*cause) {
                Known::Stops(stop) => return Some(stop),
                Known::Passes | Known::Unasked => {}
            }
        }
        let stop = self.evaluation.stopped(offer, self.channel, self.frame)?;
        Some(self.tell(stop))
    }

    /// The number of `stop`, which is told once.
    pub fn tell(&mut self, stop: Stop) -> u32 {
        // Neighbours are mostly stopped alike; looking further back would cost more than it saves.
        const LOOK_BACK: usize = 8;
        let told = self.stops.iter().rev().take(LOOK_BACK).position(|told| *told == stop);
        let number = match told {
            Some(back) => self.stops.len() - 1 - back,
            None => {
                self.stops.push(stop);
                self.stops.len() - 1
            }
        };
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    /// All that was told.
    #[must_use]
    pub fn stops(&self) -> &[Stop] {
        &self.stops
    }

    fn known(&mut self, cause: u32) -> Known {
        let known = self.by_cause.get(cause as usize).copied().unwrap_or(Known::Passes);
        if !matches!(known, Known::Unasked) {
            return known;
        }
        let known = match self.ask(cause) {
            Some(stop) => {
                self.stops.push(stop);
                Known::Stops(u32::try_from(self.stops.len() - 1).unwrap_or(u32::MAX))
            }
            None => Known::Passes,
        };
        if let Some(place) = self.by_cause.get_mut(cause as usize) {
            *place = known;
        }
        known
    }

    /// What a cause comes to on this channel.
    fn ask(&mut self, cause: u32) -> Option<Stop> {
        let policy = self.evaluation.policy;
        let cause = policy.causes.get(cause as usize)?;
        let atom = policy.atoms.get(cause.atom as usize)?;
        let asked =
            cause.gate <= Gate::Eligibility || !self.evaluation.restriction.eligibility_only;
        if cause.channels & channel_bit(self.channel) == 0 || !asked {
            return None;
        }
        let why = match self.evaluation.verdict(cause.atom, self.frame) {
            Verdict::True => return None,
            Verdict::False | Verdict::Untested => None,
            Verdict::Missing(path) => Some(format!("`{path}` is unknown")),
            Verdict::Failed(why) => Some(format!("the condition failed: {why}")),
        };
        let message = match (why, &cause.reason) {
            (Some(why), Some(reason)) => format!("{reason} ({why})").into(),
            (Some(why), None) => why.into(),
            (None, Some(reason)) => reason.clone(),
            (None, None) => "the condition does not hold".into(),
        };
        Some(Stop {
            gate: cause.gate,
            by: cause.from.clone().map_or(StoppedBy::Offer, StoppedBy::Rule),
            condition: Some(atom.text.clone()),
            reads: atom.reads.clone(),
            message,
        })
    }
}
