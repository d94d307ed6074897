//! The stored form of a profile: a version byte, two times, then sections of (tag, length, body) in
//! ascending order of tags. A section this build does not know is kept byte for byte and written
//! back, so that an older replica does not lose what a newer one wrote. A fact of a new kind gets a
//! section of its own; a changed layout gets a new tag; only what older builds must not touch at
//! all raises [`VERSION`].
//!
//! Times are ages against the profile's clock in the unit they were rounded to, keys are 4 bytes,
//! numbers take as few bytes as hold them exactly. Reading is total: any bytes give a profile
//! within its limits or an error.

mod answers;
mod history;
mod moved;
mod series;
mod value;
mod wire;

use super::limits::{
    ATTRIBUTES_BYTES_MAX, ATTRIBUTES_MAX, CONSENTS_MAX, INTERESTS_MAX, PAST_CONSENTS_MAX,
    RECENT_IDS_MAX, UNKNOWN_BYTES_MAX, value_bytes,
};
use super::recent::RecentId;
use super::{Attribute, Consent, ConsentState, Interest, Profile, ProfileError};
use crate::core::profile::interest::{code_weight, weight_code};
use crate::core::time::{MINUTE_MS, SECOND_MS};
pub(super) use value::value_to_bytes;
pub(super) use wire::Reader;
use wire::Writer;

/// Major version of the stored form.
pub(super) const VERSION: u8 = 1;

const ATTRIBUTES: u8 = 1;
const SERIES: u8 = 2;
const HISTORY: u8 = 3;
const INTERESTS: u8 = 4;
const CONSENTS: u8 = 5;
const RECENT_IDS: u8 = 6;
const ANSWERS: u8 = 7;
const PAST_CONSENTS: u8 = 9;
const MOVED: u8 = 10;

/// The sections, in the order in which they are written.
const TAGS: [u8; 9] =
    [ATTRIBUTES, SERIES, HISTORY, INTERESTS, CONSENTS, RECENT_IDS, ANSWERS, PAST_CONSENTS, MOVED];

/// Writes a profile.
pub(super) fn encode(profile: &Profile) -> Vec<u8> {
    let mut w = Writer::new(profile.updated_at);
    w.byte(VERSION);
    w.signed(profile.updated_at.0);
    w.age(profile.created_at, SECOND_MS);
    let mut unknown = profile.unknown.iter().peekable();
    for tag in TAGS {
        while let Some((tag, body)) = unknown.next_if(|(known, _)| *known < tag) {
            w.section(*tag, |w| w.bytes(body));
        }
        w.section_unless_empty(tag, |w| match tag {
            ATTRIBUTES => put_attributes(w, &profile.attributes),
            SERIES => series::put(w, &profile.series),
            HISTORY => history::put(w, &profile.contacts, &profile.responses),
            INTERESTS => put_interests(w, &profile.items),
            CONSENTS => put_consents(w, &profile.consents),
            RECENT_IDS => put_recent(w, &profile.recent.0),
            PAST_CONSENTS => put_consents(w, &profile.past_consents),
            MOVED => moved::put(w, profile),
            _ => answers::put(w, &profile.answers),
        });
    }
    for (tag, body) in unknown {
        w.section(*tag, |w| w.bytes(body));
    }
    w.finish()
}

/// Reads a profile.
pub(super) fn decode(bytes: &[u8]) -> Result<Profile, ProfileError> {
    let mut r = Reader::new(bytes);
    let version = r.byte()?;
    if version != VERSION {
        return Err(ProfileError::UnknownVersion(version));
    }
    let updated_at = r.clock()?;
    let mut profile = Profile::new(updated_at);
    profile.created_at = r.age(SECOND_MS)?;
    let (mut previous, mut unknown_bytes) = (0, 0);
    while !r.is_empty() {
        let (tag, mut body) = r.section()?;
        if tag <= previous {
            return Err(ProfileError::Malformed("sections out of order"));
        }
        previous = tag;
        match tag {
            ATTRIBUTES => profile.attributes = get_attributes(&mut body)?,
            SERIES => profile.series = series::get(&mut body)?,
            HISTORY => (profile.contacts, profile.responses) = history::get(&mut body)?,
            INTERESTS => profile.items = get_interests(&mut body)?,
            CONSENTS => {
                profile.consents = get_consents(&mut body, CONSENTS_MAX)?;
                check_ascending(&profile.consents, |c| (c.purpose, c.channel))?;
            }
            PAST_CONSENTS => {
                profile.past_consents = get_consents(&mut body, PAST_CONSENTS_MAX)?;
            }
            RECENT_IDS => profile.recent.0 = get_recent(&mut body)?,
            ANSWERS => profile.answers = answers::get(&mut body)?,
            MOVED => (profile.moved, profile.absorbed) = moved::get(&mut body)?,
            _ => {
                let kept = body.rest();
                unknown_bytes += kept.len();
                if unknown_bytes > UNKNOWN_BYTES_MAX {
                    return Err(ProfileError::TooMany {
                        what: "bytes of unknown sections",
                        max: UNKNOWN_BYTES_MAX,
                    });
                }
                profile.unknown.push((tag, kept.into()));
            }
        }
        if !body.is_empty() {
            return Err(ProfileError::Malformed("bytes left over in a section"));
        }
    }
    Ok(profile)
}

