//! What is known of the moment: context entries by slot.

use std::collections::BTreeMap;

use super::bounds::ENTRIES_MAX;
use super::fault::{Faults, Reason, quoted};
use super::{name, value};
use crate::api::wire::v1;
use crate::core::catalog::schema::{Schema, SlotSpec};
use crate::core::expression::Slot;
use crate::core::value::Value;

/// Entries by slot, each of its declared type.
pub fn context(
    schema: &Schema,
    entries: &BTreeMap<String, v1::Value>,
    faults: &mut Faults,
) -> Vec<(Slot, Value)> {
    if !faults.bound_count("context", entries.len(), ENTRIES_MAX) {
        return Vec::new();
    }
    let mut context = Vec::with_capacity(entries.len());
    for (key, given) in entries {
        let field = || format!("context.{}", quoted(key));
        let slot = schema.context.get(key.as_str()).and_then(|slot| schema.slot(*slot));
        let Some(spec) = slot else {
            let known = schema.context.keys().map(|name| &**name);
            faults.note(field(), name::unknown(Reason::UnknownField, "context entry", key, known));
            continue;
        };
        match value::typed(given, declared(spec)) {
            Ok(value) => context.push((spec.slot, value)),
            Err(wrong) => faults.note(field(), wrong),
        }
    }
    context
}

/// What a slot's value must be like.
pub fn declared(spec: &SlotSpec) -> value::Declared<'_> {
    value::Declared { ty: &spec.ty, range: spec.range }
}
