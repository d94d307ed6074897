//! Every fault, where it is, what it says.

use super::super::fault::{render, render_coloured};
use super::super::load;
use super::{check, errors, folder, with};

#[test]
fn all_faults_of_all_files_come_at_once() {
    check(
        &[
            (
                "schema.yaml",
                r#"purposes:
  marketing: Offers
attributes:
  age: { type: int, default: young }
  tier: { type: string, values: [basic, gold], purpose: marketting }
  health: { type: string, sensitive: true, feature: true }
  income: { typ: double, type: double }
  margin: { type: int, min: 5, max: 1 }
  name: { type: string, personal: true }
events:
  purchase:
    fields:
      amount: { type: double }
      product: { type: string }
    item: produkt
    sets: { agee: event.amount }
context:
  page: { type: string }
aggregates:
  spend: { function: sum, event: purchase, field: amout, window: 3O }
  tags: { function: sum, event: purchase, field: amount, window: 30 }
  bought: { function: sum, event: purchse }
  both: { function: count, event: purchase, window: 1d, half_life: 2d }
derived:
  a: customer.b + 1
  b: customer.a + 1
  c: customer.agee > 1
"#,
            ),
            (
                "channels.yaml",
                r#"channels:
  web:
    locales: [english]
    contact: impresion
    placements:
      hero: { slots: 0 }
  sms:
    locales: [en]
    consent: profiling
    placements:
      message: { slots: 1, weights: [0.5, 0.5] }
"#,
            ),
            (
                "arbitration.yaml",
                "default: expected_valu\nschemes:\n  secret:\n    kind: formula\n    \
                 formula: 'propensity * (customer.health == \"x\" ? 1.0 : 0.0)'\n",
            ),
            ("objectives.yaml", ""),
            ("segments.yaml", "segments:\n  vip:\n    when: customer.tier == 'platinum'\n"),
            (
                "offers/cards.yaml",
                r#"groups:
  cards: {}
offers:
  - id: gold_card
    name: Gold
    group: card
    kind: sell
    elegibility: [customer.age > 18]
    eligibility:
      - customer.age > 'x'
      - when: |
          customer.age > 18 &&
          customer.incme > 3.0
        reason: why
    treatments:
      - channel: sms
        placements: [massage]
        content:
          body: 'Hi {{ customer.nam }}'
"#,
            ),
            (
                "policies/all.yaml",
                r#"contact_limits:
  - { id: often, max: 300, window: 7d }
  - { id: often, max: 3, window: 500d }
cool_downs:
  - { id: rest, after: reject, for: foreve, applies_to: { offers: [gold_cart] } }
"#,
            ),
            ("cases/first.yaml", "cases: [{ name: x, given: { now: today, channel: web } }]\n"),
        ],
        &[
            "arbitration.yaml:1:10: there is no scheme `expected_valu` (did you mean \
             `expected_value`?)",
            "arbitration.yaml:5:29: `customer.health` is sensitive: it must not reach a \
             score (conditions may read it; scores, models and texts may not)",
            "cases/first.yaml:1:11: `expect` is missing here",
            "channels.yaml:3:15: `english` is not a locale (as `en`, `es`, `es-MX`)",
            "channels.yaml:4:14: `impresion` is not one of `impression`, `decision` (did \
             you mean `impression`?)",
            "channels.yaml:6:22: slots lie in 1..=100",
            "channels.yaml:9:14: there is no purpose `profiling` (known here: `marketing`)",
            "channels.yaml:11:28: 2 weights for 1 slots",
            "offers/cards.yaml:6:12: there is no group `card` (did you mean `cards`?)",
            "offers/cards.yaml:8:5: unknown key `elegibility` (did you mean `eligibility`?)",
            "offers/cards.yaml:10:9: no `>` for int and string",
            "offers/cards.yaml:13:20: `customer.incme` is not known (did you mean \
             `customer.income`?)",
            "offers/cards.yaml:17:22: channel `sms` has no placement `massage` (did you \
             mean `message`?)",
            "offers/cards.yaml:19:24: a text cannot read `customer.nam` (did you mean \
             `customer.name`?)",
            "policies/all.yaml:2:23: a limit lies in 1..=200, found 300 (a customer's last \
             256 contacts are kept: more cannot be counted)",
            "policies/all.yaml:3:11: policy `often` is declared twice (first declared at \
             policies/all.yaml:2:11)",
            "policies/all.yaml:3:34: `500d` is longer than 400 days",
            "policies/all.yaml:5:37: `foreve` is not a span of time (write it as `90s`, \
             `12h` or `30d`)",
            "policies/all.yaml:5:68: there is no offer `gold_cart` (did you mean \
             `gold_card`?)",
            "schema.yaml:4:30: `young` is not of type int",
            "schema.yaml:5:57: there is no purpose `marketting` (did you mean `marketing`?)",
            "schema.yaml:6:53: `customer.health` is sensitive: models must not learn from \
             it (leave `feature` out)",
            "schema.yaml:7:13: unknown key `typ` (did you mean `type`?)",
            "schema.yaml:8:29: `min` 5 is more than `max` 1",
            "schema.yaml:15:11: there is no field `produkt` (did you mean `product`?)",
            "schema.yaml:16:13: there is no attribute `agee` (did you mean `age`?)",
            "schema.yaml:20:51: there is no field `amout` (did you mean `amount`?)",
            "schema.yaml:21:66: expected text, found `30`",
            "schema.yaml:22:35: there is no event type `purchse` (did you mean `purchase`?)",
            "schema.yaml:23:57: an aggregate has a `window` or a `half_life`, not both",
            "schema.yaml:25:6: `customer.a` depends on itself (the cycle: a → b → a)",
            "schema.yaml:27:15: `customer.agee` is not known (did you mean `customer.age`?)",
            "segments.yaml:3:28: `platinum` is not one of enum(basic, gold) (write one of \
             `basic`, `gold`)",
        ],
    );
}

