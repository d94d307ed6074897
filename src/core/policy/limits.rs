//! Where contact limits stand for one customer.

use super::Bitset;
use super::spec::LimitSpec;
use crate::core::expression::Frame;
use crate::core::key::Key;
use crate::core::objective::Outlook;
use crate::core::profile::{Contact, Profile};
use crate::core::time::UnixMs;

/// Where a contact limit stands for this customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitState {
    /// Contacts counted in the window; for a limit per offer, by offer index.
    pub counts: Vec<(u32, u32)>,
    /// What may still be placed by this decision, over all offers (`u32::MAX` for limits per offer).
    pub remaining: u32,
    /// When more is left again; only where the limit is paced, and the customer is known.
    pub outlook: Option<Outlook>,
}

impl LimitState {
    /// Of whom nothing is known: nothing more.
    pub(super) fn closed() -> Self {
        Self { counts: Vec::new(), remaining: 0, outlook: None }
    }

    /// How often `offer` was counted.
    pub(super) fn of(&self, offer: u32) -> u32 {
        self.counts.iter().find(|(known, _)| *known == offer).map_or(0, |(_, count)| *count)
    }

    fn add(&mut self, offer: u32) {
        match self.counts.iter_mut().find(|(known, _)| *known == offer) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.counts.push((offer, 1)),
        }
    }
}

impl LimitSpec {
    /// Whether it counts a contact, at a moment that counts from `since`; the offer aside.
    #[must_use]
    pub fn counts_contact(&self, contact: &Contact, since: UnixMs) -> bool {
        contact.at >= since
            && (self.channels.is_empty() || self.channels.contains(&contact.channel))
            && contact.outcomes & self.counts != 0
            && self.treatments.as_ref().is_none_or(|only| only.has(contact.treatment))
    }

    /// Where it stands at `now`.
    pub(super) fn stand(
        &self,
        profile: &Profile,
        index_of: &impl Fn(Key) -> Option<u32>,
        now: UnixMs,
        frame: &Frame,
    ) -> LimitState {
        let (since, until) = self.window.around(now, frame);
        let mut outlook = self.paced.then(|| self.outlook((since, until), now));
        let mut state = LimitState::closed();
        let mut total = 0_u32;
        for contact in profile.contacts_since(since) {
            if !self.counts_contact(contact, since) {
                continue;
            }
            match index_of(contact.offer) {
                Some(offer) if self.offers.contains(offer) => state.add(offer),
                None if self.counts_retired => {}
                _ => continue,
            }
            total = total.saturating_add(1);
            if until.is_none()
                && let Some(outlook) = &mut outlook
            {
                outlook.due_ms.push(contact.at.since(since).max(0) + 1);
            }
        }
        if let Some(outlook) = &mut outlook {
            outlook.due_ms.sort_unstable();
        }
        state.outlook = outlook;
        state.remaining = if self.per_offer { u32::MAX } else { self.max.saturating_sub(total) };
        state
    }

    /// The window, without what has used it.
    fn outlook(&self, (since, until): (UnixMs, Option<UnixMs>), now: UnixMs) -> Outlook {
        let passed_ms = now.since(since) + 1;
        let (due, window_ms) = match until {
            Some(until) => (until.since(now), until.since(since)),
            None => (passed_ms, passed_ms),
        };
        Outlook { due_ms: vec![due], window_ms: window_ms.max(1), passed_ms }
    }

    /// Takes out of `survivors` what it stops on the channel with index `channel`.
    pub(super) fn stop(&self, state: &LimitState, channel: u16, survivors: &mut Bitset) {
        if state.remaining == 0 {
            match &self.treatments {
                None => survivors.subtract(&self.offers),
                Some(only) => {
                    let here = only.alone.iter().filter(|(on, _)| *on == channel);
                    for (_, offer) in here.filter(|(_, offer)| self.offers.contains(*offer)) {
                        survivors.remove(*offer);
                    }
                }
            }
        }
        if self.per_offer {
            for (offer, count) in &state.counts {
                if *count >= self.max && self.offers.contains(*offer) {
                    survivors.remove(*offer);
                }
            }
        }
    }

    /// Whether it stops `offer` on the channel with index `channel`.
    pub(super) fn stops(&self, state: &LimitState, channel: u16, offer: u32) -> bool {
        if !self.offers.contains(offer) {
            return false;
        }
        match &self.treatments {
            _ if self.per_offer => state.of(offer) >= self.max,
            None => state.remaining == 0,
            Some(only) => state.remaining == 0 && only.alone.contains(&(channel, offer)),
        }
    }

    /// Counts an offer that this decision places where the limit binds.
    pub(super) fn place(&self, state: &mut LimitState, offer: u32, treatment: Key) {
        let counts = self.offers.contains(offer)
            && self.treatments.as_ref().is_none_or(|only| only.has(treatment));
        if counts {
            state.add(offer);
            if !self.per_offer {
                state.remaining = state.remaining.saturating_sub(1);
            }
        }
    }
}

impl super::TreatmentLimit {
    fn has(&self, treatment: Key) -> bool {
        self.keys.binary_search(&treatment).is_ok()
    }
}
