//! Dropping what no rule can read any more.

use super::Profile;
use super::limits::{DECISION_JOIN_MS, ORPHAN_SERIES_MS};
use super::series::Series;
use crate::core::catalog::schema::{Schema, SeriesState};
use crate::core::time::{DAY_MS, UnixMs};

impl Profile {
    /// Drops dead buckets and values, orphaned series, old ids, and the decisions of old contacts.
    /// Applying events does this whenever a new day (UTC) begins.
    pub fn prune(&mut self, schema: &Schema, now: UnixMs) {
        self.advance(now, now);
        let clock = self.updated_at;
        self.recent.prune(clock);
        self.forget_decisions();
        self.forget_answers();
        self.series.retain_mut(|(key, state)| {
            let spec = schema.series.iter().position(|s| s.key == *key);
            match spec {
                Some(index) => prune_series(schema, index, state, clock),
                None => clock.since(state.latest_at()) <= ORPHAN_SERIES_MS,
            }
        });
    }

    /// Forgets the decisions of contacts older than [`DECISION_JOIN_MS`].
    pub(super) fn forget_decisions(&mut self) {
        let horizon = UnixMs(self.updated_at.0.saturating_sub(DECISION_JOIN_MS));
        for contact in self.contacts.iter_mut().take_while(|c| c.at < horizon) {
            contact.decision = 0;
        }
    }

    /// [`Self::prune`], when a day began between `before` and the profile's clock.
    pub(super) fn prune_daily(&mut self, schema: &Schema, before: UnixMs) {
        if before.0.div_euclid(DAY_MS) != self.updated_at.0.div_euclid(DAY_MS) {
            self.prune(schema, self.updated_at);
        }
    }
}

/// Prunes one series; `false` when nothing is left that an aggregate could read.
fn prune_series(schema: &Schema, index: usize, state: &mut Series, clock: UnixMs) -> bool {
    let Some(spec) = schema.series.get(index) else {
        return true;
    };
    let window = widest_window(schema, index);
    match (&mut *state, spec.state) {
        (Series::Buckets(buckets), SeriesState::Buckets { buckets_max, .. }) => {
            buckets.prune(buckets_max, clock);
        }
        (Series::Distinct(distinct), _) => {
            if let Some(window) = window {
                distinct.prune(window, clock);
                return !distinct.values.is_empty();
            }
        }
        _ => {}
    }
    window.is_none_or(|window| match state {
        Series::Buckets(buckets) => !buckets.cells.is_empty(),
        _ => clock.since(state.latest_at()) <= window,
    })
}

/// The widest window in which an aggregate reads the series; `None`: one reads without a window, or
/// none reads it.
fn widest_window(schema: &Schema, index: usize) -> Option<i64> {
    let mut readers = schema.aggregates.iter().filter(|a| a.series == index);
    readers.try_fold(None, |widest: Option<i64>, a| {
        a.window_ms.map(|window| Some(widest.map_or(window, |w| w.max(window))))
    })?
}
