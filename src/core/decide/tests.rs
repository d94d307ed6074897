use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::core::affinity::AffinitySpec;
use crate::core::catalog;
use crate::core::interaction::{Outcome, OutcomeKind};
use crate::core::key::id64;
use crate::core::policy::{Gate, StoppedBy};
use crate::core::propensity::PropensitySpec;
use crate::core::record;
use crate::core::time::DAY_MS;

const NOW: UnixMs = UnixMs(1_760_000_000_000);

const SCHEMA: &str = "
attributes:
  age: { type: int }
  city: { type: string, values: [lima, quito] }
  name: { type: string, personal: true }
context:
  page: { type: string }
";

const CHANNELS: &str = "
channels:
  web:
    locales: [en, es]
    placements:
      hero: { slots: 1 }
      side: { slots: 3 }
  mail:
    locales: [en]
    contact: decision
    placements:
      letter: { slots: 2 }
";

fn offers(count: usize) -> String {
    let mut text = "groups: { a: {}, b: {} }\noffers:\n".to_owned();
    for number in 0..count {
        let group = if number % 2 == 0 { "a" } else { "b" };
        text.push_str(&format!(
            "  - id: o{number}
    name: Offer {number}
    group: {group}
    kind: sell
    value: {}
    prior: {{ probability: 0.{}, evidence: 10 }}
    eligibility: [\"customer.age >= {}\"]
    treatments:
      - {{ channel: web, content: {{ title: {{ en: 'Hello {{{{ customer.name | default(\"you\") }}}}', es: 'Hola' }} }} }}
      - {{ channel: mail, content: {{ title: Letter }} }}
",
            100 - number,
            number % 7 + 1,
            18 + number,
        ));
    }
    text
}

const POLICIES: &str = "
contact_limits:
  - { id: two_a_week, channels: [mail], max: 2, window: 7d }
cool_downs:
  - { id: rejected, after: reject, for: 30d }
exclusions:
  - { id: first_two, among: { offers: [o0, o1] } }
";

fn snapshot(count: usize, arbitration: &str) -> Snapshot {
    let files = [
        ("schema.yaml", SCHEMA.to_owned()),
        ("channels.yaml", CHANNELS.to_owned()),
        ("offers/all.yaml", offers(count)),
        ("policies/all.yaml", POLICIES.to_owned()),
        ("arbitration.yaml", arbitration.to_owned()),
    ];
    let files: Vec<(String, Vec<u8>)> =
        files.into_iter().map(|(path, text)| (path.to_owned(), text.into_bytes())).collect();
    let loaded = catalog::load(&files).unwrap_or_else(|faults| panic!("{faults:#?}"));
    let models = Models::new(PropensitySpec::default(), AffinitySpec::default());
    Snapshot { catalog: Arc::new(loaded.catalog), models: Arc::new(models), prices: Arc::default() }
}

fn request(snapshot: &Snapshot, channels: &[&str]) -> Request {
    let channels = channels
        .iter()
        .map(|name| {
            let channel = snapshot.catalog.channel_by_name(name).unwrap();
            let spec = &snapshot.catalog.channels[usize::from(channel)];
            let placements = (0..)
                .zip(&spec.placements)
                .map(|(placement, spec)| PlacementRequest {
                    placement,
                    slots: spec.slots,
                    only: Vec::new(),
                    without: Vec::new(),
                })
                .collect();
            ChannelRequest { channel, locale: None, placements, scheme: None }
        })
        .collect();
    Request { customer: id64("c"), channels, explain: true, ..Request::default() }
}

fn aged(age: i64) -> Profile {
    let mut profile = Profile::new(NOW);
    profile.set_attribute(Key::of("age"), Some(Value::Int(age)), NOW).unwrap();
    profile
}

fn ids(snapshot: &Snapshot, channel: &ChannelDecision) -> Vec<Vec<String>> {
    let name = |placed: &Placed| snapshot.catalog.offers[placed.offer as usize].id.to_string();
    let placements = channel.placements.iter();
    placements.map(|placement| placement.offers.iter().map(name).collect()).collect()
}

fn outcome(snapshot: &Snapshot, id: u64, offer: &str, kind: OutcomeKind, at: UnixMs) -> Outcome {
    let index = snapshot.catalog.offer_index[offer];
    let offer = &snapshot.catalog.offers[index as usize];
    Outcome {
        id,
        decision: None,
        offer: offer.key,
        group: snapshot.catalog.groups[usize::from(offer.group)].key,
        treatment: Key::default(),
        channel: Key::of("web"),
        kind,
        interaction: None,
        reason: Key::default(),
        value: None,
        order: None,
        at,
    }
}

#[test]
fn the_best_come_first_and_no_offer_stands_twice() {
    let snapshot = snapshot(8, "default: expected_value");
    let request = request(&snapshot, &["web"]);
    let decision = decide(&snapshot, Subject::Known(&aged(60)), &request, NOW, 1);
    let placed = ids(&snapshot, &decision.channels[0]);
    let all: Vec<&String> = placed.iter().flatten().collect();
    assert_eq!(all.len(), 4);
    let distinct: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), 4, "{placed:?}");
    let scores: Vec<f64> =
        decision.channels[0].placements[1].offers.iter().map(|placed| placed.score).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
}

