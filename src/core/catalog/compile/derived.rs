//! Derived attributes, in order of dependency, and segments.

use std::collections::{BTreeMap, BTreeSet};

use super::Build;
use super::programs::Gives;
use super::references::references;
use super::schema::{SchemaBuilder, slot_spec};
use super::scope::Standing;
use crate::core::catalog::fault::Place;
use crate::core::catalog::schema::{Origin, Schema};
use crate::core::expression::{Program, Type};

/// Compiles `derived`, each after those it reads.
pub(super) fn compile_derived(build: &Build<'_>, top: &Place<'_>, builder: &mut SchemaBuilder) {
    let section = top.key("derived");
    let derived = &build.schema().source.derived;
    let mut order = Order {
        derived,
        done: BTreeSet::new(),
        path: Vec::new(),
        sorted: Vec::new(),
        cycles: BTreeMap::new(),
    };
    for name in derived.keys() {
        order.visit(name);
    }
    for (name, cycle) in &order.cycles {
        let Some(cycle) = cycle else { continue };
        section.key(name).error_hint(
            format!("`customer.{name}` depends on itself"),
            format!("the cycle: {cycle}"),
        );
    }
    for name in order.sorted {
        let Some(text) = derived.get(name) else {
            continue;
        };
        let place = section.key(name);
        let ty_and_origin = if order.cycles.contains_key(name) {
            None
        } else {
            let want = (Standing::Derived, Gives::Any);
            build.programs.compile(&builder.schema, &place, text, want, None)
        };
        add(builder, &place, "a derived attribute", &format!("customer.{name}"), ty_and_origin);
    }
}

/// What a segment is called in faults.
const SEGMENT: &str = "a segment";

/// Compiles `segments.yaml`.
pub(super) fn compile_segments(build: &Build<'_>, builder: &mut SchemaBuilder) {
    let Some(file) = &build.folder.segments else {
        return;
    };
    let top = build.place(&file.document);
    let section = top.key("segments");
    for (name, source) in &file.source.segments {
        let place = section.key(name);
        let want = (Standing::Derived, Gives::Bool);
        let when = place.key("when");
        let program = build.programs.compile(&builder.schema, &when, &source.when, want, None);
        let path = format!("segment.{name}");
        if let Some(slot) = add(builder, &place, SEGMENT, &path, program) {
            builder.schema.segments.insert(name.as_str().into(), slot);
            if let Some(spec) = builder.schema.slots.get_mut(slot.0 as usize) {
                spec.ty = Type::Bool;
                spec.description = source.description.as_deref().map(Into::into);
            }
        }
    }
}

/// Adds a computed slot; one whose program has faults is declared all the same, of unknown type,
/// so that its readers are not faulted too.
fn add(
    builder: &mut SchemaBuilder,
    place: &Place<'_>,
    what: &str,
    path: &str,
    program: Option<Program>,
) -> Option<crate::core::expression::Slot> {
    let Some(program) = program else {
        return builder.add(place, what, slot_spec(path, Type::Dyn, Origin::Context));
    };
    let (sensitive, personal) = withheld(&builder.schema, &program);
    let may_be_missing = |slot| {
        let read = builder.schema.slot(slot);
        read.is_some_and(|read| builder.schema.optional(read))
    };
    // Unknown counts as not in the segment.
    let missing = what != SEGMENT && !program.unguarded(&may_be_missing).is_empty();
    let (unit, _) = program.units(&|slot| builder.schema.slot(slot)?.unit.clone());
    let mut spec = slot_spec(path, program.ty().clone(), Origin::Computed(program));
    (spec.may_be_missing, spec.unit) = (missing, unit);
    (spec.sensitive, spec.personal) = (sensitive, personal);
    spec.feature = !sensitive && !personal;
    let slot = builder.add(place, what, spec)?;
    builder.schema.computed.push(slot);
    Some(slot)
}

/// What is computed from a sensitive or personal value is so itself.
fn withheld(schema: &Schema, program: &Program) -> (bool, bool) {
    let read = || program.slots().iter().filter_map(|slot| schema.slot(*slot));
    (read().any(|spec| spec.sensitive), read().any(|spec| spec.personal))
}

/// A depth-first order; depth is bounded by the number of names (at most a few thousand, checked
/// by `DEPTH_MAX`).
struct Order<'s> {
    derived: &'s BTreeMap<String, String>,
    done: BTreeSet<&'s str>,
    path: Vec<&'s str>,
    sorted: Vec<&'s str>,
    /// Names that cannot be compiled; with the cycle at the one where it is reported.
    cycles: BTreeMap<&'s str, Option<String>>,
}

/// Longest chain of derived attributes.
const DEPTH_MAX: usize = 100;

impl<'s> Order<'s> {
    fn visit(&mut self, name: &'s str) {
        if self.done.contains(name) {
            return;
        }
        if let Some(start) = self.path.iter().position(|other| *other == name) {
            let mut cycle: Vec<&str> = self.path.get(start..).unwrap_or_default().to_vec();
            cycle.push(name);
            let shown = cycle.join(" → ");
            for member in cycle {
                self.cycles.entry(member).or_default();
            }
            self.cycles.insert(name, Some(shown));
            return;
        }
        if self.path.len() >= DEPTH_MAX {
            self.cycles.insert(name, Some(format!("a chain longer than {DEPTH_MAX}")));
            return;
        }
        let Some(text) = self.derived.get(name) else {
            return;
        };
        self.path.push(name);
        for mention in references(text) {
            if mention.root == "customer"
                && let Some((next, _)) = self.derived.get_key_value(mention.name)
            {
                self.visit(next);
            }
        }
        self.path.pop();
        self.done.insert(name);
        self.sorted.push(name);
    }
}
