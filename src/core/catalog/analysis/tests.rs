use std::fmt::Write as _;
use std::sync::Arc;

use proptest::prelude::*;

use crate::core::affinity::AffinitySpec;
use crate::core::catalog::fault::Fault;
use crate::core::catalog::{Inspected, inspect};
use crate::core::decide::{ChannelRequest, PlacementRequest, Request, Snapshot, decide};
use crate::core::key::Key;
use crate::core::learn::Models;
use crate::core::objective::Prices;
use crate::core::policy::Subject;
use crate::core::profile::Profile;
use crate::core::propensity::PropensitySpec;
use crate::core::time::UnixMs;
use crate::core::value::Value;

const NOW: UnixMs = UnixMs(1_760_000_000_000);

const SCHEMA: &str = "
attributes:
  age: { type: int, min: 14, max: 26 }
  income: { type: double, min: 0, max: 40 }
  tier: { type: string, values: [gold, none, silver] }
  vip: { type: bool, default: false }
  products: { type: string_list, default: [] }
context:
  page: { type: string }
derived:
  adult: customer.age >= 18 && customer.tier != 'none'
  years: 67 - customer.age
";

fn folder(offers: &str, policies: &str) -> Vec<(String, Vec<u8>)> {
    let channels = "channels:\n  app:\n    locales: [en]\n    placements:\n      feed: { slots: 20 }\n  \
                    web:\n    locales: [en]\n    placements:\n      hero: { slots: 20 }\n      list: { slots: 20 }\n";
    let segments = "segments:\n  rich:\n    when: customer.income > 20.0 || customer.vip\n";
    [
        ("schema.yaml", SCHEMA),
        ("channels.yaml", channels),
        ("segments.yaml", segments),
        ("arbitration.yaml", "default: priority\n"),
        ("offers/all.yaml", offers),
        ("policies/all.yaml", policies),
    ]
    .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
    .to_vec()
}

fn inspected(offers: &str, policies: &str) -> Inspected {
    inspected_with(offers, policies, &[])
}

/// With more files, or others in place of those there are.
fn inspected_with(offers: &str, policies: &str, more: &[(&str, &str)]) -> Inspected {
    let mut files = folder(offers, policies);
    files.retain(|(path, _)| more.iter().all(|(other, _)| path != other));
    files.extend(more.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())));
    inspect(&files, Some(NOW))
        .unwrap_or_else(|faults| panic!("{faults:#?}\n{offers}\n{policies}\n{more:?}"))
}

const OBJECTIVES: &str = "
objectives:
  profit: { weight: 1, target: { amount: 100, per: day, price_max: 5 } }
resources:
  minutes: { uses: { contact: 1 }, max: 100, per: day }
";

/// How offers are ranked, with a threshold that some cannot reach.
fn arbitration() -> impl Strategy<Value = String> {
    let kind =
        prop::sample::select(vec!["priority", "propensity", "expected_value", "constrained"]);
    (kind, 0_u8..6).prop_map(|(kind, threshold)| {
        format!("default: picky\nschemes:\n  picky: {{ kind: {kind}, threshold: {threshold} }}\n")
    })
}

/// An experiment with some of the arms there are; half of the customers are in none.
fn experiment() -> impl Strategy<Value = Option<String>> {
    let arms =
        vec!["eligibility_only", "random_eligible", "propensity_only", "no_levers", "scheme"];
    let arms = prop::sample::subsequence(arms, 1..=5);
    let text = arms.prop_map(|arms| {
        let mut text = "id: e\nsalt: s\narms:\n".to_owned();
        for arm in arms {
            let scheme = if arm == "scheme" { ", scheme: expected_value" } else { "" };
            let _ = writeln!(text, "  a_{arm}: {{ kind: {arm}, share: 10%{scheme} }}");
        }
        text
    });
    prop::option::of(text)
}

fn condition() -> impl Strategy<Value = String> {
    let operator = prop::sample::select(vec!["<", "<=", ">", ">=", "==", "!="]);
    let tier = prop::sample::select(vec!["gold", "silver", "none"]);
    let atom = prop_oneof![
        (operator.clone(), 13_i64..28).prop_map(|(o, n)| format!("customer.age {o} {n}")),
        (operator.clone(), -2_i64..42).prop_map(|(o, n)| format!("customer.income {o} {n}.0")),
        (operator, 38_i64..56).prop_map(|(o, n)| format!("customer.years {o} {n}")),
        tier.clone().prop_map(|t| format!("customer.tier == '{t}'")),
        tier.prop_map(|t| format!("customer.tier != '{t}'")),
        prop::sample::select(vec![
            "customer.vip",
            "customer.adult",
            "segment.rich",
            "has(customer.tier)",
            "'card' in customer.products",
            "context.page == 'home'",
            "channel == 'web'",
            "now < timestamp('2025-01-01T00:00:00Z')",
        ])
        .prop_map(str::to_owned),
    ];
    atom.prop_recursive(2, 6, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            inner.prop_map(|a| format!("!({a})")),
        ]
    })
}

