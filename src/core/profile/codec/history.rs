//! Contacts and responses. They share a table of keys (offers, channels, reasons); contacts share
//! one of variants (offer, channel, treatment), since most customers see few of them often. A
//! response that says no more than the contacts do is left out and made anew from them.

use super::check_ascending;
use super::wire::{Reader, Writer};
use crate::core::interaction::OutcomeKind;
use crate::core::key::Key;
use crate::core::profile::limits::{CONTACTS_MAX, RESPONSES_MAX, ceil_to};
use crate::core::profile::{Contact, ProfileError, Response};
use crate::core::time::{MINUTE_MS, SECOND_MS};

/// Most keys: each contact brings two, each response two.
const KEYS_MAX: usize = 2 * CONTACTS_MAX + 2 * RESPONSES_MAX;

/// Bits of a contact's head: whether its outcomes differ from the commonest, and its decision.
const OUTCOMES_DIFFER: u64 = 1;
const DECISION_NEW: u64 = 2;
const DECISION_SAME: u64 = 4;
const HEAD_BITS: u32 = 3;

/// Bits of a response's head: kind (3), whether a reason follows (1), count (4; 0: it follows).
const KIND_MASK: u8 = 7;
const HAS_REASON: u8 = 8;

const TOO_MANY_RESPONSES: ProfileError =
    ProfileError::TooMany { what: "responses", max: RESPONSES_MAX };

#[derive(Clone, Copy, PartialEq, Eq)]
struct Variant {
    offer: u64,
    channel: u64,
    treatment: Key,
}

/// Distinct entries in order of first use; few, so a scan finds them.
struct Table<T>(Vec<T>);

impl<T: PartialEq> Table<T> {
    fn index(&mut self, entry: T) -> u64 {
        let found = self.0.iter().position(|known| *known == entry);
        found.unwrap_or_else(|| {
            self.0.push(entry);
            self.0.len() - 1
        }) as u64
    }
}

pub(super) fn put(w: &mut Writer, contacts: &[Contact], responses: &[Response]) {
    if contacts.is_empty() && responses.is_empty() {
        return;
    }
    let mut keys = Table(Vec::with_capacity(32));
    let mut variants = Table(Vec::with_capacity(32));
    let used: Vec<u64> = contacts
        .iter()
        .map(|contact| {
            let variant = Variant {
                offer: keys.index(contact.offer),
                channel: keys.index(contact.channel),
                treatment: contact.treatment,
            };
            variants.index(variant)
        })
        .collect();
    let implied = implied(contacts);
    let elide = implied.iter().all(|r| responses.binary_search_by_key(&order(r), order).is_ok());
    let referred: Vec<Referred<'_>> = responses
        .iter()
        .filter(|r| !elide || !is_implied(&implied, r))
        .map(|response| Referred {
            response,
            offer: keys.index(response.offer),
            reason: (response.reason != Key(0)).then(|| keys.index(response.reason)),
        })
        .collect();
    w.varint(keys.0.len() as u64);
    keys.0.iter().for_each(|key| w.key(*key));
    w.varint(variants.0.len() as u64);
    for variant in &variants.0 {
        w.varint(variant.offer);
        w.varint(variant.channel);
        w.key(variant.treatment);
    }
    put_contacts(w, contacts, &used);
    put_responses(w, &referred, elide);
}

fn put_contacts(w: &mut Writer, contacts: &[Contact], used: &[u64]) {
    let common = commonest(contacts);
    w.varint(contacts.len() as u64);
    w.byte(common);
    let mut times = w.times(SECOND_MS);
    let mut previous = 0;
    for (contact, variant) in contacts.iter().zip(used) {
        let mut head = variant << HEAD_BITS;
        if contact.outcomes != common {
            head |= OUTCOMES_DIFFER;
        }
        if contact.decision != 0 {
            head |= if contact.decision == previous { DECISION_SAME } else { DECISION_NEW };
        }
        w.varint(head);
        if head & OUTCOMES_DIFFER != 0 {
            w.byte(contact.outcomes);
        }
        if head & DECISION_NEW != 0 {
            w.u64(contact.decision);
        }
        w.next_time(&mut times, contact.at);
        previous = contact.decision;
    }
}

/// The commonest set of outcomes, found by pairwise vote (Boyer, Moore 1981); any answer is right,
/// the commonest is the shortest.
fn commonest(contacts: &[Contact]) -> u8 {
    let (mut candidate, mut votes) = (0, 0_u32);
    for contact in contacts {
        if votes == 0 {
            candidate = contact.outcomes;
        }
        votes = if contact.outcomes == candidate { votes + 1 } else { votes - 1 };
    }
    candidate
}

/// A response with its places in the table of keys.
struct Referred<'a> {
    response: &'a Response,
    offer: u64,
    reason: Option<u64>,
}

fn order(response: &Response) -> (Key, OutcomeKind, Key) {
    (response.offer, response.kind, response.reason)
}

