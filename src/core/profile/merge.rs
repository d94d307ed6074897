//! Two profiles become one: the law of every part. Nothing is lost that still fits the bounds of a
//! profile, and where two claims meet, the one that contacts less wins.

use super::limits::{ANSWERS_MAX, CONSENTS_MAX, PAST_CONSENTS_MAX, UNKNOWN_BYTES_MAX};
use super::moved::{ABSORBED_MAX, Absorbed};
use super::series::Series;
use super::{Consent, ConsentState, Profile};
use crate::core::catalog::schema::Schema;
use crate::core::time::UnixMs;

impl Profile {
    /// Takes in all that is known of `other`, the customer `from`; once a move (`from`'s ticket).
    ///
    /// | part | law |
    /// |---|---|
    /// | contacts, responses | all of both; counts add up, so that no limit is exceeded |
    /// | aggregates | as if one customer had had the events of both |
    /// | interests | weights add up, each decayed to the later time |
    /// | consents | the later; at the same moment the weaker; what gives way stays on record |
    /// | attributes | the own, unless events set both and the other's is later |
    /// | ids already applied | all of both: a retry to either name changes nothing |
    /// | answers in interactions | all of both |
    /// | first seen | the earlier |
    pub fn absorb(&mut self, other: &Self, from: Absorbed, schema: &Schema, now: UnixMs) {
        if self.has_absorbed(&from.customer, from.ticket) {
            return;
        }
        self.advance(now, now);
        self.advance(other.updated_at, other.updated_at);
        self.created_at = self.created_at.min(other.created_at);
        self.absorb_attributes(other);
        self.absorb_series(other, schema);
        for contact in &other.contacts {
            self.add_contact(*contact);
        }
        for response in &other.responses {
            self.add_response(*response);
        }
        for interest in &other.items {
            self.add_interest(interest.item, interest.weight, interest.at, now);
        }
        self.absorb_consents(other);
        self.absorb_ids(other);
        self.answers.extend_from_slice(&other.answers);
        self.answers.sort_by_key(|answer| answer.at);
        let excess = self.answers.len().saturating_sub(ANSWERS_MAX);
        self.answers.drain(..excess);
        self.absorb_unknown(other);
        self.absorbed.extend(other.absorbed.iter().cloned());
        self.absorbed.push(from);
        let excess = self.absorbed.len().saturating_sub(ABSORBED_MAX);
        self.absorbed.drain(..excess);
        self.prune(schema, now);
    }

    fn absorb_attributes(&mut self, other: &Self) {
        for theirs in &other.attributes {
            let own = self.attributes.iter().find(|own| own.name == theirs.name);
            let takes = own.is_none_or(|own| match (own.event_at, theirs.event_at) {
                (Some(own), Some(theirs)) => theirs > own,
                _ => false,
            });
            if takes {
                // Over the bounds of a profile the own attributes stay.
                let _full = self.put_attribute(theirs.name, theirs.value.clone(), theirs.event_at);
            }
        }
    }

    fn absorb_series(&mut self, other: &Self, schema: &Schema) {
        let clock = self.updated_at;
        for (key, theirs) in &other.series {
            match self.series.binary_search_by_key(key, |entry| entry.0) {
                Ok(place) => {
                    let spec = schema.series.iter().find(|spec| spec.key == *key);
                    if let (Some((_, own)), Some(spec)) = (self.series.get_mut(place), spec) {
                        own.merge(&spec.state, theirs, clock);
                    }
                }
                Err(_) if self.series.len() >= super::limits::SERIES_MAX => {}
                Err(place) => self.series.insert(place, (*key, Series::clone(theirs))),
            }
        }
    }

    fn absorb_consents(&mut self, other: &Self) {
        for theirs in &other.consents {
            let key = |c: &Consent| (c.purpose, c.channel);
            match self.consents.binary_search_by_key(&key(theirs), key) {
                Ok(place) => {
                    let Some(own) = self.consents.get_mut(place) else { continue };
                    let loser =
                        if yields(own, theirs) { std::mem::replace(own, *theirs) } else { *theirs };
                    if loser.state != own.state {
                        self.past_consents.push(loser);
                    }
                }
                Err(place) if self.consents.len() < CONSENTS_MAX => {
                    self.consents.insert(place, *theirs);
                }
                // No room: a refusal takes the place of an agreement, never the other way round.
                Err(_) if theirs.state == ConsentState::Denied => {
                    let agreed = |c: &Consent| c.state != ConsentState::Denied;
                    if let Some(gone) = self.consents.iter().position(agreed) {
                        self.past_consents.push(self.consents.remove(gone));
                        let place = self.consents.partition_point(|c| key(c) < key(theirs));
                        self.consents.insert(place, *theirs);
                    }
                }
                Err(_) => self.past_consents.push(*theirs),
            }
        }
        self.past_consents.extend_from_slice(&other.past_consents);
        self.past_consents.sort_by_key(|consent| consent.at);
        let excess = self.past_consents.len().saturating_sub(PAST_CONSENTS_MAX);
        self.past_consents.drain(..excess);
    }

    fn absorb_ids(&mut self, other: &Self) {
        let ids = &mut self.recent.0;
        ids.extend_from_slice(&other.recent.0);
        ids.sort_by_key(|recent| (recent.at, recent.id));
        ids.dedup();
        self.recent.prune(self.updated_at);
    }

    fn absorb_unknown(&mut self, other: &Self) {
        let mut bytes: usize = self.unknown.iter().map(|(_, body)| body.len()).sum();
        for (tag, body) in &other.unknown {
            if let Err(place) = self.unknown.binary_search_by_key(tag, |entry| entry.0)
                && bytes + body.len() <= UNKNOWN_BYTES_MAX
            {
                bytes += body.len();
                self.unknown.insert(place, (*tag, body.clone()));
            }
        }
    }
}

/// Whether `own` gives way to `theirs`: the later holds, at the same moment the weaker; to be asked
/// anew to agree, or to agree once more, takes nothing back.
fn yields(own: &Consent, theirs: &Consent) -> bool {
    let renews = |earlier: &Consent, later: &Consent| {
        earlier.state.counts(false)
            && (later.state.is_pending()
                || (earlier.state, later.state) == (ConsentState::Confirmed, ConsentState::Granted))
    };
    match theirs.at.cmp(&own.at) {
        std::cmp::Ordering::Greater => !renews(own, theirs),
        std::cmp::Ordering::Less => renews(theirs, own),
        std::cmp::Ordering::Equal => theirs.state < own.state,
    }
}
