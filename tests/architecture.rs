//! The house holds its shape: which room may name which, what the core may not touch, and how large
//! a file may grow. Reads the sources as text; needs nothing else.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may end at the first fault"
)]

use std::fs;
use std::path::{Path, PathBuf};

/// From → the rooms it must not name.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("core", &["api", "cli", "config", "engine", "source", "store", "telemetry"]),
    ("store", &["api", "cli", "config", "core", "engine", "source", "telemetry"]),
    ("source", &["api", "cli", "engine"]),
    ("telemetry", &["api", "cli", "core", "engine", "store"]),
    ("engine", &["api", "cli", "config"]),
    ("api", &["cli", "config"]),
];

/// What the core may not use: clocks, chance, I/O, environment, threads, logs, wire types.
const IMPURE: &[&str] = &[
    "std::env",
    "std::fs",
    "io::stderr",
    "io::stdin",
    "io::stdout",
    "std::net",
    "std::process",
    "std::thread",
    "std::time",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "RandomState",
    "tokio::",
    "tracing::",
    "metrics::",
    "prost::",
    "tonic::",
    "redis::",
];

const FILE_LINES_MAX: usize = 500;

fn sources(room: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.join(room)];
    let file = root.join(format!("{room}.rs"));
    if file.exists() {
        found.push((file.clone(), fs::read_to_string(file).unwrap()));
    }
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push((path.clone(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

/// Lines of code: comments and documentation are free to name anything.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(number, line)| (number + 1, line.split("//").next().unwrap_or_default()))
}

#[test]
fn rooms_name_only_the_rooms_below_them() {
    let mut breaches = Vec::new();
    for (room, forbidden) in FORBIDDEN {
        for (path, text) in sources(room) {
            for (line, code) in code(&text) {
                for other in *forbidden {
                    if code.contains(&format!("crate::{other}::"))
                        || code.contains(&format!("crate::{other};"))
                    {
                        breaches.push(format!("{}:{line}: {room} names {other}", path.display()));
                    }
                }
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn the_core_is_pure() {
    let mut breaches = Vec::new();
    for (path, text) in sources("core") {
        let is_test = path.file_stem().is_some_and(|stem| stem.to_string_lossy().contains("tests"));
        if is_test || path.components().any(|part| part.as_os_str() == "tests") {
            continue;
        }
        for (line, code) in code(&text) {
            for word in IMPURE {
                if code.contains(word) {
                    breaches.push(format!("{}:{line}: the core uses {word}", path.display()));
                }
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn files_stay_small() {
    let long: Vec<String> = ["core", "store", "engine", "api", "cli", "telemetry", "source"]
        .into_iter()
        .flat_map(sources)
        .filter(|(_, text)| text.lines().count() > FILE_LINES_MAX)
        .map(|(path, text)| format!("{}: {} lines", path.display(), text.lines().count()))
        .collect();
    assert!(long.is_empty(), "over {FILE_LINES_MAX} lines:\n{}", long.join("\n"));
}
