//! What bounds a profile. Nothing in it grows past these, whatever happens to the customer.

use super::ProfileError;
use crate::core::time::{DAY_MS, UnixMs};
use crate::core::value::Value;

/// Most contacts kept, the newest; of older ones the responses stay.
pub const CONTACTS_MAX: usize = 256;
/// Most responses kept; when full, the oldest that is no rejection goes first.
pub const RESPONSES_MAX: usize = 256;
/// Most interests kept, by decayed weight.
pub const INTERESTS_MAX: usize = 64;
/// Most consents kept.
pub const CONSENTS_MAX: usize = 128;
/// Most consents kept that others took the place of, the newest.
pub const PAST_CONSENTS_MAX: usize = 64;
/// Most attributes kept.
pub const ATTRIBUTES_MAX: usize = 512;
/// Most bytes in all attribute values together.
pub const ATTRIBUTES_BYTES_MAX: usize = 64 * 1024;
/// Most entries of a list value.
pub const LIST_ENTRIES_MAX: usize = 64;
/// Most bytes of a text or of raw bytes.
pub const STRING_BYTES_MAX: usize = 1024;
/// Most series kept.
pub const SERIES_MAX: usize = 256;
/// Most buckets of a series.
pub const BUCKETS_MAX: usize = 512;
/// Most distinct values of a series.
pub const DISTINCT_MAX: usize = 256;
/// Most ids remembered for idempotency: the newest.
pub const RECENT_IDS_MAX: usize = 1_000;
/// How long an id is remembered, from its arrival: a retry within it changes nothing. After it, or
/// after [`RECENT_IDS_MAX`] further ids, a repetition counts again.
pub const RECENT_IDS_MS: i64 = DAY_MS;
/// How long a contact remembers its decision, so that an outcome finds its very contact; later it
/// finds the latest contact with its offer and channel. Forgotten with the next contact or day.
pub const DECISION_JOIN_MS: i64 = 7 * DAY_MS;
/// Most answers kept, the newest.
pub const ANSWERS_MAX: usize = 64;
/// How long an answer holds for its interaction.
pub const ANSWERS_MS: i64 = DAY_MS;
/// Half-life of an interest.
pub const INTEREST_HALF_LIFE_MS: i64 = 30 * DAY_MS;
/// How long a series that the schema no longer has is kept after its latest event, so that a
/// rollback of the rules finds it again.
pub const ORPHAN_SERIES_MS: i64 = 90 * DAY_MS;
/// Most bytes of sections written by a newer version, kept as they are.
pub const UNKNOWN_BYTES_MAX: usize = 64 * 1024;

/// First moment a profile can hold: 0001-01-01T00:00:00Z, ms.
pub(super) const TIME_MIN_MS: i64 = -62_135_596_800_000;
/// Last moment a profile can hold: 9999-12-30T00:00:00Z, ms; leaves room for rounding up.
pub(super) const TIME_MAX_MS: i64 = 253_402_128_000_000;

/// `at` within the moments a profile can hold.
pub(super) fn clamp_time(at: UnixMs) -> UnixMs {
    UnixMs(at.0.clamp(TIME_MIN_MS, TIME_MAX_MS))
}

/// `at` rounded up to a multiple of `unit_ms`: stored times are rounded up, so that a contact
/// limit or a rest never ends early by rounding.
pub(super) fn ceil_to(at: UnixMs, unit_ms: i64) -> UnixMs {
    let below = at.0.div_euclid(unit_ms) * unit_ms;
    UnixMs(if below == at.0 { below } else { below + unit_ms })
}

/// Whether a profile can hold `value`.
///
/// # Errors
/// Text or bytes over [`STRING_BYTES_MAX`], lists over [`LIST_ENTRIES_MAX`], numbers that are not
/// finite, maps, and lists of lists.
pub fn check_value(value: &Value) -> Result<(), ProfileError> {
    match value {
        Value::List(entries) => {
            if entries.len() > LIST_ENTRIES_MAX {
                return Err(ProfileError::TooMany { what: "list entries", max: LIST_ENTRIES_MAX });
            }
            entries.iter().try_for_each(|entry| match entry {
                Value::List(_) => Err(ProfileError::Unsupported("list of lists")),
                scalar => check_scalar(scalar),
            })
        }
        scalar => check_scalar(scalar),
    }
}

fn check_scalar(value: &Value) -> Result<(), ProfileError> {
    let bytes = match value {
        Value::String(s) => s.len(),
        Value::Bytes(b) => b.len(),
        Value::Double(d) if !d.is_finite() => return Err(ProfileError::NotFinite),
        Value::Map(_) => return Err(ProfileError::Unsupported("map")),
        _ => 0,
    };
    if bytes > STRING_BYTES_MAX {
        return Err(ProfileError::TooMany { what: "bytes of text", max: STRING_BYTES_MAX });
    }
    Ok(())
}

/// Bytes that `value` weighs against [`ATTRIBUTES_BYTES_MAX`].
pub(super) fn value_bytes(value: &Value) -> usize {
    match value {
        Value::String(s) => 8 + s.len(),
        Value::Bytes(b) => 8 + b.len(),
        Value::List(entries) => 8 + entries.iter().map(value_bytes).sum::<usize>(),
        _ => 8,
    }
}
