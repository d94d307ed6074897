//! Laws of waiting: each contact is learned exactly once, with its final label, whatever comes in
//! which order, whoever restarts when.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{
    AnswerRecord, LearningRecord, Models, OutcomeRecord, ShownRecord, Stage, Stages, TickRecord,
};
use crate::core::affinity::AffinitySpec;
use crate::core::codec::bytes::Writer;
use crate::core::feature::FeatureVector;
use crate::core::interaction::OutcomeKind;
use crate::core::key::{Key, mix64, unit};
use crate::core::propensity::{Candidate, Prior, PropensitySpec};
use crate::core::time::UnixMs;

const WINDOW_MS: i64 = 1_000;

fn models() -> Models {
    let spec = PropensitySpec { plain_bits: 10, deep_bits: 10, ..Default::default() };
    Models::new(spec, AffinitySpec::default())
}

fn contact(touch: u64, at: i64, label: f64) -> OutcomeRecord {
    let number = (touch % 7) as f32;
    OutcomeRecord {
        id: touch,
        at: UnixMs(at),
        customer: touch,
        candidate: Candidate {
            offer: Key((touch % 3) as u32),
            prior: Prior { probability: 0.2, evidence: 2.0 },
            ..Candidate::default()
        },
        features: FeatureVector::new(vec![(Key(9), touch as u32 % 5)], vec![(Key(4), number)]),
        label,
        weight: 1.0,
        probability_served: 0.2,
        selection_probability: 1.0,
    }
}

fn stages(funnel: bool) -> Stages {
    let prior = Prior { probability: 0.3, evidence: 2.0 };
    let kinds = [OutcomeKind::Click, OutcomeKind::Accept];
    kinds.into_iter().filter(|_| funnel).map(|kind| Stage { kind, prior }).collect()
}

fn shown(touch: u64, at: i64, funnel: bool) -> Vec<u8> {
    let record = ShownRecord {
        shown: contact(touch, at, 0.0),
        closes_at: UnixMs(at + WINDOW_MS),
        stages: stages(funnel),
    };
    LearningRecord::Shown(record).encode()
}

/// An acceptance (label 1) or a rejection of a contact made at `at`.
fn answer(id: u64, touch: u64, at: i64, label: f64, funnel: bool) -> Vec<u8> {
    let record = AnswerRecord {
        outcome: OutcomeRecord { id: mix64(id, touch), ..contact(touch, at, label) },
        touch,
        taught: true,
        corrects: false,
        stages: stages(funnel),
        reached: 0,
        stage: if label > 0.0 { 2 } else { 0 },
        next_closes_at: UnixMs(at + WINDOW_MS),
    };
    LearningRecord::Answer(record).encode()
}

fn tick(at: i64) -> Vec<u8> {
    LearningRecord::Tick(TickRecord { id: mix64(77, at as u64), at: UnixMs(at) }).encode()
}

/// What happens to one contact: when it is made, and when it is answered with what, if it is.
#[derive(Clone, Debug)]
struct Story {
    made: i64,
    answered: Option<(i64, bool)>,
    /// Written twice, for want of an answer.
    twice: bool,
}

fn any_story() -> impl Strategy<Value = Story> {
    let answered = prop::option::weighted(0.6, (0..3 * WINDOW_MS, any::<bool>()));
    (0..5_000_i64, answered, any::<bool>()).prop_map(|(made, answered, twice)| Story {
        made,
        answered,
        twice,
    })
}

/// The log that the stories come to, in order of time, with ticks now and then.
fn log_of(stories: &[Story], ticks: &[i64], funnel: bool) -> Vec<Vec<u8>> {
    let mut entries: Vec<(i64, usize, Vec<u8>)> = Vec::new();
    for (number, story) in stories.iter().enumerate() {
        let touch = number as u64 + 1;
        let entry = shown(touch, story.made, funnel);
        entries.push((story.made, 0, entry.clone()));
        if story.twice {
            entries.push((story.made + 7, 0, entry));
        }
        if let Some((after, positive)) = story.answered {
            let at = story.made + after;
            let entry = answer(1, touch, at, f64::from(u8::from(positive)), funnel);
            entries.push((at, 1, entry.clone()));
            if story.twice {
                entries.push((at + 5, 1, entry));
            }
        }
    }
    entries.extend(ticks.iter().map(|at| (*at, 2, tick(*at))));
    entries.sort_by_key(|(at, order, _)| (*at, *order));
    entries.push((100_000, 3, tick(100_000)));
    entries.into_iter().map(|(.., entry)| entry).collect()
}

