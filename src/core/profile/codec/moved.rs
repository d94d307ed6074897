//! Where a record went, and whom it took in.

use super::wire::{Reader, Writer};
use crate::core::profile::moved::{ABSORBED_MAX, Absorbed, Moved};
use crate::core::profile::{Profile, ProfileError};

/// Most bytes of an id, as the store bounds it.
const ID_BYTES_MAX: usize = 1024;

const MALFORMED: ProfileError = ProfileError::Malformed("a merged customer's id");

pub(super) fn put(w: &mut Writer, profile: &Profile) {
    if profile.moved.is_none() && profile.absorbed.is_empty() {
        return;
    }
    match &profile.moved {
        None => w.byte(0),
        Some(moved) => {
            w.byte(1 + u8::from(moved.done));
            put_name(w, &moved.target, moved.ticket);
        }
    }
    w.varint(profile.absorbed.len() as u64);
    for absorbed in &profile.absorbed {
        put_name(w, &absorbed.customer, absorbed.ticket);
    }
}

fn put_name(w: &mut Writer, name: &str, ticket: u64) {
    w.varint(name.len() as u64);
    w.bytes(name.as_bytes());
    w.u64(ticket);
}

pub(super) fn get(r: &mut Reader<'_>) -> Result<(Option<Moved>, Vec<Absorbed>), ProfileError> {
    let moved = match r.byte()? {
        0 => None,
        state @ (1 | 2) => {
            let (target, ticket) = get_name(r)?;
            Some(Moved { target, ticket, done: state == 2 })
        }
        _ => return Err(ProfileError::Malformed("unknown state of a move")),
    };
    let n = r.count("merged customers", ABSORBED_MAX)?;
    let mut absorbed = r.list(n);
    for _ in 0..n {
        let (customer, ticket) = get_name(r)?;
        absorbed.push(Absorbed { customer, ticket });
    }
    Ok((moved, absorbed))
}

fn get_name(r: &mut Reader<'_>) -> Result<(Box<str>, u64), ProfileError> {
    let n = r.count("bytes of an id", ID_BYTES_MAX)?;
    let name = std::str::from_utf8(r.bytes(n)?).map_err(|_| MALFORMED)?;
    Ok((name.into(), r.u64()?))
}
