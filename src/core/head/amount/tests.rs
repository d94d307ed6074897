//! Laws of the model of amounts, on amounts whose means are known.

use super::Amounts;
use crate::core::codec::bytes::{Reader, Writer};
use crate::core::feature::FeatureVector;
use crate::core::key::{Key, mix64, unit};
use crate::core::propensity::{Candidate, Prior};

fn offer(name: &str) -> Candidate {
    let prior = Prior { probability: 0.1, evidence: 10.0 };
    Candidate { offer: Key::of(name), group: Key::of("g"), prior, ..Candidate::default() }
}

fn customer(n: u64) -> (FeatureVector, f64) {
    let x = unit(mix64(n, 5), 1) * 2.0 - 1.0;
    let noise = unit(mix64(n, 5), 2) as f32;
    let numbers = vec![(Key::of("x"), x as f32), (Key::of("noise"), noise)];
    (FeatureVector::new(vec![(Key::of("c"), 20 + (n % 4) as u32)], numbers), x)
}

/// An exponential draw of this mean.
fn drawn(n: u64, mean: f64) -> f64 {
    -mean * (1.0 - unit(mix64(n, 6), 3)).ln()
}

fn expected(model: &Amounts, n: u64, name: &str) -> (f64, f64, f64) {
    let (features, x) = customer(n);
    let told = model.belief(&model.prepare(&features), &offer(name)).unwrap();
    (told.mean, told.deviation, x)
}

#[test]
fn means_are_found_by_customer_and_offer() {
    let mut model = Amounts::default();
    for n in 0..6_000 {
        let (features, x) = customer(n);
        let (name, scale) = if n / 4 % 2 == 0 { ("small", 20.0) } else { ("large", 200.0) };
        model.learn(&features, &offer(name), drawn(n, scale * (0.7 * x).exp()));
    }
    for (name, scale) in [("small", 20.0), ("large", 200.0)] {
        for n in 10_000..10_100 {
            let (mean, _, x) = expected(&model, n, name);
            let truth = scale * (0.7 * x).exp();
            assert!((mean / truth - 1.0).abs() < 0.25, "{name} {x}: {mean} for {truth}");
        }
    }
    assert!(model.beliefs()[0] < 0.01);
}

#[test]
fn where_nothing_tells_amounts_apart_the_mean_is_told() {
    let mut model = Amounts::default();
    for n in 0..2_000 {
        model.learn(&customer(n).0, &offer("x"), drawn(n, 50.0));
    }
    assert!(model.beliefs()[0] > 0.8, "{:?}", model.beliefs());
    let (mean, deviation, _) = expected(&model, 9_000, "x");
    assert!((mean / 50.0 - 1.0).abs() < 0.08, "{mean}");
    assert!(deviation < 10.0, "{deviation}");
}

#[test]
fn intervals_hold_what_they_say() {
    let (mut inside, mut all) = (0.0, 0.0);
    for world in 0..30_u64 {
        let mut model = Amounts::default();
        let slope = unit(world, 4) - 0.5;
        for n in 0..400 {
            let n = mix64(world, n);
            let (features, x) = customer(n);
            model.learn(&features, &offer("x"), drawn(n, 30.0 * (slope * x).exp()));
        }
        for n in 0..20 {
            let (mean, deviation, x) = expected(&model, mix64(world + 1_000, n), "x");
            let truth = 30.0 * (slope * x).exp();
            inside += f64::from(u8::from((truth - mean).abs() < 1.645 * deviation));
            all += 1.0;
        }
    }
    let coverage: f64 = inside / all;
    assert!((0.78..=0.99).contains(&coverage), "{coverage}");
}

#[test]
fn how_long_it_takes_tells_how_likely_it_is_by_then() {
    let mut model = Amounts::default();
    for n in 0..3_000 {
        model.learn(&customer(n).0, &offer("x"), drawn(n, 10.0));
    }
    let (features, _) = customer(1);
    let days = model.expect(&model.prepare(&features), &offer("x")).unwrap();
    let observed = (0..3_000).filter(|n| drawn(*n, 10.0) <= 7.0).count() as f64 / 3_000.0;
    assert!((days.within(7.0) - observed).abs() < 0.05, "{} {observed}", days.within(7.0));
    assert_eq!(days.within(0.0), 0.0);
}

#[test]
fn nothing_breaks_it_and_a_restored_one_goes_on_as_the_same() {
    let mut model = Amounts::default();
    let wild = FeatureVector::new(vec![], vec![(Key::of("x"), f32::MAX)]);
    assert_eq!(model.expect(&model.prepare(&wild), &offer("x")), None);
    let amounts = [1.0, f64::MAX, 1e-300, f64::NAN, f64::INFINITY, -3.0, 0.0, 1e12];
    for n in 0..400 {
        model.learn(&wild, &offer("x"), amounts[n % amounts.len()]);
    }
    assert!(model.is_sound());
    let told = model.belief(&model.prepare(&wild), &offer("new")).unwrap();
    assert!(told.mean > 0.0 && told.mean.is_finite() && told.deviation.is_finite());
    let bytes = |model: &Amounts| {
        let mut out = Writer::default();
        model.encode(&mut out);
        out.0
    };
    let mut restored = Amounts::decode(&mut Reader::new(&bytes(&model))).unwrap();
    for model in [&mut restored, &mut model] {
        model.learn(&customer(3).0, &offer("y"), 12.0);
    }
    assert_eq!(bytes(&restored), bytes(&model));
}
