//! What slots may hold, by their declarations.

use std::collections::BTreeSet;

use crate::core::catalog::Channel;
use crate::core::catalog::schema::{AggregateFunction, Origin, Schema, SlotSpec, builtin};
use crate::core::expression::{Computed, Domain, Knowledge, Slot, Slots, Type, Values};
use crate::core::key::Key;
use crate::core::time::UnixMs;

/// The declarations of a schema, as sets of values.
pub(super) struct Declared<'a> {
    schema: &'a Schema,
    domains: Vec<Domain>,
}

impl<'a> Declared<'a> {
    /// Of `schema`; with `at`, `now` is not before it.
    pub(super) fn new(schema: &'a Schema, channels: &[Channel], at: Option<UnixMs>) -> Self {
        let set: BTreeSet<Key> = schema
            .events
            .values()
            .flat_map(|event| event.sets.iter().map(|(key, ..)| *key))
            .collect();
        let mut domains: Vec<Domain> = schema
            .slots
            .iter()
            .map(|spec| Domain {
                missing: schema.optional(spec),
                values: stored(schema, spec, &set),
            })
            .collect();
        if let (Some(domain), Some(at)) = (domains.get_mut(builtin::NOW.0 as usize), at) {
            domain.values = Values::Wholes(at.to_timestamp().as_nanosecond(), i128::MAX);
        }
        if let Some(domain) = domains.get_mut(builtin::CHANNEL.0 as usize) {
            domain.values =
                Values::Texts(channels.iter().map(|channel| channel.name.clone()).collect());
        }
        let mut declared = Self { schema, domains };
        // In order of dependency: each from those before it.
        for slot in &schema.computed {
            let domain = declared.computed_domain(*slot);
            if let (Some(domain), Some(place)) = (domain, declared.domains.get_mut(slot.0 as usize))
            {
                *place = domain;
            }
        }
        declared
    }

    fn computed_domain(&self, slot: Slot) -> Option<Domain> {
        let spec = self.schema.slot(slot)?;
        let computed = self.computed(slot)?;
        let knowledge = Knowledge::new(self);
        Some(match computed {
            Computed::Holds(program) => {
                let outcomes = knowledge.outcomes(program);
                let no = outcomes.no || outcomes.stops;
                Domain { missing: false, values: Values::Bools { no, yes: outcomes.yes } }
            }
            Computed::Value(program) if spec.ty == Type::Bool => {
                let outcomes = knowledge.outcomes(program);
                let values = Values::Bools { no: outcomes.no, yes: outcomes.yes };
                Domain { missing: true, values }
            }
            Computed::Value(program) => {
                let all = Values::of(&spec.ty);
                let values = match (knowledge.range(program), &all) {
                    // A value that is no finite number is missing.
                    (Some((min, max)), Values::Reals(..)) => Values::Reals(min, max, false),
                    _ => all,
                };
                Domain { missing: true, values }
            }
        })
    }
}

impl Slots for Declared<'_> {
    fn domain(&self, slot: Slot) -> Domain {
        let unknown = || Domain { missing: true, values: Values::Any };
        self.domains.get(slot.0 as usize).cloned().unwrap_or_else(unknown)
    }

    fn computed(&self, slot: Slot) -> Option<Computed<'_>> {
        let spec = self.schema.slot(slot)?;
        match &spec.origin {
            Origin::Computed(program) if self.schema.segments.get(&spec.name) == Some(&slot) => {
                Some(Computed::Holds(program))
            }
            Origin::Computed(program) => Some(Computed::Value(program)),
            _ => None,
        }
    }
}

/// The values of a slot that is not computed. `set` are the attributes that events set: of those
/// only the type is certain.
fn stored(schema: &Schema, spec: &SlotSpec, set: &BTreeSet<Key>) -> Values {
    let all = Values::of(&spec.ty);
    match (&spec.origin, all) {
        (Origin::Attribute(key), all) if set.contains(key) => match all {
            Values::Texts(_) => Values::of(&Type::String),
            Values::Reals(min, max, _) => Values::Reals(min, max, false),
            other => other,
        },
        // Numbers that are not finite are refused at the door.
        (Origin::Attribute(_) | Origin::Context, Values::Reals(..)) => {
            let (min, max) = spec.range;
            let (least, most) = (f64::NEG_INFINITY, f64::INFINITY);
            Values::Reals(min.unwrap_or(least), max.unwrap_or(most), false)
        }
        (Origin::Attribute(_) | Origin::Context, Values::Wholes(min, max))
            if matches!(spec.ty, Type::Int | Type::Uint) =>
        {
            let (least, most) = spec.range;
            Values::Wholes(
                least.map_or(min, |least| whole(libm::ceil(least)).max(min)),
                most.map_or(max, |most| whole(libm::floor(most)).min(max)),
            )
        }
        (Origin::Aggregate(index), all) => {
            let function = schema.aggregates.get(*index).map(|aggregate| aggregate.function);
            let counts =
                matches!(function, Some(AggregateFunction::Count | AggregateFunction::Distinct));
            match all {
                Values::Wholes(min, max) if counts => Values::Wholes(min.max(0), max),
                Values::Reals(min, max, nan) if counts => Values::Reals(min.max(0.0), max, nan),
                // The last of a field may be older than the field's declaration.
                Values::Texts(_) => Values::of(&Type::String),
                other => other,
            }
        }
        (Origin::Computed(_) | Origin::Builtin | Origin::Objective(_), Values::Texts(_)) => {
            Values::of(&Type::String)
        }
        (_, all) => all,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
fn whole(number: f64) -> i128 {
    number as i128
}
