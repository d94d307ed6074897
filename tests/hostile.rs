//! Text from outside, mutated and monstrous: the loader and the language answer, in bounded time, with
//! faults that say where. The same entries as the fuzz targets in `fuzz/`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may end at the first fault"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use arbitra::core::catalog::hostile::{self, Became};
use arbitra::core::catalog::{load, yaml};
use proptest::prelude::*;

/// Far above what any of these takes, far below what an unbounded one would.
const PATIENCE: Duration = Duration::from_secs(20);

/// Files of a folder as one text, as the fuzz target takes them.
fn as_text(folder: &Path, prefix: &str, into: &mut String) {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            as_text(&path, &format!("{name}/"), into);
        } else if let Ok(text) = fs::read_to_string(&path)
            && !name.ends_with(".md")
        {
            write!(into, "=== {name}\n{text}\n").unwrap();
        }
    }
}

fn expressions() -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("tests/conformance").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let (sections, _) = yaml::parse(&fs::read_to_string(path).unwrap()).unwrap();
            let lists = sections.as_object().unwrap().values();
            let cases = lists.flat_map(|list| list.as_array().unwrap());
            found.extend(cases.map(|case| case[0].as_str().unwrap().to_owned()));
        }
    }
    found
}

/// One change of a text.
#[derive(Clone, Debug)]
enum Edit {
    Cut(usize, usize),
    Copy(usize, usize, usize),
    Insert(usize, &'static str),
}

const WORDS: &[&str] = &[
    "",
    " ",
    "\n",
    "  ",
    ":",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "'",
    "\"",
    ",",
    ".",
    "&a ",
    "*a",
    "<<: *a",
    "|\n",
    "---\n",
    "null",
    "true",
    "1e999",
    "-9223372036854775808",
    "18446744073709551615",
    "\u{0}",
    "é",
    "\u{feff}",
    "customer.age",
    "table.t(1)",
    "has(",
    " && ",
    " ? ",
    "[].map(x, x)",
    "..",
    "not(",
    "-",
    "#",
];

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (any::<usize>(), 1_usize..40).prop_map(|(at, length)| Edit::Cut(at, length)),
        (any::<usize>(), 1_usize..80, any::<usize>()).prop_map(|(a, l, to)| Edit::Copy(a, l, to)),
        (any::<usize>(), prop::sample::select(WORDS)).prop_map(|(at, word)| Edit::Insert(at, word)),
    ]
}

fn mutated(text: &str, edits: &[Edit]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for edit in edits {
        let place = |at: usize| at % (bytes.len() + 1);
        match *edit {
            Edit::Cut(at, length) => {
                let at = place(at);
                bytes.drain(at..(at + length).min(bytes.len()));
            }
            Edit::Copy(at, length, to) => {
                let (at, to) = (place(at), place(to));
                let part = bytes[at..(at + length).min(bytes.len())].to_vec();
                bytes.splice(to..to, part);
            }
            Edit::Insert(at, word) => {
                let at = place(at);
                bytes.splice(at..at, word.bytes());
            }
        }
    }
    bytes
}

