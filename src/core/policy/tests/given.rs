//! Random policies, customers and frames.

use proptest::prelude::*;

use crate::core::catalog::schema::builtin;
use crate::core::catalog::source::CoolDownScope;
use crate::core::expression::{Binding, Program, Scope, Slot, Type};
use crate::core::interaction::{Outcome, OutcomeKind};
use crate::core::key::Key;
use crate::core::policy::*;
use crate::core::profile::{Consent, ConsentState, DO_NOT_CONTACT, Profile};
use crate::core::time::{DAY_MS, UnixMs};
use crate::core::value::Value;
use crate::core::zone::{Period, Zone, ZoneSpec};

pub(super) const NOW: UnixMs = UnixMs(1_700_000_000_000);
pub(super) const CHANNELS: u16 = 3;

pub(super) struct Names;

pub(super) const SLOTS: &[(&str, Type)] = &[
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

pub(super) fn program(text: &str) -> Program {
    Program::compile(text, &Names, &Type::Bool).unwrap()
}

pub(super) fn key(offer: u32) -> Key {
    Key::of(&format!("offer-{offer}"))
}

pub(super) fn channel_name(channel: u16) -> String {
    format!("channel-{channel}")
}

pub(super) fn atom() -> impl Strategy<Value = String> {
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

pub(super) fn condition() -> impl Strategy<Value = String> {
    atom().prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) && ({b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) || ({b})")),
            inner.prop_map(|a| format!("!({a})")),
        ]
    })
}

pub(super) fn some_of(offers: usize) -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(any::<bool>(), offers)
        .prop_map(|bits| (0..).zip(bits).filter(|(_, bit)| *bit).map(|(i, _)| i).collect())
}

pub(super) fn rule(offers: usize) -> impl Strategy<Value = RuleSpec> {
    let gate =
        prop::sample::select(vec![Gate::Eligibility, Gate::Applicability, Gate::Suitability]);
    (gate, condition(), 0_u64..8, some_of(offers)).prop_map(|(gate, text, channels, offers)| {
        let program = program(&text);
        RuleSpec { gate, program, reason: None, from: Some("rule".into()), channels, offers }
    })
}

pub(super) fn window() -> impl Strategy<Value = Window> {
    let periods = vec![Period::Day, Period::Week, Period::Month, Period::Quarter, Period::Year];
    let zones = prop::sample::select(vec!["Europe/Madrid", "America/Mexico_City", "UTC"]);
    prop_oneof![
        (1_i64..40).prop_map(|days| Window::Rolling(days * DAY_MS)),
        (prop::sample::select(periods), zones)
            .prop_map(|(period, zone)| Window::Calendar(period, zone_spec(zone))),
    ]
}

pub(super) fn zone_spec(name: &str) -> ZoneSpec {
    ZoneSpec::fixed(Zone::of(name).unwrap())
}

pub(super) fn limit(offers: usize) -> impl Strategy<Value = LimitSpec> {
    let counts = prop::sample::select(vec![u8::MAX, 2, 12, 20, 64]);
    let treatments = (any::<bool>(), some_of(offers), 0..CHANNELS);
    let flags = (any::<bool>(), any::<bool>());
    let channels = prop::collection::vec(0..CHANNELS, 0..3);
    let scope = (channels, 0_u64..8);
    (some_of(offers), counts, flags, scope, treatments, 1_u32..4, window()).prop_map(
        move |(set, counts, (per_offer, counts_retired), scope, treatments, max, window)| {
            let (channels, channel_mask) = scope;
            let (limited, alone, channel) = treatments;
            let limited = limited && !per_offer;
            let treatments = limited.then(|| TreatmentLimit {
                keys: vec![Key::default()],
                alone: alone.into_iter().map(|offer| (channel, offer)).collect(),
            });
            LimitSpec {
                treatments,
                id: "limit".into(),
                offers: Bitset::of(offers, set),
                counts_retired,
                channels: channels.into_iter().map(|c| Key::of(&channel_name(c))).collect(),
                channel_mask,
                counts,
                per_offer,
                max,
                window,
                paced: false,
            }
        },
    )
}

pub(super) fn cool_down(offers: usize) -> impl Strategy<Value = CoolDownSpec> {
    let after = prop::sample::subsequence(OutcomeKind::ALL.to_vec(), 1..4);
    let scope = prop::sample::select(vec![CoolDownScope::Offer, CoolDownScope::Group]);
    let days = || prop::option::of(1_i64..40).prop_map(|days| days.map(|days| days * DAY_MS));
    let rests = (prop::option::of(days()), prop::option::of(days()));
    (some_of(offers), after, rests, scope).prop_map(move |(set, after, (own, otherwise), scope)| {
        CoolDownSpec {
            id: "cool-down".into(),
            offers: Bitset::of(offers, set),
            after,
            by_reason: own.map(|rest| (Key::of("not_now"), rest)).into_iter().collect(),
            otherwise,
            scope,
        }
    })
}

pub(super) fn sequence(offers: usize) -> impl Strategy<Value = SequenceSpec> {
    let kind = prop::sample::select(vec![SequenceKind::Requires, SequenceKind::Excludes]);
    let times = (0_i64..10, prop::option::of(10_i64..60));
    (some_of(offers), some_of(offers), kind, 1_u8..128, times).prop_map(
        move |(bound, earlier, kind, outcomes, (after, within))| SequenceSpec {
            id: None,
            kind,
            // Few, so that something is left.
            offers: Bitset::of(offers, bound.into_iter().take(2)),
            earlier: Bitset::of(offers, earlier),
            earlier_name: "others".into(),
            outcomes,
            after_ms: after * DAY_MS,
            within_ms: within.map(|within| within * DAY_MS),
        },
    )
}