fn folder_text() -> impl Strategy<Value = (String, String)> {
    let offer = (
        prop::collection::vec(condition(), 0..4),
        prop::option::of(condition()),
        prop::sample::select(vec!["app", "web"]),
        (0_u8..6, prop::sample::select(vec!["1", "0.5", "2"])),
    );
    let policy = (prop::collection::vec(condition(), 1..3), any::<bool>(), any::<bool>());
    let (offers, policies) =
        (prop::collection::vec(offer, 1..8), prop::collection::vec(policy, 0..3));
    (offers, policies).prop_map(|(offers, policies)| {
        let mut text = "groups:\n  a: {}\n  b: {}\noffers:\n".to_owned();
        for (number, (conditions, when, channel, (worth, lever))) in offers.iter().enumerate() {
            let group = if number % 2 == 0 { "a" } else { "b" };
            let _ = write!(
                text,
                "  - id: o{number}\n    name: O\n    group: {group}\n    kind: sell\n    \
                 priority: {worth}\n    contributes: {{ profit: {worth} }}\n    lever: {lever}\n    \
                 eligibility: {conditions:?}\n    treatments:\n      - channel: {channel}\n        \
                 content: {{ title: T }}\n"
            );
            if let Some(when) = when {
                let _ = writeln!(text, "        when: [{when:?}]");
            }
        }
        let mut rules = "policies:\n".to_owned();
        for (number, (conditions, group, channel)) in policies.iter().enumerate() {
            let groups = if *group { "applies_to: { groups: [a] }" } else { "applies_to: {}" };
            let channels = if *channel { "channels: [web]" } else { "channels: []" };
            let _ = writeln!(
                rules,
                "  - {{ id: p{number}, {groups}, {channels}, suitability: {conditions:?} }}"
            );
        }
        if policies.is_empty() {
            rules = "policies: []\n".to_owned();
        }
        (text, rules)
    })
}

