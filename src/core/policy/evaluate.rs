//! Running a policy for one decision: which offers survive on a channel.

use std::sync::Arc;

use super::compile::Requirement;
use super::limits::LimitState;
use super::rest::{self, Cooled};
use super::spec::ConsentSpec;
use super::supply::Supply;
use super::{Bitset, Policy, StateSpec, sequence, share, state};
use crate::core::expression::{EvalError, Frame};
use crate::core::key::Key;
use crate::core::profile::Profile;
use crate::core::time::UnixMs;

/// Whom a decision is for.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// The customer's profile; a new customer has an empty one.
    Known(&'a Profile),
    /// The profile could not be read: caps and consents fail closed, the rest goes on.
    Unavailable,
}

/// What a policy is run for.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// Whom it is for.
    pub subject: Subject<'a>,
    /// Hash of the customer's id.
    pub customer: u64,
    /// When.
    pub now: UnixMs,
    /// What is left of quotas.
    pub supply: &'a Supply,
    /// What the customer's arm of the experiment restricts.
    pub restriction: Restriction<'a>,
}

/// What an arm of an experiment restricts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Restriction<'a> {
    /// Name of the arm.
    pub arm: Option<&'a Arc<str>>,
    /// Only these offers, and transactional ones.
    pub keep: Option<&'a Bitset>,
    /// Applicability and suitability are not asked.
    pub eligibility_only: bool,
}

/// What a condition came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Not asked.
    Untested,
    /// Holds.
    True,
    /// Does not.
    False,
    /// Unknown: a value is missing.
    Missing(Arc<str>),
    /// It failed; counted, and shown as a reason.
    Failed(String),
}

/// The running evaluation of one decision. Conditions are asked at most once, and only while some
/// surviving offer needs them.
#[derive(Debug)]
pub struct Evaluation<'a> {
    pub(super) policy: &'a Policy,
    pub(super) subject: Subject<'a>,
    pub(super) customer: u64,
    pub(super) now: UnixMs,
    pub(super) supply: &'a Supply,
    pub(super) restriction: Restriction<'a>,
    /// By atom; empty until one is asked on its own.
    verdicts: Vec<Verdict>,
    pub(super) cooled: Vec<Cooled>,
    /// By sequence: whether an outcome matched.
    pub(super) matched: Vec<bool>,
    /// Closed on every channel.
    closed: Bitset,
    pub(super) limits: Vec<LimitState>,
    /// By quota: units that this decision has placed.
    pub(super) placed: Vec<u64>,
    /// The state in effect on the channel being decided.
    pub(super) state: Option<usize>,
}

impl<'a> Evaluation<'a> {
    /// Starts: reads what the customer's history says about limits, cool-downs and sequences.
    /// `frame` holds what is known but for the channel; `index_of` maps an offer's key to its index.
    #[must_use]
    pub fn new(
        policy: &'a Policy,
        setting: Setting<'a>,
        frame: &Frame,
        index_of: impl Fn(Key) -> Option<u32>,
    ) -> Self {
        let Setting { subject, customer, now, supply, restriction } = setting;
        let spec = &policy.spec;
        let (cooled, matched, limits) = match subject {
            Subject::Known(profile) => (
                rest::cooled(policy, profile, &index_of, now),
                sequence::matched(&spec.sequences, profile, &index_of, now),
                spec.limits
                    .iter()
                    .map(|limit| limit.stand(profile, &index_of, now, frame))
                    .collect(),
            ),
            Subject::Unavailable => {
                (Vec::new(), Vec::new(), spec.limits.iter().map(|_| LimitState::closed()).collect())
            }
        };
        let mut evaluation = Self {
            policy,
            subject,
            customer,
            now,
            supply,
            restriction,
            verdicts: Vec::new(),
            cooled,
            matched,
            closed: Bitset::empty(spec.offers),
            limits,
            placed: vec![0; spec.quotas.len()],
            state: None,
        };
        evaluation.close();
        evaluation
    }

    /// Collects what is closed on every channel.
    fn close(&mut self) {
        let spec = &self.policy.spec;
        for entry in &self.cooled {
            rest::mark(self.policy, entry, &mut self.closed);
        }
        for (index, sequence) in spec.sequences.iter().enumerate() {
            if !self.sequence_open(index) {
                self.closed.union(&sequence.offers);
            }
        }
        if matches!(self.subject, Subject::Unavailable) {
            for cool_down in &spec.cool_downs {
                self.closed.union(&cool_down.offers);
            }
        }
        for pilot in &spec.pilots {
            if share::bucket(self.customer, pilot.salt) >= pilot.buckets {
                self.closed.union(&pilot.offers);
            }
        }
        if let Some(keep) = self.restriction.keep {
            let mut dropped = Bitset::full(spec.offers);
            dropped.subtract(keep);
            dropped.subtract(&spec.transactional);
            self.closed.union(&dropped);
        }
    }

