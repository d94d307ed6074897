//! Values: a tag byte, then what the tag does not say. Short texts and small whole numbers have
//! tags of their own; the highest bit is the caller's flag.

use std::sync::Arc;

use super::wire::{Reader, Writer};
use crate::core::profile::ProfileError;
use crate::core::profile::limits::{LIST_ENTRIES_MAX, STRING_BYTES_MAX};
use crate::core::time::UnixMs;
use crate::core::value::Value;

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INT: u8 = 3;
const UINT: u8 = 4;
const DOUBLE: u8 = 5;
const STRING: u8 = 6;
const BYTES: u8 = 7;
const TIMESTAMP: u8 = 8;
const TIMESTAMP_NANOS: u8 = 9;
const DURATION: u8 = 10;
const DURATION_NANOS: u8 = 11;
const LIST: u8 = 12;
/// Texts of 0..=31 bytes: `SHORT_STRING + length`.
const SHORT_STRING: u8 = 16;
const SHORT_STRING_BYTES_MAX: usize = 31;
/// Whole numbers 0..=79: `SMALL_INT + number`.
const SMALL_INT: u8 = 48;
const SMALL_INT_MAX: i64 = 79;
const FLAG: u8 = 0x80;

const NANOS_MAX: i64 = 999_999_999;

/// The stored bytes of one value: a canonical form of it.
pub(in crate::core::profile) fn value_to_bytes(value: &Value) -> Vec<u8> {
    let mut w = Writer::new(UnixMs(0));
    put(&mut w, value, false);
    w.finish()
}

/// Writes a value that [`crate::core::profile::limits::check_value`] accepts, and a flag.
pub(super) fn put(w: &mut Writer, value: &Value, flag: bool) {
    let tag = |tag: u8| tag | if flag { FLAG } else { 0 };
    match value {
        // A profile holds no maps and no types.
        Value::Null | Value::Map(_) | Value::Type(_) => w.byte(tag(NULL)),
        Value::Bool(false) => w.byte(tag(FALSE)),
        Value::Bool(true) => w.byte(tag(TRUE)),
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0..=79")]
        Value::Int(n @ 0..=SMALL_INT_MAX) => w.byte(tag(SMALL_INT + *n as u8)),
        Value::Int(n) => {
            w.byte(tag(INT));
            w.signed(*n);
        }
        Value::Uint(n) => {
            w.byte(tag(UINT));
            w.varint(*n);
        }
        Value::Double(x) => {
            w.byte(tag(DOUBLE));
            w.number(*x);
        }
        Value::String(text) => {
            match u8::try_from(text.len()) {
                #[expect(clippy::cast_possible_truncation, reason = "31")]
                Ok(n) if n <= SHORT_STRING_BYTES_MAX as u8 => w.byte(tag(SHORT_STRING + n)),
                _ => {
                    w.byte(tag(STRING));
                    w.varint(text.len() as u64);
                }
            }
            w.bytes(text.as_bytes());
        }
        Value::Bytes(bytes) => {
            w.byte(tag(BYTES));
            w.varint(bytes.len() as u64);
            w.bytes(bytes);
        }
        Value::Timestamp(at) => {
            let (seconds, nanos) = (at.as_second(), at.subsec_nanosecond());
            put_moment(w, [tag(TIMESTAMP), tag(TIMESTAMP_NANOS)], seconds, nanos);
        }
        Value::Duration(span) => {
            let (seconds, nanos) = (span.as_secs(), span.subsec_nanos());
            put_moment(w, [tag(DURATION), tag(DURATION_NANOS)], seconds, nanos);
        }
        Value::List(entries) => {
            w.byte(tag(LIST));
            w.varint(entries.len() as u64);
            for entry in entries.iter() {
                put(w, entry, false);
            }
        }
    }
}

fn put_moment(w: &mut Writer, [whole, fractional]: [u8; 2], seconds: i64, nanos: i32) {
    if nanos == 0 {
        w.byte(whole);
        w.signed(seconds);
    } else {
        w.byte(fractional);
        w.signed(seconds);
        w.signed(i64::from(nanos));
    }
}

/// Reads a value and the flag.
pub(super) fn get(r: &mut Reader<'_>) -> Result<(Value, bool), ProfileError> {
    let byte = r.byte()?;
    let value = match byte & !FLAG {
        LIST => {
            let n = r.count("list entries", LIST_ENTRIES_MAX)?;
            let mut entries = r.list(n);
            for _ in 0..n {
                let tag = r.byte()?;
                entries.push(get_scalar(r, tag)?);
            }
            Value::List(entries.into())
        }
        tag => get_scalar(r, tag)?,
    };
    Ok((value, byte & FLAG != 0))
}

fn get_scalar(r: &mut Reader<'_>, tag: u8) -> Result<Value, ProfileError> {
    Ok(match tag {
        NULL => Value::Null,
        FALSE => Value::Bool(false),
        TRUE => Value::Bool(true),
        INT => Value::Int(r.signed()?),
        UINT => Value::Uint(r.varint()?),
        DOUBLE => Value::Double(r.number()?),
        STRING => {
            let n = r.count("bytes of text", STRING_BYTES_MAX)?;
            text(r, n)?
        }
        BYTES => {
            let n = r.count("bytes", STRING_BYTES_MAX)?;
            Value::Bytes(Arc::from(r.bytes(n)?))
        }
        TIMESTAMP => timestamp(r.signed()?, 0)?,
        TIMESTAMP_NANOS => timestamp(r.signed()?, nanos(r)?)?,
        DURATION => duration(r.signed()?, 0)?,
        DURATION_NANOS => duration(r.signed()?, nanos(r)?)?,
        SHORT_STRING..SMALL_INT => text(r, usize::from(tag - SHORT_STRING))?,
        SMALL_INT..FLAG => Value::Int(i64::from(tag - SMALL_INT)),
        _ => return Err(ProfileError::Malformed("unknown kind of value")),
    })
}

fn text(r: &mut Reader<'_>, bytes: usize) -> Result<Value, ProfileError> {
    std::str::from_utf8(r.bytes(bytes)?)
        .map(Value::from)
        .map_err(|_| ProfileError::Malformed("text is not utf-8"))
}

fn nanos(r: &mut Reader<'_>) -> Result<i32, ProfileError> {
    let nanos = r.signed()?.clamp(-NANOS_MAX, NANOS_MAX);
    i32::try_from(nanos).map_err(|_| ProfileError::Malformed("time out of range"))
}

fn timestamp(seconds: i64, nanos: i32) -> Result<Value, ProfileError> {
    jiff::Timestamp::new(seconds, nanos)
        .map(Value::Timestamp)
        .map_err(|_| ProfileError::Malformed("time out of range"))
}

/// `SignedDuration::new` panics where seconds and nanoseconds together overflow; parts of one sign
/// and less than a second of nanoseconds never do.
fn duration(seconds: i64, nanos: i32) -> Result<Value, ProfileError> {
    if seconds.signum() * i64::from(nanos.signum()) < 0 {
        return Err(ProfileError::Malformed("parts of a duration differ in sign"));
    }
    Ok(Value::Duration(jiff::SignedDuration::new(seconds, nanos)))
}
