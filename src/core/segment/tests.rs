use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use crate::core::affinity::AffinitySpec;
use crate::core::catalog;
use crate::core::decide::{self, Request, Snapshot};
use crate::core::interaction::{Event, Outcome, OutcomeKind};
use crate::core::key::{Key, id64};
use crate::core::learn::Models;
use crate::core::policy::Subject;
use crate::core::profile::Profile;
use crate::core::propensity::PropensitySpec;
use crate::core::record;
use crate::core::time::{DAY_MS, UnixMs};
use crate::core::value::Value;

const NOW: UnixMs = UnixMs(1_760_000_000_000);

const SCHEMA: &str = "
attributes:
  since: { type: timestamp }
events:
  purchase:
    fields:
      amount: { type: double }
      product: { type: string }
    item: product
";

const SEGMENTS: &str = "
lifecycle:
  stages:
    - stage: prospect
    - { stage: buyer, when: has(score.value) }
    - { stage: customer, when: score.tenure_days >= 100 }
    - { stage: partner, when: score.abc_sales == 'A' && score.tenure_days >= 1000 }
rfm: { event: purchase, field: amount, half_life: 30d, population_min: 5 }
abc:
  sales: { event: purchase, field: amount, half_life: 30d, population_min: 5 }
tenure: { attribute: since }
value: { event: purchase, field: amount, half_life: 30d, horizon: 30d, share: 0.5 }
preferred_channel: {}
interests:
  music: { items: [cd, lp] }
";

fn rules(segments: &str) -> Vec<(String, Vec<u8>)> {
    let channels = "
channels:
  web: { locales: [en], placements: { hero: { slots: 1 } } }
  mail: { locales: [en], placements: { letter: { slots: 1 } } }
";
    let offers = "
groups: { g: {} }
offers:
  - id: o
    name: O
    group: g
    kind: sell
    treatments: [{ channel: web, content: { title: T } }]
";
    [
        ("schema.yaml", SCHEMA),
        ("channels.yaml", channels),
        ("offers/all.yaml", offers),
        ("arbitration.yaml", "default: propensity"),
        ("segments.yaml", segments),
    ]
    .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
    .into()
}

/// Customers, and the models that learn from them.
struct World {
    snapshot: Snapshot,
    customers: BTreeMap<String, Profile>,
    log: Vec<Vec<u8>>,
    events: u64,
}

impl World {
    fn new() -> Self {
        let catalog = catalog::load(&rules(SEGMENTS)).unwrap().catalog;
        let models = Models::new(PropensitySpec::default(), AffinitySpec::default());
        let snapshot = Snapshot {
            catalog: Arc::new(catalog),
            models: Arc::new(models),
            prices: Arc::default(),
        };
        Self { snapshot, customers: BTreeMap::new(), log: Vec::new(), events: 0 }
    }

    fn buys(&mut self, customer: &str, amount: f64, product: &str, at: UnixMs) {
        self.events += 1;
        let schema = &self.snapshot.catalog.schema;
        let mut frame = vec![None; schema.events["purchase"].fields.len()];
        for field in &schema.events["purchase"].fields {
            frame[field.slot.0 as usize] = Some(match &*field.name {
                "amount" => Value::Double(amount),
                _ => Value::from(product),
            });
        }
        let event = Event { id: self.events, name: "purchase".into(), at, frame };
        let profile = self.customers.entry(customer.to_owned()).or_insert_with(|| Profile::new(at));
        let hash = id64(customer);
        let learned = record::event(&self.snapshot, profile, &event, &[], hash, at);
        assert!(!learned.duplicate);
        // A retry teaches nothing.
        assert!(record::event(&self.snapshot, profile, &event, &[], hash, at).duplicate);
        // What the store gives back is what was put in.
        *profile = Profile::decode(&profile.encode()).unwrap();
        let mut models = Models::clone(&self.snapshot.models);
        for record in learned.records {
            self.log.push(record);
            models.apply(self.log.len() as u64, self.log.last().unwrap());
        }
        self.snapshot.models = Arc::new(models);
    }

    fn score(&self, customer: &str, name: &str, now: UnixMs) -> Option<Value> {
        let new = Profile::new(now);
        let profile = self.customers.get(customer).unwrap_or(&new);
        let request = Request::default();
        let frame = decide::frame(&self.snapshot, Subject::Known(profile), &request, now);
        let slot = self.snapshot.catalog.schema.by_path[format!("score.{name}").as_str()];
        frame[slot.0 as usize].clone()
    }
}

fn text(text: &str) -> Option<Value> {
    Some(Value::from(text))
}

