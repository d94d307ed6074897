use proptest::prelude::*;

use super::reference::Reading;
use super::*;
use crate::core::catalog::schema::builtin;
use crate::core::catalog::source::{CoolDownScope, CountedOutcome};
use crate::core::expression::{Binding, Program, Scope, Slot, Type};
use crate::core::interaction::{Outcome, OutcomeKind};
use crate::core::key::Key;
use crate::core::profile::{Consent, Profile};
use crate::core::time::{DAY_MS, UnixMs};
use crate::core::value::Value;

const NOW: UnixMs = UnixMs(1_700_000_000_000);
const CHANNELS: u16 = 3;

struct Names;

const SLOTS: &[(&str, Type)] = &[
    ("customer.age", Type::Int),
    ("customer.income", Type::Double),
    ("customer.tier", Type::String),
    ("customer.vip", Type::Bool),
    ("context.page", Type::String),
    ("customer.since", Type::Duration),
];

impl Scope for Names {
    fn resolve(&self, path: &str) -> Option<Binding> {
        if path == "channel" {
            let slot = builtin::CHANNEL;
            return Some(Binding::Slot { slot, ty: Type::String, optional: false });
        }
        let index = SLOTS.iter().position(|(name, _)| *name == path)?;
        let slot = Slot(builtin::FIRST_FREE + index as u32);
        Some(Binding::Slot { slot, ty: SLOTS[index].1.clone(), optional: true })
    }

    fn paths(&self) -> Vec<String> {
        SLOTS.iter().map(|(name, _)| (*name).to_owned()).collect()
    }
}

fn program(text: &str) -> Program {
    Program::compile(text, &Names, &Type::Bool).unwrap()
}

fn key(offer: u32) -> Key {
    Key::of(&format!("offer-{offer}"))
}

fn channel_name(channel: u16) -> String {
    format!("channel-{channel}")
}

fn atom() -> impl Strategy<Value = String> {
    prop_oneof![
        (15_i64..25).prop_map(|n| format!("customer.age >= {n}")),
        (15_i64..25).prop_map(|n| format!("customer.age < {n}")),
        (15_i64..25).prop_map(|n| format!("customer.age != {n}")),
        (15_i64..25).prop_map(|n| format!("customer.age in [{n}, {}, 17]", n + 3)),
        (15_i64..25).prop_map(|n| format!("customer.age > {n}.5")),
        (0_i64..8).prop_map(|n| format!("customer.income <= {n}.0")),
        (0_i64..8).prop_map(|n| format!("customer.income == {n}")),
        (0_i64..8).prop_map(|n| format!("customer.income >= 2.0 && customer.income < {n}.0")),
        (0_i64..4).prop_map(|n| format!("customer.since > duration('{n}h')")),
        (0_i64..4)
            .prop_map(|n| format!("!has(customer.since) || customer.since <= duration('{n}h')")),
        Just("customer.tier in ['gold', 'silver']".to_owned()),
        Just("customer.tier != 'gold'".to_owned()),
        (0_i64..4).prop_map(|n| format!("customer.income / double({n}) > 5.0")),
        prop::sample::select(vec!["gold", "silver"])
            .prop_map(|t| format!("customer.tier == '{t}'")),
        Just("customer.vip".to_owned()),
        Just("!customer.vip".to_owned()),
        Just("has(customer.tier)".to_owned()),
        Just("10 / (customer.age - 18) > 2".to_owned()),
        Just("context.page in ['home', 'loans']".to_owned()),
        (0..CHANNELS).prop_map(|c| format!("channel == '{}'", channel_name(c))),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    atom().prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) && ({b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) || ({b})")),
            inner.prop_map(|a| format!("!({a})")),
        ]
    })
}

fn some_of(offers: usize) -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(any::<bool>(), offers)
        .prop_map(|bits| (0..).zip(bits).filter(|(_, bit)| *bit).map(|(i, _)| i).collect())
}

