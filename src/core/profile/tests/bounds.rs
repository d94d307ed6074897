//! Random operations, wild ones among them.

use std::ops::Range;

use proptest::prelude::*;

use super::fixture::{NOW, login, outcome, purchase, schema, view};
use crate::core::catalog::schema::Schema;
use crate::core::interaction::OutcomeKind;
use crate::core::key::{Key, mix64};
use crate::core::profile::limits::{
    ATTRIBUTES_MAX, BUCKETS_MAX, CONSENTS_MAX, CONTACTS_MAX, DISTINCT_MAX, INTERESTS_MAX,
    RECENT_IDS_MAX, RESPONSES_MAX, SERIES_MAX,
};
use crate::core::profile::series::Series;
use crate::core::profile::{Consent, ConsentState, Contact, Profile};
use crate::core::time::{DAY_MS, UnixMs};
use crate::core::value::Value;

/// Something that happens to a profile, as numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Op {
    what: u8,
    random: u64,
    /// When it is said to have happened.
    at: UnixMs,
    /// When it arrives.
    now: UnixMs,
}

const WILD_TIMES: [i64; 6] = [i64::MIN, i64::MAX, 0, -62_135_596_800_000, 253_402_300_799_999, -1];
const WILD_NUMBERS: [f64; 6] =
    [f64::NAN, f64::INFINITY, f64::MAX, -f64::MAX, f64::MIN_POSITIVE, -0.0];

impl Op {
    pub(super) fn from_seed(seed: u64) -> Self {
        let draw = |purpose| mix64(seed, purpose);
        let spread = |purpose, days: i64| (draw(purpose) % (days * DAY_MS) as u64) as i64;
        let at = match draw(1) % 30 {
            0 => WILD_TIMES[draw(2) as usize % WILD_TIMES.len()],
            _ => NOW.0 - spread(3, 90),
        };
        Self {
            what: (draw(4) % 12) as u8,
            random: draw(5),
            at: UnixMs(at),
            now: UnixMs(NOW.0 + spread(6, 3)),
        }
    }

    pub(super) fn apply(&self, schema: &Schema, profile: &mut Profile) {
        let Self { what, random, at, now } = *self;
        let wild = random % 17 == 0;
        let amount = if wild {
            WILD_NUMBERS[random as usize / 17 % WILD_NUMBERS.len()]
        } else {
            (random % 10_000) as f64 / 100.0
        };
        let name = if wild {
            "huge ".repeat(1 + random as usize % 5_000)
        } else {
            format!("name {}", random % 900)
        };
        let id = random / 3;
        match what {
            0 | 1 => drop(profile.apply_event(schema, &purchase(id, at, amount, &name), now)),
            2 | 3 => drop(profile.apply_event(schema, &view(id, at, &name), now)),
            4 => drop(profile.apply_event(schema, &login(id, at), now)),
            5..=7 => {
                let kind = OutcomeKind::ALL[random as usize % 7];
                let mut outcome = outcome(id, &name, kind, at);
                outcome.decision = Some(random % 50);
                outcome.reason = Key((random % 5) as u32);
                outcome.interaction = Some(Key((random % 3) as u32)).filter(|key| *key != Key(0));
                profile.apply_outcome(&outcome, kind == OutcomeKind::Impression, now);
            }
            8 => {
                let contact = Contact {
                    offer: Key::of(&name),
                    treatment: Key((random % 11) as u32),
                    channel: Key((random % 4) as u32),
                    decision: random % 50,
                    at,
                    outcomes: 0,
                };
                profile.commit_contacts(id, &[contact, contact], now);
            }
            9 => {
                let consent = Consent {
                    purpose: Key((random % 40) as u32),
                    channel: Key((random % 5) as u32),
                    state: ConsentState::of(random % 2 == 0),
                    at,
                };
                drop(profile.set_consent(consent, now));
            }
            10 => drop(profile.set_attribute(Key::of(&name), Some(Value::Double(amount)), now)),
            _ => {
                let value = (random % 5 != 0).then(|| name.as_str().into());
                drop(profile.set_attribute(Key::of(&name), value, now));
            }
        }
    }
}

pub(super) fn ops(count: Range<usize>) -> impl Strategy<Value = Vec<Op>> {
    prop::collection::vec(any::<u64>().prop_map(Op::from_seed), count)
}

pub(super) fn run(schema: &Schema, ops: &[Op]) -> Profile {
    let mut profile = Profile::new(UnixMs(NOW.0 - DAY_MS));
    for op in ops {
        op.apply(schema, &mut profile);
    }
    profile
}

fn check_bounds(profile: &Profile) {
    assert!(profile.attributes().len() <= ATTRIBUTES_MAX);
    assert!(profile.contacts().len() <= CONTACTS_MAX);
    assert!(profile.responses().len() <= RESPONSES_MAX);
    assert!(profile.interests().len() <= INTERESTS_MAX);
    assert!(profile.consents().len() <= CONSENTS_MAX);
    assert!(profile.series().len() <= SERIES_MAX);
    assert!(profile.recent.0.len() <= RECENT_IDS_MAX);
    for (_, series) in profile.series() {
        match series {
            Series::Buckets(buckets) => {
                assert!(buckets.cells.len() <= BUCKETS_MAX);
                assert!(buckets.cells.iter().all(|b| b.cell.sum.is_finite()));
            }
            Series::Distinct(distinct) => assert!(distinct.values.len() <= DISTINCT_MAX),
            Series::Total { cell, .. } => assert!(cell.sum.is_finite() && cell.max.is_finite()),
            Series::Decayed(d) => assert!(d.count.is_finite() && d.sum.is_finite()),
            Series::Last { .. } => {}
        }
    }
}

#[test]
fn ten_thousand_wild_operations_stay_within_bounds() {
    let schema = schema();
    let mut profile = Profile::new(UnixMs(i64::MIN));
    for seed in 0..10_000 {
        Op::from_seed(seed).apply(&schema, &mut profile);
        if seed % 50 == 0 {
            check_bounds(&profile);
        }
    }
    check_bounds(&profile);
    let bytes = profile.encode();
    assert!(bytes.len() < 100_000, "{} bytes", bytes.len());
    assert_eq!(Profile::decode(&bytes), Ok(profile.clone()));
    for now in WILD_TIMES.map(UnixMs) {
        profile.fill_frame(&schema, now, &mut vec![None; schema.slots.len()]);
        profile.prune(&schema, now);
        Op::from_seed(7).apply(&schema, &mut profile);
        assert_eq!(Profile::decode(&profile.encode()), Ok(profile.clone()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_applied_changes_nothing_again(ops in ops(1..60)) {
        let schema = schema();
        let mut profile = run(&schema, &ops);
        let before = profile.clone();
        for op in ops.iter().filter(|op| op.what <= 8) {
            op.apply(&schema, &mut profile);
        }
        // Only ids that had been forgotten (arrived more than a day before the latest) may count.
        let clock = before.updated_at();
        if ops.iter().all(|op| clock.since(op.now) < DAY_MS) {
            prop_assert_eq!(profile, before);
        }
    }
}