fn replay(mut models: Models, log: &[Vec<u8>], from: usize) -> Models {
    for (at, entry) in log.iter().enumerate().skip(from) {
        models.apply(at as u64 + 1, entry);
    }
    models
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn each_contact_is_learned_once_with_its_final_label(
        stories in prop::collection::vec(any_story(), 1..60),
        ticks in prop::collection::vec(0..9_000_i64, 0..8),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 1..3),
        funnel in any::<bool>(),
    ) {
        let log = log_of(&stories, &ticks, funnel);
        let straight = replay(models(), &log, 0);
        // The reference: count stories.
        let positives = stories.iter().filter(|s| s.answered.is_some_and(|(_, yes)| yes)).count();
        let counts = straight.pending.counts;
        prop_assert_eq!(counts.shown, stories.len() as u64);
        prop_assert_eq!(counts.answered + counts.closed, stories.len() as u64);
        prop_assert!(straight.pending.is_empty());
        prop_assert_eq!(straight.counts.outcomes, stories.len() as u64);
        prop_assert_eq!(straight.tallies.overall.count, stories.len() as u64);
        prop_assert!((straight.tallies.overall.positives - positives as f64).abs() < 1e-9);
        if funnel {
            let heads: BTreeMap<_, _> = straight
                .funnel
                .heads()
                .map(|(kind, _, head)| (kind, (head.tally.count, head.tally.positives)))
                .collect();
            prop_assert_eq!(heads[&OutcomeKind::Click].0, stories.len() as u64);
            prop_assert!((heads[&OutcomeKind::Click].1 - positives as f64).abs() < 1e-9);
        }
        // Replicas that restart where they will hold the same bytes.
        let mut replica = models();
        let mut applied = 0;
        for cut in cuts {
            let cut = cut.index(log.len() + 1).max(applied);
            replica = replay(replica, &log[..cut], applied);
            applied = cut;
            let stored = replica.checkpoint();
            replica = Models::restore(&stored).unwrap();
            prop_assert!(replica.checkpoint() == stored, "restored as it was");
        }
        let replica = replay(replica, &log, 0);
        let part = |encode: &dyn Fn(&mut Writer)| {
            let mut out = Writer::default();
            encode(&mut out);
            xxhash_rust::xxh3::xxh3_64(&out.0)
        };
        let parts = |models: &Models| {
            [
                part(&|out| models.tallies.encode(out)),
                part(&|out| models.propensity.encode(out)),
                part(&|out| models.funnel.encode(out)),
                part(&|out| models.pending.encode(out)),
            ]
        };
        prop_assert_eq!(parts(&replica), parts(&straight), "tallies, propensity, funnel, pending");
        prop_assert_eq!(replica.digest(), straight.digest());
    }

    #[test]
    fn an_answer_in_time_teaches_what_no_waiting_would_have(
        touches in prop::collection::vec((any::<u16>(), any::<bool>()), 1..20),
    ) {
        let mut waited = models();
        let mut told = models();
        let mut position = 0;
        for (number, (touch, positive)) in touches.into_iter().enumerate() {
            let touch = mix64(u64::from(touch), number as u64);
            let label = f64::from(u8::from(positive));
            let at = number as i64;
            position += 2;
            waited.apply(position - 1, &shown(touch, at, false));
            waited.apply(position, &answer(2, touch, at, label, false));
            told.apply(position, &LearningRecord::Outcome(contact(touch, at, label)).encode());
        }
        let features = contact(3, 0, 0.0).features;
        let ask = |models: &Models| {
            let model = &models.propensity;
            model.predict(&model.prepare(&features), &contact(3, 0, 0.0).candidate).probability
        };
        prop_assert_eq!(ask(&waited), ask(&told));
    }
}

/// Learns from contacts whose positives, at a true rate of 0.3, come late with a chance of 0.6.
fn late_world(how: impl Fn(&mut Models, &mut u64, u64, i64, bool, bool)) -> f64 {
    let mut models = models();
    let mut position = 0;
    for touch in 1..6_000_u64 {
        let positive = unit(mix64(5, touch), 1) < 0.3;
        let late = unit(mix64(5, touch), 2) < 0.6;
        how(&mut models, &mut position, touch, touch as i64 * 10, positive, late);
    }
    let mut mean = 0.0;
    for touch in 0..21 {
        let asked = contact(touch, 0, 0.0);
        let model = &models.propensity;
        mean += model.predict(&model.prepare(&asked.features), &asked.candidate).probability;
    }
    mean / 21.0
}

fn apply(models: &mut Models, position: &mut u64, entry: &[u8]) {
    *position += 1;
    models.apply(*position, entry);
}

