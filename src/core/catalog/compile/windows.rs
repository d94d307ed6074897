//! Zones, hours of the day, windows and shares, from their texts.

use super::Build;
use super::literal::{LiteralError, span};
use crate::core::catalog::fault::{Place, did_you_mean};
use crate::core::catalog::kind::FileKind;
use crate::core::catalog::schema::Schema;
use crate::core::catalog::source::{DaySource, HoursSource, TimeZoneSource};
use crate::core::policy::{Window, share};
use crate::core::zone::{Period, Zone, ZoneSpec};

/// Longest rolling window of a contact limit, days.
const WINDOW_DAYS_MAX: i64 = 400;
/// Periods of the calendar, by name.
pub(super) const PERIODS: [Period; 5] =
    [Period::Day, Period::Week, Period::Month, Period::Quarter, Period::Year];

/// Says what is wrong with a literal at `place`.
pub(super) fn report(place: &Place<'_>, error: LiteralError) {
    match error.hint {
        Some(hint) => place.error_hint(error.message, hint),
        None => place.error(error.message),
    }
}

/// A span of time, in ms.
pub(super) fn time(place: &Place<'_>, text: &str, days_max: i64) -> Option<i64> {
    span(text, days_max).map_err(|error| report(place, error)).ok()
}

/// The zone of that name.
pub(super) fn zone(place: &Place<'_>, name: &str) -> Option<Zone> {
    let found = Zone::of(name);
    if found.is_none() {
        let known = ["Europe/Madrid", "America/Mexico_City", "America/New_York", "UTC"];
        let hint = did_you_mean(name, known)
            .unwrap_or_else(|| "an IANA name, as `Europe/Madrid`".to_owned());
        place.error_hint(format!("there is no time zone `{name}`"), hint);
    }
    found
}

/// Where customers live, as `channels.yaml` says.
pub(super) fn customers(build: &Build<'_>, schema: &Schema) -> ZoneSpec {
    let file = build.channels();
    let Some(source) = &file.source.time_zone else {
        return ZoneSpec::fixed(Zone::utc());
    };
    let top = build.place(&file.document);
    let place = top.key("time_zone");
    let TimeZoneSource { attribute, default } = source;
    let default = default.as_deref().and_then(|name| zone(&place.key("default"), name));
    let customer = attribute.as_deref().and_then(|name| {
        let found = schema.attributes.get(name).copied();
        if found.is_none() && !build.broken().excuses(FileKind::Schema, name) {
            let known = schema.attributes.keys().map(AsRef::as_ref);
            place.key("attribute").unknown("attribute", name, known);
        }
        build.programs.note_path(&format!("customer.{name}"));
        found
    });
    ZoneSpec { customer, default: default.unwrap_or_else(Zone::utc) }
}

/// The window of a contact limit.
pub(super) fn window(
    place: &Place<'_>,
    text: &str,
    named: Option<&str>,
    customers: &ZoneSpec,
) -> Window {
    let own = named.and_then(|name| zone(&place.key("zone"), name));
    if let Some(period) = PERIODS.into_iter().find(|period| period.name() == text) {
        return Window::Calendar(period, own.map_or_else(|| customers.clone(), ZoneSpec::fixed));
    }
    if named.is_some() {
        place.key("zone").warn("a rolling window is the same in every zone", None);
    }
    Window::Rolling(time(&place.key("window"), text, WINDOW_DAYS_MAX).unwrap_or(1))
}

/// `09:30` as minutes since midnight, at most `24:00`.
pub(super) fn clock(place: &Place<'_>, text: &str) -> Option<u32> {
    let minutes = text.split_once(':').and_then(|(hours, minutes)| {
        let two = |part: &str| (part.len() == 2).then(|| part.parse::<u32>().ok()).flatten();
        let (hours, minutes) = (two(hours)?, two(minutes)?);
        (minutes < 60 && hours * 60 + minutes <= 24 * 60).then_some(hours * 60 + minutes)
    });
    if minutes.is_none() {
        let message = format!("`{text}` is not a time of the day");
        place.error_hint(message, "hours and minutes, as `09:30`");
    }
    minutes
}

/// A share in percent, as buckets of 10,000.
pub(super) fn percent(place: &Place<'_>, text: &str) -> Option<u32> {
    let buckets = text.strip_suffix('%').and_then(|number| {
        let number = number.trim();
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
        if whole.is_empty() || part.len() > 2 || !digits(whole) || !digits(part) {
            return None;
        }
        let hundredths: u32 = format!("{part:0<2}").parse().ok()?;
        let buckets = whole.parse::<u32>().ok()?.checked_mul(100)?.checked_add(hundredths)?;
        (buckets <= share::BUCKETS).then_some(buckets)
    });
    match buckets {
        Some(0) => {
            place.warn("a share of nobody", None);
            buckets
        }
        Some(_) => buckets,
        None => {
            let message = format!("`{text}` is not a share");
            place.error_hint(message, "percent with at most two decimals, as `8%` or `0.25%`");
            None
        }
    }
}

/// Hours of the week as a condition on `now`.
pub(super) fn hours(place: &Place<'_>, source: &HoursSource, default: &Zone) -> Option<String> {
    let own = source.zone.as_deref();
    let zone = match own {
        Some(name) => zone(&place.key("zone"), name)?,
        None => default.clone(),
    };
    let from = source.from.as_deref().map_or(Some(0), |text| clock(&place.key("from"), text))?;
    let to = source.to.as_deref().map_or(Some(1440), |text| clock(&place.key("to"), text))?;
    if from >= to {
        let hint = "hours over midnight are two entries";
        place.key("to").error_hint("the hours end before they begin", hint);
        return None;
    }
    let mut parts = Vec::new();
    let name = &zone.name;
    if !source.days.is_empty() {
        let days: Vec<String> =
            source.days.iter().map(|day| (*day as DayNumber).to_string()).collect();
        parts.push(format!("now.getDayOfWeek('{name}') in [{}]", days.join(", ")));
    }
    let minute = format!("now.getHours('{name}') * 60 + now.getMinutes('{name}')");
    if from > 0 {
        parts.push(format!("{minute} >= {from}"));
    }
    if to < 1440 {
        parts.push(format!("{minute} < {to}"));
    }
    if parts.is_empty() {
        place.warn_at_key("these are all hours of the week", None);
        parts.push("true".to_owned());
    }
    Some(format!("({})", parts.join(" && ")))
}

/// Days count from Sunday, 0, as in CEL's `getDayOfWeek`.
type DayNumber = u8;

const _: () = assert!(DaySource::Sunday as DayNumber == 0);
