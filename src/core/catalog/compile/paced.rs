//! Quotas that get a shadow price.

use std::sync::Arc;

use super::Build;
use super::objectives::LINES_MAX;
use crate::core::catalog::Number;
use crate::core::catalog::kind::FileKind;
use crate::core::objective::{
    Bound, Line, LineKind, Measure, PacedLimit, PacingSpec, Period, UseSpec,
};
use crate::core::policy::{LimitSpec, MONEY_UNITS, QuotaCount, QuotaPeriod, QuotaSpec};

/// Names the contact limits that are paced.
pub(super) fn limits(limits: &[LimitSpec], pacing: &mut PacingSpec) {
    let paced = (0_u16..).zip(limits).filter(|(_, limit)| limit.paced);
    let of = |(index, limit): (u16, &LimitSpec)| PacedLimit {
        index,
        id: limit.id.clone(),
        max: limit.max,
    };
    pacing.limits = paced.map(of).collect();
}

/// Adds a line for each quota that is to be paced: it is counted there, and gets a price here.
pub(super) fn quotas(build: &Build<'_>, quotas: &[QuotaSpec], pacing: &mut PacingSpec) {
    let Some(file) = &build.folder.objectives else { return };
    let top = build.place(&file.document);
    let section = top.key("pace");
    for (index, name) in file.source.pace.iter().enumerate() {
        let place = section.index(index);
        let Some(quota) = quotas.iter().find(|quota| *quota.id == **name) else {
            if !build.broken().excuses(FileKind::Policies, name) {
                place.unknown("quota", name, quotas.iter().map(|quota| &*quota.id));
            }
            continue;
        };
        let period = match &quota.per {
            QuotaPeriod::Each(period) => Period::Each(*period, quota.zone.clone()),
            QuotaPeriod::Campaign { from: Some(from), until: Some(until), .. } => {
                Period::Span(*from, *until)
            }
            _ => {
                let hint = "give it a period, or a campaign with `from` and `until`";
                place.error_hint(format!("quota `{name}` cannot be paced: it has no end"), hint);
                continue;
            }
        };
        if pacing.lines.iter().any(|line| line.id == quota.id) {
            place.error(format!("`{name}` is paced already"));
            continue;
        }
        if pacing.lines.len() >= LINES_MAX {
            place.error(format!("at most {LINES_MAX} things are paced"));
            break;
        }
        pace(quota, period, pacing);
    }
}

fn pace(quota: &QuotaSpec, period: Period, pacing: &mut PacingSpec) {
    let unit = if quota.is_money() { MONEY_UNITS } else { 1.0 };
    let units = |units: u64| units as f64 / unit;
    let line = u16::try_from(pacing.lines.len()).unwrap_or(u16::MAX);
    pacing.lines.push(Line {
        id: quota.id.clone(),
        kind: LineKind::Resource,
        unit: Arc::default(),
        bound: Bound::AtMost(units(quota.max)),
        period,
        price_max: None,
        quota: Some(quota.id.clone()),
    });
    for offer in quota.offers.iter() {
        let used = Some(Number::Constant(units(quota.cost(offer))));
        let measure = match quota.counts {
            QuotaCount::Contact | QuotaCount::Impression => {
                Measure { contact: used, ..Measure::default() }
            }
            QuotaCount::Accept => Measure { accept: used, ..Measure::default() },
            QuotaCount::Convert => Measure { convert: used, ..Measure::default() },
        };
        if let Some(own) = pacing.by_offer.get_mut(offer as usize) {
            own.push(UseSpec { line, channels: quota.channel_mask, measure });
        }
    }
}
