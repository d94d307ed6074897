//! Laws of the uplift model, on customers whose effects are known.

use super::{Trial, Uplift};
use crate::core::codec::bytes::{Reader, Writer};
use crate::core::feature::FeatureVector;
use crate::core::key::{Key, mix64, unit};
use crate::core::propensity::weight::sigmoid;
use crate::core::propensity::{Candidate, Prior};

fn offer(name: &str) -> Candidate {
    let prior = Prior { probability: 0.1, evidence: 10.0 };
    Candidate { offer: Key::of(name), group: Key::of("g"), prior, ..Candidate::default() }
}

/// Two numbers in [-1, 1] and a category.
fn customer(n: u64) -> (FeatureVector, f64, f64) {
    let (a, b) = (unit(mix64(n, 1), 1) * 2.0 - 1.0, unit(mix64(n, 1), 2) * 2.0 - 1.0);
    let token = 20 + (n % 3) as u32;
    let numbers = vec![(Key::of("a"), a as f32), (Key::of("b"), b as f32)];
    (FeatureVector::new(vec![(Key::of("c"), token)], numbers), a, b)
}

/// Learns `rows` trials of one offer of which `share` were shown; the base depends on `a`, the effect
/// on the logit is `effect(a, b)`.
fn learned(rows: u64, share: f64, effect: impl Fn(f64, f64) -> f64) -> Uplift {
    let mut model = Uplift::default();
    let candidate = offer("x");
    for n in 0..rows {
        let (features, a, b) = customer(n);
        let shown = unit(mix64(n, 2), 3) < share;
        let logit = -1.5 + 0.8 * a + if shown { effect(a, b) } else { 0.0 };
        let label = f64::from(u8::from(unit(mix64(n, 2), 4) < sigmoid(logit)));
        model.learn(&Trial {
            features: &features,
            candidate: &candidate,
            shown,
            probability: sigmoid(-1.5 + 0.8 * a + effect(a, b)),
            label,
        });
    }
    model
}

fn told(model: &Uplift, n: u64, tau: impl Fn(f64, f64) -> f64) -> (f64, f64, f64, f64) {
    let (features, a, b) = customer(n);
    let with = sigmoid(-1.5 + 0.8 * a + tau(a, b));
    let effect = model.belief(&model.prepare(&features), &offer("x"), with).unwrap();
    (effect.effect, effect.deviation, a, b)
}

#[test]
fn effects_that_vary_are_found_for_each_customer() {
    let model = learned(20_000, 0.5, |_, b| 0.4 + 0.8 * b);
    let mut errors = 0.0;
    for n in 50_000..50_500 {
        let (effect, _, a, b) = told(&model, n, |_, b| 0.4 + 0.8 * b);
        let base = -1.5 + 0.8 * a;
        errors += (effect - (sigmoid(base + 0.4 + 0.8 * b) - sigmoid(base))).powi(2);
    }
    let rmse = (errors / 500.0_f64).sqrt();
    assert!(rmse < 0.03, "{rmse}");
    assert!(model.beliefs()[0] < 0.01, "{:?}", model.beliefs());
}

#[test]
fn where_effects_do_not_vary_none_is_made_up() {
    let model = learned(20_000, 0.5, |_, _| 0.4);
    assert!(model.beliefs()[0] > 0.5, "{:?}", model.beliefs());
    let none = learned(20_000, 0.5, |_, _| 0.0);
    let mean = (0..500).map(|n| told(&none, n, |_, _| 0.0).0.abs()).sum::<f64>() / 500.0;
    assert!(mean < 0.01, "{mean}");
}

#[test]
fn a_small_control_group_will_do() {
    let model = learned(40_000, 0.9, |_, b| 0.5 + 0.5 * b);
    let ranked = (0..1_000).map(|n| told(&model, n + 90_000, |_, b| 0.5 + 0.5 * b));
    let (high, low): (Vec<_>, Vec<_>) = ranked.partition(|(_, _, _, b)| *b > 0.0);
    let mean = |side: &[(f64, f64, f64, f64)]| {
        side.iter().map(|one| one.0).sum::<f64>() / side.len() as f64
    };
    assert!(mean(&high) > mean(&low) + 0.03, "{} {}", mean(&high), mean(&low));
}

#[test]
fn intervals_hold_what_they_say() {
    let (mut inside, mut all) = (0.0, 0.0);
    for world in 0..12_u64 {
        let mut model = Uplift::default();
        let candidate = offer("x");
        let by_b = unit(world, 9) * 0.6 - 0.3;
        for n in 0..3_000 {
            let (features, a, b) = customer(mix64(world, n));
            let shown = unit(mix64(world, n), 3) < 0.5;
            let logit = -1.0 + 0.5 * a + if shown { 0.2 + by_b * b } else { 0.0 };
            let label = f64::from(u8::from(unit(mix64(world, n), 4) < sigmoid(logit)));
            let probability = sigmoid(-1.0 + 0.5 * a + 0.2 + by_b * b);
            let (features, candidate) = (&features, &candidate);
            model.learn(&Trial { features, candidate, shown, probability, label });
        }
        for n in 0..50 {
            let (features, a, b) = customer(mix64(world + 100, n));
            let told = model.belief(&model.prepare(&features), &offer("x"), 0.27).unwrap();
            let base = -1.0 + 0.5 * a;
            let truth = sigmoid(base + 0.2 + by_b * b) - sigmoid(base);
            inside += f64::from(u8::from((truth - told.effect).abs() < 1.645 * told.deviation));
            all += 1.0;
        }
    }
    let coverage = inside / all;
    assert!((0.8..=1.0).contains(&coverage), "{coverage}");
}

#[test]
fn nothing_is_told_before_enough_was_tried_and_nothing_breaks_it() {
    let mut model = Uplift::default();
    let (features, ..) = customer(1);
    assert_eq!(model.effect(&model.prepare(&features), &offer("x"), 0.2), None);
    let wild = FeatureVector::new(vec![], vec![(Key::of("a"), f32::MAX), (Key::of("b"), -0.0)]);
    for n in 0..200_u64 {
        let candidate = offer(["x", "y", "z"][n as usize % 3]);
        let probability = [f64::NAN, 0.0, 1.0, 0.3][n as usize % 4];
        let label = [0.0, 1.0, f64::NAN, 7.0][n as usize % 4];
        let shown = n % 2 == 0;
        model.learn(&Trial { features: &wild, candidate: &candidate, shown, probability, label });
    }
    assert!(model.is_sound());
    let told = model.belief(&model.prepare(&wild), &offer("new"), f64::NAN).unwrap();
    assert!(told.effect.is_finite() && told.deviation.is_finite());
}

#[test]
fn a_restored_model_goes_on_as_the_same() {
    let model = learned(500, 0.5, |_, b| b);
    let bytes = |model: &Uplift| {
        let mut out = Writer::default();
        model.encode(&mut out);
        out.0
    };
    let stored = bytes(&model);
    let restored = Uplift::decode(&mut Reader::new(&stored)).unwrap();
    assert_eq!(bytes(&restored), stored);
    let further = |mut model: Uplift| {
        let (features, ..) = customer(9_999);
        let (features, candidate) = (&features, &offer("y"));
        model.learn(&Trial { features, candidate, shown: false, probability: 0.1, label: 1.0 });
        bytes(&model)
    };
    assert_eq!(further(restored), further(model));
    for cut in [0, 1, 40, stored.len() / 2] {
        assert!(Uplift::decode(&mut Reader::new(&stored[..cut])).is_err());
    }
}
