//! Names that the catalog may have or not.

use super::fault::{Reason, Wrong, quoted};
use crate::core::catalog::fault::nearest;
use crate::core::catalog::{Catalog, Channel};
use crate::core::key::Key;

/// Known names that a guess is made from, at most: a guess costs time with each.
const GUESSED_FROM_MAX: usize = 512;
/// Longest name that a guess is made for; distances cost its square.
const GUESSED_BYTES_MAX: usize = 64;
/// Names listed when there is no near one.
const LISTED_MAX: usize = 8;

/// What is wrong with a name of `kind` that is not among `known`.
pub fn unknown<'a>(
    reason: Reason,
    kind: &str,
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Wrong {
    let mut message = format!("`{}` is no {kind} of the catalog", quoted(name));
    if let Some(hint) = hint(name, known) {
        message.push_str("; ");
        message.push_str(&hint);
    }
    (reason, message)
}

/// The nearest known name, or all of them when they are few.
pub fn hint<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let known: Vec<&str> = known.into_iter().take(GUESSED_FROM_MAX).collect();
    if name.len() <= GUESSED_BYTES_MAX
        && let Some(near) = nearest(name, known.iter().copied())
    {
        return Some(format!("did you mean `{near}`?"));
    }
    let listed: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    match listed.len() {
        0 => None,
        1..=LISTED_MAX => Some(format!("it has {}", listed.join(", "))),
        _ => None,
    }
}

/// The index of a channel.
pub fn channel(catalog: &Catalog, name: &str) -> Result<u16, Wrong> {
    if name.is_empty() {
        return Err((Reason::Required, "a channel is needed".to_owned()));
    }
    let place = catalog.channels.binary_search_by(|channel| (*channel.name).cmp(name));
    place.ok().and_then(|place| u16::try_from(place).ok()).ok_or_else(|| {
        let known = catalog.channels.iter().map(|channel| &*channel.name);
        unknown(Reason::UnknownName, "channel", name, known)
    })
}

/// The index of a placement of `channel`.
pub fn placement(channel: &Channel, name: &str) -> Result<u16, Wrong> {
    if name.is_empty() {
        return Err((Reason::Required, "a placement is needed".to_owned()));
    }
    let place = channel.placements.binary_search_by(|placement| (*placement.name).cmp(name));
    place.ok().and_then(|place| u16::try_from(place).ok()).ok_or_else(|| {
        let known = channel.placements.iter().map(|placement| &*placement.name);
        unknown(Reason::UnknownName, "placement of this channel", name, known)
    })
}

/// The index of an offer. A guess, where `guess` allows one, is made among the ids next to it.
pub fn offer(catalog: &Catalog, id: &str, guess: bool) -> Result<u32, Wrong> {
    catalog.offer_index.get(id).copied().ok_or_else(|| {
        let place = catalog.offers.partition_point(|offer| &*offer.id < id);
        let start = place.saturating_sub(GUESSED_FROM_MAX / 2);
        let near = catalog.offers.iter().skip(start).map(|offer| &*offer.id);
        unknown(
            Reason::UnknownName,
            "offer",
            id,
            near.take(if guess { GUESSED_FROM_MAX } else { 0 }),
        )
    })
}

/// The index of a group, with a guess where `guess` allows one.
pub fn group(catalog: &Catalog, name: &str, guess: bool) -> Result<u16, Wrong> {
    let place = catalog.groups.binary_search_by(|group| (*group.name).cmp(name));
    place.ok().and_then(|place| u16::try_from(place).ok()).ok_or_else(|| {
        let known = catalog.groups.iter().map(|group| &*group.name);
        let known = known.take(if guess { GUESSED_FROM_MAX } else { 0 });
        unknown(Reason::UnknownName, "group", name, known)
    })
}

/// The index of a scheme.
pub fn scheme(catalog: &Catalog, name: &str) -> Result<u16, Wrong> {
    let place = catalog.schemes.iter().position(|scheme| &*scheme.name == name);
    place.and_then(|place| u16::try_from(place).ok()).ok_or_else(|| {
        let known = catalog.schemes.iter().map(|scheme| &*scheme.name);
        unknown(Reason::UnknownName, "scheme", name, known)
    })
}

/// The id of the offer with that key; the key itself when the catalog no longer has it.
pub fn offer_of(catalog: &Catalog, key: Key) -> String {
    let place = catalog.offer_keys.binary_search_by_key(&key, |(known, _)| *known).ok();
    let index = place.and_then(|place| catalog.offer_keys.get(place)).map(|(_, index)| *index);
    let offer = index.and_then(|index| catalog.offers.get(index as usize));
    offer.map_or_else(|| key.to_string(), |offer| offer.id.to_string())
}

/// The name of the channel with that key; empty for none, the key itself when it is unknown.
pub fn channel_of(catalog: &Catalog, key: Key) -> String {
    if key == Key::default() {
        return String::new();
    }
    let channel = catalog.channels.iter().find(|channel| channel.key == key);
    channel.map_or_else(|| key.to_string(), |channel| channel.name.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_guessed_and_few_names_are_listed() {
        let known = ["income_band", "age", "city"];
        assert_eq!(hint("income_bnad", known).unwrap(), "did you mean `income_band`?");
        assert_eq!(hint("zzz", known).unwrap(), "it has `income_band`, `age`, `city`");
        assert_eq!(hint("zzz", (0..20).map(|_| "aaa")), None);
        assert!(hint(&"x".repeat(1_000_000), known).is_some());
    }
}