#[test]
fn every_candidate_has_a_place_or_a_fate() {
    let snapshot = snapshot(12, "default: pcvl");
    let request = request(&snapshot, &["web"]);
    let decision = decide(&snapshot, Subject::Known(&aged(24)), &request, NOW, 1);
    let channel = &decision.channels[0];
    let mut told: Vec<u32> = channel.fates.iter().map(|(fate, _)| fate.offer).collect();
    told.extend(channel.placements.iter().flat_map(|p| p.offers.iter().map(|o| o.offer)));
    told.sort_unstable();
    assert_eq!(told, (0..12).collect::<Vec<_>>());
    let nine = snapshot.catalog.offers.iter().position(|offer| &*offer.id == "o9").unwrap();
    let (_, young) = channel.fates.of(nine as u32).unwrap();
    assert_eq!((young.stop.gate, &young.stop.by), (Gate::Eligibility, &StoppedBy::Offer));
    assert_eq!(young.stop.condition.as_deref(), Some("customer.age >= 27"));
    assert_eq!(young.values, [("customer.age".into(), Some(Value::Int(24)))]);
}

#[test]
fn an_unknown_customer_gets_what_needs_no_knowledge_and_the_rest_says_what_is_unknown() {
    let snapshot = snapshot(3, "default: propensity");
    let request = request(&snapshot, &["web"]);
    let decision = decide(&snapshot, Subject::Known(&Profile::new(NOW)), &request, NOW, 1);
    let channel = &decision.channels[0];
    assert_eq!(channel.placements[0].no_offer, Some(NoOffer::NoneEligible));
    assert!(
        channel
            .fates
            .iter()
            .all(|(_, cause)| cause.stop.message.contains("`customer.age` is unknown"))
    );
}

#[test]
fn without_a_profile_caps_are_closed_where_they_bind() {
    let snapshot = snapshot(3, "default: propensity");
    let request = request(&snapshot, &["mail"]);
    let decision = decide(&snapshot, Subject::Unavailable, &request, NOW, 1);
    assert!(decision.channels[0].placements[0].offers.is_empty());
}

#[test]
fn no_offer_wins_when_nothing_is_worth_it() {
    let scheme = "
default: picky
schemes: { picky: { kind: expected_value, threshold: 1000000 } }
";
    let snapshot = snapshot(3, scheme);
    let request = request(&snapshot, &["web"]);
    let decision = decide(&snapshot, Subject::Known(&aged(60)), &request, NOW, 1);
    let channel = &decision.channels[0];
    assert_eq!(channel.placements[0].no_offer, Some(NoOffer::BelowThreshold));
    assert!(channel.fates.iter().all(|(_, cause)| cause.stop.gate == Gate::Threshold));
}

