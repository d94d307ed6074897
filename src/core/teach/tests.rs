//! The whole loop: decisions withheld and made, outcomes, models, decisions that know better.

use std::sync::Arc;

use crate::core::affinity::AffinitySpec;
use crate::core::catalog;
use crate::core::decide::{
    ChannelRequest, Decision, DecisionRecord, PlacementRequest, Request, Snapshot, decide, withheld,
};
use crate::core::interaction::{Outcome, OutcomeKind};
use crate::core::key::{Key, id64, mix64, unit};
use crate::core::learn::{LearningRecord, Models};
use crate::core::policy::Subject;
use crate::core::profile::Profile;
use crate::core::propensity::PropensitySpec;
use crate::core::record;
use crate::core::time::{DAY_MS, UnixMs};

const NOW: UnixMs = UnixMs(1_760_000_000_000);
const OFFERS: &str = "
groups: { gifts: {} }
offers:
  - { id: sure, name: Sure, group: gifts, kind: sell, value: 10, treatments: [{ channel: web, content: { title: T } }] }
  - { id: moved, name: Moved, group: gifts, kind: sell, value: 10, treatments: [{ channel: web, content: { title: T } }] }
";

fn folder(models: &str, scheme: &str) -> Vec<(String, Vec<u8>)> {
    let files = [
        ("schema.yaml", "attributes: {}\n".to_owned()),
        (
            "channels.yaml",
            "channels: { web: { locales: [en], placements: { page: { slots: 2 } } } }\n".to_owned(),
        ),
        ("arbitration.yaml", format!("schemes: {{ s: {scheme} }}\ndefault: s\n")),
        ("offers/all.yaml", OFFERS.to_owned()),
        (
            "experiments.yaml",
            "id: all\narms: { control: { share: 50%, kind: control } }\n".to_owned(),
        ),
        ("models.yaml", models.to_owned()),
    ];
    files.map(|(path, text)| (path.to_owned(), text.into_bytes())).into()
}

fn snapshot(models: &str, scheme: &str) -> Snapshot {
    let loaded =
        catalog::load(&folder(models, scheme)).unwrap_or_else(|faults| panic!("{faults:?}"));
    let models = Models::new(PropensitySpec::default(), AffinitySpec::default());
    Snapshot { catalog: Arc::new(loaded.catalog), models: Arc::new(models), prices: Arc::default() }
}

fn request(customer: u64) -> Request {
    let placements =
        vec![PlacementRequest { placement: 0, slots: 2, only: vec![], without: vec![] }];
    let channels = vec![ChannelRequest { channel: 0, locale: None, placements, scheme: None }];
    Request { customer, channels, explain: true, ..Request::default() }
}

fn shown(decision: &Decision) -> Vec<(u32, f64, f64)> {
    let offers = &decision.channels[0].placements[0].offers;
    offers.iter().map(|placed| (placed.offer, placed.score, placed.factors.value)).collect()
}

fn outcome(id: u64, offer: &str, kind: OutcomeKind, value: Option<f64>, at: UnixMs) -> Outcome {
    Outcome {
        id,
        at,
        offer: Key::of(offer),
        kind,
        value,
        channel: Key::of("web"),
        decision: None,
        order: None,
        group: Key::default(),
        treatment: Key::default(),
        interaction: None,
        reason: Key::default(),
    }
}

/// Lets customers come, a minute after each other: `sure` is taken by four in ten whether it is shown
/// or not, `moved` by three in ten of those who see it and one in twenty of the others.
fn lived(snapshot: &mut Snapshot, customers: u64) {
    let mut models = Models::clone(&snapshot.models);
    let mut position = 0;
    for number in 0..customers {
        let now = UnixMs(NOW.0 + number as i64 * 60_000);
        let customer = id64(&format!("customer {number}"));
        let (mut profile, request) = (Profile::new(now), request(customer));
        let decision = decide(snapshot, Subject::Known(&profile), &request, now, number);
        let kept_back = withheld(snapshot, Subject::Known(&profile), &request, now, number);
        let is_control = &*decision.arm == "control";
        assert_eq!(kept_back.len(), if is_control { 2 } else { 0 });
        let mut records: Vec<Vec<u8>> =
            kept_back.into_iter().map(|record| LearningRecord::Withheld(record).encode()).collect();
        let decisions = [Arc::new(DecisionRecord::of(&snapshot.catalog, &decision, false))];
        for (offer, with, without) in [("sure", 0.4, 0.4), ("moved", 0.3, 0.05)] {
            let id = mix64(number, u64::from(Key::of(offer).0));
            let takes = unit(id, 1) < if is_control { without } else { with };
            let kind = if takes { OutcomeKind::Accept } else { OutcomeKind::Reject };
            if is_control && !takes {
                continue;
            }
            let outcome = outcome(id, offer, kind, None, UnixMs(now.0 + 1));
            let learned =
                record::outcome(snapshot, &mut profile, &outcome, &[], &decisions, customer, now);
            records.extend(learned.records);
        }
        for record in records {
            position += 1;
            models.apply(position, &record);
        }
        if number % 20 == 0 {
            snapshot.models = Arc::new(models.clone());
        }
    }
    snapshot.models = Arc::new(models);
}

fn standard_customer(snapshot: &Snapshot) -> u64 {
    let mut customers = (0..100).map(|n| id64(&format!("new {n}")));
    let experiment = snapshot.catalog.experiment.as_ref().unwrap();
    customers.find(|customer| experiment.arm(*customer).is_none()).unwrap()
}