pub(super) fn quota(offers: usize) -> impl Strategy<Value = QuotaSpec> {
    let costs = prop::option::of(prop::collection::vec(0_u64..5, offers));
    (some_of(offers), 0_u64..8, costs).prop_map(move |(set, channel_mask, costs)| QuotaSpec {
        id: "quota".into(),
        description: None,
        offers: Bitset::of(offers, set.iter().copied()),
        channels: Vec::new(),
        channel_mask,
        counts: QuotaCount::Contact,
        max: 9,
        costs: costs.map(|costs| set.into_iter().zip(costs).collect()),
        per: QuotaPeriod::Ever,
        zone: Zone::utc(),
        hold_ms: DAY_MS,
    })
}

/// Pilots, states, quiet hours, quotas, sequences, and channels that go to the customer.
pub(super) fn rights(offers: usize) -> impl Strategy<Value = PolicySpec> {
    let pilot = (some_of(offers), 0_u32..=share::BUCKETS, any::<u64>()).prop_map(
        move |(set, buckets, salt)| PilotSpec {
            id: Some("pilot".into()),
            offers: Bitset::of(offers, set),
            buckets,
            salt,
        },
    );
    let state = (condition(), some_of(offers)).prop_map(move |(when, allowed)| StateSpec {
        id: "state".into(),
        when: program(&when),
        reason: None,
        allowed: Bitset::of(offers, allowed),
        levers: Vec::new(),
    });
    let quiet = (0..CHANNELS, 0_u32..1440, 0_u32..1440).prop_map(|(channel, from, to)| QuietSpec {
        channel,
        from,
        to,
        zone: zone_spec("Europe/Madrid"),
    });
    (
        prop::collection::vec(pilot, 0..2),
        prop::collection::vec(state, 0..2),
        prop::option::of(quiet),
        prop::collection::vec(sequence(offers), 0..3),
        prop::collection::vec(quota(offers), 0..3),
        0_u64..8,
    )
        .prop_map(|(pilots, states, quiet, sequences, quotas, outbound)| PolicySpec {
            pilots,
            states,
            quiet_hours: quiet.into_iter().collect(),
            sequences,
            quotas,
            outbound,
            ..PolicySpec::default()
        })
}

pub(super) fn supply() -> impl Strategy<Value = Supply> {
    prop_oneof![
        Just(Supply::Open),
        Just(Supply::Unavailable),
        prop::collection::vec(0_u64..5, 3).prop_map(|left| Supply::Held(left.into())),
    ]
}

pub(super) fn spec(offers: usize) -> impl Strategy<Value = PolicySpec> {
    let consents = prop::collection::vec(any::<bool>(), usize::from(CHANNELS));
    (
        prop::collection::vec(0_u16..4, offers),
        some_of(offers),
        prop::collection::vec(rule(offers), 0..12),
        prop::collection::vec(limit(offers), 0..4),
        prop::collection::vec(cool_down(offers), 0..4),
        consents,
        rights(offers),
    )
        .prop_map(
            move |(groups, transactional, rules, limits, cool_downs, consents, rights)| {
                let transactional = Bitset::of(offers, transactional);
                let mut asked = Bitset::full(offers);
                asked.subtract(&transactional);
                PolicySpec {
                    offers,
                    groups,
                    transactional,
                    rules,
                    limits,
                    cool_downs,
                    consents: (0..CHANNELS)
                        .zip(consents)
                        .filter(|(_, asks)| *asks)
                        .map(|(channel, _)| ConsentSpec {
                            offers: asked.clone(),
                            confirmed: channel == 0,
                            channel,
                            channel_key: Key::of(&channel_name(channel)),
                            purpose: Key::of("marketing"),
                            purpose_name: "marketing".into(),
                        })
                        .collect(),
                    ..rights
                }
            },
        )
}

pub(super) fn outcome(offers: usize) -> impl Strategy<Value = Outcome> {
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
            order: None,
            at: UnixMs(NOW.0 - ago),
        })
}

pub(super) fn profile(offers: usize) -> impl Strategy<Value = Profile> {
    let states = vec![
        ConsentState::Denied,
        ConsentState::Pending,
        ConsentState::Granted,
        ConsentState::Confirmed,
    ];
    let consents = prop::collection::vec((0..=CHANNELS, prop::sample::select(states)), 0..4);
    let denied = prop::bool::weighted(0.1);
    (prop::collection::vec(outcome(offers), 0..25), consents, denied).prop_map(
        |(mut outcomes, consents, denied)| {
            outcomes.sort_by_key(|outcome| outcome.at);
            let mut profile = Profile::new(UnixMs(NOW.0 - 90 * DAY_MS));
            for outcome in outcomes {
                profile.apply_outcome(
                    &outcome,
                    outcome.kind == OutcomeKind::Impression,
                    outcome.at,
                );
            }
            if denied {
                let consent = Consent {
                    purpose: DO_NOT_CONTACT,
                    channel: Key::default(),
                    state: ConsentState::Denied,
                    at: NOW,
                };
                profile.set_consent(consent, NOW).unwrap();
            }
            for (channel, state) in consents {
                let everywhere = channel == CHANNELS;
                let channel =
                    if everywhere { Key::default() } else { Key::of(&channel_name(channel)) };
                let consent = Consent { purpose: Key::of("marketing"), channel, state, at: NOW };
                profile.set_consent(consent, NOW).unwrap();
            }
            profile
        },
    )
}

pub(super) fn frame() -> impl Strategy<Value = Vec<Option<Value>>> {
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
