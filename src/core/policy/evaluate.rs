//! Running a policy for one decision: which offers survive on a channel.

use std::sync::Arc;

use super::compile::Requirement;
use super::spec::{ConsentSpec, LimitSpec};
use super::{Bitset, Policy};
use crate::core::catalog::source::{CoolDownScope, CountedOutcome};
use crate::core::expression::{EvalError, Frame};
use crate::core::interaction::OutcomeKind;
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

/// Where a contact limit stands for this customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitState {
    /// Contacts counted in the window; for a limit per offer, by offer index.
    pub counts: Vec<(u32, u32)>,
    /// What may still be placed by this decision, over all offers (`u32::MAX` for limits per offer).
    pub remaining: u32,
}

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

/// The running evaluation of one decision. Conditions are asked at most once, and only while some
/// surviving offer needs them.
#[derive(Debug)]
pub struct Evaluation<'a> {
    pub(super) policy: &'a Policy,
    pub(super) subject: Subject<'a>,
    /// By atom; empty until one is asked on its own.
    verdicts: Vec<Verdict>,
    pub(super) cooled: Vec<Cooled>,
    cooled_offers: Bitset,
    limits: Vec<LimitState>,
}

impl<'a> Evaluation<'a> {
    /// Starts: reads what the customer's history says about limits and cool-downs.
    /// `index_of` maps an offer's key to its index.
    #[must_use]
    pub fn new(
        policy: &'a Policy,
        subject: Subject<'a>,
        index_of: impl Fn(Key) -> Option<u32>,
        now: UnixMs,
    ) -> Self {
        let cooled = match subject {
            Subject::Known(profile) => cooled(policy, profile, &index_of, now),
            Subject::Unavailable => Vec::new(),
        };
        let mut cooled_offers = Bitset::empty(policy.spec.offers);
        for entry in &cooled {
            mark_cooled(policy, entry, &mut cooled_offers);
        }
        if matches!(subject, Subject::Unavailable) {
            for spec in &policy.spec.cool_downs {
                cooled_offers.union(&spec.offers);
            }
        }
        let limits = match subject {
            Subject::Known(profile) => policy
                .spec
                .limits
                .iter()
                .map(|limit| count_limit(limit, profile, &index_of, now))
                .collect(),
            Subject::Unavailable => policy
                .spec
                .limits
                .iter()
                .map(|_| LimitState { counts: Vec::new(), remaining: 0 })
                .collect(),
        };
        Self { policy, subject, verdicts: Vec::new(), cooled, cooled_offers, limits }
    }

    /// Forgets the conditions that read the channel, before another channel is decided.
    pub fn next_channel(&mut self) {
        for (verdict, atom) in self.verdicts.iter_mut().zip(&self.policy.atoms) {
            if atom.by_channel {
                *verdict = Verdict::Untested;
            }
        }
    }

    /// Keeps in `survivors` what may be offered on the channel with index `channel`.
    pub fn survivors(&mut self, channel: u16, frame: &Frame, survivors: &mut Bitset) {
        let bit = channel_bit(channel);
        if let Some(consent) = self.consent_needed(channel)
            && !self.consented(consent)
        {
            survivors.intersect(&self.policy.spec.transactional);
        }
        survivors.subtract(&self.cooled_offers);
        let policy = self.policy;
        for (limit, state) in policy.spec.limits.iter().zip(&self.limits) {
            if limit.channel_mask & bit != 0 {
                stop_limited(limit, state, survivors);
            }
        }
        for index in &policy.indexes {
            if index.channels & bit == 0 {
                continue;
            }
            match index.stopped(frame) {
                Some(stopped) => survivors.subtract(stopped),
                None => self.ask(&index.requirements, bit, frame, survivors),
            }
        }
        self.ask(&policy.requirements, bit, frame, survivors);
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
                && survivors.intersects(&requirement.offers)
                && *self.verdict(requirement.atom, frame) != Verdict::True
            {
                survivors.subtract(&requirement.offers);
            }
        }
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

    /// Where each contact limit stands, in the order of the specs.
    #[must_use]
    pub fn limits(&self) -> &[LimitState] {
        &self.limits
    }

    pub(super) fn consent_needed(&self, channel: u16) -> Option<&'a ConsentSpec> {
        self.policy.spec.consents.iter().find(|consent| consent.channel == channel)
    }

    pub(super) fn consented(&self, consent: &ConsentSpec) -> bool {
        match self.subject {
            Subject::Known(profile) => {
                profile.consent(consent.purpose, consent.channel_key) == Some(true)
            }
            Subject::Unavailable => false,
        }
    }
}

/// The bit of a channel in masks.
pub(super) fn channel_bit(channel: u16) -> u64 {
    1_u64.checked_shl(u32::from(channel)).unwrap_or(0)
}

fn stop_limited(limit: &LimitSpec, state: &LimitState, survivors: &mut Bitset) {
    if state.remaining == 0 {
        survivors.subtract(&limit.offers);
    }
    if limit.per_offer {
        for (offer, count) in &state.counts {
            if *count >= limit.max && limit.offers.contains(*offer) {
                survivors.remove(*offer);
            }
        }
    }
}

fn counted(limit: &LimitSpec, outcomes: u8) -> bool {
    let bits = match limit.counts {
        CountedOutcome::Contact => return true,
        CountedOutcome::Click => OutcomeKind::Click.bit(),
        CountedOutcome::Accept => OutcomeKind::Accept.bit() | OutcomeKind::Convert.bit(),
    };
    outcomes & bits != 0
}

fn count_limit(
    limit: &LimitSpec,
    profile: &Profile,
    index_of: &impl Fn(Key) -> Option<u32>,
    now: UnixMs,
) -> LimitState {
    let mut counts: Vec<(u32, u32)> = Vec::new();
    let mut total = 0_u32;
    for contact in profile.contacts() {
        if now.since(contact.at) >= limit.window_ms
            || !(limit.channels.is_empty() || limit.channels.contains(&contact.channel))
            || !counted(limit, contact.outcomes)
        {
            continue;
        }
        match index_of(contact.offer) {
            Some(offer) if limit.offers.contains(offer) => {
                total = total.saturating_add(1);
                match counts.iter_mut().find(|(known, _)| *known == offer) {
                    Some((_, count)) => *count = count.saturating_add(1),
                    None => counts.push((offer, 1)),
                }
            }
            None if limit.counts_retired => total = total.saturating_add(1),
            _ => {}
        }
    }
    let remaining = if limit.per_offer { u32::MAX } else { limit.max.saturating_sub(total) };
    LimitState { counts, remaining }
}

fn cooled(
    policy: &Policy,
    profile: &Profile,
    index_of: &impl Fn(Key) -> Option<u32>,
    now: UnixMs,
) -> Vec<Cooled> {
    let mut found = Vec::new();
    for response in profile.responses() {
        let Some(offer) = index_of(response.offer) else {
            continue;
        };
        for (cool_down, spec) in policy.spec.cool_downs.iter().enumerate() {
            let until = spec.duration_ms.map(|ms| UnixMs(response.at.0.saturating_add(ms)));
            if spec.offers.contains(offer)
                && spec.after.contains(&response.kind)
                && (spec.reasons.is_empty() || spec.reasons.contains(&response.reason))
                && until.is_none_or(|until| now < until)
            {
                found.push(Cooled { cool_down, offer, until });
            }
        }
    }
    found
}

fn mark_cooled(policy: &Policy, cooled: &Cooled, offers: &mut Bitset) {
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
