//! Influencers: what a customer's own answers do to scores for a while. The latest outcome of a
//! kind moves its offer (or its group) by a percentage that fades.

use std::sync::Arc;

use crate::core::catalog::source::InfluenceScope;
use crate::core::interaction::OutcomeKind;
use crate::core::key::Key;
use crate::core::policy::Bitset;
use crate::core::profile::Response;
use crate::core::time::UnixMs;

/// How an influence fades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decay {
    /// Halves in so many ms.
    HalfLife(i64),
    /// Gone after so many ms, in a straight line.
    Linear(i64),
}

impl Decay {
    /// What is left after `age_ms`, in 0..=1: 2^(-age / half-life), or 1 - age / span.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "ages are far below 2^53 ms")]
    pub fn left(self, age_ms: i64) -> f64 {
        let age = age_ms.max(0) as f64;
        match self {
            Self::HalfLife(ms) => libm::exp2(-age / ms.max(1) as f64),
            Self::Linear(ms) => (1.0 - age / ms.max(1) as f64).max(0.0),
        }
    }
}

/// A declared influencer.
#[derive(Clone, Debug)]
pub struct InfluencerSpec {
    /// Id, for reasons.
    pub id: Arc<str>,
    /// Outcomes on which offers.
    pub offers: Bitset,
    /// After what.
    pub after: OutcomeKind,
    /// Only with one of these reasons; empty: any.
    pub reasons: Vec<Key>,
    /// What it reaches.
    pub scope: InfluenceScope,
    /// By how much at first, in percent.
    pub percent: f64,
    /// How it fades.
    pub decay: Decay,
}

/// Below this much of a percent an influence is gone.
const PERCENT_MIN: f64 = 0.01;

/// What is left of all influences on one customer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Influences {
    /// (offer, influencer, percent), sorted by both.
    offers: Vec<(u32, u16, f64)>,
    /// (group, influencer, percent), sorted by both.
    groups: Vec<(u16, u16, f64)>,
}

impl Influences {
    /// Reads them from the customer's responses. `index_of` gives an offer's index, `groups` the
    /// group of each offer. Where several outcomes make the same influence, the strongest counts.
    #[must_use]
    pub fn of(
        specs: &[InfluencerSpec],
        responses: &[Response],
        index_of: impl Fn(Key) -> Option<u32>,
        groups: &[u16],
        now: UnixMs,
    ) -> Self {
        let mut found = Self::default();
        if specs.is_empty() {
            return found;
        }
        for response in responses {
            let Some(offer) = index_of(response.offer) else { continue };
            for (number, spec) in (0_u16..).zip(specs) {
                let counts = spec.after == response.kind
                    && spec.offers.contains(offer)
                    && (spec.reasons.is_empty() || spec.reasons.contains(&response.reason));
                if !counts {
                    continue;
                }
                let percent = spec.percent * spec.decay.left(now.since(response.at));
                if percent.abs() < PERCENT_MIN {
                    continue;
                }
                match spec.scope {
                    InfluenceScope::Offer => strongest(&mut found.offers, offer, number, percent),
                    InfluenceScope::Group => {
                        if let Some(group) = groups.get(offer as usize) {
                            strongest(&mut found.groups, *group, number, percent);
                        }
                    }
                }
            }
        }
        found
    }

    /// Whether nothing is moved.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.offers.is_empty() && self.groups.is_empty()
    }

    /// What moves an offer of a group: influencer and percent.
    pub fn on(&self, offer: u32, group: u16) -> impl Iterator<Item = (u16, f64)> + '_ {
        let own = self.offers.partition_point(|(known, ..)| *known < offer);
        let own = self.offers.get(own..).unwrap_or_default().iter();
        let own = own.take_while(move |(known, ..)| *known == offer);
        let shared = self.groups.iter().filter(move |(known, ..)| *known == group);
        own.map(|(_, number, percent)| (*number, *percent))
            .chain(shared.map(|(_, number, percent)| (*number, *percent)))
    }

    /// The factor on an offer of a group: 1 + Σ percent, not below 0.
    #[must_use]
    pub fn factor(&self, offer: u32, group: u16) -> f64 {
        if self.is_empty() {
            return 1.0;
        }
        let sum: f64 = self.on(offer, group).map(|(_, percent)| percent).sum();
        (1.0 + sum / 100.0).max(0.0)
    }
}

/// Keeps the strongest percentage of each (target, influencer), sorted.
fn strongest<T: Ord + Copy>(list: &mut Vec<(T, u16, f64)>, target: T, number: u16, percent: f64) {
    match list.binary_search_by_key(&(target, number), |(known, by, _)| (*known, *by)) {
        Ok(place) => {
            if let Some((.., known)) = list.get_mut(place)
                && percent.abs() > known.abs()
            {
                *known = percent;
            }
        }
        Err(place) => list.insert(place, (target, number, percent)),
    }
}
