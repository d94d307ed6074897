//! Laws of the affinity model.

use std::sync::Arc;

use proptest::prelude::*;

use super::{Affinity, AffinitySpec, Choice, Weights, solve, strength};
use crate::core::codec::bytes::{Reader, Writer};
use crate::core::key::Key;
use crate::core::time::{DAY_MS, UnixMs};

fn item(n: u32) -> Key {
    Key(n)
}

fn history(items: &[u32]) -> Vec<(Key, f32)> {
    items.iter().map(|n| (item(*n), 1.0)).collect()
}

fn observe(model: &mut Affinity, customer: u64, past: &[(Key, f32)], chosen: u32, at: UnixMs) {
    model.observe(&Choice { customer, history: past, item: item(chosen), weight: 1.0, at });
}

/// Each basket is one customer choosing its items in order.
fn taught(baskets: &[&[u32]]) -> Affinity {
    let mut model = Affinity::new(AffinitySpec::default());
    for (customer, basket) in (0..).zip(baskets) {
        for (at, chosen) in basket.iter().enumerate() {
            observe(&mut model, customer, &history(&basket[..at]), *chosen, UnixMs(0));
        }
    }
    model
}

fn with_weights(mut model: Affinity) -> Affinity {
    model.adopt(Arc::new(solve::solve(&model).unwrap()));
    model
}

/// Customers of two communities, `size` items each, who miss some of their community's items.
fn communities(customers: u32, size: u32) -> Affinity {
    let baskets: Vec<Vec<u32>> = (0..customers)
        .map(|c| (0..size).filter(|n| (n + c) % 4 != 0).map(|n| n + c % 2 * size).collect())
        .collect();
    let baskets: Vec<&[u32]> = baskets.iter().map(Vec::as_slice).collect();
    taught(&baskets)
}

fn bytes(model: &Affinity) -> Vec<u8> {
    let mut out = Writer::default();
    model.encode(&mut out);
    out.0
}

#[test]
fn what_is_chosen_together_attracts() {
    let model = taught(&[&[1, 2], &[1, 2], &[1, 2, 3], &[4, 5], &[4, 5, 3]]);
    let score = |n| model.score(&history(&[1]), item(n));
    assert!(score(2) > score(3));
    assert!(score(3) > score(5));
    assert_eq!(score(5), Some(0.0));
    let because = |past: &[u32]| model.because(&history(past), item(2), 3);
    assert_eq!(because(&[4, 1]).iter().map(|one| one.0).collect::<Vec<_>>(), [item(1)]);
    assert_eq!(because(&[4]), []);
}

#[test]
fn solved_weights_foretell_what_the_community_chooses() {
    let model = with_weights(communities(80, 12));
    let past = history(&[0, 1, 2, 3]);
    let ranked = model.recommend(&past, 8);
    assert_eq!(ranked.len(), 8);
    assert!(ranked.iter().all(|(one, _)| (4..12).contains(&one.0)), "{ranked:?}");
    assert!(model.score(&past, item(5)) > model.score(&past, item(15)));
    let because = model.because(&past, item(5), 2);
    assert!(because.len() == 2 && because[0].1 >= because[1].1 && because[1].1 > 0.0);
    assert!(because.iter().all(|(one, _)| one.0 < 4));
}

#[test]
fn what_is_new_since_weights_were_solved_is_ranked_all_the_same() {
    let mut model = with_weights(communities(80, 12));
    for customer in 500..540 {
        observe(&mut model, customer, &history(&[0, 1, 2]), 99, UnixMs(0));
    }
    let score = |past: &[u32], n| model.score(&history(past), item(n));
    assert!(score(&[0, 1], 99) > score(&[13, 14], 99));
    assert!(score(&[99], 1) > score(&[99], 14));
    assert_eq!(score(&[98], 1), None);
    assert!(model.recommend(&history(&[0, 1, 2]), 20).iter().any(|one| one.0 == item(99)));
    assert_eq!(model.because(&history(&[0]), item(99), 1)[0].0, item(0));
}

