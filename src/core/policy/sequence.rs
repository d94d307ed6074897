//! What must, or must not, have happened with another offer: prerequisites, follow-ups and
//! exclusions by history.

use std::sync::Arc;

use super::Bitset;
use crate::core::interaction::OutcomeKind;
use crate::core::key::Key;
use crate::core::profile::Profile;
use crate::core::time::{DAY_MS, HOUR_MS, MINUTE_MS, UnixMs};

/// What an earlier outcome means for the offers bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SequenceKind {
    /// It must have happened.
    Requires,
    /// It must not have happened.
    Excludes,
}

/// A rule on offers by what became of other offers.
#[derive(Clone, Debug)]
pub struct SequenceSpec {
    /// Id; `None`: the offer's own.
    pub id: Option<Arc<str>>,
    /// What the outcome means.
    pub kind: SequenceKind,
    /// The offers bound.
    pub offers: Bitset,
    /// The offers whose outcomes count.
    pub earlier: Bitset,
    /// Names of these, for reasons.
    pub earlier_name: Arc<str>,
    /// Bits of the outcomes that count.
    pub outcomes: u8,
    /// Only this long after the outcome, ms.
    pub after_ms: i64,
    /// Only until this long after the outcome, ms; `None`: for good.
    pub within_ms: Option<i64>,
}

impl SequenceSpec {
    /// Whether an outcome of that kind and age, of an offer that counts, matches.
    #[must_use]
    pub fn matches(&self, kind: OutcomeKind, age_ms: i64) -> bool {
        self.outcomes & kind.bit() != 0
            && age_ms >= self.after_ms
            && self.within_ms.is_none_or(|within| age_ms < within)
    }

    /// Whether the offers bound may be made, given whether an outcome matched.
    #[must_use]
    pub fn open(&self, matched: bool) -> bool {
        matched == (self.kind == SequenceKind::Requires)
    }

    /// Why the offers bound are stopped.
    pub(super) fn words(&self) -> String {
        let kinds = OutcomeKind::ALL.into_iter().filter(|kind| self.outcomes & kind.bit() != 0);
        let kinds: Vec<&str> = kinds.map(OutcomeKind::name).collect();
        let mut words = match self.kind {
            SequenceKind::Requires => "needs ".to_owned(),
            SequenceKind::Excludes => "not after ".to_owned(),
        };
        words.push_str(&format!("{} of `{}`", kinds.join(" or "), self.earlier_name));
        if self.after_ms > 0 {
            words.push_str(&format!(", at least {} ago", span(self.after_ms)));
        }
        if let Some(within) = self.within_ms {
            words.push_str(&format!(", within {}", span(within)));
        }
        words
    }
}

/// Which sequences matched, by index: of each offer, kind and reason the latest outcome counts.
pub(super) fn matched(
    specs: &[SequenceSpec],
    profile: &Profile,
    index_of: &impl Fn(Key) -> Option<u32>,
    now: UnixMs,
) -> Vec<bool> {
    let mut matched = vec![false; specs.len()];
    if specs.is_empty() {
        return matched;
    }
    for response in profile.responses() {
        let Some(offer) = index_of(response.offer) else { continue };
        for (spec, matched) in specs.iter().zip(&mut matched) {
            *matched |= spec.earlier.contains(offer)
                && spec.matches(response.kind, now.since(response.at).max(0));
        }
    }
    matched
}

/// A span of time in its largest whole unit.
pub(super) fn span(ms: i64) -> String {
    for (unit, name) in [(DAY_MS, "d"), (HOUR_MS, "h"), (MINUTE_MS, "m")] {
        if ms % unit == 0 {
            return format!("{}{name}", ms / unit);
        }
    }
    format!("{}s", ms / 1000)
}