type Customer = (Option<i64>, Option<f64>, Option<&'static str>, Option<bool>, bool, Option<bool>);

fn customer() -> impl Strategy<Value = Customer> {
    (
        prop::option::of(14_i64..=26),
        prop::option::of(prop_oneof![0.0..=40.0, (0_i64..=40).prop_map(|whole| whole as f64)]),
        prop::option::of(prop::sample::select(vec!["gold", "silver", "none"])),
        prop::option::of(any::<bool>()),
        any::<bool>(),
        prop::option::of(any::<bool>()),
    )
}

/// The offers that a customer is served, over both channels.
fn served(
    snapshot: &Snapshot,
    id: u64,
    (age, income, tier, vip, card, home): Customer,
) -> Vec<(u16, u32)> {
    let mut profile = Profile::new(NOW);
    let card = card.then(|| Value::List([Value::from("card")].into()));
    for (name, value) in [
        ("age", age.map(Value::Int)),
        ("income", income.map(Value::Double)),
        ("tier", tier.map(Value::from)),
        ("vip", vip.map(Value::Bool)),
        ("products", card),
    ] {
        profile.set_attribute(Key::of(name), value, NOW).unwrap();
    }
    let page = home.map(|home| Value::from(if home { "home" } else { "help" }));
    let slot = snapshot.catalog.schema.context["page"];
    let placements = |channel: usize| {
        let placements = (0_u16..).zip(&snapshot.catalog.channels[channel].placements);
        let asked = placements.map(|(placement, spec)| PlacementRequest {
            placement,
            slots: spec.slots,
            only: Vec::new(),
            without: Vec::new(),
        });
        asked.collect()
    };
    // One at a time: across channels an offer is not repeated.
    (0_u16..2)
        .flat_map(|channel| {
            let placements = placements(usize::from(channel));
            let asked = ChannelRequest { channel, locale: None, placements, scheme: None };
            let context = page.iter().map(|page| (slot, page.clone())).collect();
            let request =
                Request { customer: id, channels: vec![asked], context, ..Request::default() };
            let decision = decide(snapshot, Subject::Known(&profile), &request, NOW, 1);
            let placements = decision.channels.into_iter().flat_map(|decided| decided.placements);
            let offers = placements.flat_map(|placement| placement.offers);
            offers.map(|placed| (channel, placed.offer)).collect::<Vec<_>>()
        })
        .collect()
}

fn dead(inspected: &Inspected) -> Vec<u32> {
    let findings = inspected.findings.iter().filter(|fault| fault.code == "never-served");
    findings
        .filter_map(|fault| {
            let id = fault.message.split('`').nth(1)?;
            inspected.catalog.offer_index.get(id).copied()
        })
        .collect()
}

/// The offers that never reach the threshold of a channel, in no arm.
fn below(inspected: &Inspected) -> Vec<(u16, u32)> {
    let findings = inspected.findings.iter().filter(|fault| fault.code == "threshold-unreachable");
    let everywhere = findings.filter(|fault| !fault.message.contains("outside of"));
    let told = everywhere.filter_map(|fault| {
        let mut quoted = fault.message.split('`').skip(1).step_by(2);
        let offer = inspected.catalog.offer_index.get(quoted.next()?).copied()?;
        let channel = quoted.nth(1)?;
        let channels = &inspected.catalog.channels;
        let channel = channels.iter().position(|known| *known.name == *channel)?;
        Some((u16::try_from(channel).ok()?, offer))
    });
    told.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// An offer of which it is said that it can never be served, or that it never reaches its
    /// threshold, is served to nobody whose values keep to their declarations, in whatever arm and
    /// at whatever prices.
    #[test]
    fn what_is_never_served_never_is(
        (offers, policies) in folder_text(),
        customers in prop::collection::vec((any::<u64>(), customer()), 40),
        arbitration in arbitration(),
        experiment in experiment(),
        prices in (-8.0..8.0, -8.0..8.0),
    ) {
        let mut more =
            vec![("arbitration.yaml", &*arbitration), ("objectives.yaml", OBJECTIVES)];
        more.extend(experiment.as_deref().map(|text| ("experiments.yaml", text)));
        let inspected = inspected_with(&offers, &policies, &more);
        let dead = dead(&inspected);
        let below = below(&inspected);
        let priced =
            vec![("profit.target".into(), prices.0), ("minutes".into(), prices.1)];
        let models = Models::new(PropensitySpec::default(), AffinitySpec::default());
        let snapshot =
            Snapshot {
                catalog: inspected.catalog.clone(),
                models: Arc::new(models),
                prices: Arc::new(Prices::named(1, priced, &inspected.catalog.pacing.lines)),
            };
        for (id, customer) in customers {
            for (channel, offer) in served(&snapshot, id, customer) {
                let wrong = dead.contains(&offer) || below.contains(&(channel, offer));
                prop_assert!(!wrong, "o{offer}, {customer:?}\n{offers}{policies}{more:?}");
            }
        }
    }
}

fn one(conditions: &str, rest: &str) -> String {
    format!(
        "groups:\n  a: {{}}\noffers:\n  - id: x\n    name: X\n    group: a\n    kind: sell\n    \
         eligibility:\n{conditions}{rest}    treatments:\n      - channel: web\n        \
         content: {{ title: T }}\n  - id: y\n    name: Y\n    group: a\n    kind: sell\n    \
         treatments:\n      - channel: web\n        content: {{ title: T }}\n      \
         - channel: app\n        content: {{ title: T }}\n"
    )
}

/// Findings in the offers and policies, as `line code message (hint)`; unused declarations left out.
fn said(offers: &str, policies: &str) -> Vec<String> {
    let shown = |fault: &Fault| {
        let hint = fault.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("{} {} {}{hint}", fault.line, fault.code, fault.message)
    };
    let findings = inspected(offers, policies).findings;
    findings.iter().filter(|fault| fault.code != "unused").map(shown).collect()
}

#[test]
fn a_contradiction_names_both_sides() {
    let offers = one("      - customer.age >= 20\n", "");
    let policies = "policies:\n  - id: young\n    applies_to: { offers: [x] }\n    \
                    suitability: [customer.age < 20]\n";
    assert_eq!(
        said(&offers, policies),
        ["4 never-served `x` can never be served (`customer.age >= 20` (eligibility) and \
          `customer.age < 20` (suitability, policy `young`) cannot both hold)"]
    );
}

#[test]
fn three_conditions_may_contradict_where_no_two_do() {
    let conditions = "      - customer.tier != 'gold'\n      - customer.tier != 'silver'\n      \
                      - customer.tier != 'none'\n      - customer.vip\n";
    let found = said(&one(conditions, ""), "policies: []\n");
    let [found] = found.as_slice() else { panic!("{found:#?}") };
    assert!(found.ends_with("`customer.tier != 'none'` (eligibility) cannot all hold)"), "{found}");
    assert!(!found.contains("vip"), "{found}");
}

#[test]
fn what_decides_nothing_is_told_at_its_place() {
    let conditions = "      - customer.age >= 14\n      - customer.age > 18 && customer.vip\n      \
                      - customer.age > 16\n      - customer.income < -1.0\n";
    let found = said(&one(conditions, ""), "policies: []\n");
    let codes: Vec<&str> = found.iter().map(|line| line.split(" `").next().unwrap()).collect();
    assert_eq!(codes.len(), 4, "{found:#?}");
    assert!(found[0].starts_with("4 never-served `x`"), "{found:#?}");
    // `age` may be missing: it holds wherever the other does, and not always.
    assert!(
        found[1].starts_with("9 implied this holds wherever `customer.age > 18`"),
        "{found:#?}"
    );
    assert!(found[2].starts_with("11 implied"), "{found:#?}");
    assert!(found[3].starts_with("12 never-holds"), "{found:#?}");
}

#[test]
fn a_date_that_has_passed_is_the_end_of_an_offer() {
    let offers = one("      - customer.vip\n", "    valid_until: 2025-01-01\n");
    let found = said(&offers, "policies: []\n");
    let [found] = found.as_slice() else { panic!("{found:#?}") };
    assert!(found.starts_with("4 never-served") && found.contains("has ended"), "{found}");
}

#[test]
fn limits_that_never_bind_are_told() {
    let policies = "contact_limits:\n  - { id: weekly, max: 5, window: 7d }\n  \
                    - { id: monthly, max: 2, window: 30d }\n  \
                    - { id: web, channels: [web], max: 1, window: 1d }\ncool_downs:\n  \
                    - { id: short, after: reject, reasons: [no], for: 2d }\n  \
                    - { id: long, after: reject, for: 7d }\n";
    let offers = one("      - customer.vip\n", "");
    assert_eq!(
        said(&offers, policies),
        [
            "2 limit-never-binds `weekly` never binds: `monthly` allows no more over as long a \
             time (5 within 7d against 2 within 30d)",
            "6 cool-down-never-binds `short` never binds: `long` rests the same for as long",
        ]
    );
}

#[test]
fn offers_that_wait_for_each_other_wait_for_ever() {
    let policies = "sequences:\n  - id: first_y\n    applies_to: { offers: [x] }\n    \
                    with: { offers: [y] }\n    outcome: accept\n    relation: requires\n  \
                    - id: first_x\n    applies_to: { offers: [y] }\n    with: { offers: [x] }\n    \
                    outcome: accept\n    relation: requires\n";
    let found = said(&one("      - customer.vip\n", ""), policies);
    assert!(found.iter().all(|line| line.contains("prerequisite-unreachable")), "{found:#?}");
    assert_eq!(found.len(), 2, "{found:#?}");
    let (one_way, _) = policies.split_once("  - id: first_x").unwrap();
    assert_eq!(said(&one("      - customer.vip\n", ""), one_way), Vec::<String>::new());
}

const ARMS: &str = "id: e\nsalt: s\narms:\n  lenient: { kind: eligibility_only, share: 10% }\n  \
                    drawn: { kind: random_eligible, share: 10% }\n";

#[test]
fn an_arm_that_asks_less_may_serve_what_nobody_else_gets() {
    let offers = one("      - customer.age >= 20\n", "    priority: 1\n");
    let policies = "policies:\n  - id: young\n    applies_to: { offers: [x] }\n    \
                    suitability: [customer.age < 20]\n";
    let picky = "default: picky\nschemes:\n  picky: { kind: priority, threshold: 3 }\n";
    let more = [("experiments.yaml", ARMS), ("arbitration.yaml", picky)];
    let found = inspected_with(&offers, policies, &more).findings;
    let told: Vec<String> =
        found.iter().map(|fault| format!("{} {}", fault.code, fault.message)).collect();
    let has = |line: &str| assert!(told.iter().any(|told| told == line), "{line}: {told:#?}");
    has("served-in-arm-only `x` can never be served outside of arm `lenient`");
    has("threshold-unreachable `x` never reaches the threshold 3 of scheme `picky` on channel \
         `web` outside of arm `drawn`");
    // What eligibility itself rules out is served in no arm.
    let offers = one("      - customer.age >= 20\n      - customer.age < 20\n", "");
    let found = inspected_with(&offers, "policies: []\n", &more).findings;
    assert!(found.iter().any(|fault| fault.code == "never-served"), "{found:#?}");
}