#[test]
fn late_answers_leave_the_probability_unbiased() {
    let corrected = late_world(|models, position, touch, at, positive, late| {
        apply(models, position, &shown(touch, at, false));
        if positive && !late {
            apply(models, position, &answer(3, touch, at + 1, 1.0, false));
        }
        // A late one comes 300 contacts after its window.
        let then = touch.saturating_sub(400);
        let was = unit(mix64(5, then), 1) < 0.3 && unit(mix64(5, then), 2) < 0.6;
        if then > 0 && was {
            apply(models, position, &answer(3, then, at + 2, 1.0, false));
        }
    });
    let plain = |ignore: bool| {
        late_world(move |models, position, touch, at, positive, late| {
            let mut teach = |id: u64, label: f64| {
                let record = OutcomeRecord { id, ..contact(touch, at, label) };
                apply(models, position, &LearningRecord::Outcome(record).encode());
            };
            match (positive, late) {
                (true, false) => teach(touch * 2, 1.0),
                (true, true) => {
                    teach(touch * 2, 0.0);
                    if !ignore {
                        teach(touch * 2 + 1, 1.0);
                    }
                }
                (false, _) => teach(touch * 2, 0.0),
            }
        })
    };
    let (ignored, doubled) = (plain(true), plain(false));
    println!("true 0.3: corrected {corrected:.4}, ignored {ignored:.4}, doubled {doubled:.4}");
    assert!((corrected - 0.3).abs() < 0.02, "{corrected}");
    assert!((corrected - 0.3).abs() < (doubled - 0.3).abs(), "{corrected} {doubled}");
    assert!((doubled - 0.3).abs() < (ignored - 0.3).abs(), "{doubled} {ignored}");
}

#[test]
fn what_waits_is_bounded_and_small() {
    let mut models = models();
    let names = 40_u32;
    let wide = |touch: u64| {
        let tokens = (0..30).map(|n| (Key(n * 7 + 1), (mix64(touch, n.into()) % 50) as u32 + 16));
        let numbers = (30..names).map(|n| (Key(n * 7 + 1), (mix64(touch, n.into()) % 100) as f32));
        let features = FeatureVector::new(tokens.collect(), numbers.collect());
        let shown = OutcomeRecord { features, ..contact(touch, 0, 0.0) };
        let record = ShownRecord { shown, closes_at: UnixMs(1_000), stages: Stages::new() };
        LearningRecord::Shown(record).encode()
    };
    let empty = models.checkpoint().len();
    for touch in 1..=2_000 {
        models.apply(touch, &wide(touch));
    }
    let each = (models.checkpoint().len() - empty) / 2_000;
    println!("{each} bytes a contact that waits, with 40 features");
    assert!(each < 170, "{each}");
    models.apply(3_000, &tick(2_000));
    assert!(models.pending.is_empty());
}

#[test]
fn a_funnel_learns_each_stage_from_those_who_reached_the_one_before() {
    let mut models = models();
    let mut position = 0;
    for touch in 1..8_000_u64 {
        let at = touch as i64 * 10;
        let clicks = unit(mix64(6, touch), 1) < 0.5;
        let accepts = clicks && unit(mix64(6, touch), 2) < 0.4;
        apply(&mut models, &mut position, &shown(touch, at, true));
        let step = |id: u64, reached: u8, stage: u8| {
            let record = AnswerRecord {
                outcome: OutcomeRecord { id: mix64(id, touch), ..contact(touch, at + 1, 1.0) },
                touch,
                taught: stage == 2,
                corrects: false,
                stages: stages(true),
                reached,
                stage,
                next_closes_at: UnixMs(at + WINDOW_MS),
            };
            LearningRecord::Answer(record).encode()
        };
        if clicks {
            apply(&mut models, &mut position, &step(1, 0, 1));
        }
        if accepts {
            apply(&mut models, &mut position, &step(2, 1, 2));
        }
    }
    // What still waits has not said no yet: about 1 in 80.
    let mut sums = [0.0; 3];
    for touch in 0..21 {
        let asked = contact(touch, 0, 0.0);
        let ready = models.funnel.prepare(&stages(true), &asked.features);
        let said = models.funnel.probabilities(&stages(true), &ready, &asked.candidate);
        let model = &models.propensity;
        let whole = model.predict(&model.prepare(&asked.features), &asked.candidate).probability;
        assert!(said[1].1 < said[0].1, "nobody accepts without a click");
        for (sum, one) in sums.iter_mut().zip([said[0].1, said[1].1, whole]) {
            *sum += one / 21.0;
        }
    }
    assert!((sums[0] - 0.5).abs() < 0.05, "{sums:?}");
    assert!((sums[1] - 0.2).abs() < 0.05, "{sums:?}");
    assert!((sums[2] - sums[1]).abs() < 0.05, "as the main model says: {sums:?}");
    let late = replay(Models::restore(&models.checkpoint()).unwrap(), &[], 0);
    assert_eq!(late.digest(), models.digest());
}
