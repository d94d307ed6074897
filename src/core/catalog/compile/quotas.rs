//! Quotas.

use super::limits::moment_at;
use super::names::is_id;
use super::policies::Policies;
use super::windows::{time, zone};
use crate::core::catalog::Number;
use crate::core::catalog::fault::Place;
use crate::core::catalog::source::{
    Number as NumberSource, QuotaCountSource, QuotaPeriodSource, QuotaSource,
};
use crate::core::policy::{Bitset, MONEY_UNITS, QuotaCount, QuotaPeriod, QuotaSpec};
use crate::core::time::{DAY_MS, MINUTE_MS, UnixMs};
use crate::core::zone::Period;

/// Most quotas.
const QUOTAS_MAX: usize = 1024;
/// Largest number of units: what every store counts exactly.
const UNITS_MAX: f64 = 9_007_199_254_740_992.0;
/// How long a unit is held by default.
const HOLD_MS: i64 = 30 * MINUTE_MS;
/// Longest hold, days.
const HOLD_DAYS_MAX: i64 = 30;

impl Policies<'_> {
    pub(super) fn quota(&mut self, place: &Place<'_>, source: &QuotaSource) {
        let id = self.selector.id(place, "a quota", &source.id);
        let selected = self.selector.offers(&place.key("applies_to"), &source.applies_to);
        let (channel_mask, channels) = self.selector.channels(place, &source.channels);
        let costs = source.cost.as_ref().map(|cost| {
            let place = place.key("cost");
            selected.iter().map(|offer| (*offer, self.cost(&place, cost, *offer))).collect()
        });
        let own = source.zone.as_deref().and_then(|name| zone(&place.key("zone"), name));
        let hold = source.hold.as_deref();
        let hold_ms = hold.and_then(|text| time(&place.key("hold"), text, HOLD_DAYS_MAX));
        if self.spec.quotas.len() >= QUOTAS_MAX {
            place.error_at_key(format!("at most {QUOTAS_MAX} quotas"), None);
            return;
        }
        let quota = QuotaSpec {
            id,
            description: source.description.as_deref().map(Into::into),
            offers: Bitset::of(self.spec.offers, selected),
            channels,
            channel_mask,
            counts: match source.counts {
                QuotaCountSource::Contact => QuotaCount::Contact,
                QuotaCountSource::Impression => QuotaCount::Impression,
                QuotaCountSource::Accept => QuotaCount::Accept,
                QuotaCountSource::Convert => QuotaCount::Convert,
            },
            max: largest(&place.key("max"), source),
            costs,
            per: period(place, source),
            zone: own.unwrap_or_else(|| self.customers.default.clone()),
            hold_ms: hold_ms.unwrap_or(HOLD_MS).clamp(MINUTE_MS, HOLD_DAYS_MAX * DAY_MS),
        };
        if quota.costs.is_some() && quota.cost_max() > quota.max {
            let message = "the dearest offer costs more than the whole budget".to_owned();
            place.key("max").warn(message, None);
        }
        self.spec.quotas.push(quota);
    }

    /// What one of `offer` costs, in units.
    fn cost(&self, place: &Place<'_>, cost: &NumberSource, offer: u32) -> u64 {
        let programs = &self.selector.build.programs;
        let facts = self.facts.get(offer as usize);
        match programs.number(self.schema, place, cost, facts) {
            Some(Number::Constant(cost)) => units(place, cost * MONEY_UNITS, "a cost").unwrap_or(0),
            Some(Number::Program(_)) => {
                let hint = "a number, or `offer.NAME` with a number in every offer selected";
                place.error_hint("a cost must be known before the decision", hint);
                0
            }
            None => 0,
        }
    }
}

/// Whole units; a part of one is a fault.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "its range is checked")]
fn units(place: &Place<'_>, amount: f64, what: &str) -> Option<u64> {
    let whole = libm::round(amount);
    if !(0.0..=UNITS_MAX).contains(&whole) || libm::fabs(amount - whole) > 1e-6 * whole.max(1.0) {
        let hint = "0 or more; whole pieces, or money with at most four decimals";
        place.error_hint(format!("{what} cannot be counted exactly"), hint);
        return None;
    }
    Some(whole as u64)
}

fn largest(place: &Place<'_>, source: &QuotaSource) -> u64 {
    let unit = if source.cost.is_some() { MONEY_UNITS } else { 1.0 };
    if source.max <= 0.0 {
        let message = "0 is no quota: nothing would ever be offered";
        place.error_hint(message, "leave the quota out for no limit; a condition to stop offers");
        return 0;
    }
    units(place, source.max * unit, "this volume").unwrap_or(0)
}

fn period(place: &Place<'_>, source: &QuotaSource) -> QuotaPeriod {
    let per = match source.per {
        QuotaPeriodSource::Day => QuotaPeriod::Each(Period::Day),
        QuotaPeriodSource::Week => QuotaPeriod::Each(Period::Week),
        QuotaPeriodSource::Month => QuotaPeriod::Each(Period::Month),
        QuotaPeriodSource::Quarter => QuotaPeriod::Each(Period::Quarter),
        QuotaPeriodSource::Year => QuotaPeriod::Each(Period::Year),
        QuotaPeriodSource::Ever => QuotaPeriod::Ever,
        QuotaPeriodSource::Campaign => {
            let name = source.campaign.as_deref().unwrap_or_default();
            if !is_id(name) {
                let hint = Some(super::names::id_hint());
                place.key("campaign").error_at_key("a campaign needs a name", hint);
            }
            let at = |key: &str, text: &Option<String>| {
                let at = moment_at(&place.key(key), text.as_deref()?)?;
                Some(UnixMs(at.as_millisecond()))
            };
            let (from, until) = (at("from", &source.from), at("until", &source.until));
            if let (Some(from), Some(until)) = (from, until)
                && from >= until
            {
                place.key("until").error("the campaign ends before it starts");
            }
            return QuotaPeriod::Campaign { name: name.into(), from, until };
        }
    };
    let stray = [("campaign", &source.campaign), ("from", &source.from), ("until", &source.until)];
    for (key, _) in stray.into_iter().filter(|(_, given)| given.is_some()) {
        let message = format!("`{key}` belongs to `per: campaign`");
        place.key(key).error_at_key(message, None);
    }
    per
}
