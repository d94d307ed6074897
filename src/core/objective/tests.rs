use proptest::prelude::*;

use super::*;
use crate::core::time::{DAY_MS, HOUR_MS, MINUTE_MS, UnixMs};

fn at(text: &str) -> UnixMs {
    let moment: jiff::Timestamp = text.parse().unwrap();
    UnixMs(moment.as_millisecond())
}

#[test]
fn traffic_of_one_day_forecasts_the_next_by_hour() {
    let mut traffic = Traffic::default();
    let none = Forecast::default();
    let midnight = at("2026-03-09T00:00:00Z");
    assert_eq!(traffic.expected(&none, midnight, UnixMs(midnight.0 + DAY_MS)), 0.0);
    // Ten a minute from 8 to 20, one at night.
    let a_minute = |minute: i64| if (480..1200).contains(&minute) { 10.0 } else { 1.0 };
    for minute in 0..1440 {
        let from = UnixMs(midnight.0 + minute * MINUTE_MS);
        traffic.observe(&none, a_minute(minute), from, UnixMs(from.0 + MINUTE_MS));
    }
    let next = UnixMs(midnight.0 + DAY_MS);
    let night = traffic.expected(&none, next, UnixMs(next.0 + 8 * HOUR_MS));
    let day = traffic.expected(&none, UnixMs(next.0 + 8 * HOUR_MS), UnixMs(next.0 + 20 * HOUR_MS));
    assert!((night / 480.0 - 1.0).abs() < 0.6, "{night}");
    assert!((day / 7200.0 - 1.0).abs() < 0.15, "{day}");
    let month = traffic.expected(&none, next, UnixMs(next.0 + 30 * DAY_MS));
    assert!((month / (30.0 * 7920.0) - 1.0).abs() < 0.05, "{month}");
}

#[test]
fn what_is_said_beforehand_stands_in_for_what_was_not_seen() {
    let said = Forecast { per_day: Some(2_400.0), hours: Vec::new(), within: None };
    let traffic = Traffic::default();
    let now = at("2026-03-09T06:00:00Z");
    assert_eq!(traffic.expected(&said, now, UnixMs(now.0 + 12 * HOUR_MS)).round(), 1_200.0);
}

fn line(bound: Bound) -> Line {
    Line {
        id: "gifts".into(),
        kind: LineKind::Resource,
        unit: "EUR".into(),
        bound,
        period: Period::Each(crate::core::zone::Period::Day, crate::core::zone::Zone::utc()),
        price_max: None,
        quota: None,
    }
}

fn batch(decisions: f64, value: f64, measure: f64) -> Tally {
    let line = LineTally { measure, contacts: decisions, realised: 0.0 };
    let lines = [("gifts".into(), line)].into();
    Tally { decisions, value, lines, ..Tally::default() }
}

/// Prices after each of the minutes of a morning in which each decision uses `by_decision`.
fn morning(line: &Line, by_decision: f64) -> Pacing {
    let mut pacing = Pacing::default();
    let start = at("2026-03-09T00:00:00Z");
    for minute in 1..=600 {
        let now = UnixMs(start.0 + minute * MINUTE_MS);
        let tally = batch(10.0, 50.0, 10.0 * by_decision);
        pacing.tick(std::slice::from_ref(line), &Forecast::default(), &tally, |_| None, now);
    }
    pacing
}

#[test]
fn a_budget_has_a_price_only_where_it_would_not_last() {
    // 14,400 decisions a day: 0.1 by decision comes to 1,440.
    assert_eq!(morning(&line(Bound::AtMost(3_000.0)), 0.1).price("gifts"), 0.0);
    assert!(morning(&line(Bound::AtMost(700.0)), 0.1).price("gifts") > 0.0);
    assert_eq!(morning(&line(Bound::AtLeast(700.0)), 0.1).price("gifts"), 0.0);
    assert!(morning(&line(Bound::AtLeast(3_000.0)), 0.1).price("gifts") > 0.0);
    assert_eq!(morning(&line(Bound::ShareAtMost(0.2)), 0.1).price("gifts"), 0.0);
    assert!(morning(&line(Bound::ShareAtLeast(0.2)), 0.1).price("gifts") > 0.0);
}

