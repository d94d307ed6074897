//! The handbook tells the truth: every example of the rule language gives what it says.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may end at the first fault"
)]

use std::collections::BTreeSet;

use arbitra::cli::eval::json::{from_json, to_json};
use arbitra::core::expression::{Binding, Program, Scope, Slot, Type};
use arbitra::core::value::Value;
use serde_json::{Map, Value as Json};

/// Names in the order of their slots.
struct Names(Vec<String>);

impl Scope for Names {
    fn resolve(&self, path: &str) -> Option<Binding> {
        let index = self.0.iter().position(|name| name == path)?;
        let slot = Slot(u32::try_from(index).unwrap());
        Some(Binding::Slot { slot, ty: Type::Dyn, optional: true })
    }

    fn paths(&self) -> Vec<String> {
        self.0.clone()
    }
}

/// `value : type`, or `error: why`.
fn given(source: &str, context: &Map<String, Json>) -> String {
    let names = Names(context.keys().cloned().collect());
    let frame: Vec<Option<Value>> =
        context.values().map(|json| Some(from_json(json).unwrap())).collect();
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
