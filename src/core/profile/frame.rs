//! The decision frame: what rules, models and texts read of a profile.

use super::series::read;
use super::{ALL_CHANNELS, Profile};
use crate::core::catalog::schema::{Origin, Schema};
use crate::core::expression::{EvalError, Slot, Type};
use crate::core::segment::{ScoreKind, stage};
use crate::core::time::UnixMs;
use crate::core::value::Value;

impl Profile {
    /// Fills the slots of stored attributes and of aggregates as of `now`, and gives declared
    /// defaults to these and to context slots that are still empty. Put the context in before: a
    /// slot (of the context too) whose purpose the customer does not consent to becomes missing.
    /// A stored value whose type the schema no longer has counts as missing. Slots of other origins
    /// stay as they are; [`fill_computed`] comes next.
    pub fn fill_frame(&self, schema: &Schema, now: UnixMs, frame: &mut [Option<Value>]) {
        for spec in &schema.slots {
            let Some(cell) = frame.get_mut(spec.slot.0 as usize) else {
                continue;
            };
            if !matches!(spec.origin, Origin::Attribute(_) | Origin::Aggregate(_) | Origin::Context)
            {
                continue;
            }
            if let Some(purpose) = spec.purpose
                && self.consent(purpose, ALL_CHANNELS) != Some(true)
            {
                *cell = None;
                continue;
            }
            let value = match &spec.origin {
                Origin::Attribute(name) => {
                    self.attribute(*name).filter(|value| conforms(value, &spec.ty)).cloned()
                }
                Origin::Aggregate(index) => self.aggregate(schema, *index, &spec.ty, now),
                _ => cell.take(),
            };
            *cell = value.or_else(|| spec.default.clone());
        }
    }

    /// The value of an aggregate (index into [`Schema::aggregates`]) at `now`; numbers in type `ty`.
    #[must_use]
    pub fn aggregate(
        &self,
        schema: &Schema,
        index: usize,
        ty: &Type,
        now: UnixMs,
    ) -> Option<Value> {
        let spec = schema.aggregates.get(index)?;
        let series = schema.series.get(spec.series)?;
        let place = self.series.binary_search_by_key(&series.key, |s| s.0);
        let state = place.ok().and_then(|i| self.series.get(i)).map(|s| &s.1);
        read(state, Some(&series.state), spec, ty, now)
    }
}

/// Fills the computed slots, in order of dependency. A segment that is unknown or fails is `false`;
/// a derived attribute that is unknown, fails, or is no finite number is missing. Answers the
/// expressions that failed, and why (unknown is no failure).
pub fn fill_computed(schema: &Schema, frame: &mut [Option<Value>]) -> Vec<(String, String)> {
    schema.computed.iter().filter_map(|slot| fill_one(schema, *slot, frame)).collect()
}

/// Fills one computed slot, as [`fill_computed`] fills them all; what it reads must be there.
/// Answers its expression and why that failed, if it did.
pub fn fill_one(
    schema: &Schema,
    slot: Slot,
    frame: &mut [Option<Value>],
) -> Option<(String, String)> {
    let spec = schema.slot(slot)?;
    let program = match &spec.origin {
        Origin::Computed(program) => program,
        Origin::Score(index) => return fill_stage(schema, *index, slot, frame),
        _ => return None,
    };
    let result = program.eval(frame);
    let failed = match &result {
        Err(EvalError::Failed(why)) => Some((program.source().to_owned(), why.clone())),
        _ => None,
    };
    let is_segment = schema.segments.get(&spec.name) == Some(&slot);
    let value = match result {
        Ok(Value::Bool(holds)) => Some(Value::Bool(holds)),
        _ if is_segment => Some(Value::Bool(false)),
        Ok(Value::Double(number)) if !number.is_finite() => None,
        Ok(value) => Some(value),
        Err(_) => None,
    };
    if let Some(cell) = frame.get_mut(slot.0 as usize) {
        *cell = value;
    }
    failed
}

/// Fills the stage of the lifecycle, unless the caller has (what-if); whether a condition failed.
fn fill_stage(
    schema: &Schema,
    index: usize,
    slot: Slot,
    frame: &mut [Option<Value>],
) -> Option<(String, String)> {
    let stages = match schema.scores.get(index).map(|score| &score.kind) {
        Some(ScoreKind::Stage(stages)) => stages,
        _ => return None,
    };
    if frame.get(slot.0 as usize).is_some_and(Option::is_some) {
        return None;
    }
    let (stage, failed) = stage(stages, frame);
    if let Some(cell) = frame.get_mut(slot.0 as usize) {
        *cell = stage;
    }
    let path = schema.slot(slot).map_or_else(String::new, |spec| spec.path.to_string());
    failed.then(|| (path, "a condition of its stages failed".to_owned()))
}

/// Whether `value` is of type `ty`; membership of a closed set is not asked.
pub(super) fn conforms(value: &Value, ty: &Type) -> bool {
    match (ty, value) {
        (Type::Dyn, _)
        | (Type::Null, Value::Null)
        | (Type::Bool, Value::Bool(_))
        | (Type::Int, Value::Int(_))
        | (Type::Uint, Value::Uint(_))
        | (Type::Double, Value::Double(_))
        | (Type::String | Type::Enum(_), Value::String(_))
        | (Type::Bytes, Value::Bytes(_))
        | (Type::Timestamp, Value::Timestamp(_))
        | (Type::Duration, Value::Duration(_))
        | (Type::Map(..), Value::Map(_)) => true,
        (Type::List(entry), Value::List(values)) => values.iter().all(|v| conforms(v, entry)),
        _ => false,
    }
}
