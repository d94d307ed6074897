use proptest::prelude::*;

use super::reference::Reading;
use super::*;
use crate::core::catalog::schema::builtin;
use crate::core::key::Key;
use crate::core::profile::Profile;
use crate::core::value::Value;

mod given;

use given::{
    CHANNELS, NOW, SLOTS, channel_name, frame, key, profile, program, some_of, spec, supply,
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The compiled policy keeps exactly the offers that a plain reading keeps, on every channel of
    /// one decision, and names a gate for each of the others and for none of those.
    #[test]
    fn compiled_policy_is_the_plain_reading(
        (spec, profile, frame, available, supply, arm) in (1_usize..70).prop_flat_map(|offers| {
            let arm = (prop::option::weighted(0.1, some_of(offers)), any::<bool>());
            (spec(offers), profile(offers), frame(), prop::bool::weighted(0.8), supply(), arm)
        })
    ) {
        let offers = spec.offers;
        let keys: Vec<Key> = (0..offers as u32).map(key).collect();
        let rules = spec.rules.clone();
        let plain = spec.clone();
        let policy = Policy::compile(spec);
        let keep = arm.0.map(|keep| Bitset::of(offers, keep));
        let restriction =
            Restriction { arm: None, keep: keep.as_ref(), eligibility_only: arm.1 };
        let reading = Reading {
            spec: &plain,
            rules: &rules,
            profile: available.then_some(&profile),
            keys: &keys,
            now: NOW,
            customer: 7,
            supply: &supply,
            keep: keep.as_ref(),
            eligibility_only: arm.1,
        };
        let subject = if available { Subject::Known(&profile) } else { Subject::Unavailable };
        let index = |wanted| keys.iter().position(|key| *key == wanted).map(|i| i as u32);
        let setting =
            Setting { subject, customer: 7, now: NOW, supply: &supply, restriction };
        let mut evaluation = Evaluation::new(&policy, setting, &frame, index);
        let mut frame = frame;
        for channel in 0..CHANNELS {
            frame[builtin::CHANNEL.0 as usize] = Some(Value::String(channel_name(channel).into()));
            evaluation.next_channel();
            evaluation.enter_state(&frame);
            let mut survivors = Bitset::full(offers);
            evaluation.survivors(channel, &frame, &mut survivors);
            let mut explainer = evaluation.explain(channel, &frame);
            for offer in 0..offers as u32 {
                let expected = reading.survives(offer, channel, &frame);
                prop_assert_eq!(survivors.contains(offer), expected, "offer {} on {}", offer, channel);
                let stop = explainer.stop(offer);
                prop_assert_eq!(stop.is_none(), expected, "{:?}", explainer.stops());
            }
        }
    }
}

#[test]
fn equal_conditions_are_one_atom() {
    let rule = |text: &str, offers: Vec<u32>| RuleSpec {
        gate: Gate::Eligibility,
        program: program(text),
        reason: None,
        from: Some("rule".into()),
        channels: u64::MAX,
        offers,
    };
    let spec = PolicySpec {
        offers: 3,
        groups: vec![0; 3],
        transactional: Bitset::empty(3),
        rules: vec![
            rule("customer.age >= 18 && customer.vip", vec![0]),
            rule("customer.age>=18", vec![1]),
            rule("(customer.vip)&&customer.age >= 18", vec![2]),
            rule("true", vec![0, 1, 2]),
        ],
        ..PolicySpec::default()
    };
    assert_eq!(Policy::compile(spec).atoms(), 2);
}

#[test]
fn conditions_on_one_slot_are_one_index() {
    let rule = |(offer, text): (usize, &str)| RuleSpec {
        gate: Gate::Eligibility,
        program: program(text),
        reason: None,
        from: None,
        channels: u64::MAX,
        offers: vec![offer as u32],
    };
    let texts = [
        "customer.age >= 18 && customer.age < 65",
        "customer.age in [20, 30] || customer.age > 64.5",
        "customer.tier == 'gold'",
        "customer.tier in ['silver', 'none']",
        "customer.tier.startsWith('g')",
        "customer.income > 3.0 || customer.vip",
    ];
    let spec = PolicySpec {
        offers: texts.len(),
        groups: vec![0; texts.len()],
        transactional: Bitset::empty(texts.len()),
        rules: texts.into_iter().enumerate().map(rule).collect(),
        ..PolicySpec::default()
    };
    let policy = Policy::compile(spec);
    assert_eq!((policy.atoms(), policy.indexed()), (7, (2, 5)));
}

#[test]
fn an_unknown_value_stops_and_says_which() {
    let spec = PolicySpec {
        offers: 1,
        groups: vec![0],
        transactional: Bitset::empty(1),
        rules: vec![RuleSpec {
            gate: Gate::Suitability,
            program: program("customer.income > 5.0"),
            reason: Some("can they afford it".into()),
            from: Some("affordable".into()),
            channels: 1,
            offers: vec![0],
        }],
        ..PolicySpec::default()
    };
    let policy = Policy::compile(spec);
    let profile = Profile::new(NOW);
    let frame = vec![None; builtin::FIRST_FREE as usize + SLOTS.len()];
    let setting = Setting {
        subject: Subject::Known(&profile),
        customer: 0,
        now: NOW,
        supply: &Supply::Open,
        restriction: Restriction::default(),
    };
    let mut evaluation = Evaluation::new(&policy, setting, &frame, |_| None);
    let mut explainer = evaluation.explain(0, &frame);
    let stop = explainer.stop(0).unwrap();
    let stop = &explainer.stops()[stop as usize];
    assert_eq!(stop.gate, Gate::Suitability);
    assert_eq!(stop.by, StoppedBy::Rule("affordable".into()));
    assert_eq!(stop.condition.as_deref(), Some("customer.income > 5.0"));
    assert_eq!(&*stop.message, "can they afford it (`customer.income` is unknown)");
}