#[test]
fn exclusive_offers_do_not_meet_and_a_slate_stays_within_its_limit() {
    let snapshot = snapshot(6, "default: expected_value");
    let request = request(&snapshot, &["mail"]);
    let mut profile = aged(60);
    let shown = |profile: &Profile| {
        let decision = decide(&snapshot, Subject::Known(profile), &request, NOW, 1);
        ids(&snapshot, &decision.channels[0]).concat()
    };
    let first = shown(&profile);
    assert_eq!(first.len(), 2);
    assert!(!(first.contains(&"o0".to_owned()) && first.contains(&"o1".to_owned())), "{first:?}");
    let contact = crate::core::profile::Contact {
        offer: snapshot.catalog.offers[5].key,
        treatment: Key::default(),
        channel: Key::of("mail"),
        decision: 1,
        at: NOW,
        outcomes: 0,
    };
    profile.commit_contacts(7, &[contact], NOW);
    assert_eq!(shown(&profile).len(), 1, "one of two is used up");
}

#[test]
fn a_rejected_offer_rests_and_comes_back() {
    let snapshot = snapshot(3, "default: expected_value");
    let request = request(&snapshot, &["web"]);
    let mut profile = aged(60);
    let rejected = outcome(&snapshot, 1, "o2", OutcomeKind::Reject, NOW);
    record::outcome(&snapshot, &mut profile, &rejected, &[], &[], id64("c"), NOW);
    let shown = |now| {
        let decision = decide(&snapshot, Subject::Known(&profile), &request, now, 1);
        ids(&snapshot, &decision.channels[0]).concat()
    };
    assert!(!shown(UnixMs(NOW.0 + 29 * DAY_MS)).contains(&"o2".to_owned()));
    assert!(shown(UnixMs(NOW.0 + 31 * DAY_MS)).contains(&"o2".to_owned()));
}

#[test]
fn texts_are_personal_escaped_and_in_the_language_asked_for() {
    let snapshot = snapshot(2, "default: propensity");
    let mut request = request(&snapshot, &["web"]);
    let mut profile = aged(60);
    profile.set_attribute(Key::of("name"), Some(Value::from("<Ana>")), NOW).unwrap();
    let text = |request: &Request, profile: &Profile| {
        let decision = decide(&snapshot, Subject::Known(profile), request, NOW, 1);
        decision.channels[0].placements[0].offers[0].content[0].text.clone()
    };
    assert_eq!(text(&request, &profile), "Hello &lt;Ana&gt;");
    assert_eq!(text(&request, &aged(60)), "Hello you");
    request.channels[0].locale = Some("es-PE".into());
    assert_eq!(text(&request, &profile), "Hola");
    request.channels[0].locale = Some("fr".into());
    assert_eq!(text(&request, &profile), "Hello &lt;Ana&gt;");
}

#[test]
fn exploration_selects_with_the_probability_it_states() {
    let scheme = "
default: expected_value
channels: { web: { exploration: { epsilon: 0.4 } } }
";
    let snapshot = snapshot(5, scheme);
    let mut request = request(&snapshot, &["web"]);
    request.explain = false;
    request.channels[0].placements.truncate(1);
    let profile = aged(60);
    let rounds = 20_000_u64;
    let mut counts: BTreeMap<u32, (u64, f64)> = BTreeMap::new();
    for seed in 0..rounds {
        let decision = decide(&snapshot, Subject::Known(&profile), &request, NOW, seed);
        let placed = &decision.channels[0].placements[0].offers[0];
        let entry = counts.entry(placed.offer).or_insert((0, placed.selection_probability));
        entry.0 += 1;
        assert!((entry.1 - placed.selection_probability).abs() < 1e-12);
    }
    assert_eq!(counts.len(), 5);
    let total: f64 = counts.values().map(|(_, probability)| probability).sum();
    assert!((total - 1.0).abs() < 1e-9, "{total}");
    for (offer, (count, probability)) in counts {
        let observed = count as f64 / rounds as f64;
        let error = (probability * (1.0 - probability) / rounds as f64).sqrt();
        assert!((observed - probability).abs() < 5.0 * error, "{offer}: {observed} {probability}");
    }
}

