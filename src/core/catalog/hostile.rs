//! Entries for text from outside, for fuzzing and for the tests that mutate good text: whatever comes
//! in, they end, and nothing panics. Each answers what it made of it, so that callers can see that they
//! got further than the first line.

use std::borrow::Cow;

use super::{Loaded, load};
use crate::core::expression::{
    Binding, Callee, EvalError, Lookup as _, Program, Scope, Slot, Type,
};
use crate::core::value::Value;

/// What became of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Became {
    /// Refused, with faults.
    Faults,
    /// Taken.
    Sound,
}

/// Splits a text into the files of a folder, at lines `=== PATH`.
#[must_use]
pub fn files(text: &str) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for line in text.split_inclusive('\n') {
        match line.strip_prefix("=== ") {
            Some(path) => files.push((path.trim().to_owned(), Vec::new())),
            None => {
                if let Some((_, content)) = files.last_mut() {
                    content.extend_from_slice(line.as_bytes());
                }
            }
        }
    }
    files
}

/// A whole folder, as [`files`] splits it.
pub fn folder(bytes: &[u8]) -> Became {
    became(&load(&files(&String::from_utf8_lossy(bytes))))
}

fn became<T, E>(result: &Result<T, E>) -> Became {
    if result.is_ok() { Became::Sound } else { Became::Faults }
}

/// Names of every type, all of them empty or all full.
struct Names;

const NAMES: [(&str, Type); 7] = [
    ("a", Type::Int),
    ("b", Type::Double),
    ("c.d", Type::String),
    ("e", Type::Bool),
    ("now", Type::Timestamp),
    ("f", Type::Duration),
    ("x", Type::Dyn),
];

impl Scope for Names {
    fn resolve(&self, path: &str) -> Option<Binding> {
        let index = NAMES.iter().position(|(name, _)| *name == path)?;
        let (_, ty) = NAMES.get(index)?;
        let slot = Slot(u32::try_from(index).ok()?);
        Some(Binding::Slot { slot, ty: ty.clone(), optional: true })
    }

    fn paths(&self) -> Vec<String> {
        NAMES.iter().map(|(name, _)| (*name).to_owned()).collect()
    }

    fn lookup(&self, name: &str) -> Option<Callee> {
        (name == "faulty").then_some(Callee::Faulty)
    }
}

fn full() -> Vec<Option<Value>> {
    vec![
        Some(Value::Int(-3)),
        Some(Value::Double(0.5)),
        Some(Value::from("Ana, 31")),
        Some(Value::Bool(true)),
        Some(Value::Timestamp(jiff::Timestamp::UNIX_EPOCH)),
        Some(Value::Duration(jiff::SignedDuration::from_secs(90))),
        Some(Value::List([Value::Int(1), Value::from("x")].into())),
    ]
}

/// An expression: parsed, checked, evaluated by the compiled evaluator and by the reference, over an
/// empty and a full frame. Both must agree, but on how far the limits of work reach.
pub fn expression(bytes: &[u8]) -> Became {
    let text = String::from_utf8_lossy(bytes);
    let checked = Program::compile(&text, &Names, &Type::Dyn);
    let free = Program::compile_unchecked(&text, &Names);
    let empty = vec![None; NAMES.len()];
    for program in checked.iter().chain(&free) {
        for frame in [&empty, &full()] {
            let (fast, slow) = (program.eval(frame), program.reference_eval(frame));
            let limit = |r: &Result<Value, EvalError>| matches!(r, Err(EvalError::Failed(why)) if why.starts_with("cost limit"));
            let same = format!("{fast:?}") == format!("{slow:?}");
            assert!(same || limit(&fast) || limit(&slow), "{text}: {fast:?}, {slow:?}");
            let _bounded = (program.eval_bool(frame), program.eval_f64(frame));
        }
        let _told = (program.canonical().len(), program.conjuncts().len(), program.slots().len());
    }
    became(&checked)
}

/// A decision table: YAML, or CSV where the text does not begin with `tables:`; called with a few
/// values, by its index and row by row.
pub fn table(bytes: &[u8]) -> Became {
    let csv = !bytes.starts_with(b"tables:");
    let path = if csv { "tables/t.csv" } else { "tables/t.yaml" };
    let around = [
        ("schema.yaml", "attributes: {}\n"),
        (
            "channels.yaml",
            "channels:\n  web:\n    locales: [en]\n    placements:\n      hero: { slots: 1 }\n",
        ),
        ("arbitration.yaml", "default: priority\n"),
        (
            "offers/o.yaml",
            "groups:\n  g: { name: G }\noffers:\n  - id: o\n    name: O\n    group: g\n    kind: inform\n    \
             treatments:\n      - channel: web\n        content: { title: Hello }\n",
        ),
    ];
    let mut files: Vec<(String, Vec<u8>)> =
        around.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
    files.push((path.to_owned(), bytes.to_vec()));
    let loaded = load(&files);
    if let Ok(Loaded { catalog, .. }) = &loaded {
        for table in catalog.schema.tables.values().flatten() {
            for number in [-1, 0, 1, 18, 65, 1000] {
                let args = table.params().iter().map(|param| argument(&param.ty, number));
                let args: Vec<Cow<'_, Value>> = args.map(Cow::Owned).collect();
                let (fast, slow) = (table.call(&args), table.reference(&args));
                assert!(format!("{fast:?}") == format!("{slow:?}"), "{args:?}: {fast:?}, {slow:?}");
            }
        }
    }
    became(&loaded)
}

fn argument(ty: &Type, number: i64) -> Value {
    match ty {
        Type::Bool => Value::Bool(number > 0),
        Type::Int => Value::Int(number),
        Type::Double => Value::Double(f64::from(i32::try_from(number).unwrap_or(0)) / 2.0),
        Type::Enum(values) => {
            let at = usize::try_from(number).unwrap_or(0) % values.len().max(1);
            values.iter().nth(at).map_or(Value::from(""), |value| Value::String(value.clone()))
        }
        Type::Timestamp => {
            Value::Timestamp(jiff::Timestamp::from_second(number).unwrap_or_default())
        }
        Type::Duration => Value::Duration(jiff::SignedDuration::from_hours(number)),
        _ => Value::from("gold"),
    }
}