#[test]
fn customers_are_compared_with_all_others_from_the_first_event_on() {
    let mut world = World::new();
    for number in 0..10_i64 {
        let at = UnixMs(NOW.0 - (10 - number) * DAY_MS);
        world.buys(&format!("c{number}"), f64::from(1 << number), "cd", at);
    }
    let part = |customer: &str, name: &str| world.score(customer, name, NOW);
    assert_eq!(part("c0", "rfm"), text("111"), "what is older counts less");
    assert_eq!(part("c9", "rfm"), text("555"));
    assert_eq!(part("c4", "rfm_recency"), Some(Value::Int(3)));
    // c9 brings half of all, c9 and c8 three quarters, with c7 seven eighths.
    let classes: Vec<_> = (5..10).map(|n| part(&format!("c{n}"), "abc_sales")).collect();
    assert_eq!(classes, ["C", "B", "B", "A", "A"].map(text));
    assert_eq!(part("nobody", "rfm"), None, "missing, not zero");
    assert_eq!(part("nobody", "abc_sales"), None);
}

#[test]
fn a_customer_counts_once_and_moves_with_each_purchase() {
    let mut world = World::new();
    for number in 0..5 {
        world.buys(&format!("c{number}"), 10.0 + f64::from(number), "cd", NOW);
    }
    assert_eq!(world.score("c0", "rfm_monetary", NOW), Some(Value::Int(1)));
    let later = UnixMs(NOW.0 + DAY_MS);
    for _ in 0..20 {
        world.buys("c0", 10.0, "cd", later);
    }
    assert_eq!(world.score("c0", "rfm", later), text("555"));
    assert_eq!(world.score("c0", "abc_sales", later), text("A"));
    let key = world.snapshot.catalog.schema.populations[0].key;
    assert_eq!(world.snapshot.models.populations.get(key).unwrap().customers(), 5);
}

#[test]
fn too_few_to_compare_tell_nothing() {
    let mut world = World::new();
    for number in 0..4 {
        world.buys(&format!("c{number}"), 10.0, "cd", NOW);
    }
    assert_eq!(world.score("c0", "rfm_monetary", NOW), None);
    assert_eq!(world.score("c0", "abc_sales", NOW), None);
    world.buys("c4", 10.0, "cd", NOW);
    assert_eq!(world.score("c0", "rfm_monetary", NOW), Some(Value::Int(3)));
}

#[test]
fn value_is_what_a_steady_flow_brings_within_the_horizon() {
    let mut world = World::new();
    // 10 a day for ten half-lives: 300 a month, of which half stays.
    for day in (0..300).rev() {
        world.buys("c", 10.0, "cd", UnixMs(NOW.0 - day * DAY_MS));
    }
    let Some(Value::Double(value)) = world.score("c", "value", NOW) else { panic!("a value") };
    assert!((value - 150.0).abs() < 3.0, "{value}");
    let Some(Value::Double(after)) = world.score("c", "value", UnixMs(NOW.0 + 30 * DAY_MS)) else {
        panic!("a value")
    };
    assert!((after / value - 0.5).abs() < 1e-9, "half after a half-life of silence: {after}");
    assert_eq!(world.score("nobody", "value", NOW), None);
}

#[test]
fn stages_rise_with_what_is_known() {
    let mut world = World::new();
    assert_eq!(world.score("c", "lifecycle", NOW), text("prospect"));
    world.buys("c", 10.0, "cd", NOW);
    assert_eq!(world.score("c", "lifecycle", NOW), text("buyer"), "tenure is not known");
    let since = |days: i64| Value::Timestamp(UnixMs(NOW.0 - days * DAY_MS).to_timestamp());
    let profile = world.customers.get_mut("c").unwrap();
    profile.set_attribute(Key::of("since"), Some(since(150)), NOW).unwrap();
    assert_eq!(world.score("c", "tenure_days", NOW), Some(Value::Int(150)));
    assert_eq!(world.score("c", "lifecycle", NOW), text("customer"));
    let profile = world.customers.get_mut("c").unwrap();
    profile.set_attribute(Key::of("since"), Some(since(2000)), NOW).unwrap();
    assert_eq!(world.score("c", "lifecycle", NOW), text("customer"), "no class among so few");
    for number in 0..5 {
        world.buys(&format!("c{number}"), 1.0, "cd", NOW);
    }
    assert_eq!(world.score("c", "lifecycle", NOW), text("partner"));
}

