//! Evaluation against a rules folder: its names, its types, its derived attributes and segments.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value as Json;

use super::json::from_json;
use super::{EvalFailure, Given};
use crate::cli::{Failure, rules as folder};
use crate::core::catalog::schema::{Origin, Schema, builtin};
use crate::core::catalog::{self, value_of};
use crate::core::expression::{Binding, Callee, Program, Scope, Slot, Type};
use crate::core::profile::{Profile, fill_one};
use crate::core::segment::{self, Populations};
use crate::core::time::UnixMs;
use crate::core::value::Value;

/// All names of a schema, and the facts of an offer that the context gives.
struct Names<'a> {
    schema: &'a Schema,
    facts: BTreeMap<String, Value>,
}

impl Scope for Names<'_> {
    fn resolve(&self, path: &str) -> Option<Binding> {
        if let Some(fact) = self.facts.get(path) {
            return Some(Binding::Constant(fact.clone()));
        }
        let slot = self.schema.by_path.get(path).copied()?;
        let spec = self.schema.slot(slot)?;
        let optional = self.schema.optional(spec);
        Some(Binding::Slot { slot, ty: spec.ty.clone(), optional })
    }

    fn paths(&self) -> Vec<String> {
        let slots = self.schema.by_path.keys().map(ToString::to_string);
        slots.chain(self.facts.keys().cloned()).collect()
    }

    fn lookup(&self, name: &str) -> Option<Callee> {
        self.schema.lookup(name)
    }

    fn lookups(&self) -> Vec<String> {
        self.schema.tables.keys().map(ToString::to_string).collect()
    }
}

/// The value of `source` for what is given; the rest is as of a customer of whom nothing is known.
///
/// # Errors
/// Outer: when the folder cannot be read or has faults. Inner: when the context does not fit the
/// schema, the expression has faults, or the evaluation fails.
pub fn evaluate(
    source: &str,
    path: &Path,
    given: &Given,
    lets: &[(&str, &str)],
) -> Result<Result<Value, EvalFailure>, Failure> {
    let files = folder::read(path)?;
    let loaded = catalog::load(&files).map_err(|faults| Failure::Setting(folder::show(&faults)))?;
    Ok(against(source, &loaded.catalog.schema, given, lets))
}

fn against(
    source: &str,
    schema: &Schema,
    given: &Given,
    lets: &[(&str, &str)],
) -> Result<Value, EvalFailure> {
    let mut flat = BTreeMap::new();
    flatten("", given, schema, &mut flat);
    let mut names = Names { schema, facts: BTreeMap::new() };
    let mut values = BTreeMap::new();
    for (path, json) in &flat {
        place(&mut names, &mut values, path, json)
            .map_err(|why| EvalFailure::Failed(format!("`{path}`: {why}")))?;
    }
    for (name, source) in lets {
        let value = one(source, &names, &frame(schema, &values))?;
        match schema.by_path.get(*name) {
            Some(slot) => _ = values.insert(*slot, value),
            None => _ = names.facts.insert((*name).to_owned(), value),
        }
    }
    one(source, &names, &frame(schema, &values))
}

fn one(source: &str, names: &Names<'_>, frame: &[Option<Value>]) -> Result<Value, EvalFailure> {
    let program = Program::compile(source, names, &Type::Dyn)
        .map_err(|faults| EvalFailure::Faults { source: source.to_owned(), faults })?;
    program.eval(frame).map_err(|error| EvalFailure::Failed(error.to_string()))
}

/// Nested groups as dotted paths: what the schema knows as a name is a value, whatever is in it.
fn flatten<'j>(
    prefix: &str,
    given: &'j Given,
    schema: &Schema,
    into: &mut BTreeMap<String, &'j Json>,
) {
    for (name, json) in given {
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match json {
            Json::Object(inner)
                if !schema.by_path.contains_key(path.as_str()) && !inner.contains_key("@type") =>
            {
                flatten(&path, inner, schema, into);
            }
            _ => _ = into.insert(path, json),
        }
    }
}

/// Puts a given value into its slot, or among the offer's facts.
fn place(
    names: &mut Names<'_>,
    values: &mut BTreeMap<Slot, Value>,
    path: &str,
    json: &Json,
) -> Result<(), String> {
    let Some(slot) = names.schema.by_path.get(path) else {
        if path.starts_with("offer.") {
            names.facts.insert(path.to_owned(), from_json(json)?);
            return Ok(());
        }
        let known = names.paths();
        let hint = catalog::fault::nearest(path, known.iter().map(String::as_str));
        let hint = hint.map(|best| format!("; did you mean `{best}`?")).unwrap_or_default();
        return Err(format!("the schema has no such name{hint}"));
    };
    let ty = names.schema.slot(*slot).map_or(&Type::Dyn, |spec| &spec.ty);
    let value = match json {
        Json::Null => return Ok(()),
        Json::Object(fields) if fields.contains_key("@type") => from_json(json)?,
        _ => value_of(json, ty).map_err(|error| match error.hint {
            Some(hint) => format!("{} ({hint})", error.message),
            None => error.message,
        })?,
    };
    values.insert(*slot, value);
    Ok(())
}

/// Puts what is given into its slots.
fn give(values: &BTreeMap<Slot, Value>, frame: &mut [Option<Value>]) {
    for (slot, value) in values {
        if let Some(cell) = frame.get_mut(slot.0 as usize) {
            *cell = Some(value.clone());
        }
    }
}

/// The frame of a customer of whom nothing is known but what is given.
fn frame(schema: &Schema, values: &BTreeMap<Slot, Value>) -> Vec<Option<Value>> {
    let mut frame = vec![None; schema.slots.len()];
    let now = match values.get(&builtin::NOW) {
        Some(Value::Timestamp(now)) => *now,
        _ => jiff::Timestamp::now(),
    };
    let mut put = |slot: Slot, value: Option<Value>| {
        if let Some(cell) = frame.get_mut(slot.0 as usize) {
            *cell = value;
        }
    };
    put(builtin::NOW, Some(Value::Timestamp(now)));
    let profile = Profile::new(UnixMs(now.as_millisecond()));
    profile.fill_frame(schema, UnixMs(now.as_millisecond()), &mut frame);
    give(values, &mut frame);
    let nobody = Populations::default();
    segment::fill(schema, &profile, &nobody, UnixMs(now.as_millisecond()), &mut frame);
    give(values, &mut frame);
    let given: BTreeSet<Slot> = values.keys().copied().collect();
    for slot in schema.computed.iter().filter(|slot| !given.contains(slot)) {
        fill_one(schema, *slot, &mut frame);
    }
    let objectives = schema.slots.iter().filter(|s| matches!(s.origin, Origin::Objective(_)));
    for spec in objectives.filter(|spec| !given.contains(&spec.slot)) {
        if let Some(cell) = frame.get_mut(spec.slot.0 as usize) {
            *cell = Some(Value::Double(0.0));
        }
    }
    frame
}
