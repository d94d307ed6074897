//! Laws of the propensity model.

use proptest::prelude::*;

use super::{Candidate, Prepared, Prior, Propensity, PropensitySpec};
use crate::core::codec::bytes::{Reader, Writer};
use crate::core::feature::{FeatureBuilder, FeatureVector};
use crate::core::key::{Key, mix64, unit};
use crate::core::time::UnixMs;
use crate::core::value::Value;

fn candidate(offer: &str) -> Candidate {
    Candidate {
        offer: Key::of(offer),
        group: Key::of("group"),
        channel: Key::of("web"),
        prior: Prior { probability: 0.1, evidence: 10.0 },
        ..Candidate::default()
    }
}

fn features(pairs: &[(&str, &str)], numbers: &[(&str, f64)]) -> FeatureVector {
    let mut builder = FeatureBuilder::new(64);
    for (name, text) in pairs {
        builder.category(Key::of(name), Some(&Value::from(*text)));
    }
    for (name, number) in numbers {
        builder.number(Key::of(name), *number);
    }
    builder.finish()
}

fn probability(model: &Propensity, features: &FeatureVector, candidate: &Candidate) -> f64 {
    model.predict(&model.prepare(features), candidate).probability
}

fn bytes(model: &Propensity) -> Vec<u8> {
    let mut out = Writer::default();
    model.encode(&mut out);
    out.0
}

#[test]
fn an_unseen_offer_starts_from_its_declared_prior() {
    let model = Propensity::new(PropensitySpec::default());
    let seen = features(&[("city", "Quito"), ("plan", "basic")], &[("age", 40.0)]);
    for declared in [0.001, 0.05, 0.1, 0.5, 0.9, 0.999] {
        let prior = Prior { probability: declared, evidence: 5.0 };
        let candidate = Candidate { prior, ..candidate("new") };
        let estimate = model.predict(&model.prepare(&seen), &candidate);
        assert!((estimate.probability - declared).abs() < 1e-9);
        let (low, high) = estimate.interval(1.96);
        assert!(low < declared && declared < high);
    }
}

#[test]
fn more_declared_evidence_makes_a_prior_harder_to_move() {
    let moved = |evidence| {
        let mut model = Propensity::new(PropensitySpec::default());
        let prior = Prior { probability: 0.1, evidence };
        let candidate = Candidate { prior, ..candidate("new") };
        let seen = features(&[], &[]);
        model.learn(&seen, &candidate, 1.0, 1.0, UnixMs(0));
        probability(&model, &seen, &candidate) - 0.1
    };
    assert!(moved(1.0) > moved(100.0) && moved(100.0) > 0.0);
}

#[test]
fn outcomes_move_the_posterior_to_the_observed_rate() {
    let mut model = Propensity::new(PropensitySpec::default());
    let seen = features(&[("city", "Quito")], &[]);
    for n in 0..4000_u64 {
        let label = f64::from(u8::from(unit(7, n) < 0.3));
        model.learn(&seen, &candidate("card"), label, 1.0, UnixMs(0));
    }
    let p = probability(&model, &seen, &candidate("card"));
    assert!((p - 0.3).abs() < 0.03, "{p}");
    assert_eq!(model.evidence(Key::of("card")), 4000.0);
}

#[test]
fn a_feature_learned_on_one_offer_separates_customers_and_speaks_for_new_offers() {
    let mut model = Propensity::new(PropensitySpec::default());
    let keen = features(&[("plan", "gold")], &[("visits", 9.0)]);
    let cold = features(&[("plan", "basic")], &[("visits", 1.0)]);
    for n in 0..2000_u64 {
        let (who, rate) = if n % 2 == 0 { (&keen, 0.4) } else { (&cold, 0.05) };
        let label = f64::from(u8::from(unit(3, n) < rate));
        model.learn(who, &candidate("card"), label, 1.0, UnixMs(0));
    }
    let of = |who, offer| probability(&model, who, &candidate(offer));
    assert!((of(&keen, "card") - 0.4).abs() < 0.06, "{}", of(&keen, "card"));
    assert!((of(&cold, "card") - 0.05).abs() < 0.03, "{}", of(&cold, "card"));
    // Never seen, but of the same group.
    assert!(of(&keen, "loan") > 1.5 * of(&cold, "loan"));
}

#[test]
fn evidence_shrinks_the_uncertainty() {
    let mut model = Propensity::new(PropensitySpec { drift: 0.0, ..PropensitySpec::default() });
    let seen = features(&[("city", "Quito")], &[]);
    let mut last = f64::INFINITY;
    for n in 0..200 {
        let estimate = model.predict(&model.prepare(&seen), &candidate("card"));
        assert!(estimate.logit_variance >= 0.0 && estimate.logit_variance < last);
        last = estimate.logit_variance;
        model.learn(&seen, &candidate("card"), f64::from(n % 3 / 2), 1.0, UnixMs(0));
    }
}