/// How often each offer is shown first, beside the mean of the probabilities stated for it, and
/// what the shown offers were worth beside the best one.
fn explore(exploration: &str, rounds: u64) -> (BTreeMap<u32, (f64, f64)>, f64) {
    let scheme = format!(
        "\ndefault: expected_value\nchannels: {{ web: {{ exploration: {exploration} }} }}\n"
    );
    let snapshot = snapshot(5, &scheme);
    let mut request = request(&snapshot, &["web"]);
    request.explain = false;
    request.channels[0].placements.truncate(1);
    let profile = aged(60);
    let mut shown: BTreeMap<u32, (f64, f64, f64)> = BTreeMap::new();
    let (mut worth, mut best) = (0.0, 0.0_f64);
    for seed in 0..rounds {
        let decision = decide(&snapshot, Subject::Known(&profile), &request, NOW, seed);
        let placed = &decision.channels[0].placements[0].offers[0];
        let entry = shown.entry(placed.offer).or_default();
        entry.0 += 1.0;
        entry.1 += placed.selection_probability;
        worth += placed.score;
        best = best.max(placed.score);
        assert!(placed.selection_probability > 0.0 && placed.selection_probability <= 1.0);
    }
    let rounds = rounds as f64;
    let each = shown
        .into_iter()
        .map(|(offer, (count, stated, _))| (offer, (count / rounds, stated / count)));
    (each.collect(), 1.0 - worth / rounds / best)
}

#[test]
fn every_kind_of_exploration_states_how_often_it_shows_an_offer() {
    for kind in [
        "{ kind: thompson, spread: 1 }",
        "{ kind: squarecb, gamma: 5 }",
        "{ kind: squarecb, gamma: 5, floor: 0.05 }",
        "{ kind: epsilon, epsilon: 0.5, budget: 0.05 }",
        "{ control: 1 }",
    ] {
        let (shown, _) = explore(kind, 3_000);
        assert!(shown.len() > 1, "{kind}: {shown:?}");
        for (offer, (observed, stated)) in shown {
            assert!((observed - stated).abs() < 0.05, "{kind}: {offer} {observed} {stated}");
        }
    }
    assert_eq!(explore("{ kind: none }", 50).0.len(), 1);
}

#[test]
fn exploration_costs_no_more_than_its_budget() {
    for kind in ["epsilon, epsilon: 1", "squarecb, gamma: 0.1", "thompson, spread: 2"] {
        let (_, free) = explore(&format!("{{ kind: {kind} }}"), 2_000);
        let (_, bounded) = explore(&format!("{{ kind: {kind}, budget: 0.02 }}"), 2_000);
        assert!(free > 0.025, "{kind} would cost {free}");
        assert!(bounded < 0.025, "{kind} costs {bounded} of at most 0.02");
    }
}

