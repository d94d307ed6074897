//! The channels of one call against each other.

use super::{NOW, aged, bank, ids, offer, outcome, request, whole};
use crate::core::decide::{Decision, Snapshot};
use crate::core::interaction::OutcomeKind;
use crate::core::key::{Key, id64};
use crate::core::policy::Gate;
use crate::core::profile::{Contact, Profile};
use crate::core::record;
use crate::core::time::{DAY_MS, UnixMs};

fn six() -> Vec<String> {
    (1..=6)
        .map(|number| {
            let value = 100.0 - 10.0 * f64::from(number);
            offer(&format!("o{number}"), "loans", value, 0.5, "")
        })
        .collect()
}

fn contacted(channel: &str, number: u64, answered: bool, days_ago: i64) -> Contact {
    let click = if answered { OutcomeKind::Click.bit() } else { 0 };
    Contact {
        offer: Key::of("elsewhere"),
        treatment: Key::default(),
        channel: Key::of(channel),
        decision: number,
        at: UnixMs(NOW.0 - days_ago * DAY_MS),
        outcomes: click | OutcomeKind::Impression.bit(),
    }
}

fn customer(channel: &str, answered: bool) -> Profile {
    let mut profile = aged(40);
    for number in 1..=10 {
        let contact = contacted(channel, number, answered, 0);
        profile.commit_contacts(number, &[contact], NOW);
    }
    profile
}

fn ranks(decision: &Decision) -> Vec<u32> {
    decision.channels.iter().map(|channel| channel.rank).collect()
}

fn all(snapshot: &Snapshot, profile: &Profile) -> Decision {
    whole(snapshot, profile, &request(snapshot, &["app", "call"]))
}

#[test]
fn no_offer_stands_on_two_channels_and_the_channel_worth_most_chooses_first() {
    let snapshot = bank(&six(), "default: expected_value", "");
    let decision = all(&snapshot, &aged(40));
    // `call` has three slots and `app` two: it is worth more.
    assert_eq!(ranks(&decision), [2, 1]);
    assert_eq!(ids(&snapshot, &decision.channels[1]), [["o1", "o2", "o3"]]);
    assert_eq!(ids(&snapshot, &decision.channels[0]), [["o4", "o5"]]);
    let (_, why) = decision.channels[0].fates.of(0).unwrap();
    assert_eq!(why.stop.gate, Gate::Slate);
    assert_eq!(&*why.stop.message, "another channel of this decision shows it");
    let repeating = bank(&six(), "default: expected_value\nrepeat_across_channels: true", "");
    let decision = all(&repeating, &aged(40));
    assert_eq!(ids(&repeating, &decision.channels[0]), [["o1", "o2"]]);
}

#[test]
fn the_channel_that_the_customer_answers_on_comes_first() {
    let snapshot = bank(&six(), "default: expected_value", "");
    let profile = customer("app", true);
    let decision = all(&snapshot, &profile);
    assert_eq!(ranks(&decision), [1, 2]);
    assert_eq!(ids(&snapshot, &decision.channels[0]), [["o1", "o2"]]);
    // (10 × 0.1 + 10) / (10 + 10) / 0.1
    assert!((decision.channels[0].responsiveness - 5.5).abs() < 1e-3);
    assert!((decision.channels[1].responsiveness - 1.0).abs() < 1e-12);
    // 0.5 × (90 + 80) × 5.5
    let value = decision.channels[0].expected_value.unwrap();
    assert!((value - 467.5).abs() < 0.1, "{value}");
    let deaf = all(&snapshot, &customer("call", false));
    assert_eq!(ranks(&deaf), [1, 2]);
    assert!((deaf.channels[1].responsiveness - 0.5).abs() < 1e-3);
}

#[test]
fn old_contacts_fade_and_the_prior_is_declared() {
    let arbitration = "
default: expected_value
channel_ranking: { prior: { probability: 0.5, evidence: 2 }, half_life: 30d }
";
    let snapshot = bank(&six(), arbitration, "");
    let mut profile = aged(40);
    profile.commit_contacts(1, &[contacted("app", 1, true, 30)], NOW);
    let decision = all(&snapshot, &profile);
    // (2 × 0.5 + 0.5) / (2 + 0.5) / 0.5
    assert!((decision.channels[0].responsiveness - 1.2).abs() < 1e-3);
}

#[test]
fn channels_together_exceed_no_limit() {
    let policies = "
contact_limits:
  - { id: three, channels: [app, call], max: 3, window: 7d }
";
    let arbitration = "default: expected_value\nrepeat_across_channels: true";
    for arbitration in ["default: expected_value", arbitration] {
        let snapshot = bank(&six(), arbitration, policies);
        let mut profile = aged(40);
        let placed = |profile: &Profile| -> usize {
            let decision = all(&snapshot, profile);
            decision.channels.iter().map(|channel| ids(&snapshot, channel).concat().len()).sum()
        };
        assert_eq!(placed(&profile), 3);
        let mut seen = outcome(1, "o6", OutcomeKind::Impression, NOW);
        seen.channel = Key::of("call");
        record::outcome(&snapshot, &mut profile, &seen, &[], &[], id64("c"), NOW);
        assert_eq!(placed(&profile), 2);
    }
}

#[test]
fn a_channel_with_nothing_to_offer_comes_last() {
    let snapshot = bank(&six()[..2], "default: expected_value", "");
    let decision = whole(&snapshot, &aged(40), &request(&snapshot, &["app", "call", "web"]));
    let shown: Vec<usize> =
        decision.channels.iter().map(|c| ids(&snapshot, c).concat().len()).collect();
    let empty = shown.iter().position(|count| *count == 0).unwrap();
    assert_eq!(shown.iter().sum::<usize>(), 2);
    assert!(decision.channels[empty].rank >= 2);
    assert_eq!(decision.channels[empty].expected_value, None);
}