#[test]
fn affinity_is_learned_as_evidence() {
    let mut model = Propensity::new(PropensitySpec::default());
    let seen = features(&[], &[]);
    let with = |affinity| Candidate { affinity: Some(affinity), ..candidate("card") };
    for n in 0..2000_u64 {
        let affinity = unit(1, n) as f32;
        let label = f64::from(u8::from(unit(2, n) < f64::from(affinity)));
        model.learn(&seen, &with(affinity), label, 1.0, UnixMs(0));
    }
    let (low, high) = (with(0.1), with(0.9));
    assert!(probability(&model, &seen, &high) > probability(&model, &seen, &low) + 0.2);
}

fn contributions(model: &Propensity, prepared: &Prepared, top: usize) -> Vec<(Key, f64)> {
    model.contributions(prepared, &model.ascribe(prepared), &candidate("card"), top)
}

#[test]
fn affinity_speaks_for_a_new_offer_and_yields_to_its_own_outcomes() {
    let mut model = Propensity::new(PropensitySpec::default());
    let seen = features(&[], &[]);
    let of = |offer: &str, affinity| Candidate { affinity: Some(affinity), ..candidate(offer) };
    // What others chose tells much of four offers, and nothing of the fifth.
    for n in 0..4000_u64 {
        let affinity = unit(1, n) as f32;
        let offer = ["card", "loan", "fund", "plan"][n as usize % 4];
        let label = f64::from(u8::from(unit(2, n) < f64::from(affinity)));
        model.learn(&seen, &of(offer, affinity), label, 1.0, UnixMs(0));
    }
    let apart = |model: &Propensity| {
        probability(model, &seen, &of("new", 0.9)) - probability(model, &seen, &of("new", 0.1))
    };
    let unseen = apart(&model);
    assert!(unseen > 0.2, "an offer never shown has an affinity from day one: {unseen}");
    for draw in 0..1000 {
        let label = f64::from(u8::from(unit(4, draw) < 0.3));
        model.learn(&seen, &of("new", unit(3, draw) as f32), label, 1.0, UnixMs(0));
    }
    let seen_of_its_own = apart(&model);
    assert!(seen_of_its_own.abs() < unseen / 2.0, "{seen_of_its_own} of {unseen}");
}

#[test]
fn contributions_name_the_feature_that_matters_and_sum_to_the_logit() {
    let mut model = Propensity::new(PropensitySpec::default());
    let row = |n: u64| {
        let plan = if n.is_multiple_of(2) { "gold" } else { "basic" };
        let city = if mix64(5, n).is_multiple_of(2) { "Quito" } else { "Lima" };
        features(&[("plan", plan), ("city", city)], &[])
    };
    for n in 0..1000 {
        model.learn(&row(n), &candidate("card"), f64::from(n % 2 == 0), 1.0, UnixMs(0));
    }
    let prepared = model.prepare(&row(0));
    let shares = contributions(&model, &prepared, 100);
    assert_eq!(shares[0].0, Key::of("plan"));
    assert!(shares[0].1 > 0.0);
    // All but the common bias, which says nothing of the customer.
    let sum: f64 = shares.iter().map(|share| share.1).sum();
    let keen = model.predict(&prepared, &candidate("card")).logit_mean;
    let cold = model.prepare(&row(1));
    let cold_sum: f64 = contributions(&model, &cold, 100).iter().map(|share| share.1).sum();
    let apart = keen - model.predict(&cold, &candidate("card")).logit_mean;
    assert!(((sum - cold_sum) / apart - 1.0).abs() < 0.2, "{sum} {cold_sum} {apart}");
    assert_eq!(contributions(&model, &prepared, 1).len(), 1);
}

#[test]
fn offers_and_their_weights_stay_within_bounds() {
    let spec = PropensitySpec { offers_max: 256, offer_weights_max: 64, ..Default::default() };
    let mut model = Propensity::new(spec);
    for n in 0..5000_u64 {
        let seen = features(&[("id", &n.to_string())], &[]);
        let label = f64::from(n % 5 == 0);
        model.learn(&seen, &candidate(&format!("offer{n}")), label, 1.0, UnixMs(0));
        model.learn(&seen, &candidate("busy"), label, 1.0, UnixMs(0));
    }
    assert!(model.offers.len() <= 256 && model.is_sound());
    // What is used stays: the least lately used made room.
    assert!(model.evidence(Key::of("busy")) > 100.0);
    let mut out = Writer::default();
    model.offers.get(Key::of("busy")).unwrap().encode(&mut out);
    assert!(out.0.len() < 64 * 12 + 64);
}

#[test]
fn a_clone_keeps_its_answers_while_the_origin_learns() {
    let mut model = Propensity::new(PropensitySpec::default());
    let seen = features(&[("city", "Quito")], &[("age", 30.0)]);
    model.learn(&seen, &candidate("card"), 1.0, 1.0, UnixMs(0));
    let snapshot = model.clone();
    let before = bytes(&snapshot);
    model.learn(&seen, &candidate("card"), 1.0, 1.0, UnixMs(0));
    assert_eq!(bytes(&snapshot), before);
    assert_ne!(bytes(&model), before);
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        Just(f64::MAX),
        Just(f64::MIN_POSITIVE),
        Just(f64::NAN),
        Just(f64::NEG_INFINITY),
        -10.0..10.0_f64,
    ]
}

