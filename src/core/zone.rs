//! Time zones and calendar periods. Zones come from the tables compiled into the program, so that
//! every machine reads a date alike; days begin and end as the zone's clocks do, also where they
//! change.

use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::core::expression::Slot;
use crate::core::time::UnixMs;
use crate::core::value::Value;

/// A named time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Its name in the IANA tables, e.g. `Europe/Madrid`.
    pub name: Arc<str>,
    rules: TimeZone,
}

impl Zone {
    /// The zone of that IANA name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let rules = TimeZoneDatabase::bundled().get(name).ok()?;
        Some(Self { name: name.into(), rules })
    }

    /// Coordinated universal time.
    #[must_use]
    pub fn utc() -> Self {
        Self { name: "UTC".into(), rules: TimeZone::UTC }
    }

    /// Minutes since midnight on the zone's clocks, 0..1440.
    #[must_use]
    pub fn minute_of_day(&self, at: UnixMs) -> u32 {
        let time = at.to_timestamp().to_zoned(self.rules.clone()).time();
        u32::from(time.hour().unsigned_abs()) * 60 + u32::from(time.minute().unsigned_abs())
    }

    /// The first moment of `date` in the zone.
    fn start_of(&self, date: Date) -> Option<UnixMs> {
        let start = date.to_zoned(self.rules.clone()).ok()?;
        Some(UnixMs(start.timestamp().as_millisecond()))
    }

    /// The date that the zone's calendars show.
    fn date(&self, at: UnixMs) -> Date {
        at.to_timestamp().to_zoned(self.rules.clone()).date()
    }
}

/// The zone in which a rule reads the clock.
#[derive(Clone, Debug)]
pub struct ZoneSpec {
    /// The customer's own, from this slot of the frame; `None`: always `default`.
    pub customer: Option<Slot>,
    /// Where the customer's is not known, or is no zone.
    pub default: Zone,
}

impl ZoneSpec {
    /// Always this zone.
    #[must_use]
    pub fn fixed(zone: Zone) -> Self {
        Self { customer: None, default: zone }
    }

    /// The zone for the customer of `frame`.
    #[must_use]
    pub fn of(&self, frame: &[Option<Value>]) -> Zone {
        let named = self.customer.and_then(|slot| frame.get(slot.0 as usize)?.as_ref()?.as_str());
        named.and_then(Zone::of).unwrap_or_else(|| self.default.clone())
    }
}

/// A period of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// From midnight to midnight.
    Day,
    /// From Monday to Sunday (ISO 8601).
    Week,
    /// A month of the calendar.
    Month,
    /// January, April, July and October begin one.
    Quarter,
    /// A year of the calendar.
    Year,
}

impl Period {
    /// The name in rules.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    /// The period around `at` in `zone`: its first moment, and the first after it.
    #[must_use]
    pub fn around(self, at: UnixMs, zone: &Zone) -> (UnixMs, UnixMs) {
        self.dates(zone.date(at))
            .and_then(|(first, next)| Some((zone.start_of(first)?, zone.start_of(next)?)))
            // Only at the ends of the calendar, years -9999 and 9999.
            .unwrap_or((UnixMs(i64::MIN), UnixMs(i64::MAX)))
    }

    fn dates(self, date: Date) -> Option<(Date, Date)> {
        let (first, span) = match self {
            Self::Day => (date, 1.day()),
            Self::Week => {
                let past = i64::from(date.weekday().to_monday_zero_offset());
                (date.checked_sub(past.days()).ok()?, 1.week())
            }
            Self::Month => (date.first_of_month(), 1.month()),
            Self::Quarter => {
                let month = (date.month() - 1) / 3 * 3 + 1;
                (Date::new(date.year(), month, 1).ok()?, 3.months())
            }
            Self::Year => (date.first_of_year(), 1.year()),
        };
        Some((first, first.checked_add(span).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UnixMs {
        UnixMs(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn around(period: Period, moment: &str, zone: &str) -> (String, String) {
        let (start, end) = period.around(at(moment), &Zone::of(zone).unwrap());
        (start.to_string(), end.to_string())
    }

    #[test]
    fn a_day_lasts_as_long_as_the_clocks_say() {
        // Clocks go forward on 29 March 2026 and back on 25 October in Madrid.
        let spring = around(Period::Day, "2026-03-29T12:00:00Z", "Europe/Madrid");
        assert_eq!(spring, ("2026-03-28T23:00:00Z".into(), "2026-03-29T22:00:00Z".into()));
        let autumn = around(Period::Day, "2026-10-25T12:00:00Z", "Europe/Madrid");
        assert_eq!(autumn, ("2026-10-24T22:00:00Z".into(), "2026-10-25T23:00:00Z".into()));
    }

    #[test]
    fn periods_begin_where_calendars_say() {
        let now = "2026-11-25T08:00:00Z";
        let starts = [
            (Period::Day, "2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z"),
            (Period::Week, "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"),
            (Period::Month, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
            (Period::Quarter, "2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            (Period::Year, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ];
        for (period, start, end) in starts {
            assert_eq!(around(period, now, "UTC"), (start.to_owned(), end.to_owned()));
        }
    }

    #[test]
    fn the_same_moment_is_another_day_elsewhere() {
        let now = at("2026-11-25T23:30:00Z");
        assert_eq!(Zone::of("Europe/Madrid").unwrap().minute_of_day(now), 30);
        assert_eq!(Zone::of("America/Mexico_City").unwrap().minute_of_day(now), 17 * 60 + 30);
        assert!(Zone::of("Europe/Madird").is_none());
    }
}
