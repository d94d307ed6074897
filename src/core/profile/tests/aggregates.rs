//! Aggregates against a naive reading of the raw events.

use proptest::prelude::*;

use super::fixture::{HALF_LIFE_MS, NOW, all_aggregates, login, purchase, schema, series, view};
use crate::core::catalog::schema::{AggregateFunction, AggregateSpec, Schema, SeriesState};
use crate::core::expression::Type;
use crate::core::interaction::Event;
use crate::core::profile::Profile;
use crate::core::time::{DAY_MS, MINUTE_MS, SECOND_MS, UnixMs};
use crate::core::value::Value;

/// Events with distinct ids, up to 60 days old, in a random order of arrival.
fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = (0_u8..3, 0..60 * DAY_MS, 0_u32..20_000, 0_u8..12);
    prop::collection::vec(event, 0..80).prop_map(|raw| {
        raw.into_iter()
            .zip(0..)
            .map(|((what, age_ms, cents, name), id)| {
                let at = UnixMs(NOW.0 - age_ms);
                match what {
                    0 => purchase(id, at, f64::from(cents) / 100.0, &format!("c{name}")),
                    1 => view(id, at, &format!("i{name}")),
                    _ => login(id, at),
                }
            })
            .collect()
    })
}

fn applied(schema: &Schema, events: &[Event]) -> Profile {
    let mut profile = Profile::new(NOW);
    for event in events {
        profile.apply_event(schema, event, NOW);
    }
    profile
}

fn number(event: &Event) -> f64 {
    event
        .frame
        .first()
        .map_or(0.0, |value| value.as_ref().and_then(Value::as_f64).unwrap_or_default())
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * (1.0 + a.abs().max(b.abs()))
}

/// The events that an aggregate is over; `slack_ms` widens its window.
fn counted<'a>(
    schema: &Schema,
    events: &'a [Event],
    spec: &AggregateSpec,
    now: UnixMs,
    slack_ms: i64,
) -> Vec<&'a Event> {
    let of = &schema.series[spec.series];
    events
        .iter()
        .filter(|e| schema.events[&e.name].key == of.event)
        .filter(|e| spec.series != series::LARGE_PURCHASES || number(e) > 50.0)
        .filter(|e| spec.window_ms.is_none_or(|window| now.since(e.at) < window + slack_ms))
        .collect()
}

/// The value by the book, over the events that the aggregate sees.
fn naive(spec: &AggregateSpec, events: &[&Event], now: UnixMs) -> Option<Value> {
    let numbers = || events.iter().map(|e| number(e));
    let latest = events.iter().max_by_key(|e| e.at);
    match spec.function {
        AggregateFunction::Count if spec.series == series::VIEWS_DECAYED => {
            let weight = |e: &&Event| (-(now.since(e.at) as f64) / HALF_LIFE_MS as f64).exp2();
            Some(Value::Double(events.iter().map(weight).sum()))
        }
        AggregateFunction::Count => Some(Value::Int(events.len() as i64)),
        AggregateFunction::Sum => Some(Value::Double(numbers().sum())),
        AggregateFunction::Avg => (!events.is_empty())
            .then(|| Value::Double(numbers().sum::<f64>() / events.len() as f64)),
        AggregateFunction::Min => numbers().reduce(f64::min).map(Value::Double),
        AggregateFunction::Max => numbers().reduce(f64::max).map(Value::Double),
        AggregateFunction::Last => latest.and_then(|e| e.frame[1].clone()),
        AggregateFunction::Distinct => {
            let mut seen: Vec<&str> =
                events.iter().filter_map(|e| e.frame[1].as_ref()?.as_str()).collect();
            seen.sort_unstable();
            seen.dedup();
            Some(Value::Int(seen.len() as i64))
        }
        AggregateFunction::Recency => latest
            .map(|e| Value::Duration(jiff::SignedDuration::from_millis(now.since(e.at).max(0)))),
    }
}

fn agree(a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a, b) {
        (Some(Value::Double(a)), Some(Value::Double(b))) => close(*a, *b, 1e-4),
        (a, b) => a == b,
    }
}