const TABLES: [&str; 2] = [
    "tables:\n  t:\n    inputs:\n      - { name: tier, type: string, values: [basic, gold] }\n      - { name: age, \
     type: int, min: 0 }\n      - { name: since, type: duration }\n    output: { type: double }\n    hit: first\n    \
     default: 1.5\n    rows:\n      - [basic, '[18..65)', '< 2h', 1]\n      - ['not(gold)', '1, 2, > 90', '-', 2.5]\n",
    "---\nhit: collect\n---\ntier: string(basic|gold), on: bool, spend: double(0..), points: int\ngold,true,\"< 10, \
     > 20\",3\n-,-,[1..2],4\n",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_mutated_expression_ends(index in any::<prop::sample::Index>(), edits in prop::collection::vec(edit(), 0..4)) {
        let all = expressions();
        hostile::expression(&mutated(&all[index.index(all.len())], &edits));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_mutated_table_ends(which in 0..2_usize, edits in prop::collection::vec(edit(), 0..4)) {
        hostile::table(&mutated(TABLES[which], &edits));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_mutated_folder_ends(edits in prop::collection::vec(edit(), 1..6)) {
        let mut text = String::new();
        as_text(Path::new("rules"), "", &mut text);
        hostile::folder(&mutated(&text, &edits));
    }
}

#[test]
fn the_seeds_get_all_the_way() {
    let mut text = String::new();
    as_text(Path::new("rules"), "", &mut text);
    assert_eq!(hostile::folder(text.as_bytes()), Became::Sound);
    assert_eq!(TABLES.map(|table| hostile::table(table.as_bytes())), [Became::Sound; 2]);
    let sound =
        expressions().iter().filter(|e| hostile::expression(e.as_bytes()) == Became::Sound).count();
    assert!(sound > 500, "{sound}");
}

/// Loads the bank with this file in it: it is refused in time, with faults about that file.
fn refused(path: &str, text: &str) -> Vec<String> {
    let mut bank = String::new();
    as_text(Path::new("rules"), "", &mut bank);
    let mut files = hostile::files(&bank);
    files.retain(|(known, _)| known != path);
    files.push((path.to_owned(), text.as_bytes().to_vec()));
    let start = Instant::now();
    let faults = load(&files).expect_err("refused");
    assert!(start.elapsed() < PATIENCE, "{path}: {:?}", start.elapsed());
    assert!(faults.len() < 2_000, "{} faults", faults.len());
    let about: Vec<String> = faults
        .iter()
        .filter(|f| f.file == path)
        .map(|f| format!("{}: {}", f.line, f.message))
        .collect();
    assert!(!about.is_empty(), "no fault about {path}: {faults:?}");
    about
}

#[test]
fn huge_deep_and_cyclic_files_are_refused_in_bounded_time() {
    let huge = "a: b\n".repeat(20 * 1024 * 1024);
    assert!(refused("segments.yaml", &huge)[0].contains("larger than"));
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", "")] {
        let deep = format!("{}{}", open.repeat(200_000), close.repeat(200_000));
        assert!(!refused("segments.yaml", &deep).is_empty(), "{open}");
    }
    let mut laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..12 {
        let inner = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(laughs, "a{level}: &a{level} [{inner}]").unwrap();
    }
    assert!(refused("segments.yaml", &laughs)[0].contains("aliases"));
    assert!(refused("segments.yaml", "segments: &a\n  x: *a\n")[0].contains("alias"));
    assert!(!refused("segments.yaml", &"x".repeat(4_000_000)).is_empty());
    assert!(!refused("segments.yaml", &"k: v\n".repeat(100_000)).is_empty());
    assert!(!refused("segments.yaml", "segments:\n  a: { when: \u{0}true }\n").is_empty());
}

#[test]
fn monstrous_declarations_are_refused_in_bounded_time() {
    let deep = format!("segments:\n  a: {{ when: '{}true' }}\n", "!".repeat(100_000));
    assert!(refused("segments.yaml", &deep)[0].contains("bytes"));
    let nested =
        format!("segments:\n  a: {{ when: '{}true{}' }}\n", "(".repeat(3_000), ")".repeat(3_000));
    assert!(refused("segments.yaml", &nested)[0].contains("nests deeper"));
    let mut many = "segments:\n".to_owned();
    for number in 0..1_000 {
        writeln!(many, "  s{number}: {{ when: customer.nothing_{number} > 1 }}").unwrap();
    }
    assert!(refused("segments.yaml", &many)[0].contains("not known"));

    let header = "a: int,b: int,c: double\n";
    let rows: String = (0..20_000).map(|row| format!("{row},-,1\n")).collect();
    assert!(refused("tables/t.csv", &format!("{header}{rows}"))[0].contains("rows"));
    let wide: String = (0..400).map(|column| format!("c{column}: int,")).collect();
    assert!(refused("tables/t.csv", &format!("{wide}x: int\n"))[0].contains("inputs"));
    // As many different bounds as fit: its cases are too many to walk, and that is said.
    let rows: String = (0..4_000)
        .map(|r| format!("[{r}..{}],[{}..{}],1\n", r + 900, 7 * r % 4000, 7 * r % 4000 + 900))
        .collect();
    let faults = refused("tables/t.csv", &format!("{header}{rows}"));
    assert!(faults.iter().any(|fault| fault.contains("no row for")), "{faults:?}");
}

#[test]
fn whatever_depends_on_itself_is_a_fault() {
    let schema = fs::read_to_string("rules/schema.yaml").unwrap();
    let derived = "derived:\n  egg: customer.hen + 1\n  hen: customer.egg + 1\n  me: customer.me\n";
    let schema = schema.replacen("derived:\n", derived, 1);
    let faults = refused("schema.yaml", &schema).join("\n");
    assert!(faults.contains("`customer.egg` depends on itself"), "{faults}");
    assert!(faults.contains("`customer.me` depends on itself"), "{faults}");
}
