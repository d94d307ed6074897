//! Laws of the affinity model.

use proptest::prelude::*;

use super::{Affinity, AffinitySpec};
use crate::core::codec::bytes::{Reader, Writer};
use crate::core::key::Key;
use crate::core::time::{DAY_MS, UnixMs};

fn item(n: u32) -> Key {
    Key(n)
}

fn history(items: &[u32]) -> Vec<(Key, f32)> {
    items.iter().map(|n| (item(*n), 1.0)).collect()
}

/// Each basket is one customer choosing its items in order.
fn taught(baskets: &[&[u32]]) -> Affinity {
    let mut model = Affinity::new(AffinitySpec::default());
    for basket in baskets {
        for (at, chosen) in basket.iter().enumerate() {
            model.observe(&history(&basket[..at]), item(*chosen), 1.0, UnixMs(0));
        }
    }
    model
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
    assert_eq!(model.because(&history(&[4, 1]), item(2)), Some(item(1)));
    assert_eq!(model.because(&history(&[4]), item(2)), None);
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
    model.observe(&[], item(1), 1.0, UnixMs(0));
    model.observe(&history(&[1]), item(2), 1.0, UnixMs(0));
    let before = model.score(&history(&[1]), item(2)).unwrap();
    for day in 1..300 {
        // The first of each is far in the future by mistake.
        let at = if day == 1 { UnixMs(i64::MAX) } else { UnixMs(day * DAY_MS) };
        model.observe(&[], item(1), 1.0, at);
        model.observe(&history(&[1]), item(3), 1.0, at);
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
        model.observe(&history(&[n / 2, 7, n / 3]), Key(n), 1.0, UnixMs(0));
        model.observe(&[], item(7), 1.0, UnixMs(0));
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
            model.observe(&keyed(history), item(*chosen), *weight, UnixMs(*at));
        }
        prop_assert!(model.is_sound());
        let asked: Vec<Key> = asked.into_iter().map(Key).collect();
        let past = keyed(&choices[0].0);
        let scores = model.scores(&past, &asked);
        for (one, score) in asked.iter().zip(&scores) {
            prop_assert_eq!(model.score(&past, *one), *score);
            prop_assert!(score.is_none_or(|s| (0.0..=1.0).contains(&s)));
        }
        let stored = bytes(&model);
        let mut restored = Affinity::decode(&mut Reader::new(&stored)).unwrap();
        prop_assert_eq!(&bytes(&restored), &stored);
        model.observe(&past, item(3), 1.0, UnixMs(5));
        restored.observe(&past, item(3), 1.0, UnixMs(5));
        prop_assert_eq!(bytes(&restored), bytes(&model));
    }
}