#[test]
fn weights_are_due_after_the_same_choices_everywhere_and_come_out_the_same() {
    let mut model = Affinity::new(AffinitySpec::default());
    let mut due = Vec::new();
    for n in 0..600_u32 {
        let past = history(&[n % 7, n % 5 + 10]);
        observe(&mut model, u64::from(n % 50), &past, n % 11, UnixMs(i64::from(n)));
        due.extend(model.take_due().map(|state| state.observed()));
    }
    assert_eq!(due[..3], [64, 128, 192]);
    let again = Affinity::decode(&mut Reader::new(&bytes(&model))).unwrap();
    let stored = |model: &Affinity| {
        let mut out = Writer::default();
        solve::solve(model).unwrap().encode(&mut out);
        out.0
    };
    let kept = stored(&model);
    assert_eq!(kept, stored(&again));
    let read = Weights::from_bytes(&kept).unwrap();
    assert_eq!(*read, solve::solve(&model).unwrap());
    assert!(Weights::from_bytes(&kept[..kept.len() - 1]).is_err());
}

#[test]
fn many_items_are_served_from_sparse_rows_and_factors() {
    let spec = AffinitySpec { solved_max: 12, ..AffinitySpec::default() };
    let mut model = Affinity::new(spec);
    for customer in 0..90_u32 {
        let basket: Vec<u32> = (0..10).filter(|n| (n + customer) % 4 != 0).collect();
        let of = customer % 2 * 10;
        for (at, chosen) in basket.iter().enumerate() {
            let past: Vec<u32> = basket[..at].iter().map(|n| n + of).collect();
            observe(&mut model, u64::from(customer), &history(&past), chosen + of, UnixMs(0));
        }
    }
    let model = with_weights(model);
    for of in [0, 10] {
        let past: Vec<u32> = (of..of + 4).collect();
        let ranked = model.recommend(&history(&past), 4);
        assert!(ranked.iter().all(|(one, _)| (of..of + 10).contains(&one.0)), "{ranked:?}");
        for (one, score) in ranked {
            let single = model.score(&history(&past), one).unwrap();
            assert!((single - score.clamp(0.0, 1.0)).abs() < 1e-5, "{one}: {single} {score}");
        }
    }
}

#[test]
fn a_repeated_choice_counts_as_the_square_of_its_strength() {
    let twice = taught(&[&[1, 2]]);
    let mut again = twice.clone();
    observe(&mut again, 0, &history(&[1, 2]), 2, UnixMs(0));
    let own = |model: &Affinity, n| model.rows.get(item(n)).unwrap().count;
    let both = |model: &Affinity| model.rows.get(item(1)).unwrap().with(item(2));
    assert!((own(&again, 2) - strength(2.0).powi(2)).abs() < 1e-9);
    assert!((f64::from(both(&again)) - strength(2.0)).abs() < 1e-6);
    assert!((both(&twice) - 1.0).abs() < 1e-6);
}

#[test]
fn nothing_known_is_none() {
    let model = taught(&[&[1, 2]]);
    assert_eq!(model.score(&history(&[1]), item(9)), None);
    assert_eq!(model.score(&history(&[9]), item(1)), None);
    assert_eq!(model.score(&[], item(1)), None);
}

#[test]
fn what_rests_on_little_shrinks() {
    let once = taught(&[&[1, 2]]);
    let often = taught(&[&[1, 2][..]; 50]);
    let score = |model: &Affinity| model.score(&history(&[1]), item(2)).unwrap();
    assert!(score(&once) < score(&often));
}

#[test]
fn old_choices_fade_and_the_clock_moves_in_steps() {
    let spec = AffinitySpec { half_life_days: 2.0, ..AffinitySpec::default() };
    let mut model = Affinity::new(spec);
    observe(&mut model, 1, &[], 1, UnixMs(0));
    observe(&mut model, 1, &history(&[1]), 2, UnixMs(0));
    let before = model.score(&history(&[1]), item(2)).unwrap();
    for day in 1..300 {
        // The first of each is far in the future by mistake.
        let at = if day == 1 { UnixMs(i64::MAX) } else { UnixMs(day * DAY_MS) };
        observe(&mut model, 1, &[], 1, at);
        observe(&mut model, 1, &history(&[1]), 3, at);
        assert!(model.is_sound());
    }
    let after = model.score(&history(&[1]), item(2)).unwrap();
    assert!(after < before / 2.0, "{before} {after}");
    assert!(model.score(&history(&[1]), item(3)).unwrap() > after);
}

