//! Channels against each other: how a customer answers on each, learned from what they did.
//!
//! Each contact is a trial, weighted by its age; one that was clicked, accepted or converted is a
//! success. With a Beta(n0 p0, n0 (1 - p0)) prior (Gelman et al., Bayesian Data Analysis, §2.4) the
//! expected response on a channel is (n0 p0 + s) / (n0 + n), with s and n the weighted successes
//! and trials; divided by p0 that is how much better, or worse, than expected they answer there.

use crate::core::interaction::OutcomeKind;
use crate::core::key::Key;
use crate::core::profile::Contact;
use crate::core::propensity::Prior;
use crate::core::time::UnixMs;

/// How channels are ranked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChannelRanking {
    /// Belief before the first contact: share of contacts that are answered, and how many contacts
    /// that belief is worth.
    pub prior: Prior,
    /// A contact this old counts half, ms.
    pub half_life_ms: i64,
}

impl Default for ChannelRanking {
    fn default() -> Self {
        let prior = Prior { probability: 0.1, evidence: 10.0 };
        Self { prior, half_life_ms: 90 * crate::core::time::DAY_MS }
    }
}

impl ChannelRanking {
    /// How the customer answers on a channel, against what is expected: 1 when nothing is known,
    /// above 1 for a channel they answer on.
    #[must_use]
    pub fn responsiveness(&self, contacts: &[Contact], channel: Key, now: UnixMs) -> f64 {
        let answered =
            OutcomeKind::Click.bit() | OutcomeKind::Accept.bit() | OutcomeKind::Convert.bit();
        let (mut trials, mut successes) = (0.0, 0.0);
        for contact in contacts.iter().filter(|contact| contact.channel == channel) {
            #[expect(clippy::cast_precision_loss, reason = "ages are far below 2^53 ms")]
            let halvings = now.since(contact.at).max(0) as f64 / self.half_life_ms.max(1) as f64;
            let weight = libm::exp2(-halvings);
            trials += weight;
            if contact.outcomes & answered != 0 {
                successes += weight;
            }
        }
        let Prior { probability: p0, evidence: n0 } = self.prior;
        (n0 * p0 + successes) / ((n0 + trials) * p0)
    }
}