#[test]
fn the_preferred_channel_is_where_contacts_are_answered() {
    let mut world = World::new();
    let mut profile = Profile::new(NOW);
    let mut outcome = |id: u64, channel: &str, kind| {
        let outcome = Outcome {
            id,
            kind,
            offer: Key::of("o"),
            treatment: Key::default(),
            channel: Key::of(channel),
            decision: None,
            group: Key::default(),
            reason: Key::default(),
            interaction: Default::default(),
            value: None,
            order: None,
            at: UnixMs(NOW.0 + i64::try_from(id).unwrap() * 60_000),
        };
        profile.apply_outcome(&outcome, kind == OutcomeKind::Impression, outcome.at);
    };
    for id in 0..6 {
        outcome(id * 2, "web", OutcomeKind::Impression);
        if id == 0 {
            outcome(1, "web", OutcomeKind::Click);
        }
    }
    outcome(20, "mail", OutcomeKind::Impression);
    outcome(21, "mail", OutcomeKind::Click);
    outcome(22, "mail", OutcomeKind::Impression);
    let later = UnixMs(NOW.0 + DAY_MS);
    world.customers.insert("c".to_owned(), profile);
    assert_eq!(world.score("c", "preferred_channel", later), text("mail"));
    assert_eq!(world.score("nobody", "preferred_channel", later), None);
}

#[test]
fn interest_is_a_share_of_all_interest() {
    let mut world = World::new();
    for product in ["cd", "lp", "book", "cd"] {
        world.buys("c", 1.0, product, NOW);
    }
    assert_eq!(world.score("c", "interest_music", NOW), Some(Value::Double(0.75)));
    assert_eq!(world.score("nobody", "interest_music", NOW), None);
}

#[test]
fn what_is_supposed_of_a_score_wins() {
    let world = World::new();
    let schema = &world.snapshot.catalog.schema;
    let (tenure, stage) = (schema.by_path["score.tenure_days"], schema.by_path["score.lifecycle"]);
    let profile = Profile::new(NOW);
    let overrides = vec![(tenure, Some(Value::Int(500)))];
    let request = Request { overrides, ..Request::default() };
    let frame = decide::frame(&world.snapshot, Subject::Known(&profile), &request, NOW);
    assert_eq!(frame[stage.0 as usize], text("customer"));
}

#[test]
fn faults_of_scores_are_all_told() {
    let segments = "
lifecycle:
  stages: [{ stage: lead, when: 'true' }, { stage: buyer }, { stage: buyer, when: customer.age > 3 }]
rfm: { event: purchse, parts: 1 }
abc:
  sales: { event: purchase, field: product, classes: { A: 0.8, B: 0.9 } }
tenure: { attribute: sinse }
value: { event: purchase, field: amount, horizon: soon, share: 2 }
segments:
  big: { when: score.abc_sales == 'D' || score.valeu > 3.0 }
";
    let faults = catalog::load(&rules(segments)).unwrap_err();
    let said: Vec<String> = faults.iter().map(|fault| fault.message.clone()).collect();
    let all = said.join("\n");
    for expected in [
        "first stage has no condition",
        "needs a condition",
        "listed twice",
        "`purchse`",
        "2 to 10 parts",
        "needs a numeric field",
        "last class must take the rest",
        "`sinse`",
        "`soon`",
        "a share lies in 0..=1",
        "score.valeu",
    ] {
        assert!(all.contains(expected), "{expected} is not among\n{all}");
    }
    assert!(faults.iter().all(|fault| fault.file == "segments.yaml"), "{all}");
    assert!(!all.contains("score.abc_sales"), "told once, at its declaration");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn populations_hold_each_customer_once_at_the_latest_figure(
        purchases in prop::collection::vec((0..6_u8, 1..5000_i32, 0..2_000_000_i64), 1..60)
    ) {
        let mut world = World::new();
        let mut clock = NOW;
        for (customer, cents, wait_s) in &purchases {
            clock = UnixMs(clock.0 + wait_s * 1000);
            world.buys(&format!("c{customer}"), f64::from(*cents) / 100.0, "cd", clock);
        }
        let schema = &world.snapshot.catalog.schema;
        for spec in &schema.populations {
            let mut expected = super::Population::default();
            for profile in world.customers.values() {
                let to = spec.bucket(schema, profile);
                let floor = spec.floor(clock);
                expected.apply(&super::Move { population: spec.key, from: None, to, floor });
            }
            let known = world.snapshot.models.populations.get(spec.key).unwrap();
            prop_assert_eq!(known.curve(), expected.curve());
            // Ranks follow the figures.
            let mut buckets: Vec<i64> =
                world.customers.values().filter_map(|p| spec.bucket(schema, p)).collect();
            buckets.sort_unstable();
            let ranks: Vec<f64> = buckets.iter().map(|b| known.curve().rank(*b)).collect();
            prop_assert!(ranks.is_sorted());
            prop_assert!(ranks.iter().all(|rank| (0.0..=1.0).contains(rank)));
        }
        // The same log gives the same bytes; a checkpoint in between changes nothing.
        let mut replica = Models::new(PropensitySpec::default(), AffinitySpec::default());
        for (position, record) in (1..).zip(&world.log) {
            replica.apply(position, record);
            if position == world.log.len() as u64 / 2 {
                replica = Models::restore(&replica.checkpoint()).unwrap();
            }
        }
        prop_assert_eq!(replica.digest(), world.snapshot.models.digest());
    }
}
