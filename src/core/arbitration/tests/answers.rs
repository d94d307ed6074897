//! What a customer's own answers do.

use super::super::influence::Decay;
use super::{NOW, aged, bank, ids, offer, outcome, request, scores, try_bank, whole};
use crate::core::decide::{DecisionRecord, Snapshot};
use crate::core::interaction::{Outcome, OutcomeKind};
use crate::core::key::{Key, id64};
use crate::core::policy::Gate;
use crate::core::profile::Profile;
use crate::core::record;
use crate::core::time::{DAY_MS, HOUR_MS, UnixMs};

fn three() -> [String; 3] {
    [
        offer("card", "cards", 100.0, 0.2, ""),
        offer("loan", "loans", 300.0, 0.1, "attributes: { price: 20.0 }"),
        offer("lease", "loans", 90.0, 0.3, "attributes: { price: 5.0 }"),
    ]
}

fn tell(snapshot: &Snapshot, profile: &mut Profile, happened: &Outcome) {
    record::outcome(snapshot, profile, happened, &[], &[], id64("c"), happened.at);
}

fn score(snapshot: &Snapshot, profile: &Profile, id: &str) -> f64 {
    let decided = super::on(snapshot, profile, "call");
    scores(snapshot, &decided).into_iter().find(|(known, _)| known == id).unwrap().1
}

#[test]
fn influences_fade_as_declared() {
    assert!((Decay::HalfLife(DAY_MS).left(DAY_MS) - 0.5).abs() < 1e-15);
    assert!((Decay::HalfLife(DAY_MS).left(-5) - 1.0).abs() < 1e-15);
    assert!((Decay::Linear(DAY_MS).left(6 * HOUR_MS) - 0.75).abs() < 1e-15);
    assert_eq!(Decay::Linear(DAY_MS).left(2 * DAY_MS), 0.0);
}

#[test]
fn a_click_warms_and_an_impression_tires() {
    let arbitration = "
default: expected_value
influencers:
  - { id: warm, after: click, percent: 30, decay: { half_life: 3d } }
  - { id: tired, after: impression, percent: -50, decay: { linear: 7d } }
  - { id: near, applies_to: { offers: [loan] }, after: click, scope: group, percent: 10, decay: { linear: 10d } }
";
    let snapshot = bank(&three(), arbitration, "");
    let mut profile = aged(40);
    let plain: Vec<f64> =
        ["card", "loan", "lease"].iter().map(|id| score(&snapshot, &profile, id)).collect();
    // Times of responses are kept to the minute: hence the tolerance.
    let ago = |days: i64| UnixMs(NOW.0 - days * DAY_MS);
    tell(&snapshot, &mut profile, &outcome(1, "card", OutcomeKind::Click, ago(3)));
    assert!((score(&snapshot, &profile, "card") / plain[0] - 1.15).abs() < 1e-4);
    let mut seen = outcome(2, "loan", OutcomeKind::Click, ago(5));
    seen.channel = Key::of("app");
    tell(&snapshot, &mut profile, &seen);
    let mut seen = outcome(3, "loan", OutcomeKind::Impression, NOW);
    seen.channel = Key::of("app");
    tell(&snapshot, &mut profile, &seen);
    // 30 % × 2^(-5/3), -50 %, and 10 % × 1/2 for the group, of which it is one.
    let wanted = 1.0 + 0.3 * libm::exp2(-5.0 / 3.0) - 0.5 + 0.05;
    assert!((score(&snapshot, &profile, "loan") / plain[1] - wanted).abs() < 1e-4);
    assert!((score(&snapshot, &profile, "lease") / plain[2] - 1.05).abs() < 1e-4);
    let decided = super::on(&snapshot, &profile, "call");
    let placed = decided.placements[0].offers.iter().find(|placed| placed.offer == 2).unwrap();
    let moved = &placed.reasons.as_ref().unwrap().moved;
    let names: Vec<&str> = moved.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["influence.warm", "influence.tired", "influence.near"]);
}

#[test]
fn a_formula_that_reads_the_influence_is_not_multiplied_by_it() {
    let arbitration = "
default: own
schemes: { own: { kind: formula, formula: 'value + (influence - 1.0) * 10.0' } }
influencers: [{ id: warm, after: click, percent: 30, decay: { half_life: 3d } }]
";
    let snapshot = bank(&three(), arbitration, "");
    let mut profile = aged(40);
    tell(&snapshot, &mut profile, &outcome(1, "card", OutcomeKind::Click, NOW));
    assert!((score(&snapshot, &profile, "card") - 103.0).abs() < 1e-9);
}

const CALL: &str = "
default: expected_value
objections:
  too_expensive:
    - { when: offer.price > 10.0, applies_to: { groups: [loans] }, percent: -40 }
    - { applies_to: { groups: [cards] }, percent: 20 }
  no_debt:
    - { same_group: true, percent: -100 }
";