#[test]
fn memory_is_bounded() {
    let spec = AffinitySpec { items_max: 64, neighbours_max: 8, ..AffinitySpec::default() };
    let mut model = Affinity::new(spec);
    for n in 0..4000_u32 {
        observe(&mut model, u64::from(n), &history(&[n / 2, 7, n / 3]), n, UnixMs(0));
        observe(&mut model, u64::from(n), &[], 7, UnixMs(0));
    }
    assert!(model.items() <= 64);
    assert!(model.rows.iter().all(|(_, row)| row.neighbours().len() <= 8));
    assert!(model.rows.get(item(7)).is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn batched_scores_are_the_single_ones_and_bytes_restore_exactly(
        choices in prop::collection::vec(
            (prop::collection::vec((0..30_u32, any::<f32>()), 0..10), 0..30_u32, any::<f32>(),
             any::<i64>()), 1..50),
        asked in prop::collection::vec(0..40_u32, 0..20),
    ) {
        let spec = AffinitySpec { items_max: 64, neighbours_max: 6, ..Default::default() };
        let mut model = Affinity::new(spec);
        let keyed = |list: &[(u32, f32)]| -> Vec<(Key, f32)> {
            list.iter().map(|(n, w)| (Key(*n), *w)).collect()
        };
        for (history, chosen, weight, at) in &choices {
            let (history, customer) = (keyed(history), u64::from(*chosen % 4));
            let (item, weight, at) = (item(*chosen), *weight, UnixMs(*at));
            model.observe(&Choice { customer, history: &history, item, weight, at });
        }
        prop_assert!(model.is_sound());
        let asked: Vec<Key> = asked.into_iter().map(Key).collect();
        let past = keyed(&choices[0].0);
        let scores = model.scores(&past, &asked);
        for (one, score) in asked.iter().zip(&scores) {
            prop_assert_eq!(model.score(&past, *one), *score);
            prop_assert!(score.is_none_or(|s| (0.0..=1.0).contains(&s)));
        }
        let solved = solve::solve(&model).map(Arc::new);
        if let Some(weights) = &solved {
            prop_assert!(weights.is_sound());
            let mut model = model.clone();
            model.adopt(weights.clone());
            for (one, score) in asked.iter().zip(model.scores(&past, &asked)) {
                prop_assert_eq!(model.score(&past, *one), score);
                prop_assert!(score.is_none_or(|s| (0.0..=1.0).contains(&s)));
            }
        }
        let stored = bytes(&model);
        let mut restored = Affinity::decode(&mut Reader::new(&stored)).unwrap();
        prop_assert_eq!(&bytes(&restored), &stored);
        observe(&mut model, 9, &past, 3, UnixMs(5));
        observe(&mut restored, 9, &past, 3, UnixMs(5));
        prop_assert_eq!(bytes(&restored), bytes(&model));
    }
}

#[test]
fn a_forgotten_customer_leaves_nothing_but_sums() {
    let mut model = taught(&[&[1, 2, 3], &[4, 5]]);
    model.forget_customer(0);
    let left: Vec<Vec<Key>> = model.panel.members().iter().map(items_of).collect();
    assert_eq!(left, [vec![item(4), item(5)]]);
    // Twice is once, and nobody else's history goes.
    let before = bytes(&model);
    model.forget_customer(0);
    model.forget_customer(99);
    assert_eq!(bytes(&model), before);
    // What all chose is still known.
    assert!(model.score(&history(&[1]), item(2)) > model.score(&history(&[1]), item(5)));
}

fn items_of(member: &super::panel::Member) -> Vec<Key> {
    member.history.iter().map(|(item, _)| *item).collect()
}
