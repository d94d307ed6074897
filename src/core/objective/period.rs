//! Periods over which things are summed up: calendar ones in a time zone, or one span.

use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};

use crate::core::time::UnixMs;

/// How long a period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// Midnight to midnight.
    Day,
    /// Monday to Sunday.
    Week,
    /// First to last of the month.
    Month,
    /// Three months, from January.
    Quarter,
    /// January to December.
    Year,
    /// Once, from one moment until another.
    Span(UnixMs, UnixMs),
}

/// A period: how long, and in which time zone it turns.
#[derive(Clone, Debug, PartialEq)]
pub struct Period {
    /// How long.
    pub every: Every,
    /// Where.
    pub zone: TimeZone,
}

/// Why there is no such period.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// Not known to the time zone database.
    #[error("`{0}` is not a time zone: name one of the IANA database, as `Europe/Madrid`")]
    Zone(String),
}

impl Period {
    /// The period of that length in the zone of that IANA name.
    ///
    /// # Errors
    /// When the time zone is not known.
    pub fn new(every: Every, zone: &str) -> Result<Self, PeriodError> {
        let zone = TimeZone::get(zone).map_err(|_| PeriodError::Zone(zone.to_owned()))?;
        Ok(Self { every, zone })
    }

    /// Start (included) and end (excluded) of the period that holds `now`; a span's own, whether it
    /// holds `now` or not.
    #[must_use]
    pub fn around(&self, now: UnixMs) -> (UnixMs, UnixMs) {
        if let Every::Span(from, until) = self.every {
            return (from, until);
        }
        let at = now.to_timestamp().to_zoned(self.zone.clone());
        // Beyond the calendar (the year 9999) there is no period: it ends where it starts.
        self.calendar(&at).unwrap_or((now, now))
    }

    fn calendar(&self, at: &Zoned) -> Option<(UnixMs, UnixMs)> {
        let date = at.date();
        let (first, length) = match self.every {
            Every::Day => (date, 1.day()),
            Every::Week => {
                let days = i64::from(date.weekday().to_monday_zero_offset());
                (date.checked_sub(days.days()).ok()?, 1.week())
            }
            Every::Month => (date.first_of_month(), 1.month()),
            Every::Quarter => {
                let months = i64::from((date.month() - 1) % 3);
                (date.first_of_month().checked_sub(months.months()).ok()?, 3.months())
            }
            Every::Year => (date.first_of_year(), 1.year()),
            Every::Span(..) => return None,
        };
        let bound = |date: jiff::civil::Date| {
            let midnight = date.to_zoned(self.zone.clone()).ok()?;
            Some(UnixMs(midnight.timestamp().as_millisecond()))
        };
        Some((bound(first)?, bound(first.checked_add(length).ok()?)?))
    }
}
