//! Quotas as a decision sees them: what is declared, and what is left. Taking is not the core's:
//! the caller says what it holds, the decision stays within, and the caller reserves what was
//! decided before it answers.

use std::sync::Arc;

use super::Bitset;
use crate::core::key::Key;
use crate::core::time::UnixMs;
use crate::core::zone::{Period, Zone};

/// Units of a money quota in one unit of money: amounts are exact to four decimals.
pub const MONEY_UNITS: f64 = 10_000.0;

/// What uses a quota up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaCount {
    /// The contact, as the channel defines it.
    Contact,
    /// The impression.
    Impression,
    /// The acceptance (or conversion).
    Accept,
    /// The conversion.
    Convert,
}

/// How long a quota lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuotaPeriod {
    /// Anew in every period.
    Each(Period),
    /// Once, in the campaign of that name, from its first moment to the first after it where these
    /// are given; closed outside.
    Campaign {
        /// Its name: a new one starts afresh.
        name: Arc<str>,
        /// First moment.
        from: Option<UnixMs>,
        /// First moment after it.
        until: Option<UnixMs>,
    },
    /// Once and for all.
    Ever,
}

/// A quota: a volume, a budget or a stock.
#[derive(Clone, Debug)]
pub struct QuotaSpec {
    /// Id.
    pub id: Arc<str>,
    /// What it is for.
    pub description: Option<Arc<str>>,
    /// The offers it bounds.
    pub offers: Bitset,
    /// Keys of the channels it bounds; empty: all.
    pub channels: Vec<Key>,
    /// Bit per channel (by index) it bounds.
    pub channel_mask: u64,
    /// What uses it up.
    pub counts: QuotaCount,
    /// Units in a period: pieces, or money in [`MONEY_UNITS`]ths.
    pub max: u64,
    /// By offer, units that one of them takes, where it is not one piece each; ascending by offer.
    pub costs: Option<Vec<(u32, u64)>>,
    /// How long it lasts.
    pub per: QuotaPeriod,
    /// Where its days begin.
    pub zone: Zone,
    /// How long a unit is held for an outcome that has not come yet, ms.
    pub hold_ms: i64,
}

impl QuotaSpec {
    /// Units that one of `offer` takes.
    #[must_use]
    pub fn cost(&self, offer: u32) -> u64 {
        let Some(costs) = &self.costs else { return 1 };
        let found = costs.binary_search_by_key(&offer, |(known, _)| *known);
        found.ok().and_then(|place| costs.get(place)).map_or(0, |(_, cost)| *cost)
    }

    /// The most that one of its offers takes; at least 1.
    #[must_use]
    pub fn cost_max(&self) -> u64 {
        let costs = self.costs.iter().flatten().map(|(_, cost)| *cost);
        costs.max().unwrap_or(1).max(1)
    }

    /// Whether it bounds `offer` on the channel with that mask bit.
    #[must_use]
    pub fn binds(&self, offer: u32, channel_bit: u64) -> bool {
        self.channel_mask & channel_bit != 0 && self.offers.contains(offer)
    }

    /// How long after the decision an impression still finds its unit, ms; `None`: impressions use
    /// none up. `decides`: the channel counts the decision itself as the contact.
    #[must_use]
    pub fn impression_within_ms(&self, decides: bool) -> Option<i64> {
        match self.counts {
            QuotaCount::Impression => Some(self.hold_ms),
            QuotaCount::Contact if !decides => Some(self.hold_ms),
            QuotaCount::Contact | QuotaCount::Accept | QuotaCount::Convert => None,
        }
    }

    /// Whether it counts money.
    #[must_use]
    pub fn is_money(&self) -> bool {
        self.costs.is_some()
    }

    /// The period around `at`: its name (part of the name under which what is used is kept), first
    /// moment and the first after it. `None`: outside of its campaign.
    #[must_use]
    pub fn period(&self, at: UnixMs) -> Option<(String, Option<UnixMs>, Option<UnixMs>)> {
        match &self.per {
            QuotaPeriod::Each(period) => {
                let (start, end) = period.around(at, &self.zone);
                Some((format!("{}-{}", period.name(), start.0), Some(start), Some(end)))
            }
            QuotaPeriod::Campaign { name, from, until } => {
                let inside = from.is_none_or(|from| at >= from) && until.is_none_or(|end| at < end);
                inside.then(|| (format!("campaign-{name}"), *from, *until))
            }
            QuotaPeriod::Ever => Some(("ever".to_owned(), None, None)),
        }
    }
}

/// What is left of quotas, as far as the caller holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Supply {
    /// Nothing is bounded: cases and what-ifs.
    #[default]
    Open,
    /// Units left, by index of the quota.
    Held(Arc<[u64]>),
    /// It could not be known: all closed.
    Unavailable,
}

impl Supply {
    /// Units left of the quota with that index; what is not told of is closed.
    #[must_use]
    pub fn left(&self, quota: usize) -> u64 {
        match self {
            Self::Open => u64::MAX,
            Self::Held(left) => left.get(quota).copied().unwrap_or(0),
            Self::Unavailable => 0,
        }
    }
}