/// The responses that the kept contacts themselves amount to, in order.
fn implied(contacts: &[Contact]) -> Vec<Response> {
    let mut implied: Vec<Response> = contacts
        .iter()
        .map(|contact| Response {
            offer: contact.offer,
            kind: contact.made_by(),
            reason: Key(0),
            at: ceil_to(contact.at, MINUTE_MS),
            count: 1,
        })
        .collect();
    // They have no reason: offer and kind fit one word.
    implied.sort_unstable_by_key(|r| u64::from(r.offer.0) << 8 | r.kind as u64);
    implied.dedup_by(|next, kept| {
        let same = order(next) == order(kept);
        if same {
            kept.at = kept.at.max(next.at);
            kept.count += next.count;
        }
        same
    });
    implied
}

fn is_implied(implied: &[Response], response: &Response) -> bool {
    let found = implied.binary_search_by_key(&order(response), order);
    found.ok().and_then(|i| implied.get(i)) == Some(response)
}

fn put_responses(w: &mut Writer, referred: &[Referred<'_>], elided: bool) {
    w.varint((referred.len() as u64) << 1 | u64::from(elided));
    for Referred { response, offer, reason } in referred {
        w.varint(*offer);
        let count = u8::try_from(response.count).ok().filter(|count| *count < 16).unwrap_or(0);
        let has_reason = if reason.is_some() { HAS_REASON } else { 0 };
        w.byte(response.kind as u8 | has_reason | count << 4);
        if count == 0 {
            w.varint(u64::from(response.count));
        }
        if let Some(reason) = reason {
            w.varint(*reason);
        }
        w.age(response.at, MINUTE_MS);
    }
}

pub(super) fn get(r: &mut Reader<'_>) -> Result<(Vec<Contact>, Vec<Response>), ProfileError> {
    let n = r.count("keys", KEYS_MAX)?;
    let mut keys = r.list(n);
    for _ in 0..n {
        keys.push(r.key()?);
    }
    let n = r.count("variants", CONTACTS_MAX)?;
    let mut variants: Vec<(Key, Key, Key)> = r.list(n);
    for _ in 0..n {
        let offer = entry(&keys, r.varint()?)?;
        let channel = entry(&keys, r.varint()?)?;
        variants.push((offer, channel, r.key()?));
    }
    let contacts = get_contacts(r, &variants)?;
    let (mut responses, elided) = get_responses(r, &keys)?;
    if elided {
        let mut implied = implied(&contacts);
        implied.retain(|r| responses.binary_search_by_key(&order(r), order).is_err());
        responses.append(&mut implied);
        responses.sort_unstable_by_key(order);
        if responses.len() > RESPONSES_MAX {
            return Err(TOO_MANY_RESPONSES);
        }
    }
    Ok((contacts, responses))
}

fn get_contacts(
    r: &mut Reader<'_>,
    variants: &[(Key, Key, Key)],
) -> Result<Vec<Contact>, ProfileError> {
    let n = r.count("contacts", CONTACTS_MAX)?;
    let common = r.byte()?;
    let mut contacts = r.list(n);
    let mut times = r.times(SECOND_MS);
    let mut previous = 0;
    for _ in 0..n {
        let head = r.varint()?;
        let (offer, channel, treatment) = entry(variants, head >> HEAD_BITS)?;
        let outcomes = match head & OUTCOMES_DIFFER {
            0 => common,
            _ => r.byte()?,
        };
        let decision = match head & (DECISION_NEW | DECISION_SAME) {
            0 => 0,
            DECISION_NEW => r.u64()?,
            DECISION_SAME => previous,
            _ => return Err(ProfileError::Malformed("two decisions of one contact")),
        };
        contacts.push(Contact {
            offer,
            treatment,
            channel,
            decision,
            at: r.next_time(&mut times)?,
            outcomes,
        });
        previous = decision;
    }
    Ok(contacts)
}

fn get_responses(r: &mut Reader<'_>, keys: &[Key]) -> Result<(Vec<Response>, bool), ProfileError> {
    let head = r.count("responses", 2 * RESPONSES_MAX + 1)?;
    let (n, elided) = (head >> 1, head & 1 != 0);
    let mut responses = r.list(n);
    for _ in 0..n {
        let offer = entry(keys, r.varint()?)?;
        let head = r.byte()?;
        let kind = OutcomeKind::from_code(head & KIND_MASK)
            .ok_or(ProfileError::Malformed("unknown kind of outcome"))?;
        let count = match head >> 4 {
            0 => r.varint()?,
            count => u64::from(count),
        };
        let reason = match head & HAS_REASON {
            0 => Key(0),
            _ => entry(keys, r.varint()?)?,
        };
        responses.push(Response {
            offer,
            kind,
            reason,
            at: r.age(MINUTE_MS)?,
            count: u32::try_from(count)
                .map_err(|_| ProfileError::Malformed("count out of range"))?,
        });
    }
    check_ascending(&responses, order)?;
    Ok((responses, elided))
}

fn entry<T: Copy>(table: &[T], index: u64) -> Result<T, ProfileError> {
    usize::try_from(index)
        .ok()
        .and_then(|index| table.get(index))
        .copied()
        .ok_or(ProfileError::Malformed("no such entry of a table"))
}