/// How much further back than its window a series may look.
fn granularity_ms(state: &SeriesState) -> i64 {
    match state {
        SeriesState::Buckets { bucket_ms, .. } => *bucket_ms,
        SeriesState::Distinct { .. } => MINUTE_MS,
        _ => SECOND_MS,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn aggregates_are_what_the_raw_events_say(events in events(), later_ms in 0..20 * DAY_MS) {
        let schema = schema();
        let profile = applied(&schema, &events);
        let now = UnixMs(NOW.0 + later_ms);
        for (index, (name, spec, ty)) in all_aggregates().into_iter().enumerate() {
            let found = profile.aggregate(&schema, index, &ty, now);
            // Within its granularity a window may see more, never less: one of the readings over
            // the window widened to one event after another must be what was found.
            let slack_ms = granularity_ms(&schema.series[spec.series].state);
            let surely = counted(&schema, &events, &spec, now, 0);
            let mut perhaps: Vec<&Event> = counted(&schema, &events, &spec, now, slack_ms)
                .into_iter()
                .filter(|e| !surely.iter().any(|s| s.id == e.id))
                .collect();
            perhaps.sort_by_key(|e| std::cmp::Reverse(e.at));
            let mut seen = surely;
            let mut readings = vec![naive(&spec, &seen, now)];
            for event in perhaps {
                seen.push(event);
                readings.push(naive(&spec, &seen, now));
            }
            prop_assert!(
                readings.iter().any(|reading| agree(found.as_ref(), reading.as_ref())),
                "{name}: {found:?}, expected one of {readings:?}"
            );
        }
    }

    #[test]
    fn the_order_of_arrival_does_not_matter(
        (events, shuffled) in events().prop_flat_map(|e| (Just(e.clone()), Just(e).prop_shuffle()))
    ) {
        let schema = schema();
        let one = applied(&schema, &events);
        let other = applied(&schema, &shuffled);
        for (index, (name, _, ty)) in all_aggregates().into_iter().enumerate() {
            let a = one.aggregate(&schema, index, &ty, NOW);
            let b = other.aggregate(&schema, index, &ty, NOW);
            prop_assert!(agree(a.as_ref(), b.as_ref()), "{name}: {a:?} and {b:?}");
        }
        for (a, b) in one.interests().iter().zip(other.interests()) {
            prop_assert_eq!((a.item, a.at), (b.item, b.at));
            prop_assert!((a.weight - b.weight).abs() <= 0.01 * a.weight);
        }
    }
}

#[test]
fn without_events_counts_are_zero_and_the_rest_is_missing() {
    let schema = schema();
    let profile = Profile::new(NOW);
    for (index, (_, spec, ty)) in all_aggregates().into_iter().enumerate() {
        assert_eq!(
            profile.aggregate(&schema, index, &ty, NOW),
            match (spec.function, ty == Type::Int) {
                (AggregateFunction::Count | AggregateFunction::Distinct, true) =>
                    Some(Value::Int(0)),
                (AggregateFunction::Count | AggregateFunction::Sum, _) => Some(Value::Double(0.0)),
                _ => None,
            }
        );
    }
}

#[test]
fn what_is_not_a_number_never_enters_a_series() {
    let schema = schema();
    let mut profile = Profile::new(NOW);
    for (id, amount) in [(1, f64::NAN), (2, f64::INFINITY), (3, 10.0)] {
        profile.apply_event(&schema, &purchase(id, NOW, amount, "food"), NOW);
    }
    assert_eq!(profile.aggregate(&schema, 0, &Type::Double, NOW), Some(Value::Double(10.0)));
}

#[test]
fn a_changed_window_keeps_what_is_known() {
    let mut schema = schema();
    let mut profile = Profile::new(NOW);
    for id in 0..10 {
        let at = UnixMs(NOW.0 - id * DAY_MS);
        profile.apply_event(&schema, &purchase(id as u64, at, 1.0, "food"), NOW);
    }
    schema.series[series::PURCHASES_30D].state =
        SeriesState::Buckets { bucket_ms: 2 * DAY_MS, buckets_max: 31 };
    profile.apply_event(&schema, &purchase(99, NOW, 1.0, "food"), NOW);
    assert_eq!(profile.aggregate(&schema, 0, &Type::Double, NOW), Some(Value::Double(11.0)));
    assert_eq!(Profile::decode(&profile.encode()), Ok(profile));
}

#[test]
fn dead_buckets_are_dropped_when_a_new_day_begins() {
    let schema = schema();
    let mut profile = Profile::new(NOW);
    profile.apply_event(&schema, &view(1, NOW, "x"), NOW);
    let before = profile.series().len();
    let later = UnixMs(NOW.0 + 10 * DAY_MS);
    profile.apply_event(&schema, &login(2, later), later);
    let kept = profile.series().len();
    assert_eq!(kept, before - 1 + 2, "views of the last 7 days are gone");
}
