//! Decision tables in a folder: YAML and CSV, faults with places, calls.

use std::borrow::Cow;

use super::{check, errors, sound, with};
use crate::core::expression::Lookup as _;
use crate::core::value::Value;

const FEES: &str = "tables:
  fee:
    inputs:
      - { name: tier, type: string, values: [basic, gold, platinum] }
      - { name: age, type: int, min: 0, max: 130 }
    output: { type: double }
    rows:
      - [basic, '< 26', 0]
      - [basic, '>= 26', 4.5]
      - [[gold, platinum], '-', 1.5]
";

const POINTS: &str = "---
hit: sum
description: Points for what they do.
---
tier: string(basic|gold|platinum),spend: double(0..),points: int
# A remark.
gold,-,10
platinum,\"not(< 100, > 1000)\", 20
-,>= 500,5
";

fn calling(expression: &str) -> String {
    with(
        "offers/cards.yaml",
        "value: customer.spend_30d * 0.1",
        &format!("value: \"{expression}\""),
    )
}

fn call(files: &[(&str, &str)], name: &str, args: &[Value]) -> Value {
    let loaded = sound(files);
    let table = loaded.catalog.schema.tables.get(name).unwrap().clone().unwrap();
    let args: Vec<_> = args.iter().map(Cow::Borrowed).collect();
    table.call(&args).unwrap()
}

#[test]
fn a_table_is_called_from_any_expression() {
    let offers = calling("table.fee(customer.tier, coalesce(customer.age, 0)) + 1.0");
    let files = [("tables/fees.yaml", FEES), ("offers/cards.yaml", offers.as_str())];
    let young = [Value::from("basic"), Value::Int(25)];
    assert_eq!(call(&files, "fee", &young), Value::Double(0.0));
    assert_eq!(call(&files, "fee", &[Value::from("gold"), Value::Int(99)]), Value::Double(1.5));
}

#[test]
fn a_spreadsheet_is_a_table_with_the_name_of_its_file() {
    let files = [("tables/points.csv", POINTS)];
    let points =
        |tier: &str, spend: f64| call(&files, "points", &[Value::from(tier), Value::Double(spend)]);
    assert_eq!(points("gold", 600.0), Value::Int(15));
    assert_eq!(points("platinum", 600.0), Value::Int(25));
    assert_eq!(points("platinum", 2000.0), Value::Int(5));
    assert_eq!(points("basic", 1.0), Value::Int(0));
}

#[test]
fn every_fault_of_a_table_has_its_place() {
    let gap = "add a row, give a `default`, or say what can come in (`values`, `min`, `max`)";
    let fees = FEES.replace("'< 26'", "'< 20'").replace("'-', 1.5", "'> 200', 1.5");
    check(
        &[("tables/fees.yaml", &fees)],
        &["tables/fees.yaml:10:28: 200 is more than the largest allowed, 130"],
    );
    let fees = FEES.replace("'< 26'", "'< 20'").replace("'-', 1.5", "'> 20', 1.5");
    check(
        &[("tables/fees.yaml", &fees)],
        &[
            &format!("tables/fees.yaml:2:3: no row for tier `basic`, age 20 ({gap})"),
            &format!("tables/fees.yaml:2:3: no row for tier `gold`, age 0 ({gap})"),
        ],
    );
    let fees = FEES.replace("'< 26'", "'<= 26'");
    check(
        &[("tables/fees.yaml", &fees)],
        &["tables/fees.yaml:9:10: rows 1 and 2 both match tier `basic`, age 26 \
           (make one of them narrower, or choose `hit: first`)"],
    );
    let fees = FEES.replace("[basic, '< 26', 0]", "[basik, '26..', zero, 1]");
    check(
        &[("tables/fees.yaml", &fees)],
        &[
            "tables/fees.yaml:8:10: this row has 4 cells, not 3 (one for each input, then the output)",
        ],
    );
    let fees = FEES.replace("[basic, '< 26', 0]", "[basik, '26..', zero]");
    check(
        &[("tables/fees.yaml", &fees)],
        &[
            "tables/fees.yaml:8:10: `basik` is not one of the declared values (did you mean `basic`?)",
            "tables/fees.yaml:8:17: `26..` is not of type int",
            "tables/fees.yaml:8:25: `zero` is not of type double",
        ],
    );
}

#[test]
fn faults_of_a_spreadsheet_have_line_and_column() {
    let points = POINTS.replace("gold,-,10", "gold,-,ten").replace(">= 500", "a lot");
    check(
        &[("tables/points.csv", &points)],
        &[
            "tables/points.csv:7:8: `ten` is not of type int",
            "tables/points.csv:9:3: `a lot` is not of type double",
        ],
    );
    let points = POINTS.replace("spend: double(0..)", "spend");
    let found = errors(&[("tables/points.csv", &points)]);
    assert!(found[0].starts_with("tables/points.csv:5:35: `spend` does not say"), "{found:?}");
    let points = POINTS.replace("hit: sum", "hit: summ");
    let found = errors(&[("tables/points.csv", &points)]);
    assert!(found[0].starts_with("tables/points.csv:2:6:"), "{found:?}");
    assert!(errors(&[("tables/points.csv", "\n")])[0].contains("has no header"));
    assert!(errors(&[("tables/points.csv", "---\nhit: sum\n")])[0].contains("has no end"));
}

#[test]
fn calls_are_checked_like_any_other() {
    let fees = ("tables/fees.yaml", FEES);
    let found = |expression: &str| {
        let offers = calling(expression);
        errors(&[fees, ("offers/cards.yaml", &offers)]).join("\n")
    };
    assert!(found("table.fees('gold', 1)").contains("(did you mean `table.fee`?)"));
    assert!(found("table.fee('gold')").contains("`table.fee` takes 2 arguments"));
    assert!(found("table.fee('silver', 1)").contains("`silver` is not one of"));
    assert!(found("table.fee('gold', 1.0)").contains("`age` of this table is int, not double"));
    assert!(found("table.fee(customer.health, 1)").contains("must not reach a score"));
    // A table with faults is not also unknown to those who call it.
    let offers = calling("table.fee('gold', 1)");
    let broken = FEES.replace("[basic, '< 26', 0]", "[basic, x, 0]");
    let found = errors(&[("tables/fees.yaml", &broken), ("offers/cards.yaml", &offers)]);
    assert_eq!(found.len(), 1, "{found:?}");
}
