use super::super::score::smoothed;
use super::{aged, bank, ids, offer, on, scores, try_bank};
use crate::core::propensity::Prior;

fn near(got: &[(String, f64)], wanted: &[(&str, f64)]) {
    let same = got.len() == wanted.len()
        && got.iter().zip(wanted).all(|((id, score), (name, number))| {
            id == name && (score - number).abs() < 1e-9 * number.abs().max(1.0)
        });
    assert!(same, "{got:?} instead of {wanted:?}");
}

fn two() -> [String; 2] {
    [
        offer("card", "cards", 100.0, 0.2, "lever: '+25 %'\n    attributes: { talk: 2.0 }"),
        offer("loan", "loans", 300.0, 0.1, "attributes: { talk: 10.0 }"),
    ]
}

#[test]
fn levers_add_up_as_percentages_or_multiply_where_declared() {
    let added = bank(&two(), "default: expected_value", "");
    assert!((added.catalog.offers[0].lever - 1.35).abs() < 1e-12);
    let multiplied = bank(&two(), "default: expected_value\nlevers: product", "");
    assert!((multiplied.catalog.offers[0].lever - 1.375).abs() < 1e-12);
    let faults = try_bank(
        &[
            offer("card", "cards", 1.0, 0.2, "lever: -150 %"),
            offer("b", "cards", 1.0, 0.2, "lever: 5 much"),
        ],
        "default: expected_value",
        "",
    );
    let faults = faults.unwrap_err().concat();
    assert!(faults.contains("a lever is more than 0") && faults.contains("this is not a lever"));
}

#[test]
fn the_first_formula_that_matches_gives_the_score() {
    let arbitration = "
default: adaptive
schemes:
  adaptive:
    kind: first_match
    formulas:
      - { applies_to: { groups: [cards] }, when: segment.young, formula: propensity * 1000.0 }
      - { when: offer.talk > 5.0 && customer.age > 60, formula: value / offer.talk }
      - { formula: propensity * value }
";
    let snapshot = bank(&two(), arbitration, "");
    let scored = |age| scores(&snapshot, &on(&snapshot, &aged(age), "app"));
    near(&scored(20), &[("card", 200.0), ("loan", 30.0)]);
    near(&scored(40), &[("loan", 30.0), ("card", 20.0)]);
    near(&scored(70), &[("loan", 30.0), ("card", 20.0)]);
    // Unknown is no match, and no fault.
    let nobody = crate::core::profile::Profile::new(super::NOW);
    near(&scores(&snapshot, &on(&snapshot, &nobody, "app")), &[("loan", 30.0), ("card", 20.0)]);
}

#[test]
fn goals_weigh_by_segment() {
    let offers = [
        offer("sell", "loans", 0.0, 0.1, "contributes: { margin: 100, service: 1 }"),
        offer("help", "loans", 0.0, 0.5, "contributes: { service: 10 }"),
    ];
    let arbitration = "
default: goals
schemes:
  goals:
    kind: weighted_objectives
    goals:
      - { when: segment.young, weights: { service: 1 } }
      - { weights: { margin: 2, service: 0.5 } }
";
    let snapshot = bank(&offers, arbitration, "");
    near(&scores(&snapshot, &on(&snapshot, &aged(20), "app")), &[("help", 5.0), ("sell", 0.1)]);
    near(&scores(&snapshot, &on(&snapshot, &aged(50), "app")), &[("sell", 20.05), ("help", 2.5)]);
}

#[test]
fn marketers_scores_weigh_the_interest() {
    let arbitration = "
default: judged
schemes:
  judged:
    kind: marketer_score
    scores:
      - { applies_to: { offers: [loan] }, when: segment.young, score: 90, weight: 2 }
      - { applies_to: { groups: [cards] }, score: 70 }
";
    let snapshot = bank(&two(), arbitration, "");
    near(&scores(&snapshot, &on(&snapshot, &aged(20), "app")), &[("loan", 18.0), ("card", 14.0)]);
    near(&scores(&snapshot, &on(&snapshot, &aged(50), "app")), &[("card", 14.0), ("loan", 5.0)]);
}

#[test]
fn a_scheme_is_chosen_by_channel_placement_and_customer() {
    let arbitration = "
default: expected_value
use:
  - { when: segment.young, channels: [web], placements: [side], scheme: propensity }
channels:
  web:
    placements: { hero: { scheme: priority } }
";
    let snapshot = bank(&two(), arbitration, "");
    let schemes = |age, channel| -> Vec<String> {
        let decided = on(&snapshot, &aged(age), channel);
        let used = decided.placements.iter().map(|p| usize::from(p.scheme));
        used.map(|scheme| snapshot.catalog.schemes[scheme].name.to_string()).collect()
    };
    assert_eq!(schemes(20, "web"), ["priority", "propensity"]);
    assert_eq!(schemes(50, "web"), ["priority", "expected_value"]);
    assert_eq!(schemes(20, "app"), ["expected_value"]);
}

#[test]
fn smoothing_mixes_what_was_learned_with_what_was_declared() {
    let prior = Prior { probability: 0.1, evidence: 30.0 };
    assert!((smoothed(0.5, 10.0, &prior) - 0.2).abs() < 1e-12);
    assert!((smoothed(0.5, 0.0, &prior) - 0.1).abs() < 1e-12);
    let none = Prior { probability: 0.1, evidence: 0.0 };
    assert!((smoothed(0.5, 0.0, &none) - 0.5).abs() < 1e-12);
    let arbitration = "default: s\nschemes: { s: { kind: propensity, smoothing: true } }";
    let snapshot = bank(&two(), arbitration, "");
    assert_eq!(ids(&snapshot, &on(&snapshot, &aged(50), "app")), [["card", "loan"]]);
}

#[test]
fn a_formula_has_a_bound_of_work_when_loaded_and_when_run() {
    let looping = "value + double(customer.tags.map(t, t + t).size())";
    let with = |cost: &str| {
        let arbitration = format!(
            "default: f\nschemes: {{ f: {{ kind: formula, formula: \"{looping}\"{cost} }} }}"
        );
        try_bank(&two(), &arbitration, "")
    };
    assert!(with("").is_ok());
    let faults = with(", cost_max: 100").unwrap_err().concat();
    assert!(faults.contains("units of work, the scheme allows 100"), "{faults}");
}

#[test]
fn what_a_scheme_ignores_is_a_fault() {
    let arbitration = "
default: a
schemes:
  a: { kind: propensity, goals: [{ weights: { margin: 1 } }] }
  b: { kind: weighted_objectives, goals: [{ weights: { margn: 1 } }] }
  c: { kind: first_match }
  d: { kind: marketer_score, scores: [{ score: 101 }] }
";
    let faults = try_bank(&two(), arbitration, "").unwrap_err().concat();
    for wanted in [
        "only a scheme of kind `weighted_objectives` has `goals`",
        "margn",
        "this scheme needs `formulas`",
        "a marketer's score lies in 0..=100",
    ] {
        assert!(faults.contains(wanted), "{wanted}: {faults}");
    }
}
