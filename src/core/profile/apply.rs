//! Applying events.

use super::Profile;
use super::frame::conforms;
use super::recent::IdSpace;
use super::series::{Observation, feed};
use crate::core::catalog::schema::{EventSpec, Schema};
use crate::core::expression::{EvalError, Program, Type};
use crate::core::interaction::Event;
use crate::core::key::Key;
use crate::core::time::UnixMs;
use crate::core::value::Value;

/// What came of applying an event or contacts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// It had been applied before: nothing changed.
    pub duplicate: bool,
    /// Expressions (filters, `sets`) that failed; what they guard was left out.
    pub failures: u32,
    /// Parts left out because the profile is full or cannot hold the value.
    pub left_out: u32,
}

impl Profile {
    /// Applies an event once: feeds its series, sets its attributes, adds its interest. An event
    /// from the future counts as of `now`; one of a type the schema lacks only leaves its id.
    pub fn apply_event(&mut self, schema: &Schema, event: &Event, now: UnixMs) -> Applied {
        let mut applied = Applied::default();
        if self.recent.contains(IdSpace::Event, event.id) {
            applied.duplicate = true;
            return applied;
        }
        let before = self.updated_at;
        let at = self.advance(now, event.at);
        self.recent.push(IdSpace::Event, event.id, self.updated_at);
        if let Some(spec) = schema.events.get(&event.name) {
            self.feed_series(schema, spec, event, at, &mut applied);
            self.set_from_event(spec, event, at, &mut applied);
            if let Some((slot, weight)) = spec.item
                && let Some(item) = value_at(event, slot.0).and_then(item_key)
            {
                self.add_interest(item, weight, at, now);
            }
        }
        self.prune_daily(schema, before);
        applied
    }

    fn feed_series(
        &mut self,
        schema: &Schema,
        spec: &EventSpec,
        event: &Event,
        at: UnixMs,
        applied: &mut Applied,
    ) {
        for series in spec.series.iter().filter_map(|&i| schema.series.get(i)) {
            if let Some(filter) = &series.filter
                && !holds(filter, event, applied)
            {
                continue;
            }
            if let Some(seen) = Observation::of(series, &event.frame, at, self.updated_at)
                && !feed(&mut self.series, series, &seen)
            {
                applied.left_out += 1;
            }
        }
    }

    fn set_from_event(
        &mut self,
        spec: &EventSpec,
        event: &Event,
        at: UnixMs,
        applied: &mut Applied,
    ) {
        for (name, ty, program) in &spec.sets {
            let value = match program.eval(&event.frame) {
                Ok(value) => value,
                Err(EvalError::Missing(_)) => continue,
                Err(EvalError::Failed(_)) => {
                    applied.failures += 1;
                    continue;
                }
            };
            let stored = coerce(value, ty)
                .is_some_and(|value| self.put_attribute(*name, value, Some(at)).is_ok());
            applied.left_out += u32::from(!stored);
        }
    }
}

fn value_at(event: &Event, slot: u32) -> Option<&Value> {
    event.frame.get(slot as usize)?.as_ref()
}

fn holds(filter: &Program, event: &Event, applied: &mut Applied) -> bool {
    match filter.eval(&event.frame) {
        Ok(value) => value == Value::Bool(true),
        Err(EvalError::Missing(_)) => false,
        Err(EvalError::Failed(_)) => {
            applied.failures += 1;
            false
        }
    }
}

/// The key of an item named by text or number.
fn item_key(value: &Value) -> Option<Key> {
    match value {
        Value::String(text) => Some(Key::of(text)),
        Value::Int(number) => Some(Key::of(&number.to_string())),
        Value::Uint(number) => Some(Key::of(&number.to_string())),
        _ => None,
    }
}

/// The value in the attribute's declared type: whole numbers widen to doubles, text of a closed set
/// must be in it; anything else must have the type already.
fn coerce(value: Value, ty: &Type) -> Option<Value> {
    match (ty, &value) {
        (Type::Double, Value::Int(_) | Value::Uint(_)) => value.as_f64().map(Value::Double),
        (Type::Enum(values), Value::String(text)) if !values.contains(text) => None,
        _ => conforms(&value, ty).then_some(value),
    }
}
