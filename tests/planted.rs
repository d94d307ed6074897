//! Faults planted in a folder are found, each where it stands, and nothing else is.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may end at the first fault"
)]

use std::collections::BTreeSet;
use std::path::Path;

use arbitra::engine::read_folder;
use serde_json::Value;
use support::process::{run, stderr};

mod support;

const FOLDER: &str = "tests/data/planted";

/// File, line and kind of each planted fault, as the comments say.
fn planted() -> BTreeSet<(String, u64, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER);
    let mut planted = BTreeSet::new();
    for (file, bytes) in read_folder(&root).unwrap() {
        for (line, text) in (1..).zip(String::from_utf8(bytes).unwrap().lines()) {
            if let Some((_, code)) = text.split_once("# planted: ") {
                planted.insert((file.clone(), line, code.to_owned()));
            }
        }
    }
    planted
}

#[test]
fn every_planted_fault_is_found_where_it_stands() {
    let output = run(&["check", FOLDER, "--at", "2026-10-14T10:00:00Z", "--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let faults = report["faults"].as_array().unwrap();
    let text = |fault: &Value, key: &str| fault[key].as_str().unwrap().to_owned();
    let found: BTreeSet<_> = faults
        .iter()
        .map(|fault| (text(fault, "file"), fault["line"].as_u64().unwrap(), text(fault, "code")))
        .collect();
    let planted = planted();
    assert!(planted.len() >= 20);
    let missed: Vec<_> = planted.difference(&found).collect();
    let unasked: Vec<_> = found.difference(&planted).collect();
    assert!(missed.is_empty() && unasked.is_empty(), "missed {missed:#?}, unasked {unasked:#?}");
    // The worst first, each with the line it is about.
    let severities: Vec<String> = faults.iter().map(|fault| text(fault, "severity")).collect();
    assert!(severities.is_sorted(), "{severities:?}");
    assert!(faults.iter().all(|fault| fault["snippet"].is_string()), "{report:#}");
}
