use proptest::prelude::*;

use super::fixture::{NOW, login, outcome, purchase, schema, view};
use crate::core::interaction::{Event, OutcomeKind};
use crate::core::key::Key;
use crate::core::profile::{ALL_CHANNELS, Absorbed, Consent, ConsentState, Profile};
use crate::core::time::{DAY_MS, HOUR_MS, UnixMs};

fn from(customer: &str, ticket: u64) -> Absorbed {
    Absorbed { customer: customer.into(), ticket }
}

fn event(id: u64, kind: u8, age: i64) -> Event {
    let at = UnixMs(NOW.0 - age * HOUR_MS);
    match kind % 3 {
        0 => purchase(id, at, f64::from(kind), ["food", "travel", "books"][usize::from(kind) % 3]),
        1 => view(id, at, "item"),
        _ => login(id, at),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Merging after the events, before them or between them gives what one customer would have
    /// had; merging twice, or a retry of an event to the other name, changes nothing.
    #[test]
    fn a_merged_customer_has_the_events_of_both_once(
        events in prop::collection::vec((any::<u8>(), 0_i64..24 * 20, any::<bool>()), 0..40),
        cut in 0_usize..40,
    ) {
        let schema = schema();
        let (mut own, mut other) = (Profile::new(NOW), Profile::new(NOW));
        let mut one = Profile::new(NOW);
        let cut = cut.min(events.len());
        for (id, (kind, age, mine)) in events.iter().enumerate() {
            let event = event(id as u64 + 1, *kind, *age);
            one.apply_event(&schema, &event, NOW);
            if id < cut {
                let target = if *mine { &mut own } else { &mut other };
                target.apply_event(&schema, &event, NOW);
            }
        }
        own.absorb(&other, from("cookie:1", 7), &schema, NOW);
        for (id, (kind, age, _)) in events.iter().enumerate() {
            let applied = own.apply_event(&schema, &event(id as u64 + 1, *kind, *age), NOW);
            prop_assert_eq!(applied.duplicate, id < cut);
        }
        let slots = schema.slots.len();
        let (mut merged, mut whole) = (vec![None; slots], vec![None; slots]);
        own.fill_frame(&schema, NOW, &mut merged);
        one.fill_frame(&schema, NOW, &mut whole);
        for (ours, theirs) in merged.iter().zip(&whole) {
            match (ours.as_ref().and_then(|v| v.as_f64()), theirs.as_ref().and_then(|v| v.as_f64())) {
                (Some(ours), Some(theirs)) => {
                    prop_assert!((ours - theirs).abs() <= 1e-4 * theirs.abs().max(1.0));
                }
                _ => prop_assert_eq!(ours, theirs),
            }
        }
        let before = own.clone();
        own.absorb(&other, from("cookie:1", 7), &schema, NOW);
        prop_assert_eq!(&own, &before);
        prop_assert_eq!(Profile::decode(&own.encode()).unwrap(), own);
    }

    /// Contacts add up, whichever way the merge goes.
    #[test]
    fn contacts_add_up(ours in 0_u64..20, theirs in 0_u64..20) {
        let schema = schema();
        let with = |range: std::ops::Range<u64>| {
            let mut profile = Profile::new(NOW);
            for id in range {
                let at = UnixMs(NOW.0 - DAY_MS);
                profile.apply_outcome(&outcome(id + 1, "card", OutcomeKind::Impression, at), true, NOW);
            }
            profile
        };
        let (mut own, other) = (with(0..ours), with(100..100 + theirs));
        own.absorb(&other, from("device:9", 1), &schema, NOW);
        prop_assert_eq!(own.contacts().len() as u64, ours + theirs);
        let shown: u32 = own.responses().iter().map(|response| response.count).sum();
        prop_assert_eq!(u64::from(shown), ours + theirs);
        prop_assert_eq!(Profile::decode(&own.encode()).unwrap(), own);
    }

    /// The later consent holds; at the same moment the stricter; whichever way the merge goes.
    #[test]
    fn consents_merge_alike_both_ways(ours in 0_u8..4, theirs in 0_u8..4, later in -1_i64..2) {
        use ConsentState::{Confirmed, Denied, Granted, Pending};
        let schema = schema();
        let states = [Denied, Pending, Granted, Confirmed];
        let with = |state: u8, at: UnixMs| {
            let mut profile = Profile::new(NOW);
            let state = states[usize::from(state)];
            let (purpose, channel) = (Key::of("marketing"), ALL_CHANNELS);
            profile.set_consent(Consent { purpose, channel, state, at }, NOW).unwrap();
            profile
        };
        let (a, b) = (with(ours, UnixMs(NOW.0 - HOUR_MS)), with(theirs, UnixMs(NOW.0 - HOUR_MS + later)));
        let (mut ab, mut ba) = (a.clone(), b.clone());
        ab.absorb(&b, from("b", 1), &schema, NOW);
        ba.absorb(&a, from("a", 1), &schema, NOW);
        prop_assert_eq!(ab.consents(), ba.consents());
        let held = ab.consents()[0].state;
        let last = if later < 0 { states[usize::from(ours)] } else { states[usize::from(theirs)] };
        if last == Denied || (later == 0 && ours == 0) {
            prop_assert_eq!(held, Denied);
        }
    }
}
