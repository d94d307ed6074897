//! Event types: fields, the item they speak for, the attributes they set.

use super::Build;
use super::literal::type_of;
use super::names::{Namespace, identifier};
use super::programs::too_long;
use super::schema::{SchemaBuilder, check_values, default_of};
use super::scope::EventScope;
use crate::core::catalog::fault::Place;
use crate::core::catalog::kind::FileKind;
use crate::core::catalog::schema::{EventSpec, FieldSpec, Schema};
use crate::core::catalog::source::EventSource;
use crate::core::expression::{Program, Slot, Type};
use crate::core::key::Key;

/// Most fields of an event type.
const FIELDS_MAX: usize = 256;

/// Compiles all event types.
pub(super) fn compile(build: &Build<'_>, top: &Place<'_>, builder: &mut SchemaBuilder) {
    let section = top.key("events");
    let mut names = Namespace::default();
    for (name, source) in &build.schema().source.events {
        let place = section.key(name);
        identifier(&place, "an event type", name);
        if !names.declare(&place, "event type", name, name) {
            continue;
        }
        let fields = fields(&place, source);
        let spec = EventSpec {
            name: name.as_str().into(),
            key: Key::of(name),
            item: item(build, &place, source, &fields),
            sets: sets(build, &place, source, &fields, &builder.schema),
            fields,
            series: Vec::new(),
        };
        builder.schema.events.insert(name.as_str().into(), spec);
    }
}

fn fields(place: &Place<'_>, source: &EventSource) -> Vec<FieldSpec> {
    let section = place.key("fields");
    if source.fields.len() > FIELDS_MAX {
        section.error_at_key(format!("an event has at most {FIELDS_MAX} fields"), None);
    }
    (0_u32..)
        .zip(source.fields.iter().take(FIELDS_MAX))
        .map(|(slot, (name, field))| {
            let place = section.key(name);
            identifier(&place, "a field", name);
            check_values(&place, field);
            FieldSpec {
                name: name.as_str().into(),
                slot: Slot(slot),
                ty: type_of(field),
                range: (field.min, field.max),
                default: default_of(&place, field),
            }
        })
        .collect()
}

fn item(
    build: &Build<'_>,
    place: &Place<'_>,
    source: &EventSource,
    fields: &[FieldSpec],
) -> Option<(Slot, f32)> {
    let weight = source.item_weight.unwrap_or(1.0);
    if !(weight.is_finite() && (0.0..=1e6).contains(&weight)) {
        place.key("item_weight").error("a weight lies in 0..=1000000");
    }
    let name = source.item.as_ref()?;
    let place = place.key("item");
    let Some(field) = fields.iter().find(|field| *field.name == **name) else {
        if !build.broken().excuses(FileKind::Schema, name) {
            place.unknown("field", name, fields.iter().map(|field| &*field.name));
        }
        return None;
    };
    if !matches!(field.ty, Type::String | Type::Enum(_)) {
        place.error(format!("`{name}` is not of type string: it cannot name an item"));
    }
    #[expect(clippy::cast_possible_truncation, reason = "at most 1e6")]
    Some((field.slot, weight as f32))
}

fn sets(
    build: &Build<'_>,
    place: &Place<'_>,
    source: &EventSource,
    fields: &[FieldSpec],
    schema: &Schema,
) -> Vec<(Key, Type, Program)> {
    let section = place.key("sets");
    let mut sets = Vec::new();
    for (name, text) in &source.sets {
        let place = section.key(name);
        let Some(spec) = schema.attributes.get(name.as_str()).and_then(|slot| schema.slot(*slot))
        else {
            if !build.broken().excuses(FileKind::Schema, name) {
                let known = schema.attributes.keys().map(AsRef::as_ref);
                place.unknown_key("attribute", name, known);
            }
            continue;
        };
        let Some(program) = event_program(build, &place, text, fields, &spec.ty) else {
            continue;
        };
        for (withheld, flag, kind) in [
            (reads(source, &program, |field| field.sensitive), spec.sensitive, "sensitive"),
            (reads(source, &program, |field| field.personal), spec.personal, "personal"),
        ] {
            if withheld && !flag {
                place.error_hint(
                    format!("a {kind} field must not set `customer.{name}`, which is not"),
                    format!("declare `{name}` with `{kind}: true`"),
                );
            }
        }
        build.programs.note_path(&spec.path);
        sets.push((Key::of(name), spec.ty.clone(), program));
    }
    sets
}

/// Whether `program` reads a field of which `flag` holds.
pub(super) fn reads(
    source: &EventSource,
    program: &Program,
    flag: impl Fn(&crate::core::catalog::source::AttributeSource) -> bool,
) -> bool {
    program.paths().iter().any(|path| {
        let name = path.strip_prefix("event.").unwrap_or(path);
        source.fields.get(name).is_some_and(&flag)
    })
}

/// The program of `text` over the fields of an event.
pub(super) fn event_program(
    build: &Build<'_>,
    place: &Place<'_>,
    text: &str,
    fields: &[FieldSpec],
    expected: &Type,
) -> Option<Program> {
    if let Some(fault) = too_long(text) {
        place.expression(text, &[fault]);
        return None;
    }
    let scope = EventScope { fields, broken: build.broken() };
    match Program::compile(text, &scope, expected) {
        Ok(program) => Some(program),
        Err(faults) => {
            place.expression(text, &faults);
            None
        }
    }
}