#[test]
fn within_a_call_what_was_settled_does_not_return_and_objections_shift_the_rest() {
    let snapshot = bank(&three(), CALL, "");
    let mut profile = aged(40);
    let call = Some(Key::of("call-1"));
    let mut asked = request(&snapshot, &["call"]);
    asked.interaction = call;
    let shown = |profile: &Profile, interaction| {
        let mut asked = asked.clone();
        asked.interaction = interaction;
        whole(&snapshot, profile, &asked).channels.remove(0)
    };
    let before = scores(&snapshot, &shown(&profile, call));
    assert_eq!(before.len(), 3);
    let rejected = Outcome {
        interaction: call,
        reason: Key::of("too_expensive"),
        ..outcome(1, "lease", OutcomeKind::Reject, NOW)
    };
    tell(&snapshot, &mut profile, &rejected);
    let stored = Profile::decode(&profile.encode()).unwrap();
    assert_eq!(stored.answers(), profile.answers());
    let decided = shown(&stored, call);
    let after = scores(&snapshot, &decided);
    let of = |list: &[(String, f64)], id: &str| {
        list.iter().find(|(known, _)| known == id).map(|(_, score)| *score)
    };
    assert_eq!(of(&after, "lease"), None);
    let ratio = |id| of(&after, id).unwrap() / of(&before, id).unwrap();
    assert!((ratio("loan") - 0.6).abs() < 1e-9 && (ratio("card") - 1.2).abs() < 1e-9, "{after:?}");
    let lease = snapshot.catalog.offer_index["lease"];
    let (_, why) = decided.fates.of(lease).unwrap();
    assert_eq!(why.stop.gate, Gate::Interaction);
    assert_eq!(&*why.stop.message, "it was rejected in this interaction");
    // Another interaction, or none, knows nothing of it.
    assert_eq!(scores(&snapshot, &shown(&stored, Some(Key::of("call-2")))), before);
    assert_eq!(scores(&snapshot, &shown(&stored, None)), before);
    // A second objection, about a loan: no loan any more, the group's factor is 0.
    let rejected = Outcome {
        interaction: call,
        reason: Key::of("no_debt"),
        ..outcome(2, "loan", OutcomeKind::Reject, NOW)
    };
    tell(&snapshot, &mut profile, &rejected);
    assert_eq!(ids(&snapshot, &shown(&profile, call)), [["card"]]);
    // A day later the call is over.
    let mut later = profile.clone();
    later.prune(&snapshot.catalog.schema, UnixMs(NOW.0 + 2 * DAY_MS));
    assert!(later.answers().is_empty());
}

#[test]
fn an_outcome_takes_the_interaction_of_the_decision_it_answers() {
    let snapshot = bank(&three(), CALL, "");
    let mut profile = aged(40);
    let mut asked = request(&snapshot, &["call"]);
    asked.interaction = Some(Key::of("call-1"));
    let decision = whole(&snapshot, &profile, &asked);
    let kept = DecisionRecord::of(&snapshot.catalog, &decision, false);
    let kept = DecisionRecord::decode(&kept.encode()).unwrap();
    assert_eq!(kept.interaction, asked.interaction);
    let rejected = Outcome {
        decision: Some(decision.id.low()),
        channel: Key::default(),
        ..outcome(1, "card", OutcomeKind::Reject, NOW)
    };
    let decisions = [std::sync::Arc::new(kept)];
    record::outcome(&snapshot, &mut profile, &rejected, &[], &decisions, id64("c"), NOW);
    let placed = ids(&snapshot, &whole(&snapshot, &profile, &asked).channels[0]).concat();
    assert_eq!(placed, ["loan", "lease"]);
}

#[test]
fn influencers_and_objections_are_checked() {
    let arbitration = "
default: expected_value
influencers:
  - { id: a, after: clik, percent: 30, decay: { half_life: 3d } }
  - { id: a, after: click, percent: 3000, decay: { half_life: 3d, linear: 2d } }
objections:
  pricey: [{ when: offer.cost > 1, percent: -200 }]
";
    let faults = try_bank(&three(), arbitration, "").unwrap_err().concat();
    for wanted in [
        "clik",
        "declared twice",
        "a percentage lies in -100..=1000",
        "either a half-life or a span",
        "offer.cost",
    ] {
        assert!(faults.contains(wanted), "{wanted}: {faults}");
    }
}

#[test]
fn what_sells_is_withheld_where_answers_cannot_be_known() {
    let serve = offer("help", "cards", 1.0, 0.2, "").replace("kind: sell", "kind: serve");
    let snapshot =
        bank(&[offer("card", "cards", 100.0, 0.2, ""), serve], "default: expected_value", "");
    let mut asked = request(&snapshot, &["call"]);
    let shown = |asked: &crate::core::decide::Request| {
        let subject = crate::core::policy::Subject::Unavailable;
        let decision = crate::core::decide::decide(&snapshot, subject, asked, NOW, 1);
        ids(&snapshot, &decision.channels[0]).concat()
    };
    assert_eq!(shown(&asked), ["card", "help"]);
    asked.interaction = Some(Key::of("call-1"));
    assert_eq!(shown(&asked), ["help"]);
}