#[test]
fn a_remembered_decision_survives_its_bytes() {
    let snapshot = snapshot(8, "default: pcvl");
    let request = request(&snapshot, &["web", "mail"]);
    let decision = decide(&snapshot, Subject::Known(&aged(40)), &request, NOW, 9);
    let kept = DecisionRecord::of(&snapshot.catalog, &decision, true);
    let back = DecisionRecord::decode(&kept.encode()).unwrap();
    assert_eq!(back, kept);
    assert_eq!(back.answer(&snapshot.catalog.version.hash).unwrap().channels, decision.channels);
    assert_eq!(back.answer("another"), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Invariant 1: the same inputs give the same bytes; and nothing panics.
    #[test]
    fn a_decision_is_a_pure_function(
        age in prop::option::of(0_i64..90),
        city in prop::option::of(prop::sample::select(vec!["lima", "quito"])),
        seed in any::<u64>(),
        now in prop_oneof![Just(NOW.0), Just(i64::MIN), Just(i64::MAX), Just(253_402_300_799_000)],
        learned in prop::collection::vec((0_usize..8, any::<bool>()), 0..20),
    ) {
        let mut snapshot = snapshot(8, "default: pcvl\nchannels: { web: { exploration: { epsilon: 0.5 } } }");
        let mut profile = Profile::new(NOW);
        profile.set_attribute(Key::of("age"), age.map(Value::Int), NOW).unwrap();
        profile.set_attribute(Key::of("city"), city.map(Value::from), NOW).unwrap();
        let mut models = Models::clone(&snapshot.models);
        for (number, (offer, accepted)) in learned.into_iter().enumerate() {
            let kind = if accepted { OutcomeKind::Accept } else { OutcomeKind::NoResponse };
            let happened = outcome(&snapshot, number as u64, &format!("o{offer}"), kind, NOW);
            let taught =
                record::outcome(&snapshot, &mut profile, &happened, &[], &[], id64("c"), NOW);
            for record in taught.records {
                let next = models.position() + 1;
                models.apply(next, &record);
            }
        }
        snapshot.models = Arc::new(models);
        let request = request(&snapshot, &["web", "mail"]);
        let again = Profile::decode(&profile.encode()).unwrap();
        let first = decide(&snapshot, Subject::Known(&profile), &request, UnixMs(now), seed);
        let second = decide(&snapshot, Subject::Known(&again), &request, UnixMs(now), seed);
        prop_assert_eq!(
            DecisionRecord::of(&snapshot.catalog, &first, true).encode(),
            DecisionRecord::of(&snapshot.catalog, &second, true).encode()
        );
    }
}

#[test]
fn a_condition_that_fails_closes_its_gate_is_a_reason_and_is_told() {
    let broken = offers(2).replacen("customer.age >= 18", "10 / (customer.age - 42) > -100", 1);
    let files = [
        ("schema.yaml", SCHEMA.to_owned()),
        ("channels.yaml", CHANNELS.to_owned()),
        ("offers/all.yaml", broken),
        ("policies/all.yaml", POLICIES.to_owned()),
        (
            "segments.yaml",
            "segments:\n  odd: { when: \"1 % (customer.age - 42) == 1\" }\n".to_owned(),
        ),
        ("arbitration.yaml", "default: priority\n".to_owned()),
    ];
    let files: Vec<(String, Vec<u8>)> =
        files.into_iter().map(|(path, text)| (path.to_owned(), text.into_bytes())).collect();
    let loaded = catalog::load(&files).unwrap_or_else(|faults| panic!("{faults:#?}"));
    let models = Models::new(PropensitySpec::default(), AffinitySpec::default());
    let snapshot = Snapshot {
        catalog: Arc::new(loaded.catalog),
        models: Arc::new(models),
        prices: Arc::default(),
    };
    let request = request(&snapshot, &["web"]);
    let failed = |age| {
        let profile = aged(age);
        let decision = decide(&snapshot, Subject::Known(&profile), &request, NOW, 1);
        let shown = ids(&snapshot, &decision.channels[0]).concat();
        let gates = decision.failures.iter().filter(|(when, _)| when.starts_with("10 /")).count();
        let segments = decision.failures.iter().filter(|(when, _)| when.starts_with("1 %")).count();
        (shown.contains(&snapshot.catalog.offers[0].id.to_string()), gates, segments)
    };
    assert_eq!(failed(42), (false, 1, 1));
    // Too young for the other offer.
    assert_eq!(failed(18), (true, 0, 0));
}
