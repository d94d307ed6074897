//! The shapes of files: JSON Schemas, and what YAML may be.

use super::super::FileKind;
use super::super::yaml::{NodeContent, locate, parse};
use super::{check, errors, with};

#[test]
fn every_kind_has_a_schema_that_refuses_unknown_keys() {
    for kind in FileKind::ALL {
        let schema = kind.json_schema();
        assert!(jsonschema::validator_for(&schema).is_ok(), "{kind:?}");
        assert_eq!(schema["additionalProperties"], false, "{kind:?}");
    }
}

#[test]
fn kinds_are_known_by_path() {
    assert_eq!(FileKind::of("schema.yaml"), Some(FileKind::Schema));
    assert_eq!(FileKind::of("offers/cards/gold.yml"), Some(FileKind::Offers));
    assert_eq!(FileKind::of("offers.yaml"), None);
    assert_eq!(FileKind::of("schema/x.yaml"), None);
    assert_eq!(FileKind::of("schema.json"), None);
}

#[test]
fn yaml_bombs_are_refused() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let inner = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{inner}]\n"));
    }
    let found = errors(&[("objectives.yaml", &bomb)]);
    assert!(found[0].contains("too large once its aliases are written out"), "{found:?}");
    let endless = "[".repeat(100_000);
    assert_eq!(errors(&[("objectives.yaml", &endless)]).len(), 1);
    let deep = "[".repeat(100) + &"]".repeat(100);
    let found = errors(&[("objectives.yaml", &deep)]);
    assert!(found[0].contains("nested deeper than 64 levels"), "{found:?}");
    check(
        &[("objectives.yaml", "a: &a [*a]\n")],
        &["objectives.yaml:1:8: this alias stands inside what it names"],
    );
}

#[test]
fn one_document_of_text_a_file() {
    check(
        &[("objectives.yaml", "objectives: {}\n---\nobjectives: {}\n")],
        &["objectives.yaml:2:1: a file holds one document only \
           (put what follows `---` into a file of its own)"],
    );
    check(&[("objectives.yaml", "# nothing\n")], &["objectives.yaml:0:0: the file is empty"]);
    check(
        &[("objectives.yaml", "objectives: { a: { weight: .nan } }\n")],
        &["objectives.yaml:1:28: a number must be finite"],
    );
    let mut files = super::folder(&[]);
    files.push(("models.yaml".to_owned(), b"exclude: []\nprior: \xff\n".to_vec()));
    let faults = super::load(&files).unwrap_err();
    let bad = faults.iter().find(|fault| fault.file == "models.yaml").unwrap();
    assert_eq!((bad.line, bad.column), (2, 8));
}

#[test]
fn aliases_serve_to_repeat() {
    let offers = with(
        "offers/cards.yaml",
        "    eligibility:\n      - customer.age >= offer.min_age\n      - when",
        "    eligibility:\n      - &adult customer.age >= offer.min_age\n      - *adult\n      - when",
    );
    super::sound(&[("offers/cards.yaml", &offers)]);
}

#[test]
fn alternatives_are_explained_by_what_was_meant() {
    let offers = with(
        "offers/cards.yaml",
        "      - when: customer.tier != 'platinum'\n        reason: They have a better one",
        "      - whem: customer.tier != 'platinum'\n        reason: They have a better one\n      - 3",
    );
    check(
        &[("offers/cards.yaml", &offers)],
        &[
            "offers/cards.yaml:18:9: `when` is missing here",
            "offers/cards.yaml:18:9: unknown key `whem` (did you mean `when`?)",
            "offers/cards.yaml:20:9: expected text or a map, found `3`",
        ],
    );
}

#[test]
fn places_within_scalars_are_found() {
    let text = "a: b c\nq: 'it''s x'\nd: \"t\\\"\\u00e9 x\"\nl: |\n  one\n   two x\nf: >\n  one\n  two x\np: one\n  two x\n";
    let (value, node) = parse(text).unwrap();
    let NodeContent::Map(entries) = &node.content else { panic!("{node:?}") };
    let lines: Vec<&str> = text.lines().collect();
    let line_at = |line: u32| lines.get(line as usize - 1).copied();
    let found: Vec<(u32, u32)> = entries
        .iter()
        .map(|entry| {
            let text = value[&entry.key].as_str().unwrap();
            let offset = text.find(['x', 'c']).unwrap();
            locate(&entry.node, text[..offset].chars().count(), line_at)
        })
        .collect();
    assert_eq!(found, [(1, 6), (2, 11), (3, 15), (6, 8), (9, 7), (11, 7)]);
}

#[test]
fn a_case_knows_what_it_names() {
    let case = |given: &str, expect: &str| {
        format!(
            "cases:\n  - name: x\n    given: {{ now: 2026-06-01T12:00:00Z{given} }}\n    expect: {expect}\n"
        )
    };
    let check = |given: &str, expect: &str, expected: &[&str]| {
        super::check(&[("cases/first.yaml", &case(given, expect))], expected);
    };
    check("", "{}", &["cases/first.yaml:3:5: `channel` is missing here"]);
    check(
        ", channel: web",
        "{ treatments: { gold_card: wep }, factors: { loan: { prize: 1 } }, channels: { sms: {} } }",
        &[
            "cases/first.yaml:4:40: on this channel, offer `gold_card` has no treatment `wep` \
             (did you mean `web`?)",
            "cases/first.yaml:4:66: there is no factor `prize` (known here: `score`, \
             `propensity`, `affinity`, `value`, `lever`, `context_weight`, `priority`, \
             `influence`, `objection`)",
            "cases/first.yaml:4:92: the case does not ask for channel `sms`",
        ],
    );
    check(
        ", channel: web, also: [sms]",
        "{ channels: { sms: { placements: { message: [loan] } } } }",
        &[],
    );
}
