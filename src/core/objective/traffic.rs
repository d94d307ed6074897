//! How many decisions are still to come: the rate of each hour of the day, as seen so far.
//!
//! A budget is to last by decision, not by minute: where nobody asks at night, nothing is kept for
//! the night. What counts is the ratio of the hours to each other, so the mean of a few days is
//! enough; a level that changes is made up by the remaining budget being spread anew.
//!
//! Where decisions come in bursts, how many are to come is uncertain. Two things then help: what was
//! said of the whole day tells of its rest (who has seen too many has fewer to come), the more the
//! less sure the rest is; and what is counted on lies below the mean, since what is kept for
//! decisions that do not come is worth nothing, while what is spent early is worth nearly its price.

use serde::{Deserialize, Serialize};

use super::unrest::Unrest;
use crate::core::time::{DAY_MS, HOUR_MS, UnixMs};

const HOURS: usize = 24;
/// What an hour's memory keeps when the same hour comes again the next day.
const KEPT: f64 = 0.6;
/// How much time the mean of all hours counts for beside an hour's own, ms.
const MEAN_MS: f64 = 180_000.0;
/// The same where the shape of the day was declared.
const DECLARED_MS: f64 = 3_600_000.0;
/// How many hours seen a declared number of decisions counts for.
const DECLARED_HOURS: f64 = 6.0;
/// How long what came just now says anything about what comes next, ms.
const RECENT_MS: f64 = 450_000.0;
/// Over how long 'just now' is averaged, ms.
const NOW_MS: f64 = 300_000.0;
/// How many standard deviations below the mean is counted on, where the rest is unsure.
const CAUTION: f64 = 0.4;
/// From this ratio of standard deviation to mean on. Below it there is time to make up for errors.
const UNSURE: f64 = 0.15;
/// Of the mean at least this share is counted on.
const COUNTED_MIN: f64 = 0.3;
/// How far what is said of a day is off, as a share of it (one standard deviation), where that is
/// not said.
const WITHIN: f64 = 0.05;
/// The longest stretch between two observations that counts: a longer one was an outage.
const GAP_MS_MAX: i64 = 10 * 60_000;

/// What people say of the traffic beforehand, so that the first period needs no luck.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Forecast {
    /// Decisions a day.
    pub per_day: Option<f64>,
    /// Weight of each hour of the day (UTC), mean 1; empty: unknown.
    pub hours: Vec<f64>,
    /// How far `per_day` may be off, as a share of it: one standard deviation, > 0.
    pub within: Option<f64>,
}

impl Forecast {
    fn weight(&self, hour: usize) -> f64 {
        self.hours.get(hour).copied().unwrap_or(1.0)
    }

    /// Decisions a ms said of an hour of the day.
    fn said(&self, hour: usize) -> Option<f64> {
        Some(self.level()? * self.weight(hour))
    }

    /// Decisions a ms in an hour of weight 1.
    fn level(&self) -> Option<f64> {
        self.per_day.map(|decisions| decisions / DAY_MS as f64)
    }
}

/// Decisions by hour of the day (UTC).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    hours: [Hour; HOURS],
    /// The hour last observed, counted from 1970.
    last: i64,
    /// Decisions a ms, just now; below 0 when nothing was observed yet.
    recent: f64,
    unrest: Unrest,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Hour {
    decisions: f64,
    ms: f64,
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            hours: [Hour::default(); HOURS],
            last: i64::MIN,
            recent: -1.0,
            unrest: Unrest::default(),
        }
    }
}

impl Traffic {
    /// Takes in that `decisions` were made between `from` and `to`.
    pub fn observe(&mut self, forecast: &Forecast, decisions: f64, from: UnixMs, to: UnixMs) {
        let ms = to.since(from);
        if !(1..=GAP_MS_MAX).contains(&ms) || !decisions.is_finite() {
            return;
        }
        let number = to.0.div_euclid(HOUR_MS);
        let again = number != self.last;
        self.last = number;
        let Some(hour) = self.hours.get_mut(of_day(number)) else { return };
        if again {
            hour.decisions *= KEPT;
            hour.ms *= KEPT;
        }
        hour.decisions += decisions;
        hour.ms += ms as f64;
        let ms = ms as f64;
        let rate = decisions / ms;
        let weight = if self.recent < 0.0 { 1.0 } else { 1.0 - libm::exp(-ms / NOW_MS) };
        self.recent += weight * (rate - self.recent);
        let said = forecast.said(of_day(number)).map_or(0.0, |said| decisions - said * ms);
        let off = self.recent - self.rate(of_day(number), self.level(forecast), forecast);
        self.unrest.observe(off, said, ms, to);
    }

    /// Decisions expected from `now` until `end`, if it goes on as it was and as was said; 0 when
    /// nothing is known.
    #[must_use]
    pub fn expected(&self, forecast: &Forecast, now: UnixMs, end: UnixMs) -> f64 {
        self.ahead(forecast, now, end).0
    }

