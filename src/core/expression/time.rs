//! Timestamps and durations: their text, range and parts (cel-spec langdef, "Abstract Types").

use std::fmt::Write as _;

use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};

use super::stop::Stop;
use crate::core::value::Value;

pub(super) const RANGE: &str = "timestamp out of range";
/// 0001-01-01T00:00:00Z, the first instant CEL knows; the last is that of `jiff`, at the end of
/// the year 9999.
const FIRST_SECOND: i64 = -62_135_596_800;
/// Ten thousand years: the span of all timestamps.
const DURATION_SECONDS_MAX: i64 = 315_576_000_000;

/// A part of a timestamp or duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    FullYear,
    Month,
    Date,
    DayOfMonth,
    DayOfWeek,
    DayOfYear,
    Hours,
    Minutes,
    Seconds,
    Milliseconds,
}

/// The timestamp, where CEL allows it.
pub(super) fn in_range(timestamp: Timestamp) -> Option<Timestamp> {
    (timestamp.as_nanosecond() >= i128::from(FIRST_SECOND) * 1_000_000_000).then_some(timestamp)
}

/// A duration that may have overflowed, as a value.
pub(super) fn duration(duration: Option<SignedDuration>) -> Result<Value, Stop> {
    match duration {
        Some(d) if d.as_secs().unsigned_abs() <= DURATION_SECONDS_MAX.unsigned_abs() => {
            Ok(Value::Duration(d))
        }
        _ => Err(Stop::failed("duration out of range")),
    }
}

/// The span from one instant to another. As in CEL, where spans are 64-bit nanoseconds, instants
/// more than about 292 years apart have none.
pub(super) fn between(from: Timestamp, to: Timestamp) -> Result<Value, Stop> {
    let span = to.duration_since(from);
    match i64::try_from(span.as_nanos()) {
        Ok(_) => Ok(Value::Duration(span)),
        Err(_) => Err(Stop::failed("duration out of range")),
    }
}

/// RFC 3339 text → instant.
pub(super) fn parse_timestamp(text: &str) -> Option<Timestamp> {
    let has_time = text.contains(['T', 't']);
    has_time.then(|| text.parse().ok().and_then(in_range)).flatten()
}

/// `1h30m`, `-1.5s`, `250ms`, `0` → duration, as in Go's `time.ParseDuration`; `None` where the text
/// is none or the span too long.
#[must_use]
pub fn parse_duration(text: &str) -> Option<SignedDuration> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(SignedDuration::ZERO);
    }
    let mut nanos: i128 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(end);
        let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        nanos = nanos.checked_add(parse_amount(number, unit_nanos(unit)?)?)?;
        rest = after;
    }
    if negative {
        nanos = -nanos;
    }
    let seconds = i64::try_from(nanos / 1_000_000_000).ok()?;
    let rest = i32::try_from(nanos % 1_000_000_000).ok()?;
    Some(SignedDuration::new(seconds, rest))
}

fn unit_nanos(unit: &str) -> Option<i128> {
    Some(match unit {
        "h" => 3_600_000_000_000,
        "m" => 60_000_000_000,
        "s" => 1_000_000_000,
        "ms" => 1_000_000,
        "us" | "µs" | "μs" => 1_000,
        "ns" => 1,
        _ => return None,
    })
}

fn parse_amount(number: &str, unit: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || whole.len() > 20 {
        return None;
    }
    let mut nanos = match whole {
        "" => 0,
        digits => digits.parse::<i128>().ok()?.checked_mul(unit)?,
    };
    let mut scale = unit;
    for digit in fraction.bytes() {
        let digit = digit.is_ascii_digit().then(|| i128::from(digit - b'0'))?;
        scale /= 10;
        nanos = nanos.checked_add(digit * scale)?;
    }
    Some(nanos)
}

/// `5400s`, `-1.5s`.
pub(super) fn duration_text(duration: SignedDuration) -> String {
    let nanos = duration.as_nanos();
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let mut text = format!("{sign}{}", nanos / 1_000_000_000);
    let fraction = nanos % 1_000_000_000;
    if fraction > 0 {
        let digits = format!("{fraction:09}");
        // Writing to a String cannot fail.
        let _ = write!(text, ".{}", digits.trim_end_matches('0'));
    }
    text.push('s');
    text
}

/// A part of an instant as seen in a time zone (UTC where none is given).
pub(super) fn timestamp_part(
    part: Part,
    timestamp: Timestamp,
    zone: Option<&str>,
) -> Result<i64, Stop> {
    let zone = match zone {
        None => TimeZone::UTC,
        Some(name) => {
            time_zone(name).ok_or_else(|| Stop::because(format!("unknown time zone `{name}`")))?
        }
    };
    let at = timestamp.to_zoned(zone);
    Ok(match part {
        Part::FullYear => i64::from(at.year()),
        Part::Month => i64::from(at.month()) - 1,
        Part::Date => i64::from(at.day()),
        Part::DayOfMonth => i64::from(at.day()) - 1,
        Part::DayOfWeek => i64::from(at.weekday().to_sunday_zero_offset()),
        Part::DayOfYear => i64::from(at.day_of_year()) - 1,
        Part::Hours => i64::from(at.hour()),
        Part::Minutes => i64::from(at.minute()),
        Part::Seconds => i64::from(at.second()),
        Part::Milliseconds => i64::from(at.millisecond()),
    })
}

/// All the hours, minutes ... of a duration; of milliseconds, those within the second.
pub(super) fn duration_part(part: Part, duration: SignedDuration) -> Result<i64, Stop> {
    match part {
        Part::Hours => Ok(duration.as_hours()),
        Part::Minutes => Ok(duration.as_mins()),
        Part::Seconds => Ok(duration.as_secs()),
        Part::Milliseconds => Ok(i64::from(duration.subsec_millis())),
        _ => Err(Stop::failed("a duration has no such part")),
    }
}

/// An IANA name of the bundled database (never the machine's: decisions must replay anywhere), or
/// an offset `+02:00`.
pub(super) fn time_zone(name: &str) -> Option<TimeZone> {
    if name == "UTC" || name == "Z" {
        return Some(TimeZone::UTC);
    }
    if let Some((hours, minutes)) = name.split_once(':') {
        let (sign, hours) = match hours.strip_prefix('-') {
            Some(hours) => (-1, hours),
            None => (1, hours.strip_prefix('+').unwrap_or(hours)),
        };
        let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
        if !(0..24).contains(&hours) || !(0..60).contains(&minutes) {
            return None;
        }
        let offset = Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()?;
        return Some(TimeZone::fixed(offset));
    }
    TimeZoneDatabase::bundled().get(name).ok()
}

/// Whole days of 24 hours from one instant to another; negative where the second is earlier.
pub(super) fn days_between(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).as_secs() / 86_400
}