fn put_attributes(w: &mut Writer, attributes: &[Attribute]) {
    w.count_unless_empty(attributes.len());
    for attribute in attributes {
        w.key(attribute.name);
        value::put(w, &attribute.value, attribute.event_at.is_some());
        if let Some(at) = attribute.event_at {
            w.age(at, SECOND_MS);
        }
    }
}

fn get_attributes(r: &mut Reader<'_>) -> Result<Vec<Attribute>, ProfileError> {
    let n = r.count("attributes", ATTRIBUTES_MAX)?;
    let mut attributes = r.list(n);
    let mut bytes = 0;
    for _ in 0..n {
        let name = r.key()?;
        let (value, timed) = value::get(r)?;
        bytes += value_bytes(&value);
        let event_at = timed.then(|| r.age(SECOND_MS)).transpose()?;
        attributes.push(Attribute { name, value, event_at });
    }
    if bytes > ATTRIBUTES_BYTES_MAX {
        return Err(ProfileError::TooMany {
            what: "bytes of attributes",
            max: ATTRIBUTES_BYTES_MAX,
        });
    }
    check_ascending(&attributes, |a| a.name)?;
    Ok(attributes)
}

fn put_interests(w: &mut Writer, items: &[Interest]) {
    w.count_unless_empty(items.len());
    let mut times = w.times(MINUTE_MS);
    for interest in items {
        w.key(interest.item);
        w.u16(weight_code(interest.weight).unwrap_or_default());
        w.next_time(&mut times, interest.at);
    }
}

fn get_interests(r: &mut Reader<'_>) -> Result<Vec<Interest>, ProfileError> {
    let n = r.count("interests", INTERESTS_MAX)?;
    let mut items = r.list(n);
    let mut times = r.times(MINUTE_MS);
    for _ in 0..n {
        items.push(Interest {
            item: r.key()?,
            weight: code_weight(r.u16()?),
            at: r.next_time(&mut times)?,
        });
    }
    check_ascending(&items, |i| (i.at, i.item))?;
    Ok(items)
}

/// Flags of a consent.
const GRANTED: u8 = 1;
const FOR_ALL: u8 = 2;
const PENDING: u8 = 4;
const CONFIRMED: u8 = 8;
const STATE: u8 = GRANTED | CONFIRMED;

fn put_consents(w: &mut Writer, consents: &[Consent]) {
    w.count_unless_empty(consents.len());
    for consent in consents {
        let for_all = consent.channel == super::ALL_CHANNELS;
        let state = match consent.state {
            ConsentState::Denied => 0,
            ConsentState::Granted => GRANTED,
            ConsentState::Pending => PENDING,
            ConsentState::Confirmed => GRANTED | CONFIRMED,
        };
        w.byte(state | u8::from(for_all) << 1);
        w.key(consent.purpose);
        if !for_all {
            w.key(consent.channel);
        }
        w.age(consent.at, 1);
    }
}

fn get_consents(r: &mut Reader<'_>, max: usize) -> Result<Vec<Consent>, ProfileError> {
    let n = r.count("consents", max)?;
    let mut consents = r.list(n);
    for _ in 0..n {
        let flags = r.byte()?;
        let state = match flags & !FOR_ALL {
            0 => ConsentState::Denied,
            GRANTED => ConsentState::Granted,
            PENDING => ConsentState::Pending,
            STATE => ConsentState::Confirmed,
            _ => return Err(ProfileError::Malformed("unknown flags of a consent")),
        };
        let purpose = r.key()?;
        let channel = if flags & FOR_ALL == 0 { r.key()? } else { super::ALL_CHANNELS };
        consents.push(Consent { purpose, channel, state, at: r.age(1)? });
    }
    Ok(consents)
}

fn put_recent(w: &mut Writer, ids: &[RecentId]) {
    w.count_unless_empty(ids.len());
    let mut times = w.times(MINUTE_MS);
    for recent in ids {
        w.u64(recent.id);
        w.next_time(&mut times, recent.at);
    }
}

fn get_recent(r: &mut Reader<'_>) -> Result<Vec<RecentId>, ProfileError> {
    let n = r.count("recent ids", RECENT_IDS_MAX)?;
    let mut ids = r.list(n);
    let mut times = r.times(MINUTE_MS);
    for _ in 0..n {
        ids.push(RecentId { id: r.u64()?, at: r.next_time(&mut times)? });
    }
    Ok(ids)
}

/// Sorted without repetition: what lookups rely on.
fn check_ascending<T, K: Ord>(list: &[T], key: impl Fn(&T) -> K) -> Result<(), ProfileError> {
    if list.is_sorted_by(|a, b| key(a) < key(b)) {
        Ok(())
    } else {
        Err(ProfileError::Malformed("entries out of order"))
    }
}
