//! Whose an outcome is, and what the log is told of it.

use std::sync::Arc;

use super::{Learned, outcome};
use crate::core::affinity::AffinitySpec;
use crate::core::catalog;
use crate::core::decide::Snapshot;
use crate::core::interaction::{Outcome, OutcomeKind};
use crate::core::key::Key;
use crate::core::learn::{Decoded, LearningRecord, Models};
use crate::core::profile::Profile;
use crate::core::propensity::PropensitySpec;
use crate::core::time::{DAY_MS, UnixMs};

const START: i64 = 1_790_000_000_000;

fn snapshot(models: &str) -> Snapshot {
    let files = [
        ("schema.yaml", "attributes: {}\n"),
        (
            "channels.yaml",
            "channels: { web: { locales: [en], placements: { page: { slots: 1 } } } }\n",
        ),
        ("arbitration.yaml", "schemes: {}\ndefault: propensity\n"),
        (
            "offers/all.yaml",
            "groups: { g: {} }\noffers:\n  - { id: a, name: A, group: g, kind: sell, treatments: [{ channel: web, content: { title: T } }] }\n",
        ),
        ("models.yaml", models),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
    let loaded = catalog::load(&files).unwrap_or_else(|faults| panic!("{faults:?}"));
    let models = Models::new(PropensitySpec::default(), AffinitySpec::default());
    Snapshot { catalog: Arc::new(loaded.catalog), models: Arc::new(models), prices: Arc::default() }
}

fn happened(id: u64, kind: OutcomeKind, day: i64) -> Outcome {
    Outcome {
        id,
        decision: None,
        offer: Key::of("a"),
        group: Key::of("g"),
        treatment: Key::default(),
        channel: Key::of("web"),
        kind,
        interaction: None,
        reason: Key::default(),
        value: None,
        order: None,
        at: UnixMs(START + day * DAY_MS),
    }
}

/// Records outcomes by day; what the last one came to.
fn last(snapshot: &Snapshot, outcomes: &[Outcome]) -> Learned {
    let mut profile = Profile::new(UnixMs(START));
    let mut learned = Learned::default();
    for one in outcomes {
        learned = outcome(snapshot, &mut profile, one, &[], &[], 7, one.at);
    }
    learned
}

fn labels(learned: &Learned) -> Vec<f64> {
    let records = learned.records.iter().filter_map(|bytes| LearningRecord::decode(bytes).ok());
    records
        .filter_map(|record| match record {
            Decoded::Record(LearningRecord::Answer(answer)) => Some(answer.outcome.label),
            _ => None,
        })
        .collect()
}

#[test]
fn an_outcome_of_no_decision_is_shared_out_as_declared() {
    let seen = [(1, 0), (2, 5), (3, 9)].map(|(id, day)| happened(id, OutcomeKind::Impression, day));
    let shares = |rule: &str| {
        let snapshot = snapshot(&format!("attribution: {{ convert: {{ rule: {rule} }} }}\n"));
        let told = [&seen[..], &[happened(4, OutcomeKind::Convert, 10)]].concat();
        let learned = last(&snapshot, &told);
        let shares: Vec<f64> = learned.credits.iter().map(|credit| credit.share).collect();
        assert_eq!(shares, labels(&learned), "each contact is told its share");
        shares
    };
    assert_eq!(shares("last"), [1.0]);
    assert_eq!(shares("first"), [1.0]);
    assert_eq!(shares("linear"), [1.0 / 3.0; 3]);
    let decayed = shares("time_decayed, half_life: 5d");
    assert!(decayed[0] < decayed[1] && decayed[1] < decayed[2]);
    assert!((decayed.iter().sum::<f64>() - 1.0).abs() < 1e-9);
}

#[test]
fn what_comes_after_its_window_belongs_to_nobody() {
    let snapshot = snapshot("windows: { convert: 3d }\n");
    let late = [happened(1, OutcomeKind::Impression, 0), happened(2, OutcomeKind::Convert, 4)];
    let learned = last(&snapshot, &late);
    assert!(learned.credits.is_empty() && learned.records.is_empty());
}

#[test]
fn one_order_counts_once_and_a_second_yes_teaches_nothing() {
    let snapshot = snapshot("{}\n");
    let order = Some(5);
    let first = Outcome { order, ..happened(2, OutcomeKind::Convert, 1) };
    let again = Outcome { order, ..happened(3, OutcomeKind::Convert, 1) };
    let seen = happened(1, OutcomeKind::Impression, 0);
    assert!(last(&snapshot, &[seen.clone(), first.clone(), again]).duplicate);
    let other = Outcome { order: Some(6), ..happened(4, OutcomeKind::Convert, 1) };
    let learned = last(&snapshot, &[seen, first, other]);
    assert!(!learned.duplicate && labels(&learned).is_empty());
}

#[test]
fn channels_that_wait_for_nothing_tell_the_log_nothing() {
    let snapshot = snapshot("windows: { silence: never }\n");
    let learned = last(&snapshot, &[happened(1, OutcomeKind::Impression, 0)]);
    assert!(learned.records.is_empty());
}

#[test]
fn contacts_of_one_second_are_answered_apart() {
    let snapshot = snapshot("labels: { accept: positive, reject: negative }\n");
    let mut models = Models::new(PropensitySpec::default(), AffinitySpec::default());
    let mut profile = Profile::new(UnixMs(START));
    let mut position = 0;
    // Twenty decisions, all shown and answered before the second is over.
    for number in 0..20_u64 {
        let kind = if number % 4 == 0 { OutcomeKind::Accept } else { OutcomeKind::Reject };
        for (id, kind) in [(number * 2 + 1, OutcomeKind::Impression), (number * 2 + 2, kind)] {
            let one = Outcome { decision: Some(number + 1), ..happened(id, kind, 0) };
            let learned = outcome(&snapshot, &mut profile, &one, &[], &[], 7, one.at);
            for record in learned.records {
                position += 1;
                models.apply(position, &record);
            }
        }
    }
    let tally = &models.tallies.overall;
    assert_eq!((tally.count, tally.positives), (20, 5.0));
    assert_eq!(models.propensity.learned(), 20);
}
