//! What the offers of one channel leave of limits and quotas for the other channels of the decision.

use super::evaluate::channel_bit;
use super::{Evaluation, LimitState};
use crate::core::key::Key;

/// What was placed so far, to come back to.
#[derive(Clone, Debug)]
pub struct Counts {
    limits: Vec<LimitState>,
    placed: Vec<u64>,
}

impl Evaluation<'_> {
    /// What was placed so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts { limits: self.limits.clone(), placed: self.placed.clone() }
    }

    /// Takes back what was placed since `counts`.
    pub fn restore(&mut self, counts: &Counts) {
        self.limits.clone_from(&counts.limits);
        self.placed.clone_from(&counts.placed);
    }

    /// Notes offers, with their treatments, that are placed on the channel with index `channel`;
    /// where limits or quotas do not leave room for all of them, notes none and is `false`.
    pub fn note_all(&mut self, channel: u16, offers: &[(u32, Key)]) -> bool {
        let before = self.counts();
        for (offer, treatment) in offers {
            if self.is_full(channel, *offer, *treatment) {
                self.restore(&before);
                return false;
            }
            self.note_placed(channel, *offer, *treatment);
        }
        true
    }

    fn is_full(&self, channel: u16, offer: u32, treatment: Key) -> bool {
        let bit = channel_bit(channel);
        let limited = self.policy.spec.limits.iter().zip(&self.limits).any(|(limit, state)| {
            limit.channel_mask & bit != 0
                && match &limit.treatments {
                    Some(only) if !limit.per_offer => {
                        let counted =
                            limit.offers.contains(offer) && only.keys.contains(&treatment);
                        counted && state.remaining == 0
                    }
                    _ => limit.stops(state, channel, offer),
                }
        });
        limited
            || self.policy.spec.quotas.iter().enumerate().any(|(index, quota)| {
                quota.binds(offer, bit) && self.quota_left(index) < quota.cost(offer)
            })
    }
}
