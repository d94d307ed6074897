//! Consents.

use super::bounds::{CONSENTS_MAX, REASON_BYTES_MAX};
use super::fault::{Faults, Reason};
use super::time::timestamp;
use super::{name, time};
use crate::api::wire::v1;
use crate::core::catalog::Catalog;
use crate::core::key::Key;
use crate::core::profile::{ALL_CHANNELS, Consent, ConsentState, DO_NOT_CONTACT};
use crate::core::time::UnixMs;
use crate::engine::Engine;

/// The consents of a request, in order. One without a purpose is one for every declared purpose;
/// none is needed where the flag 'do not contact' is given (`flagged`).
pub fn consents(
    engine: &Engine,
    catalog: &Catalog,
    given: &[v1::Consent],
    flagged: bool,
    faults: &mut Faults,
) -> Vec<Consent> {
    if given.is_empty() && !flagged {
        faults.add("consents", Reason::Required, "at least one consent is needed");
    }
    if !faults.bound_count("consents", given.len(), CONSENTS_MAX) {
        return Vec::new();
    }
    let mut consents = Vec::with_capacity(given.len());
    for (number, given) in given.iter().enumerate() {
        let at = format!("consents[{number}]");
        faults.bound_text(format_args!("{at}.source"), &given.source, REASON_BYTES_MAX);
        let channel = channel(catalog, given, &at, faults);
        let state = state(given, &at, faults);
        let when = time::optional(given.consent_time.as_ref());
        let when = faults.take(format_args!("{at}.consent_time"), when).flatten();
        if given.expire_time.is_some() {
            let message = "consents that lapse by themselves are not built yet";
            faults.add(format_args!("{at}.expire_time"), Reason::NotAllowed, message);
        }
        let when = engine.clamp_time(when);
        for purpose in purposes(catalog, given, &at, faults) {
            consents.push(Consent { purpose, channel, state, at: when });
        }
    }
    consents
}

fn channel(catalog: &Catalog, given: &v1::Consent, at: &str, faults: &mut Faults) -> Key {
    if given.channel.is_empty() {
        return Key::default();
    }
    let found = name::channel(catalog, &given.channel);
    let found = faults.take(format_args!("{at}.channel"), found);
    let channel = found.and_then(|index| catalog.channels.get(usize::from(index)));
    channel.map(|channel| channel.key).unwrap_or_default()
}

fn state(given: &v1::Consent, at: &str, faults: &mut Faults) -> ConsentState {
    match v1::ConsentState::try_from(given.state) {
        Ok(v1::ConsentState::Granted) => return ConsentState::Granted,
        Ok(v1::ConsentState::Confirmed) => return ConsentState::Confirmed,
        Ok(v1::ConsentState::Pending) => return ConsentState::Pending,
        Ok(v1::ConsentState::Denied) => {}
        Ok(v1::ConsentState::Unspecified) => {
            let message = "whether the customer agrees is needed";
            faults.add(format_args!("{at}.state"), Reason::Required, message);
        }
        Err(_) => {
            let message = format!("{} is no consent state", given.state);
            faults.add(format_args!("{at}.state"), Reason::OutOfRange, message);
        }
    }
    ConsentState::Denied
}

fn purposes(catalog: &Catalog, given: &v1::Consent, at: &str, faults: &mut Faults) -> Vec<Key> {
    let declared = &catalog.schema.purposes;
    let purpose = given.purpose.as_str();
    if purpose.is_empty() {
        return declared.iter().map(|purpose| Key::of(purpose)).collect();
    }
    if declared.contains(purpose) {
        return vec![Key::of(purpose)];
    }
    let known = declared.iter().map(|purpose| &**purpose);
    let wrong = name::unknown(Reason::UnknownName, "purpose", purpose, known);
    faults.note(format_args!("{at}.purpose"), wrong);
    Vec::new()
}

/// The flag 'do not contact', set or taken back as of `at`.
pub fn do_not_contact(flag: bool, at: UnixMs) -> Consent {
    let state = ConsentState::of(!flag);
    Consent { purpose: DO_NOT_CONTACT, channel: ALL_CHANNELS, state, at }
}

/// The consents for the wire; the flag 'do not contact' is told apart.
pub fn all(catalog: &Catalog, consents: &[Consent]) -> Vec<v1::Consent> {
    let consents = consents.iter().filter(|consent| consent.purpose != DO_NOT_CONTACT);
    consents.map(|consent| wire(catalog, consent)).collect()
}

/// A consent for the wire.
fn wire(catalog: &Catalog, consent: &Consent) -> v1::Consent {
    let purposes = &catalog.schema.purposes;
    let purpose = purposes.iter().find(|purpose| Key::of(purpose) == consent.purpose);
    let state = match consent.state {
        ConsentState::Denied => v1::ConsentState::Denied,
        ConsentState::Pending => v1::ConsentState::Pending,
        ConsentState::Granted => v1::ConsentState::Granted,
        ConsentState::Confirmed => v1::ConsentState::Confirmed,
    };
    v1::Consent {
        channel: name::channel_of(catalog, consent.channel),
        purpose: purpose.map_or_else(|| consent.purpose.to_string(), |name| name.to_string()),
        state: state.into(),
        source: String::new(),
        consent_time: Some(timestamp(consent.at)),
        expire_time: None,
    }
}
