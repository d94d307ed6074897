//! The handbook tells the truth: every example of the rule language gives what it says.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may end at the first fault"
)]

use std::collections::BTreeSet;

use arbitra::cli::eval::json::to_json;
use arbitra::core::expression::Program;
use serde_json::{Map, Value as Json};

#[path = "support/names.rs"]
mod names;

/// `value : type`, or `error: why`.
fn given(source: &str, context: &Map<String, Json>) -> String {
    let (names, frame) = names::read(context);
    let program = Program::compile_unchecked(source, &names)
        .unwrap_or_else(|faults| panic!("{source}: {faults:?}"));
    match program.eval(&frame) {
        Ok(value) => format!("{} : {}", to_json(&value), value.cel_type()),
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn every_example_of_the_rule_language_gives_what_it_says() {
    let text = std::fs::read_to_string("docs/rules.md").unwrap();
    let (mut inside, mut context, mut examples) = (false, Map::new(), 0);
    for line in text.lines() {
        match (inside, line) {
            (false, "```cel") => (inside, context) = (true, Map::new()),
            (true, "```") => inside = false,
            (true, line) if line.starts_with("// given ") => {
                context = serde_json::from_str(&line["// given ".len()..]).unwrap();
            }
            (true, line) => {
                let (source, expected) =
                    line.rsplit_once("// ").unwrap_or_else(|| panic!("no result: {line}"));
                let got = given(source.trim(), &context);
                let right = match expected.strip_prefix("error: ") {
                    Some(_) => got.starts_with(expected.trim()),
                    None => got == expected.trim(),
                };
                assert!(right, "{source}: {got}, not {expected}");
                examples += 1;
            }
            _ => {}
        }
    }
    assert!(examples > 70, "{examples} examples");
}

#[test]
fn every_function_has_an_example() {
    let text = std::fs::read_to_string("docs/rules.md").unwrap();
    let examples: String = text
        .split("```cel")
        .skip(1)
        .filter_map(|block| block.split("```").next())
        .flat_map(|block| [block, "\n"])
        .collect();
    let missing: BTreeSet<&str> = arbitra::core::expression::function_names()
        .filter(|name| {
            !examples.contains(&format!("{name}(")) && !text.contains(&format!("`{name}`"))
        })
        .filter(|name| !name.starts_with("get"))
        .collect();
    assert!(missing.is_empty(), "without an example: {missing:?}");
}
