//! What a probability from outside is worth as a prior: a good one helps at once, a bad one is seen
//! through, a missing one is as if there were none.

use super::weight::{logit, sigmoid};
use super::{Candidate, Prior, Propensity, PropensitySpec, Score};
use crate::core::codec::bytes::{Reader, Writer};
use crate::core::feature::{FeatureBuilder, FeatureVector};
use crate::core::key::{Key, unit};
use crate::core::time::UnixMs;

const SCORE: Key = Key(77);

/// A customer: what models see, how probable the good end is, and whether it came.
struct Row {
    features: FeatureVector,
    truth: f64,
    label: f64,
}

/// Customers whose probability hangs on one thing that models see and one that only the other
/// model knows.
fn rows(count: u64) -> Vec<Row> {
    let row = |n: u64| {
        let normal = |salt| (0..4_u64).map(|k| unit(salt + k, n)).sum::<f64>() * 1.7 - 3.4;
        let (seen, hidden) = (normal(10), normal(20));
        let truth = sigmoid(-2.0 + seen + 1.2 * hidden);
        let mut builder = FeatureBuilder::new(8);
        builder.number(Key(1), seen);
        let label = f64::from(u8::from(unit(3, n) < truth));
        Row { features: builder.finish(), truth, label }
    };
    (0..count).map(row).collect()
}

fn candidate(score: Option<f64>) -> Candidate {
    Candidate {
        offer: Key::of("card"),
        prior: Prior { probability: 0.15, evidence: 10.0 },
        #[expect(clippy::cast_possible_truncation, reason = "a logit of a test")]
        score: score.map(|p| Score { name: SCORE, logit: logit(p) as f32 }),
        ..Candidate::default()
    }
}

/// As a decision has it: the score is among the features too.
fn seen(row: &Row, score: Option<Score>) -> FeatureVector {
    let mut numbers = row.features.numeric().to_vec();
    numbers.extend(score.map(|score| (score.name, score.logit)));
    FeatureVector::new(Vec::new(), numbers)
}

/// Mean log loss of foretelling each row before learning it.
fn loss(rows: &[Row], score: impl Fn(usize, &Row) -> Option<f64>) -> f64 {
    let mut model = Propensity::new(PropensitySpec::default());
    let mut sum = 0.0;
    for (number, row) in rows.iter().enumerate() {
        let candidate = candidate(score(number, row));
        let features = seen(row, candidate.score);
        let said = model.predict(&model.prepare(&features), &candidate).probability;
        sum -= if row.label > 0.5 { said.ln() } else { (1.0 - said).ln() };
        model.learn(&features, &candidate, row.label, 1.0, UnixMs(0));
    }
    assert!(model.is_sound());
    sum / rows.len() as f64
}

/// The same with the score as a feature alone.
fn loss_as_feature(rows: &[Row]) -> f64 {
    let mut model = Propensity::new(PropensitySpec::default());
    let mut sum = 0.0;
    for row in rows {
        let features = seen(row, candidate(Some(row.truth)).score);
        let said = model.predict(&model.prepare(&features), &candidate(None)).probability;
        sum -= if row.label > 0.5 { said.ln() } else { (1.0 - said).ln() };
        model.learn(&features, &candidate(None), row.label, 1.0, UnixMs(0));
    }
    sum / rows.len() as f64
}

#[test]
fn a_cold_model_answers_the_score() {
    let model = Propensity::new(PropensitySpec::default());
    let prepared = model.prepare(&FeatureVector::default());
    for p in [0.01, 0.3, 0.9] {
        let said = model.predict(&prepared, &candidate(Some(p))).probability;
        assert!((said - p).abs() < 1e-6, "{said}");
    }
}

#[test]
fn a_good_score_lifts_a_cold_model_at_once_and_does_no_harm_later() {
    let rows = rows(6_000);
    let early = rows.get(..200).unwrap();
    let (none, with) = (loss(early, |_, _| None), loss(early, |_, row| Some(row.truth)));
    let feature = loss_as_feature(early);
    println!("200 outcomes: none {none:.4}, as a feature {feature:.4}, as a prior {with:.4}");
    assert!(with < none - 0.05 && with < feature - 0.01, "{none} {feature} {with}");
    let (feature, with) = (loss_as_feature(&rows), loss(&rows, |_, row| Some(row.truth)));
    println!("6,000 outcomes: as a feature {feature:.4}, as a prior {with:.4}");
    assert!(with < feature + 0.001, "{feature} {with}");
}

#[test]
fn a_bad_score_is_unlearned() {
    let rows = rows(6_000);
    let none = loss(&rows, |_, _| None);
    let random = loss(&rows, |n, _| Some(0.02 + 0.96 * unit(9, n as u64)));
    let inverted = loss(&rows, |_, row| Some(1.0 - row.truth));
    println!("6,000 outcomes: none {none:.4}, random {random:.4}, inverted {inverted:.4}");
    assert!(random < none + 0.008, "{none} {random}");
    // Read the other way round it is a good score.
    assert!(inverted < none, "{none} {inverted}");
    // What is lost to a bad one is lost early.
    let late = |score: &dyn Fn(usize, &Row) -> Option<f64>| {
        (loss(&rows, score) * 6_000.0 - loss(&rows[..2_000], score) * 2_000.0) / 4_000.0
    };
    let (none, random) = (late(&|_, _| None), late(&|n, _| Some(0.02 + 0.96 * unit(9, n as u64))));
    println!("after 2,000: none {none:.4}, random {random:.4}");
    assert!(random < none + 0.003, "{none} {random}");
}

#[test]
fn a_missing_score_is_as_none_and_a_restored_model_trusts_as_before() {
    let rows = rows(400);
    let mut model = Propensity::new(PropensitySpec::default());
    let mut never = model.clone();
    for (number, row) in rows.iter().enumerate() {
        let one = candidate((number % 2 == 0).then_some(1.0 - row.truth));
        let features = seen(row, one.score);
        model.learn(&features, &one, row.label, 1.0, UnixMs(0));
        never.learn(&row.features, &candidate(None), row.label, 1.0, UnixMs(0));
    }
    let bytes = |model: &Propensity| {
        let mut out = Writer::default();
        model.encode(&mut out);
        out.0
    };
    let restored = Propensity::decode(&mut Reader::new(&bytes(&model))).unwrap();
    assert_eq!(bytes(&restored), bytes(&model));
    // A customer without the score begins from the declared prior in both.
    let cold = Propensity::new(PropensitySpec::default());
    let said = cold.predict(&cold.prepare(&rows[0].features), &candidate(None)).probability;
    assert!((said - 0.15).abs() < 1e-9);
    assert_eq!(never.trusts.len(), 0);
    // What a challenger does without, it does not begin from either.
    let blind = PropensitySpec { without: vec![SCORE], ..PropensitySpec::default() };
    let blind = Propensity::new(blind);
    let said = blind.predict(&blind.prepare(&rows[0].features), &candidate(Some(0.9))).probability;
    assert!((said - 0.15).abs() < 1e-9);
}