#[test]
fn who_would_come_anyway_is_not_what_a_contact_is_for() {
    let by = |scheme: &str| {
        let mut snapshot = snapshot("uplift: { window: 1d }\n", scheme);
        lived(&mut snapshot, 5_000);
        let request = request(standard_customer(&snapshot));
        let profile = Profile::new(NOW);
        let decision = decide(&snapshot, Subject::Known(&profile), &request, NOW, 1);
        let names = shown(&decision);
        let factors: Vec<_> = decision.channels[0].placements[0]
            .offers
            .iter()
            .map(|placed| (placed.factors.propensity, placed.factors.uplift.unwrap()))
            .collect();
        let id = |offer: u32| snapshot.catalog.offers[offer as usize].id.to_string();
        (names.iter().map(|(offer, ..)| id(*offer)).collect::<Vec<_>>(), factors)
    };
    let (order, factors) = by("{ kind: expected_value }");
    assert_eq!(order, ["sure", "moved"]);
    assert!(factors[0].0 > 0.35 && factors[0].1.abs() < 0.06, "{factors:?}");
    let (order, factors) = by("{ kind: expected_value, basis: uplift, threshold: -100 }");
    assert_eq!(order, ["moved", "sure"]);
    assert!((factors[0].1 - 0.25).abs() < 0.06, "{factors:?}");
    assert_eq!(by("{ kind: formula, formula: uplift * value }").0, ["moved", "sure"]);
}

#[test]
fn before_anything_is_known_the_propensity_counts() {
    let plain = snapshot("uplift: {}\n", "{ kind: expected_value }");
    let by_uplift = snapshot("uplift: {}\n", "{ kind: expected_value, basis: uplift }");
    let request = request(standard_customer(&plain));
    let profile = Profile::new(NOW);
    let of =
        |snapshot: &Snapshot| shown(&decide(snapshot, Subject::Known(&profile), &request, NOW, 1));
    assert_eq!(of(&plain), of(&by_uplift));
}

#[test]
fn learned_values_take_the_place_of_declared_ones_as_they_come() {
    let mut snapshot = snapshot(
        "value: { replaces: value, evidence: 10 }\ntime_to_outcome: {}\n",
        "{ kind: expected_value }",
    );
    let customer = standard_customer(&snapshot);
    let profile = Profile::new(NOW);
    let decision = decide(&snapshot, Subject::Known(&profile), &request(customer), NOW, 1);
    let decisions = [Arc::new(DecisionRecord::of(&snapshot.catalog, &decision, false))];
    let mut models = Models::clone(&snapshot.models);
    let later = UnixMs(NOW.0 + 3 * DAY_MS);
    for n in 1..=40_u64 {
        let (kind, value) = (OutcomeKind::Convert, Some(100.0));
        let mut outcome = outcome(n, "moved", kind, value, later);
        outcome.decision = Some(decision.id.low());
        let mut profile = Profile::new(NOW);
        let learned =
            record::outcome(&snapshot, &mut profile, &outcome, &[], &decisions, customer, later);
        for (part, record) in (0..).zip(learned.records) {
            models.apply(n * 10 + part, &record);
        }
    }
    snapshot.models = Arc::new(models);
    let decision = decide(&snapshot, Subject::Known(&profile), &request(customer), NOW, 1);
    let offers = &decision.channels[0].placements[0].offers;
    let of = |id: &str| {
        let index = snapshot.catalog.offer_index[id];
        offers.iter().find(|placed| placed.offer == index).unwrap().factors
    };
    // Forty of 100 against ten of 10.
    assert!((of("moved").value - 82.0).abs() < 2.0, "{:?}", of("moved"));
    assert_eq!(of("sure").value, 10.0, "nothing was learned of it");
    assert!((of("moved").expected_days.unwrap() - 3.0).abs() < 0.1, "{:?}", of("moved"));
}

#[test]
fn a_score_from_outside_is_seen_on_the_logit() {
    let mut files = folder("probabilities: [customer.churn]\n", "{ kind: pcvl }");
    files[0].1 = b"attributes: { churn: { type: double } }\n".to_vec();
    let catalog = catalog::load(&files).unwrap_or_else(|faults| panic!("{faults:?}")).catalog;
    let mut frame = vec![None; catalog.schema.slots.len()];
    let slot = catalog.schema.by_path["customer.churn"];
    for (score, seen) in [(0.9, 2.197), (0.5, 0.0), (1.0, 9.21), (-3.0, -9.21)] {
        frame[slot.0 as usize] = Some(crate::core::value::Value::Double(score));
        let number = crate::core::decide::features(&catalog, &frame).numeric()[0].1;
        assert!((number - seen).abs() < 0.01, "{score}: {number}");
    }
    files[5].1 = b"probabilities: [customer.churm]\n".to_vec();
    let faults = format!("{:?}", catalog::load(&files).err().unwrap());
    assert!(faults.contains("customer.churn"), "{faults}");
}

#[test]
fn what_nothing_learns_cannot_be_read() {
    let faults =
        catalog::load(&folder("exclude: []\n", "{ kind: formula, formula: uplift * value }"));
    let faults = format!("{:?}", faults.err().unwrap());
    assert!(faults.contains("reads `uplift`, which nothing learns"), "{faults}");
    let faults =
        catalog::load(&folder("value: { replaces: objective.margin }\n", "{ kind: pcvl }"));
    assert!(format!("{:?}", faults.err().unwrap()).contains("objective.margin"));
}
