//! Instants and spans.

use prost_types::{Duration, Timestamp};

use super::fault::{Reason, Wrong};
use crate::core::time::UnixMs;

/// 1900-01-01T00:00:00Z, in seconds.
const FIRST_S: i64 = -2_208_988_800;
/// 9999-12-30T00:00:00Z, in seconds: what lies after it has no civil time in every zone.
const LAST_S: i64 = 253_402_128_000;
/// Ten thousand years, in seconds: the longest span of `google.protobuf.Duration`.
const SPAN_MAX_S: u64 = 315_576_000_000;

/// An instant; what is finer than a millisecond is cut off.
pub fn instant(time: &Timestamp) -> Result<UnixMs, Wrong> {
    if !(0..1_000_000_000).contains(&time.nanos) {
        let message = "nanoseconds must lie between 0 and 999,999,999";
        return Err((Reason::Malformed, message.to_owned()));
    }
    if !(FIRST_S..LAST_S).contains(&time.seconds) {
        let message = "times must lie between 1900-01-01 and 9999-12-29";
        return Err((Reason::OutOfRange, message.to_owned()));
    }
    Ok(UnixMs(time.seconds * 1_000 + i64::from(time.nanos / 1_000_000)))
}

/// The same, where it is given.
pub fn optional(time: Option<&Timestamp>) -> Result<Option<UnixMs>, Wrong> {
    time.map(instant).transpose()
}

/// A signed span.
pub fn span(span: &Duration) -> Result<jiff::SignedDuration, Wrong> {
    let signs_agree = span.seconds.signum() * i64::from(span.nanos.signum()) >= 0;
    if !signs_agree || span.nanos.unsigned_abs() > 999_999_999 {
        let message = "nanoseconds must be below a second and have the sign of the seconds";
        return Err((Reason::Malformed, message.to_owned()));
    }
    if span.seconds.unsigned_abs() > SPAN_MAX_S {
        return Err((Reason::OutOfRange, "spans are at most 10,000 years".to_owned()));
    }
    Ok(jiff::SignedDuration::new(span.seconds, span.nanos))
}

/// An instant for the wire.
pub fn timestamp(at: UnixMs) -> Timestamp {
    let nanos = i32::try_from(at.0.rem_euclid(1_000) * 1_000_000).unwrap_or(0);
    Timestamp { seconds: at.0.div_euclid(1_000), nanos }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_back_and_absurd_ones_are_refused() {
        let at = |seconds, nanos| instant(&Timestamp { seconds, nanos });
        assert_eq!(at(1_700_000_000, 999_999_999).unwrap(), UnixMs(1_700_000_000_999));
        for ms in [-1, 0, 1, 1_700_000_000_123] {
            assert_eq!(instant(&timestamp(UnixMs(ms))).unwrap(), UnixMs(ms));
        }
        for (seconds, nanos) in [
            (i64::MIN, 0),
            (i64::MAX, 0),
            (FIRST_S - 1, 0),
            (LAST_S, 0),
            (0, -1),
            (0, 1_000_000_000),
        ] {
            assert!(at(seconds, nanos).is_err(), "{seconds} {nanos}");
        }
    }

    #[test]
    fn spans_have_one_sign() {
        let of = |seconds, nanos| span(&Duration { seconds, nanos });
        assert_eq!(of(-1, -500_000_000).unwrap(), jiff::SignedDuration::from_millis(-1_500));
        assert!(of(1, -1).is_err());
        assert!(of(0, i32::MIN).is_err());
        assert!(of(i64::MAX, 0).is_err());
    }
}