    /// Whether a sequence lets its offers through; closed when history could not be read.
    pub(super) fn sequence_open(&self, sequence: usize) -> bool {
        match (self.policy.spec.sequences.get(sequence), self.matched.get(sequence)) {
            (Some(spec), Some(matched)) => spec.open(*matched),
            _ => false,
        }
    }

    /// Forgets the conditions that read the channel, before another channel is decided.
    pub fn next_channel(&mut self) {
        for (verdict, atom) in self.verdicts.iter_mut().zip(&self.policy.atoms) {
            if atom.by_channel {
                *verdict = Verdict::Untested;
            }
        }
    }

    /// Finds the state in effect for a frame that names the channel; its id.
    pub fn enter_state(&mut self, frame: &Frame) -> Option<&'a Arc<str>> {
        let states = &self.policy.spec.states;
        self.state = state::in_effect(states, frame);
        self.state_in_effect().map(|state| &state.id)
    }

    /// The state in effect.
    #[must_use]
    pub fn state_in_effect(&self) -> Option<&'a StateSpec> {
        self.state.and_then(|state| self.policy.spec.states.get(state))
    }

    /// Keeps in `survivors` what may be offered on the channel with index `channel`.
    pub fn survivors(&mut self, channel: u16, frame: &Frame, survivors: &mut Bitset) {
        let bit = channel_bit(channel);
        let policy = self.policy;
        let spec = &policy.spec;
        if self.closed_to_contact(channel) {
            survivors.subtract(&Bitset::full(spec.offers));
        }
        if let Some(state) = self.state_in_effect() {
            survivors.intersect(&state.allowed);
        }
        for consent in spec.consents.iter().filter(|consent| consent.channel == channel) {
            if !self.consented(consent) {
                survivors.subtract(&consent.offers);
            }
        }
        if self.quiet(channel, frame).is_some() {
            survivors.intersect(&spec.transactional);
        }
        survivors.subtract(&self.closed);
        for (limit, state) in spec.limits.iter().zip(&self.limits) {
            match self.subject {
                _ if limit.channel_mask & bit == 0 => {}
                Subject::Known(_) => limit.stop(state, channel, survivors),
                Subject::Unavailable => survivors.subtract(&limit.offers),
            }
        }
        for (index, quota) in spec.quotas.iter().enumerate() {
            if quota.channel_mask & bit != 0 {
                self.stop_unsupplied(index, survivors);
            }
        }
        for index in &policy.indexes {
            if index.channels & bit == 0 || !(index.hard || self.asks_all()) {
                continue;
            }
            match index.stopped(frame) {
                Some(stopped) => survivors.subtract(stopped),
                None => self.ask(&index.requirements, bit, frame, survivors),
            }
        }
        self.ask(&policy.requirements, bit, frame, survivors);
    }

    /// Whether more than eligibility is asked.
    pub(super) fn asks_all(&self) -> bool {
        !self.restriction.eligibility_only
    }

    /// Takes out the offers whose condition does not hold, asking only while somebody needs it.
    fn ask(
        &mut self,
        requirements: &[Requirement],
        bit: u64,
        frame: &Frame,
        survivors: &mut Bitset,
    ) {
        for requirement in requirements {
            if requirement.channels & bit != 0
                && (requirement.hard || self.asks_all())
                && survivors.intersects(&requirement.offers)
                && *self.verdict(requirement.atom, frame) != Verdict::True
            {
                survivors.subtract(&requirement.offers);
            }
        }
    }

    fn stop_unsupplied(&self, quota: usize, survivors: &mut Bitset) {
        let Some(spec) = self.policy.spec.quotas.get(quota) else { return };
        let left = self.quota_left(quota);
        if left >= spec.cost_max() {
            return;
        }
        if !spec.is_money() {
            survivors.subtract(&spec.offers);
            return;
        }
        let short = spec.costs.iter().flatten().filter(|(_, cost)| *cost > left);
        short.for_each(|(offer, _)| survivors.remove(*offer));
    }

    /// Units of a quota that are left to this decision.
    #[must_use]
    pub fn quota_left(&self, quota: usize) -> u64 {
        let placed = self.placed.get(quota).copied().unwrap_or(0);
        self.supply.left(quota).saturating_sub(placed)
    }

    /// How many of a quota's offers this decision may still place, whichever they are; one where
    /// what is left is enough for some only.
    #[must_use]
    pub fn quota_places(&self, quota: usize) -> u32 {
        let Some(spec) = self.policy.spec.quotas.get(quota) else { return 0 };
        let left = self.quota_left(quota);
        let places = (left / spec.cost_max()).max(u64::from(spec.is_money() && left > 0));
        u32::try_from(places).unwrap_or(u32::MAX)
    }

    /// Notes that an offer was placed on the channel with index `channel`, so that what binds all
    /// channels together binds the next.
    pub fn note_placed(&mut self, channel: u16, offer: u32, treatment: Key) {
        let bit = channel_bit(channel);
        for (limit, state) in self.policy.spec.limits.iter().zip(&mut self.limits) {
            if limit.channel_mask & bit != 0 {
                limit.place(state, offer, treatment);
            }
        }
        for (quota, placed) in self.policy.spec.quotas.iter().zip(&mut self.placed) {
            if quota.binds(offer, bit) {
                *placed = placed.saturating_add(quota.cost(offer));
            }
        }
    }

    /// Treatments that a limit stops, by key.
    #[must_use]
    pub fn closed_treatments(&self) -> Vec<Key> {
        let limits = self.policy.spec.limits.iter().zip(&self.limits);
        let closed = limits.filter(|(_, state)| state.remaining == 0);
        closed
            .filter_map(|(limit, _)| limit.treatments.as_ref())
            .flat_map(|t| t.keys.clone())
            .collect()
    }

    /// The offers that must be shown first, as of `frame`.
    #[must_use]
    pub fn mandatory(&self, frame: &Frame) -> Vec<u32> {
        let holds = |when: &crate::core::expression::Program| when.eval_bool(frame) == Ok(true);
        let mandatory = self.policy.spec.mandatory.iter();
        mandatory
            .filter(|must| must.when.as_ref().is_none_or(holds))
            .map(|must| must.offer)
            .collect()
    }

    /// What condition `atom` comes to; asked at most once.
    pub(super) fn verdict(&mut self, atom: u32, frame: &Frame) -> &Verdict {
        const NONE: &Verdict = &Verdict::Untested;
        let atom = atom as usize;
        if self.verdicts.is_empty() {
            self.verdicts = vec![Verdict::Untested; self.policy.atoms.len()];
        }
        if let (Some(verdict @ Verdict::Untested), Some(entry)) =
            (self.verdicts.get_mut(atom), self.policy.atoms.get(atom))
        {
            *verdict = match entry.program.eval_bool(frame) {
                Ok(true) => Verdict::True,
                Ok(false) => Verdict::False,
                Err(EvalError::Missing(path)) => Verdict::Missing(path),
                Err(EvalError::Failed(why)) => Verdict::Failed(why),
            };
        }
        self.verdicts.get(atom).unwrap_or(NONE)
    }

    /// Conditions that failed (not: were false or unknown), for counting: text and why.
    pub fn failures(&self) -> impl Iterator<Item = (&str, &str)> {
        self.verdicts.iter().zip(&self.policy.atoms).filter_map(|(verdict, atom)| match verdict {
            Verdict::Failed(why) => Some((atom.program.source(), why.as_str())),
            _ => None,
        })
    }

    /// What rests, and until when.
    #[must_use]
    pub fn cooled(&self) -> &[Cooled] {
        &self.cooled
    }

    /// Where each contact limit stands, in the order of the specs.
    #[must_use]
    pub fn limits(&self) -> &[LimitState] {
        &self.limits
    }

    /// Whether the customer wants no contact and the channel is one; so too when it is not known.
    pub(super) fn closed_to_contact(&self, channel: u16) -> bool {
        self.policy.spec.outbound & channel_bit(channel) != 0
            && match self.subject {
                Subject::Known(profile) => profile.do_not_contact(),
                Subject::Unavailable => true,
            }
    }

    /// The quiet hours that silence the channel now; so too when it is not known where the
    /// customer lives.
    pub(super) fn quiet(&self, channel: u16, frame: &Frame) -> Option<&'a super::QuietSpec> {
        let mut all = self.policy.spec.quiet_hours.iter();
        let quiet = all.find(|quiet| quiet.channel == channel)?;
        let unknown = quiet.zone.customer.is_some() && matches!(self.subject, Subject::Unavailable);
        (unknown || quiet.is_quiet(self.now, &quiet.zone.of(frame))).then_some(quiet)
    }

    pub(super) fn consented(&self, consent: &ConsentSpec) -> bool {
        match self.subject {
            Subject::Known(profile) => profile
                .consent_state(consent.purpose, consent.channel_key)
                .is_some_and(|state| state.counts(consent.confirmed)),
            Subject::Unavailable => false,
        }
    }
}

/// The bit of a channel in masks.
pub(super) fn channel_bit(channel: u16) -> u64 {
    1_u64.checked_shl(u32::from(channel)).unwrap_or(0)
}
