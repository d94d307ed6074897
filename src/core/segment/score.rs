//! From a customer and the populations to the values that rules read. What is not known is
//! missing, not zero.

use std::sync::Arc;

use super::channel::preferred;
use super::population::Populations;
use super::spec::{Class, ScoreKind, ScoreSpec, Since, Stage};
use crate::core::catalog::schema::Schema;
use crate::core::expression::Slot;
use crate::core::key::Key;
use crate::core::profile::Profile;
use crate::core::profile::series::Series;
use crate::core::time::{DAY_MS, UnixMs};
use crate::core::value::Value;

/// Fills the slots of all scores but the stage of the lifecycle, which is computed with the derived
/// attributes ([`stage`]). Attributes must stand in the frame already.
pub fn fill(
    schema: &Schema,
    profile: &Profile,
    populations: &Populations,
    now: UnixMs,
    frame: &mut [Option<Value>],
) {
    for spec in &schema.scores {
        if matches!(spec.kind, ScoreKind::Stage(_)) {
            continue;
        }
        let value = value(schema, spec, profile, populations, now, frame);
        if let Some(cell) = frame.get_mut(spec.slot.0 as usize) {
            *cell = value;
        }
    }
}

/// The highest stage whose condition holds, else the first; and whether a condition failed.
/// Unknown counts as not reached.
#[must_use]
pub fn stage(stages: &[Stage], frame: &[Option<Value>]) -> (Option<Value>, bool) {
    use crate::core::expression::EvalError;
    let mut failed = false;
    for stage in stages.iter().rev() {
        let Some(when) = &stage.when else {
            return (Some(Value::String(stage.name.clone())), failed);
        };
        match when.eval_bool(frame) {
            Ok(true) => return (Some(Value::String(stage.name.clone())), failed),
            Err(EvalError::Failed(_)) => failed = true,
            Ok(false) | Err(EvalError::Missing(_)) => {}
        }
    }
    (None, failed)
}

fn value(
    schema: &Schema,
    spec: &ScoreSpec,
    profile: &Profile,
    populations: &Populations,
    now: UnixMs,
    frame: &[Option<Value>],
) -> Option<Value> {
    match &spec.kind {
        ScoreKind::Stage(_) => None,
        ScoreKind::Part { population, parts, population_min } => {
            let population = schema.populations.get(*population)?;
            let bucket = population.bucket(schema, profile)?;
            let curve = populations.get(population.key)?.curve();
            let enough = curve.customers >= *population_min;
            enough.then(|| Value::Int(part(curve.rank(bucket), *parts)))
        }
        ScoreKind::Cell(slots) => cell(slots, frame),
        ScoreKind::Class { population, classes, population_min } => {
            let population = schema.populations.get(*population)?;
            let bucket = population.bucket(schema, profile)?;
            let curve = populations.get(population.key)?.curve();
            let enough = curve.customers >= *population_min;
            let class = class(classes, curve.share_above(bucket)).filter(|_| enough)?;
            Some(Value::String(class))
        }
        ScoreKind::Tenure(since) => tenure(schema, since, profile, now, frame),
        ScoreKind::Value { series, half_life_ms, horizon_ms, share } => {
            let key = schema.series.get(*series)?.key;
            let Series::Decayed(state) = series_of(profile, key)? else { return None };
            let (_, sum) = state.at(now, *half_life_ms);
            Some(Value::Double(expected(sum * share, *half_life_ms, *horizon_ms)))
        }
        ScoreKind::PreferredChannel { half_life_ms, channels } => {
            let key = preferred(profile.contacts(), *half_life_ms, now)?;
            let place = channels.binary_search_by_key(&key, |(key, _)| *key).ok()?;
            channels.get(place).map(|(_, name)| Value::String(name.clone()))
        }
        ScoreKind::Interest(items) => interest(profile, items, now).map(Value::Double),
    }
}

fn series_of(profile: &Profile, key: Key) -> Option<&Series> {
    let known = profile.series();
    let place = known.binary_search_by_key(&key, |(key, _)| *key).ok()?;
    known.get(place).map(|(_, series)| series)
}

/// The part, 1 to `parts`, of a rank in 0..=1.
#[expect(clippy::cast_possible_truncation, reason = "at most 255")]
fn part(rank: f64, parts: u8) -> i64 {
    let parts = parts.max(1);
    let above = libm::floor(rank * f64::from(parts)) as i64;
    (above + 1).clamp(1, i64::from(parts))
}

/// Several parts beside each other; missing when one is.
fn cell(slots: &[Slot], frame: &[Option<Value>]) -> Option<Value> {
    let mut text = String::with_capacity(slots.len());
    for slot in slots {
        match frame.get(slot.0 as usize)? {
            Some(Value::Int(part)) => text.push_str(&part.to_string()),
            _ => return None,
        }
    }
    Some(Value::String(text.into()))
}

fn class(classes: &[Class], share: f64) -> Option<Arc<str>> {
    let found = classes.iter().find(|class| share <= class.share_max);
    found.or(classes.last()).map(|class| class.name.clone())
}

fn tenure(
    schema: &Schema,
    since: &Since,
    profile: &Profile,
    now: UnixMs,
    frame: &[Option<Value>],
) -> Option<Value> {
    let start = match since {
        Since::FirstSeen => profile.created_at(),
        Since::Attribute(slot) => match frame.get(slot.0 as usize)? {
            Some(Value::Timestamp(at)) => UnixMs(at.as_millisecond()),
            _ => return None,
        },
        Since::Series(series) => match series_of(profile, schema.series.get(*series)?.key)? {
            Series::Last { at, .. } => *at,
            _ => return None,
        },
    };
    Some(Value::Int(now.since(start).max(0) / DAY_MS))
}

/// What a decayed sum S with half-life h amounts to within a horizon H, if things go on at the
/// same rate: S · ln 2 / h · H. S · ln 2 / h is the rate by exponential smoothing (Brown 1959,
/// "Statistical Forecasting for Inventory Control") in continuous time: a steady flow of r gives
/// S = r · h / ln 2. After a history of t it has come to 1 - 2^(-t/h) of that, so the value of a
/// newcomer is understated, never overstated.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of ten years fit 53 bits")]
fn expected(sum: f64, half_life_ms: i64, horizon_ms: i64) -> f64 {
    sum * core::f64::consts::LN_2 * (horizon_ms as f64 / half_life_ms.max(1) as f64)
}

/// Share of the decayed interest that is in `items`; missing without any interest.
fn interest(profile: &Profile, items: &[Key], now: UnixMs) -> Option<f64> {
    let (mut all, mut of_items) = (0.0, 0.0);
    for interest in profile.interests() {
        let weight = f64::from(interest.weight_at(now));
        all += weight;
        if items.contains(&interest.item) {
            of_items += weight;
        }
    }
    (all > 0.0).then(|| of_items / all)
}
