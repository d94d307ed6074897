//! The language as data: every case of `tests/conformance/*.yaml`, through the compiled evaluator
//! and the reference interpreter, with and without the type checker.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may end at the first fault"
)]

use std::fs;

use arbitra::cli::eval::json::to_json;
use arbitra::core::catalog::yaml;
use arbitra::core::expression::{EvalError, Program, Type};
use arbitra::core::value::Value;
use names::Names;
use serde_json::Value as Json;

#[path = "support/names.rs"]
mod names;

struct Case {
    place: String,
    source: String,
    ty: String,
    expected: Json,
    names: Names,
    frame: Vec<Option<Value>>,
    unchecked: bool,
    unparsed: bool,
}

impl Case {
    fn read(place: String, case: &Json) -> Self {
        let given = case[3]["given"].as_object().cloned().unwrap_or_default();
        let (names, frame) = names::read(&given);
        Self {
            place,
            source: case[0].as_str().unwrap().to_owned(),
            ty: case[1].as_str().unwrap().to_owned(),
            expected: case[2].clone(),
            names,
            frame,
            unchecked: case[3]["unchecked"] == true,
            unparsed: case[3]["unparsed"] == true,
        }
    }

    /// What is wrong, if anything.
    fn run(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let free = Program::compile_unchecked(&self.source, &self.names);
        let checked = Program::compile(&self.source, &self.names, &Type::Dyn);
        if free.is_err() != self.unparsed {
            wrong.push(format!("parsed: {:?}", free.as_ref().err()));
        }
        if checked.is_err() != (self.unchecked || self.unparsed) {
            wrong.push(format!("checked: {:?}", checked.as_ref().err()));
        }
        for program in [free, checked].into_iter().flatten() {
            let (fast, slow) = (program.eval(&self.frame), program.reference_eval(&self.frame));
            wrong.extend(self.judge("compiled", &fast));
            wrong.extend(self.judge("reference", &slow));
        }
        wrong.iter().map(|why| format!("{}: {}: {why}", self.place, self.source)).collect()
    }

    fn judge(&self, by: &str, got: &Result<Value, EvalError>) -> Option<String> {
        let right = match got {
            Err(error) => {
                let part = self.expected.as_str().unwrap_or_default();
                self.ty == "error" && error.to_string().contains(part)
            }
            Ok(value) => self.ty == value.cel_type() && self.same(&to_json(value)),
        };
        (!right).then(|| format!("{by}: {got:?}, expected {} {}", self.ty, self.expected))
    }

    fn same(&self, got: &Json) -> bool {
        match (&self.expected, got) {
            (Json::Number(a), Json::Number(b)) if self.ty == "double" => {
                a.as_f64().map(f64::to_bits) == b.as_f64().map(f64::to_bits)
            }
            (a, b) => a == b,
        }
    }
}

fn cases() -> Vec<Case> {
    let mut files: Vec<_> = fs::read_dir("tests/conformance")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    let mut cases = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let (sections, _) = yaml::parse(&text).unwrap_or_else(|e| panic!("{path:?}: {e:?}"));
        for (section, list) in sections.as_object().unwrap() {
            for (index, case) in list.as_array().unwrap().iter().enumerate() {
                let file = path.file_stem().unwrap().to_string_lossy();
                cases.push(Case::read(format!("{file}/{section}/{}", index + 1), case));
            }
        }
    }
    cases
}

#[test]
fn expressions_give_what_the_language_defines() {
    let cases = cases();
    assert!(cases.len() > 700, "{} cases", cases.len());
    let wrong: Vec<String> = cases.iter().flat_map(Case::run).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
