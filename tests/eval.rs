//! `arbitra eval` as people and scripts meet it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may end at the first fault"
)]

use serde_json::{Value, json};
use support::process::{run, stderr};

mod support;

/// Exit code, and what `--json` says.
fn eval(arguments: &[&str]) -> (i32, Value) {
    let output = run(&[&["eval", "--json"], arguments].concat());
    let said = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    (output.status.code().unwrap(), said)
}

fn value(arguments: &[&str], ty: &str, value: Value) {
    assert_eq!(eval(arguments), (0, json!({ "value": value, "type": ty })), "{arguments:?}");
}

#[test]
fn any_value_is_printed_with_its_type() {
    let output = run(&["eval", "[1, 2].map(x, x * 2)"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "[2,4] : list\n", "{}", stderr(&output));
    value(&["-42 + 2"], "int", json!(-40));
    value(&["--19"], "int", json!(19));
    value(&["9223372036854775807"], "int", json!("9223372036854775807"));
    value(&["1.0 / 0.0"], "double", json!("Infinity"));
    value(&["b'\\xff'"], "bytes", json!("/w=="));
    value(&["duration('3500ms')"], "google.protobuf.Duration", json!("3.5s"));
    value(&["type(timestamp(0))"], "type", json!("google.protobuf.Timestamp"));
    value(&["null"], "null_type", Value::Null);
}

#[test]
fn without_rules_every_key_is_a_name() {
    let context = r#"{"x": {"y": [1, 2.5]}, "a.b": 3, "d": {"@type": "duration", "value": "90s"}}"#;
    value(&["x.y[1] * double(a.b)", "--context", context], "double", json!(7.5));
    value(&["d > duration('1m')", "--context", context], "bool", json!(true));
    let since = "since=timestamp('2026-01-31T00:00:00Z')";
    value(&["since.getDate()", "--let", since], "int", json!(31));
    value(&["unheard_of || true"], "bool", json!(true));
    let (code, said) = eval(&["unheard_of"]);
    assert_eq!((code, said["error"].as_str()), (1, Some("`unheard_of` is not known")));
}

#[test]
fn with_rules_names_are_typed_and_the_rest_is_derived() {
    let given = r#"{"customer": {"balance": 10.5, "savings": 3}, "customer.age": 20,
                    "now": "2026-03-01T00:00:00Z"}"#;
    let with = |source| vec![source, "--rules", "rules", "--context", given];
    value(&with("customer.wealth"), "double", json!(13.5));
    value(&with("segment.young"), "bool", json!(true));
    value(&with("customer.lifecycle"), "string", json!("prospect"));
    value(&with("now.getMonth()"), "int", json!(2));

    let (code, said) = eval(&with("customer.agee > 'x' && customer.lifecycle == 'activ'"));
    assert_eq!(code, 1, "{said}");
    let faults = said["faults"].as_array().unwrap();
    assert_eq!(faults.len(), 2, "{said}");
    assert_eq!(faults[0]["hint"], "did you mean `customer.age`?");
    assert_eq!(faults[1]["at"], "'activ'");

    let (code, said) = eval(&with("customer.monthly_income > 1.0"));
    assert_eq!((code, said["error"].as_str()), (1, Some("`customer.monthly_income` is unknown")));
    let unknown = r#"{"customer": {"agee": 3}}"#;
    let (code, said) = eval(&["1", "--rules", "rules", "--context", unknown]);
    assert_eq!(code, 1);
    assert!(said["error"].as_str().unwrap().contains("customer.age"), "{said}");
}

#[test]
fn failures_have_a_reason_and_a_code() {
    let failed = |arguments: &[&str]| {
        let (code, said) = eval(arguments);
        (code, said["error"].as_str().unwrap_or_else(|| panic!("{said}")).to_owned())
    };
    assert_eq!(failed(&["1 / 0"]), (1, "division by zero".to_owned()));
    assert_eq!(failed(&["1 ="]).0, 1);
    assert_eq!(failed(&["1", "--context", "[]"]).0, 2);
    assert_eq!(failed(&["1", "--context", "{"]).0, 2);
    assert_eq!(failed(&["1", "--let", "x"]).0, 2);
    assert_eq!(failed(&["x", "--context", r#"{"x": {"@type": "uint", "value": -1}}"#]).0, 1);
    assert_eq!(run(&["eval"]).status.code(), Some(2));
    assert_eq!(run(&["eval", "1", "--rules", "no/such/folder"]).status.code(), Some(64));

    let output = run(&["eval", "1 +\n 'a' - é"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("^"), "{}", stderr(&output));
}