fn any_features() -> impl Strategy<Value = FeatureVector> {
    let tokens = prop::collection::vec((0..6_u32, any::<u32>()), 0..20);
    let numbers = prop::collection::vec((0..6_u32, any_number()), 0..8);
    (tokens, numbers).prop_map(|(tokens, numbers)| {
        let mut builder = FeatureBuilder::new(24);
        tokens.iter().for_each(|(name, token)| builder.push_token(Key(*name), *token));
        numbers.iter().for_each(|(name, number)| builder.number(Key(*name), *number));
        builder.finish()
    })
}

fn any_candidate() -> impl Strategy<Value = Candidate> {
    let prior = (any_number(), any_number());
    let prior = prior.prop_map(|(probability, evidence)| Prior { probability, evidence });
    (0..4_u32, 0..3_u32, prior, prop::option::of(any::<f32>())).prop_map(
        |(offer, group, prior, affinity)| Candidate {
            offer: Key(offer),
            group: Key(group),
            prior,
            affinity,
            ..Candidate::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_makes_a_model_unsound(
        rows in prop::collection::vec(
            (any_features(), any_candidate(), any_number(), any_number()), 1..60),
    ) {
        let spec = PropensitySpec { plain_bits: 8, deep_bits: 8, ..Default::default() };
        let mut model = Propensity::new(spec);
        for (features, candidate, label, weight) in &rows {
            let estimate = model.predict(&model.prepare(features), candidate);
            prop_assert!(estimate.probability > 0.0 && estimate.probability < 1.0);
            prop_assert!(estimate.logit_mean.is_finite());
            prop_assert!(estimate.logit_variance >= 0.0 && estimate.logit_variance.is_finite());
            model.learn(features, candidate, *label, *weight, UnixMs(0));
            prop_assert!(model.is_sound());
        }
        let stored = bytes(&model);
        let mut restored = Propensity::decode(&mut Reader::new(&stored)).unwrap();
        prop_assert_eq!(bytes(&restored), stored);
        let (features, candidate, ..) = &rows[0];
        model.learn(features, candidate, 1.0, 1.0, UnixMs(1));
        restored.learn(features, candidate, 1.0, 1.0, UnixMs(1));
        prop_assert_eq!(bytes(&restored), bytes(&model));
    }

    #[test]
    fn outcomes_of_one_kind_pull_the_estimate_their_way(
        rows in prop::collection::vec((any_features(), any_candidate()), 1..10),
        label in any::<bool>(),
    ) {
        let mut model = Propensity::new(PropensitySpec::default());
        let (features, candidate) = &rows[0];
        let before = model.predict(&model.prepare(features), candidate).probability;
        for _ in 0..5 {
            for (features, candidate) in &rows {
                model.learn(features, candidate, f64::from(u8::from(label)), 1.0, UnixMs(0));
            }
        }
        let after = model.predict(&model.prepare(features), candidate).probability;
        if label {
            prop_assert!(after >= before);
        } else {
            prop_assert!(after <= before);
        }
    }
}

#[test]
fn intervals_cover_what_they_say() {
    // True logits of customers of 8 x 4 kinds; after 400 outcomes, 90 % intervals of each kind.
    let kind = |a: u64, b: u64| features(&[("a", &format!("a{a}")), ("b", &format!("b{b}"))], &[]);
    let (mut covered, mut asked) = (0, 0);
    for world in 0..12_u64 {
        let effect = |what: u64, value: u64| (unit(world * 31 + what, value) - 0.5) * 1.2;
        let truth = |a: u64, b: u64| effect(1, a) + effect(2, b) - 0.4;
        let mut model = Propensity::new(PropensitySpec::default());
        for n in 0..400_u64 {
            let (a, b) = (mix64(world, n) % 8, mix64(world + 99, n) % 4);
            let p = super::weight::sigmoid(truth(a, b));
            let label = f64::from(u8::from(unit(world + 7, n) < p));
            model.learn(&kind(a, b), &candidate_even("card"), label, 1.0, UnixMs(0));
        }
        for (a, b) in (0..8).flat_map(|a| (0..4).map(move |b| (a, b))) {
            let estimate = model.belief(&model.prepare(&kind(a, b)), &candidate_even("card"));
            let (low, high) = estimate.interval(1.645);
            let p = super::weight::sigmoid(truth(a, b));
            covered += usize::from(low <= p && p <= high);
            asked += 1;
        }
    }
    let coverage = f64::from(covered as u32) / f64::from(asked);
    assert!((0.8..=0.98).contains(&coverage), "{coverage}");
}

fn candidate_even(offer: &str) -> Candidate {
    Candidate { prior: Prior { probability: 0.5, evidence: 2.0 }, ..candidate(offer) }
}