    /// Decisions to count on from `now` until `end`: fewer than expected, the more the less sure.
    #[must_use]
    pub fn counted_on(&self, forecast: &Forecast, now: UnixMs, end: UnixMs) -> f64 {
        let (mean, variance) = self.ahead(forecast, now, end);
        let spread = libm::sqrt(variance) / mean.max(f64::MIN_POSITIVE);
        let ripe = (spread / UNSURE).min(1.0);
        let short = CAUTION * spread * ripe * ripe;
        mean * (1.0 - short).max(COUNTED_MIN)
    }

    /// Mean and variance of the decisions from `now` until `end`.
    fn ahead(&self, forecast: &Forecast, now: UnixMs, end: UnixMs) -> (f64, f64) {
        let left = end.since(now);
        if left <= 0 {
            return (0.0, 0.0);
        }
        let level = self.level(forecast);
        let usual = |hour: usize| self.rate(hour, level, forecast);
        let mut mean = 0.0;
        let days = left / DAY_MS;
        if days > 0 {
            let a_day: f64 = (0..HOURS).map(usual).sum();
            mean += a_day * HOUR_MS as f64 * days as f64;
        }
        mean += sum(UnixMs(now.0.saturating_add(days * DAY_MS)), end, usual);
        let mut variance = self.unrest.variance(left as f64);
        if forecast.per_day.is_some() {
            let (moved, sure) = self.told(forecast, now, end, usual);
            mean = (mean + moved).max(0.1 * mean);
            variance *= 1.0 - sure;
        }
        if self.recent >= 0.0 {
            // A burst or a lull goes on for a while, and is forgotten exponentially.
            let off = self.recent - usual(of_day(now.0.div_euclid(HOUR_MS)));
            mean += off * RECENT_MS * (1.0 - libm::exp(-(left as f64) / RECENT_MS));
        }
        (mean.max(0.0), variance)
    }

    /// What was said of the present day tells of its rest: by how much the mean moves, and the
    /// weight of what was said. Two estimates of the rest, each by the inverse of its variance: the
    /// usual rest, and what was said less what came.
    fn told(
        &self,
        forecast: &Forecast,
        now: UnixMs,
        end: UnixMs,
        usual: impl Fn(usize) -> f64,
    ) -> (f64, f64) {
        let midnight = UnixMs((now.0.div_euclid(DAY_MS) + 1) * DAY_MS);
        let until = midnight.min(end);
        let said = sum(now, until, |hour| forecast.said(hour).unwrap_or(0.0));
        let part = until.since(now) as f64 / midnight.since(now) as f64;
        let rest = said - self.unrest.excess(now) * part;
        let off = forecast.within.unwrap_or(WITHIN) * forecast.per_day.unwrap_or(0.0);
        let unsure = self.unrest.variance(midnight.since(now) as f64);
        let weight = unsure / (unsure + off * off).max(f64::MIN_POSITIVE);
        (weight * (rest - sum(now, until, usual)), weight)
    }

    /// Decisions a ms in an hour of weight 1: the mean over the hours seen, each counting alike, and
    /// what was said.
    fn level(&self, forecast: &Forecast) -> f64 {
        let said = forecast.level();
        let mut count = if said.is_some() { DECLARED_HOURS } else { 0.0 };
        let mut sum = said.unwrap_or(0.0) * count;
        for (number, hour) in self.hours.iter().enumerate() {
            let weight = (hour.ms / MEAN_MS).min(1.0);
            let expected = hour.ms * forecast.weight(number);
            if expected > 0.0 {
                count += weight;
                sum += weight * hour.decisions / expected;
            }
        }
        if count > 0.0 { sum / count } else { 0.0 }
    }

    fn rate(&self, number: usize, level: f64, forecast: &Forecast) -> f64 {
        let hour = self.hours.get(number).copied().unwrap_or_default();
        let said = forecast.per_day.is_some() || !forecast.hours.is_empty();
        let weight_ms = if said { DECLARED_MS } else { MEAN_MS };
        let prior = level * forecast.weight(number);
        (hour.decisions + prior * weight_ms) / (hour.ms + weight_ms)
    }
}

/// Decisions between two moments at these rates a ms by hour of the day; less than two days apart.
fn sum(from: UnixMs, end: UnixMs, rate: impl Fn(usize) -> f64) -> f64 {
    let (mut at, mut sum) = (from.0, 0.0);
    while at < end.0 {
        let number = at.div_euclid(HOUR_MS);
        let until = ((number + 1) * HOUR_MS).min(end.0);
        sum += rate(of_day(number)) * (until - at) as f64;
        at = until;
    }
    sum
}

/// The hour of the day of an hour counted from 1970.
fn of_day(number: i64) -> usize {
    usize::try_from(number.rem_euclid(HOURS as i64)).unwrap_or(0)
}
