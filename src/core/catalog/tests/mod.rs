//! Folders as text, and what loading them says.

mod compiled;
mod content;
mod faults;
mod garbage;
mod items;
mod live;
mod missing;
mod score_priors;
mod shapes;
mod tables;

use super::fault::{Fault, Severity};
use super::{Loaded, load};

/// A small sound folder; a test replaces or adds files.
pub(super) const SOUND: [(&str, &str); 8] = [
    (
        "schema.yaml",
        r#"purposes:
  marketing: Offers by message
attributes:
  age: { type: int, min: 0, max: 130 }
  tier: { type: string, values: [basic, gold, platinum], default: basic }
  name: { type: string, personal: true }
  health: { type: string, sensitive: true }
  income: { type: double }
events:
  purchase:
    fields:
      amount: { type: double, min: 0 }
      product: { type: string }
    item: product
    item_weight: 5
  page_view:
    fields:
      page: { type: string }
context:
  page: { type: string }
aggregates:
  spend_30d: { function: sum, event: purchase, field: amount, window: 30d }
  spend_avg_30d: { function: avg, event: purchase, field: amount, window: 30d }
  purchases: { function: count, event: purchase }
derived:
  rich: customer.income > 1000.0 || customer.spender
  spender: customer.spend_30d > 500.0
"#,
    ),
    (
        "channels.yaml",
        r#"channels:
  web:
    locales: [en, es]
    placements:
      hero: { slots: 1 }
      list: { slots: 3 }
  sms:
    locales: [en]
    escaping: none
    text_chars_max: 160
    contact: decision
    consent: marketing
    placements:
      message: { slots: 1 }
"#,
    ),
    (
        "arbitration.yaml",
        r#"default: expected_value
schemes:
  careful:
    kind: formula
    formula: propensity * value * (1.0 - affinity) + offer.margin
    threshold: 0.01
channels:
  sms:
    scheme: careful
    exploration: { epsilon: 0.1 }
"#,
    ),
    ("objectives.yaml", "objectives:\n  margin:\n    weight: 'segment.vip ? 2.0 : 1.0'\n"),
    (
        "segments.yaml",
        "segments:\n  vip:\n    when: customer.tier == 'platinum' || customer.rich\n",
    ),
    (
        "offers/cards.yaml",
        r#"groups:
  cards:
    lever: 2.0
    prior: { probability: 0.2, evidence: 20 }
offers:
  - id: gold_card
    name: { en: Gold card, es: Tarjeta oro }
    group: cards
    kind: sell
    attributes: { margin: 12.5, min_age: 18 }
    valid_from: 2026-01-01
    valid_until: 2027-01-01
    lever: 1.5
    value: customer.spend_30d * 0.1
    contributes: { margin: 3 }
    eligibility:
      - customer.age >= offer.min_age
      - when: customer.tier != 'platinum'
        reason: They have a better one
    treatments:
      - channel: web
        placements: [hero]
        content:
          title: { en: 'Hello {{ customer.name }}', es: 'Hola {{ customer.name }}' }
          image: { type: image, content: 'https://x.example/{{ customer.tier }}.png' }
      - channel: sms
        content:
          body: Dear customer
  - id: loan
    name: Loan
    group: cards
    kind: serve
    attributes: { margin: 1.0, min_age: 21 }
    transactional: true
    eligibility:
      - customer.age >= offer.min_age
    treatments:
      - channel: web
        content: { title: Loan }
"#,
    ),
    (
        "policies/all.yaml",
        r#"policies:
  - id: adults
    applies_to: { groups: [cards] }
    eligibility: [customer.age >= 18, customer.age >= offer.min_age]
contact_limits:
  - id: weekly
    channels: [sms]
    max: 2
    window: 7d
cool_downs:
  - id: rest
    after: reject
    for: forever
exclusions:
  - id: one
    among: { groups: [cards] }
"#,
    ),
    (
        "cases/first.yaml",
        r#"cases:
  - name: a start
    given:
      now: 2026-06-01T12:00:00Z
      channel: web
      customer: { age: 40 }
      history:
        - { event: purchase, ago: 3d, fields: { amount: 10 } }
        - { outcome: reject, offer: loan, ago: 1h, reason: price }
    expect:
      first: gold_card
      stopped: { loan: cool_down rest }
"#,
    ),
];

/// The sound folder with `changes` in place of, or beside, its files; an empty text takes one away.
pub(super) fn folder(changes: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    let kept = SOUND.iter().filter(|(path, _)| !changes.iter().any(|(changed, _)| changed == path));
    kept.chain(changes.iter().filter(|(_, text)| !text.is_empty()))
        .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
        .collect()
}

/// The file of the sound folder, with `from` replaced by `to` once.
pub(super) fn with(path: &str, from: &str, to: &str) -> String {
    let text = SOUND.iter().find(|(known, _)| *known == path).unwrap().1;
    assert!(text.contains(from), "`{from}` is not in {path}");
    text.replacen(from, to, 1)
}

/// The catalog of a folder that must be sound.
pub(super) fn sound(changes: &[(&str, &str)]) -> Loaded {
    match load(&folder(changes)) {
        Ok(loaded) => loaded,
        Err(faults) => panic!("{}", super::fault::render(&faults)),
    }
}

/// Errors as `file:line:column: message (hint)`.
pub(super) fn errors(changes: &[(&str, &str)]) -> Vec<String> {
    let faults = load(&folder(changes)).err().unwrap_or_default();
    lines(&faults, Severity::Error)
}

fn lines(faults: &[Fault], severity: Severity) -> Vec<String> {
    let shown = faults.iter().filter(|fault| fault.severity == severity);
    shown
        .map(|fault| {
            let hint = fault.hint.as_ref().map(|hint| format!(" ({hint})"));
            format!(
                "{}:{}:{}: {}{}",
                fault.file,
                fault.line,
                fault.column,
                fault.message,
                hint.unwrap_or_default()
            )
        })
        .collect()
}

/// Checks that loading the folder gives exactly these errors.
pub(super) fn check(changes: &[(&str, &str)], expected: &[&str]) {
    let found = errors(changes);
    assert_eq!(found, expected, "\n{}", found.join("\n"));
}
