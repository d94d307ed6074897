//! The channel on which a customer answers best.

use std::collections::BTreeMap;

use crate::core::interaction::OutcomeKind;
use crate::core::key::Key;
use crate::core::profile::Contact;
use crate::core::profile::series::decay;
use crate::core::time::UnixMs;

/// How many contacts the customer's own overall rate is worth when a channel is judged.
const EVIDENCE: f64 = 4.0;

/// What answers a contact.
fn answered(contact: &Contact) -> bool {
    const ANSWERS: [OutcomeKind; 3] =
        [OutcomeKind::Click, OutcomeKind::Accept, OutcomeKind::Convert];
    ANSWERS.iter().any(|kind| contact.outcomes & kind.bit() != 0)
}

/// The channel with the highest rate of answers, (s + 4 p) / (n + 4): s answers to n contacts
/// there, each counting half when a half-life old, p the customer's rate over all channels. It is
/// the mean of a beta posterior whose prior is the customer's own rate (empirical Bayes: Casella
/// 1985, "An Introduction to Empirical Bayes Data Analysis", §2), so that one answer to one
/// contact does not beat nine answers to ten. `None` until a contact was answered; of equals the
/// one with more contacts, then the lower key.
pub(super) fn preferred(contacts: &[Contact], half_life_ms: i64, now: UnixMs) -> Option<Key> {
    let mut by_channel: BTreeMap<Key, (f64, f64)> = BTreeMap::new();
    let (mut answers, mut all) = (0.0, 0.0);
    for contact in contacts {
        let weight = decay(now.since(contact.at), half_life_ms);
        let answer = if answered(contact) { weight } else { 0.0 };
        let (s, n) = by_channel.entry(contact.channel).or_default();
        (*s, *n) = (*s + answer, *n + weight);
        (answers, all) = (answers + answer, all + weight);
    }
    if answers <= 0.0 {
        return None;
    }
    let overall = answers / all;
    let rate = |(s, n): (f64, f64)| (s + EVIDENCE * overall) / (n + EVIDENCE);
    let best = by_channel.into_iter().max_by(|a, b| {
        rate(a.1).total_cmp(&rate(b.1)).then(a.1.1.total_cmp(&b.1.1)).then(b.0.cmp(&a.0))
    });
    best.map(|(channel, _)| channel)
}