#[test]
fn a_missing_file_is_named() {
    check(
        &[("schema.yaml", ""), ("cases/first.yaml", "")],
        &[":0:0: the rules folder has no `schema.yaml`"],
    );
    assert_eq!(load(&[]).unwrap_err().len(), 1);
}

#[test]
fn yaml_that_is_none_says_where() {
    check(
        &[
            ("segments.yaml", "segments:\n\tvip: {}\n"),
            ("objectives.yaml", "objectives: {}\na: 1\na: 2\n"),
        ],
        &[
            "objectives.yaml:3:1: `a` is given twice in the same map",
            "segments.yaml:2:2: this is not YAML: tabs disallowed within this context \
             (block indentation) (indent with spaces: YAML allows no tabs there)",
        ],
    );
}

#[test]
fn a_text_may_not_read_what_is_sensitive() {
    let offers = with("offers/cards.yaml", "Hello {{ customer.name }}", "{{ customer.health }}");
    check(
        &[("offers/cards.yaml", &offers)],
        &["offers/cards.yaml:24:28: `customer.health` is sensitive: it must not reach a \
             text (conditions may read it; scores, models and texts may not)"],
    );
    let offers =
        with("offers/cards.yaml", "Hello {{ customer.name }}", "{{ offer.apr|foo }} {{ x }}");
    check(&[("offers/cards.yaml", &offers)], &["offers/cards.yaml:24:48: a text cannot read `x`"]);
}

#[test]
fn a_text_names_filters_and_facts_that_exist() {
    let said = |title: &str| {
        let offers = with("offers/cards.yaml", "Hello {{ customer.name }}", title);
        errors(&[("offers/cards.yaml", &offers)])
    };
    assert_eq!(
        said("{{ offer.apr }}"),
        ["offers/cards.yaml:24:28: the offer has no attribute `apr` (known here: `group`, `id`, \
         `kind`, `margin`, `min_age`)"]
    );
    assert!(said("{{ offer.margin|mony(1) }}")[0].contains("unknown filter"));
    assert!(
        said("{{ offer.margin")[0].starts_with("offers/cards.yaml:24:25: this is not a template")
    );
    assert!(said("{{ customer }}")[0].contains("`customer` is not a value of its own"));
}

#[test]
fn what_is_derived_from_sensitive_is_sensitive() {
    let schema = with("schema.yaml", "derived:\n", "derived:\n  ill: customer.health == 'ill'\n");
    let formula = "formula: propensity * value * (1.0 - affinity) + offer.margin";
    let ill = "formula: 'customer.ill ? 1.0 : 0.0'";
    let arbitration = with("arbitration.yaml", formula, ill);
    check(
        &[("schema.yaml", &schema), ("arbitration.yaml", &arbitration)],
        &["arbitration.yaml:5:15: `customer.ill` is sensitive: it must not reach a score \
             (conditions may read it; scores, models and texts may not)"],
    );
}

#[test]
fn faults_are_rendered_for_terminals() {
    let segments = "segments:\n  vip:\n    when: customer.teir == 'platinum'\n";
    let faults = load(&folder(&[("segments.yaml", segments)])).unwrap_err();
    let plain = render(&faults);
    assert!(plain.contains("--> segments.yaml:3:20"), "{plain}");
    assert!(plain.contains("did you mean `customer.tier`?"), "{plain}");
    assert!(render_coloured(&faults).contains('\u{1b}'));
}

#[test]
fn an_offer_that_is_left_out_is_not_unknown_too() {
    let offers = with("offers/cards.yaml", "kind: serve", "kind: server");
    let found = errors(&[("offers/cards.yaml", &offers)]);
    assert_eq!(found.len(), 1, "{found:#?}");
}