#[test]
fn standing_tells_pace_and_where_it_goes() {
    let budget = line(Bound::AtMost(1_440.0));
    let now = at("2026-03-09T10:00:00Z");
    let pacing = morning(&budget, 0.05);
    let standing = pacing.standing(&budget, &Forecast::default(), now).unwrap();
    assert_eq!(standing.attained.round(), 300.0);
    assert!((standing.pace / 600.0 - 1.0).abs() < 0.02, "{}", standing.pace);
    assert!((standing.projected / 720.0 - 1.0).abs() < 0.02, "{}", standing.projected);
    assert_eq!(standing.period_end, at("2026-03-10T00:00:00Z"));
    // The next day starts anew, with the same price.
    let tomorrow = UnixMs(now.0 + DAY_MS);
    let fresh = pacing.standing(&budget, &Forecast::default(), tomorrow).unwrap();
    assert_eq!((fresh.attained, fresh.price), (0.0, standing.price));
}

#[test]
fn a_quota_has_the_last_word_on_what_was_used() {
    let budget = line(Bound::AtMost(1_000.0));
    let mut pacing = Pacing::default();
    let now = at("2026-03-09T10:00:00Z");
    let lines = [budget.clone()];
    pacing.tick(&lines, &Forecast::default(), &batch(10.0, 1.0, 5.0), |_| Some(77.0), now);
    let standing = pacing.standing(&budget, &Forecast::default(), now).unwrap();
    assert_eq!(standing.attained, 77.0);
}

#[test]
fn cost_is_linear_in_propensity_and_pays_for_what_helps() {
    let lines = [line(Bound::AtMost(10.0)), line(Bound::ShareAtLeast(0.3))];
    let uses = [
        Use { line: 0, contact: 1.0, positive: 4.0 },
        Use { line: 1, contact: 1.0, positive: 0.0 },
    ];
    // Both lines go by one name here, so by one price.
    let prices = Prices::named(3, vec![("gifts".into(), 2.0)], &lines);
    let cost = Cost::of(&prices, &lines, &uses);
    assert_eq!(cost.at(0.0), 2.0 * 1.0 + 2.0 * (0.3 - 1.0));
    assert_eq!(cost.at(0.5), cost.at(0.0) + 0.5 * 2.0 * 4.0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever comes, a price is a finite number, not below 0 and not above its roof.
    #[test]
    fn prices_stay_within_their_bounds(
        batches in prop::collection::vec((0.0_f64..1e4, -1e9_f64..1e9, -1e9_f64..1e9, 0_i64..1_000_000), 1..60),
        amount in 1e-6_f64..1e9,
        kind in 0_usize..4,
    ) {
        let bound = [
            Bound::AtMost(amount),
            Bound::AtLeast(amount),
            Bound::ShareAtMost(amount.min(1.0)),
            Bound::ShareAtLeast(amount.min(1.0)),
        ][kind];
        let line = Line { price_max: Some(50.0), ..line(bound) };
        let mut pacing = Pacing::default();
        let mut now = at("2026-03-09T00:00:00Z");
        for (decisions, value, measure, ms) in batches {
            now = UnixMs(now.0 + ms);
            let tally = batch(decisions, value, measure);
            pacing.tick(std::slice::from_ref(&line), &Forecast::default(), &tally, |_| None, now);
            let price = pacing.price("gifts");
            prop_assert!((0.0..=50.0).contains(&price), "{price}");
        }
        let bytes = postcard::to_stdvec(&pacing).unwrap();
        prop_assert_eq!(postcard::from_bytes::<Pacing>(&bytes).unwrap(), pacing);
    }
}
