//! Slates as decisions show them.

use super::{NOW, aged, bank, ids, offer, on, request, try_bank};
use crate::core::decide::{ChannelDecision, Snapshot, decide};
use crate::core::policy::{Gate, Subject};

fn five() -> [String; 5] {
    [
        offer("c1", "cards", 100.0, 0.5, "attributes: { shelf: a }"),
        offer("c2", "cards", 90.0, 0.5, "attributes: { shelf: a }"),
        offer("c3", "cards", 80.0, 0.5, "attributes: { shelf: b }"),
        offer("l1", "loans", 70.0, 0.5, ""),
        offer("l2", "loans", 60.0, 0.5, ""),
    ]
}

fn gate(snapshot: &Snapshot, decided: &ChannelDecision, id: &str) -> (Gate, String) {
    let (_, why) = decided.fates.of(snapshot.catalog.offer_index[id]).unwrap();
    (why.stop.gate, why.stop.by.id(id).to_owned())
}

#[test]
fn at_most_so_many_of_a_group() {
    let arbitration = "
default: expected_value
channels:
  call: { max_per_group: 1 }
  web: { placements: { side: { max_per_group: 1 } } }
";
    let snapshot = bank(&five(), arbitration, "");
    let decided = on(&snapshot, &aged(40), "call");
    assert_eq!(ids(&snapshot, &decided), [["c1", "l1"]]);
    assert_eq!(gate(&snapshot, &decided, "c2"), (Gate::Slate, "max_per_group".to_owned()));
    let web = ids(&snapshot, &on(&snapshot, &aged(40), "web"));
    assert_eq!(web, [vec!["c1"], vec!["c2", "l1"]]);
}

#[test]
fn variety_counts_further_offers_of_a_category_less() {
    let with = |diversity: &str| {
        let arbitration =
            format!("default: expected_value\nchannels: {{ call: {{ diversity: {diversity} }} }}");
        bank(&five(), &arbitration, "")
    };
    let shown = |snapshot: &Snapshot| ids(snapshot, &on(snapshot, &aged(40), "call")).concat();
    assert_eq!(shown(&with("{ strength: 0 }")), ["c1", "c2", "c3"]);
    // 49.5 × 0.5 is less than 35.
    let varied = with("{ strength: 0.5 }");
    assert_eq!(shown(&varied), ["c1", "l1", "c2"]);
    assert_eq!(shown(&with("{ by: shelf, strength: 0.5 }")), ["c1", "c3", "l1"]);
    let decided = on(&varied, &aged(40), "call");
    let kept: Vec<f64> = decided.placements[0].offers.iter().map(|p| p.diversity).collect();
    assert_eq!(kept, [1.0, 1.0, 0.5]);
    assert_eq!(gate(&varied, &decided, "c3"), (Gate::Slate, "diversity".to_owned()));
}

#[test]
fn a_bundle_stands_together_or_not_at_all() {
    let with =
        |bundle: &str| bank(&five(), &format!("default: expected_value\nbundles: [{bundle}]"), "");
    let snapshot = with("{ id: pair, offers: [l2, c1] }");
    let web = on(&snapshot, &aged(40), "web");
    // 44 + 30 / 2 + 55 / 4 is more than 30 + 55 / 2 + 44 / 4.
    assert_eq!(ids(&snapshot, &web), [vec!["c2"], vec!["c3", "l2", "c1"]]);
    let names: Vec<Option<&str>> =
        web.placements[1].offers.iter().map(|placed| placed.bundle.as_deref()).collect();
    assert_eq!(names, [None, Some("pair"), Some("pair")]);
    // Where one of it may not be shown, none is.
    let policies =
        "policies: [{ id: old, applies_to: { offers: [l2] }, eligibility: [customer.age > 90] }]";
    let arbitration = "default: expected_value\nbundles: [{ id: pair, offers: [l2, c1] }]";
    let snapshot = bank(&five(), arbitration, policies);
    let call = on(&snapshot, &aged(40), "call");
    assert_eq!(ids(&snapshot, &call), [["c2", "c3", "l1"]]);
    assert_eq!(gate(&snapshot, &call, "c1"), (Gate::Slate, "pair".to_owned()));
    // On other channels each stands alone.
    let snapshot = with("{ id: pair, offers: [l2, c1], channels: [web] }");
    assert_eq!(ids(&snapshot, &on(&snapshot, &aged(40), "call")), [["c1", "c2", "c3"]]);
}

#[test]
fn the_best_combination_wins_over_the_best_offer() {
    let policies = "
exclusions:
  - { id: one, among: { offers: [c1, c2] } }
  - { id: two, among: { offers: [c1, c3] } }
  - { id: three, among: { offers: [c1, l1] } }
";
    let snapshot = bank(&five(), "default: expected_value", policies);
    let decided = on(&snapshot, &aged(40), "call");
    // 49.5 + 44 / log2(3) + 35 / 2 is more than 55 + 30 / log2(3).
    assert_eq!(ids(&snapshot, &decided), [["c2", "c3", "l1"]]);
    assert_eq!(gate(&snapshot, &decided, "c1").0, Gate::Exclusion);
}

#[test]
fn probabilities_are_exact_where_they_can_be_and_else_say_that_they_are_estimates() {
    let arbitration = "
default: expected_value
channels:
  call: { exploration: { epsilon: 0.5 } }
  web: { exploration: { epsilon: 0.5 } }
";
    let snapshot = bank(&five(), arbitration, "");
    let call = on(&snapshot, &aged(40), "call");
    assert!(call.placements[0].offers.iter().all(|placed| !placed.selection_estimated));
    // Two placements: who stands in the one cannot stand in the other.
    let asked = request(&snapshot, &["web"]);
    let profile = aged(40);
    let rounds = 4_000_u64;
    let mut hits = 0_u64;
    let mut stated = 0.0;
    for seed in 0..rounds {
        let decision = decide(&snapshot, Subject::Known(&profile), &asked, NOW, seed);
        let hero = &decision.channels[0].placements[0].offers[0];
        assert!(hero.selection_estimated);
        if hero.offer == 0 {
            hits += 1;
            stated += hero.selection_probability;
        }
    }
    let (seen, stated) = (hits as f64 / rounds as f64, stated / hits as f64);
    assert!((seen - 0.6).abs() < 0.03 && (stated - 0.6).abs() < 0.03, "{seen} {stated}");
}

#[test]
fn slates_are_checked() {
    let arbitration = "
default: expected_value
channels:
  web: { max_per_group: 0, diversity: { by: shelv, strength: 2 }, placements: { heroe: {} } }
bundles:
  - { id: a, offers: [c1] }
  - { id: b, offers: [c1, c9] }
";
    let faults = try_bank(&five(), arbitration, "").unwrap_err().concat();
    for wanted in [
        "nothing at all",
        "no offer has an attribute `shelv`",
        "a strength lies in 0..=1",
        "heroe",
        "a bundle has 2 to 8 offers",
        "is in bundle `a` already",
        "c9",
    ] {
        assert!(faults.contains(wanted), "{wanted}: {faults}");
    }
}