fn rule(offers: usize) -> impl Strategy<Value = RuleSpec> {
    let gate =
        prop::sample::select(vec![Gate::Eligibility, Gate::Applicability, Gate::Suitability]);
    (gate, condition(), 0_u64..8, some_of(offers)).prop_map(|(gate, text, channels, offers)| {
        let program = program(&text);
        RuleSpec { gate, program, reason: None, from: Some("rule".into()), channels, offers }
    })
}

fn limit(offers: usize) -> impl Strategy<Value = LimitSpec> {
    let counts = prop::sample::select(vec![
        CountedOutcome::Contact,
        CountedOutcome::Click,
        CountedOutcome::Accept,
    ]);
    let flags = (any::<bool>(), any::<bool>());
    let channels = prop::collection::vec(0..CHANNELS, 0..3);
    (some_of(offers), counts, flags, channels, 0_u64..8, 1_u32..4, 1_i64..40).prop_map(
        move |(set, counts, (per_offer, counts_retired), channels, channel_mask, max, days)| {
            LimitSpec {
                id: "limit".into(),
                offers: Bitset::of(offers, set),
                counts_retired,
                channels: channels.into_iter().map(|c| Key::of(&channel_name(c))).collect(),
                channel_mask,
                counts,
                per_offer,
                max,
                window_ms: days * DAY_MS,
            }
        },
    )
}

fn cool_down(offers: usize) -> impl Strategy<Value = CoolDownSpec> {
    let after = prop::sample::subsequence(OutcomeKind::ALL.to_vec(), 1..4);
    let scope = prop::sample::select(vec![CoolDownScope::Offer, CoolDownScope::Group]);
    let days = prop::option::of(1_i64..40);
    (some_of(offers), after, any::<bool>(), days, scope).prop_map(
        move |(set, after, reasoned, days, scope)| CoolDownSpec {
            id: "cool-down".into(),
            offers: Bitset::of(offers, set),
            after,
            reasons: if reasoned { vec![Key::of("not_now")] } else { Vec::new() },
            duration_ms: days.map(|days| days * DAY_MS),
            scope,
        },
    )
}

fn spec(offers: usize) -> impl Strategy<Value = PolicySpec> {
    let consents = prop::collection::vec(any::<bool>(), usize::from(CHANNELS));
    (
        prop::collection::vec(0_u16..4, offers),
        some_of(offers),
        prop::collection::vec(rule(offers), 0..12),
        prop::collection::vec(limit(offers), 0..4),
        prop::collection::vec(cool_down(offers), 0..4),
        consents,
    )
        .prop_map(move |(groups, transactional, rules, limits, cool_downs, consents)| {
            PolicySpec {
                offers,
                groups,
                transactional: Bitset::of(offers, transactional),
                rules,
                limits,
                cool_downs,
                consents: (0..CHANNELS)
                    .zip(consents)
                    .filter(|(_, asks)| *asks)
                    .map(|(channel, _)| ConsentSpec {
                        channel,
                        channel_key: Key::of(&channel_name(channel)),
                        purpose: Key::of("marketing"),
                        purpose_name: "marketing".into(),
                    })
                    .collect(),
            }
        })
}

fn outcome(offers: usize) -> impl Strategy<Value = Outcome> {
    let kind = prop::sample::select(OutcomeKind::ALL.to_vec());
    // One offer more than there is: history outlives offers.
    (0..=offers as u32, 0..CHANNELS, kind, any::<bool>(), 0_i64..60 * DAY_MS, any::<u64>())
        .prop_map(|(offer, channel, kind, reasoned, ago, id)| Outcome {
            id,
            decision: None,
            offer: key(offer),
            group: Key::default(),
            treatment: Key::default(),
            channel: Key::of(&channel_name(channel)),
            kind,
            interaction: None,
            reason: if reasoned { Key::of("not_now") } else { Key::default() },
            value: None,
            at: UnixMs(NOW.0 - ago),
        })
}

fn profile(offers: usize) -> impl Strategy<Value = Profile> {
    let consents = prop::collection::vec((0..=CHANNELS, any::<bool>()), 0..4);
    (prop::collection::vec(outcome(offers), 0..25), consents).prop_map(
        |(mut outcomes, consents)| {
            outcomes.sort_by_key(|outcome| outcome.at);
            let mut profile = Profile::new(UnixMs(NOW.0 - 90 * DAY_MS));
            for outcome in outcomes {
                profile.apply_outcome(
                    &outcome,
                    outcome.kind == OutcomeKind::Impression,
                    outcome.at,
                );
            }
            for (channel, granted) in consents {
                let everywhere = channel == CHANNELS;
                let channel =
                    if everywhere { Key::default() } else { Key::of(&channel_name(channel)) };
                let consent = Consent { purpose: Key::of("marketing"), channel, granted, at: NOW };
                profile.set_consent(consent, NOW).unwrap();
            }
            profile
        },
    )
}

fn frame() -> impl Strategy<Value = Vec<Option<Value>>> {
    (
        prop::option::of(14_i64..26),
        prop::option::of(prop_oneof![
            (0.0..10.0).prop_map(Value::Double),
            (0_i64..8).prop_map(|whole| Value::Double(whole as f64)),
            (0_i64..8).prop_map(Value::Int),
            Just(Value::Double(f64::NAN)),
            Just(Value::Double(f64::INFINITY)),
        ]),
        prop::option::of(prop::sample::select(vec!["gold", "silver", "none"])),
        prop::option::of(any::<bool>()),
        prop::option::of(prop::sample::select(vec!["home", "cards"])),
        prop::option::of(0_i64..5),
        // Now and then a slot holds what it should not.
        prop::bool::weighted(0.05),
    )
        .prop_map(|(age, income, tier, vip, page, since, wrong)| {
            let mut frame = vec![None; builtin::FIRST_FREE as usize];
            frame.extend([
                if wrong { Some(Value::from("old")) } else { age.map(Value::Int) },
                income,
                tier.map(Value::from),
                vip.map(Value::Bool),
                page.map(Value::from),
                since.map(|hours| Value::Duration(jiff::SignedDuration::from_hours(hours))),
            ]);
            frame
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The compiled policy keeps exactly the offers that a plain reading keeps, on every channel of
    /// one decision, and names a gate for each of the others and for none of those.
    #[test]
    fn compiled_policy_is_the_plain_reading(
        (spec, profile, frame, available) in (1_usize..70).prop_flat_map(|offers| {
            (spec(offers), profile(offers), frame(), prop::bool::weighted(0.8))
        })
    ) {
        let offers = spec.offers;
        let keys: Vec<Key> = (0..offers as u32).map(key).collect();
        let rules = spec.rules.clone();
        let plain = spec.clone();
        let policy = Policy::compile(spec);
        let reading = Reading {
            spec: &plain,
            rules: &rules,
            profile: available.then_some(&profile),
            keys: &keys,
            now: NOW,
        };
        let subject = if available { Subject::Known(&profile) } else { Subject::Unavailable };
        let index = |wanted| keys.iter().position(|key| *key == wanted).map(|i| i as u32);
        let mut evaluation = Evaluation::new(&policy, subject, index, NOW);
        let mut frame = frame;
        for channel in 0..CHANNELS {
            frame[builtin::CHANNEL.0 as usize] = Some(Value::String(channel_name(channel).into()));
            evaluation.next_channel();
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
    let mut evaluation = Evaluation::new(&policy, Subject::Known(&profile), |_| None, NOW);
    let frame = vec![None; builtin::FIRST_FREE as usize + SLOTS.len()];
    let mut explainer = evaluation.explain(0, &frame);
    let stop = explainer.stop(0).unwrap();
    let stop = &explainer.stops()[stop as usize];
    assert_eq!(stop.gate, Gate::Suitability);
    assert_eq!(stop.by, StoppedBy::Rule("affordable".into()));
    assert_eq!(stop.condition.as_deref(), Some("customer.income > 5.0"));
    assert_eq!(&*stop.message, "can they afford it (`customer.income` is unknown)");
}
