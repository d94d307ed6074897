//! Names to slots: builtins, attributes, aggregates, derived attributes, context, segments,
//! objectives, in that order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Build;
use super::literal::{in_range, type_of, value_of};
use super::names::{Namespace, id_key, identifier};
use super::{aggregates, derived, events, scores, tables};
use crate::core::catalog::fault::Place;
use crate::core::catalog::kind::FileKind;
use crate::core::catalog::schema::{Origin, Schema, SlotSpec, builtin};
use crate::core::catalog::source::{AttributeSource, TypeSource};
use crate::core::expression::{Slot, Type};
use crate::core::key::Key;

/// Most named slots of a schema.
const SLOTS_MAX: usize = 4096;

/// The schema under construction.
pub(super) struct SchemaBuilder {
    pub(super) schema: Schema,
    /// Key of a series → its canonical definition and index.
    pub(super) series: BTreeMap<Key, (String, usize)>,
    paths: Namespace,
}

impl SchemaBuilder {
    /// Gives `spec` the next slot; a name or key that is taken is a fault at `place`.
    pub(super) fn add(
        &mut self,
        place: &Place<'_>,
        what: &str,
        mut spec: SlotSpec,
    ) -> Option<Slot> {
        identifier(place, what, &spec.name);
        if !self.paths.declare(place, what, &spec.path, &spec.path) {
            return None;
        }
        if self.schema.slots.len() >= SLOTS_MAX {
            let message = format!("more than {SLOTS_MAX} names are declared");
            place.error_at_key(message, None);
            return None;
        }
        let slot = Slot(u32::try_from(self.schema.slots.len()).ok()?);
        spec.slot = slot;
        self.schema.by_path.insert(spec.path.clone(), slot);
        self.schema.slots.push(spec);
        Some(slot)
    }
}

/// A slot of that path and type; the rest as little as possible.
pub(super) fn slot_spec(path: &str, ty: Type, origin: Origin) -> SlotSpec {
    let path: Arc<str> = path.into();
    let name = path.rsplit('.').next().unwrap_or_default().into();
    SlotSpec {
        key: Key::of(&path),
        path,
        name,
        slot: Slot(0),
        ty,
        origin,
        default: None,
        range: (None, None),
        must_guard: false,
        may_be_missing: false,
        unit: None,
        sensitive: false,
        personal: false,
        purpose: None,
        feature: false,
        description: None,
    }
}

/// Compiles `schema.yaml`, `segments.yaml` and the names of `objectives.yaml`.
pub(super) fn compile(build: &Build<'_>) -> Schema {
    let tables = tables::compile(build);
    let mut builder = SchemaBuilder {
        schema: Schema { tables, ..Schema::default() },
        series: BTreeMap::new(),
        paths: Namespace::default(),
    };
    builtins(build, &mut builder);
    let top = build.schema_place();
    purposes(build, &top, &mut builder);
    attributes(build, &top, &mut builder);
    events::compile(build, &top, &mut builder);
    aggregates::compile(build, &top, &mut builder);
    scores::compile(build, &mut builder);
    derived::compile_derived(build, &top, &mut builder);
    context(build, &top, &mut builder);
    scores::compile_lifecycle(build, &mut builder);
    derived::compile_segments(build, &mut builder);
    objectives(build, &mut builder);
    builder.schema
}

fn builtins(build: &Build<'_>, builder: &mut SchemaBuilder) {
    let channels = &build.channels().source.channels;
    let names: BTreeSet<Arc<str>> = channels.keys().map(|name| name.as_str().into()).collect();
    let placements: BTreeSet<Arc<str>> = channels
        .values()
        .flat_map(|channel| channel.placements.keys())
        .map(|name| name.as_str().into())
        .collect();
    let lost = build.broken().lost(FileKind::Channels);
    let closed = |names| if lost { Type::String } else { Type::Enum(Arc::new(names)) };
    let declared: BTreeMap<Slot, (&str, Type)> = BTreeMap::from([
        (builtin::NOW, ("now", Type::Timestamp)),
        (builtin::CHANNEL, ("channel", closed(names))),
        (builtin::LOCALE, ("locale", Type::String)),
        (builtin::PLACEMENT, ("placement", closed(placements))),
        (builtin::PROPENSITY, ("propensity", Type::Double)),
        (builtin::UNCERTAINTY, ("uncertainty", Type::Double)),
        (builtin::AFFINITY, ("affinity", Type::Double)),
        (builtin::VALUE, ("value", Type::Double)),
        (builtin::LEVER, ("lever", Type::Double)),
        (builtin::CONTEXT_WEIGHT, ("context_weight", Type::Double)),
        (builtin::PRIORITY, ("priority", Type::Double)),
        (builtin::COST, ("cost", Type::Double)),
        (builtin::CONTACT_VALUE, ("contact_value", Type::Double)),
        (builtin::INFLUENCE, ("influence", Type::Double)),
        (builtin::OBJECTION, ("objection", Type::Double)),
        (builtin::UPLIFT, ("uplift", Type::Double)),
        (builtin::EXPECTED_AMOUNT, ("expected_amount", Type::Double)),
        (builtin::EXPECTED_DAYS, ("expected_days", Type::Double)),
        (builtin::STATE, ("state", states(build))),
        (builtin::ARM, ("arm", arms(build))),
    ]);
    for slot in (0..builtin::FIRST_FREE).map(Slot) {
        let (path, ty) = declared.get(&slot).cloned().unwrap_or(("", Type::Null));
        let mut spec = slot_spec(path, ty, Origin::Builtin);
        spec.slot = slot;
        if !path.is_empty() {
            builder.schema.by_path.insert(spec.path.clone(), slot);
        }
        builder.schema.slots.push(spec);
    }
}

/// The names of the experiment's arms, or the empty text.
fn arms(build: &Build<'_>) -> Type {
    if build.broken().lost(FileKind::Experiments) {
        return Type::String;
    }
    let standard: Arc<str> = crate::core::experiment::STANDARD.into();
    let names: BTreeSet<Arc<str>> = match &build.folder.experiments {
        None => [Arc::from("")].into(),
        Some(file) => {
            let arms = file.source.arms.keys().map(|name| name.as_str().into());
            arms.chain([standard]).collect()
        }
    };
    Type::Enum(Arc::new(names))
}

/// The ids of customer states, and the empty text.
fn states(build: &Build<'_>) -> Type {
    if build.broken().lost(FileKind::Policies) {
        return Type::String;
    }
    let files = build.folder.policies.iter();
    let states = files.flat_map(|file| &file.source.states);
    let names = states.map(|state| state.id.as_str().into());
    Type::Enum(Arc::new(names.chain([Arc::from("")]).collect()))
}

fn purposes(build: &Build<'_>, top: &Place<'_>, builder: &mut SchemaBuilder) {
    let place = top.key("purposes");
    let mut names = Namespace::default();
    for name in build.schema().source.purposes.keys() {
        id_key(&place.key(name), "a purpose", name);
        names.declare(&place.key(name), "purpose", name, name);
        builder.schema.purposes.insert(name.as_str().into());
    }
}

fn attributes(build: &Build<'_>, top: &Place<'_>, builder: &mut SchemaBuilder) {
    let section = top.key("attributes");
    let mut keys = Namespace::default();
    for (name, source) in &build.schema().source.attributes {
        let place = section.key(name);
        let key = Key::of(name);
        let spec = declared(
            build,
            builder,
            &place,
            (&format!("customer.{name}"), Origin::Attribute(key)),
            source,
        );
        let Some(slot) = builder.add(&place, "an attribute", spec) else {
            continue;
        };
        if keys.declare(&place, "attribute", name, name) {
            builder.schema.attributes.insert(name.as_str().into(), slot);
            builder.schema.attribute_keys.push((key, slot));
        }
    }
    builder.schema.attribute_keys.sort_unstable();
}

fn context(build: &Build<'_>, top: &Place<'_>, builder: &mut SchemaBuilder) {
    let section = top.key("context");
    for (name, source) in &build.schema().source.context {
        let place = section.key(name);
        let spec =
            declared(build, builder, &place, (&format!("context.{name}"), Origin::Context), source);
        if let Some(slot) = builder.add(&place, "a context entry", spec) {
            builder.schema.context.insert(name.as_str().into(), slot);
        }
    }
}

fn objectives(build: &Build<'_>, builder: &mut SchemaBuilder) {
    let Some(file) = &build.folder.objectives else {
        return;
    };
    let top = build.place(&file.document);
    let section = top.key("objectives");
    for (index, name) in (0_u16..).zip(file.source.objectives.keys()) {
        let path = format!("objective.{name}");
        let spec = slot_spec(&path, Type::Double, Origin::Objective(index));
        builder.add(&section.key(name), "an objective", spec);
    }
}

/// The slot of a declared attribute or context entry, its declaration checked.
fn declared(
    build: &Build<'_>,
    builder: &SchemaBuilder,
    place: &Place<'_>,
    (path, origin): (&str, Origin),
    source: &AttributeSource,
) -> SlotSpec {
    let mut spec = slot_spec(path, type_of(source), origin);
    check_values(place, source);
    spec.range = (source.min, source.max);
    spec.default = default_of(place, source);
    spec.must_guard = source.optional;
    spec.unit = source.unit.as_deref().map(Into::into);
    spec.sensitive = source.sensitive;
    spec.personal = source.personal;
    spec.description = source.description.as_deref().map(Into::into);
    spec.purpose = source.purpose.as_deref().map(Key::of);
    if let Some(purpose) = &source.purpose
        && !builder.schema.purposes.contains(purpose.as_str())
        && !build.broken().excuses(FileKind::Schema, purpose)
    {
        let known = builder.schema.purposes.iter().map(AsRef::as_ref);
        place.key("purpose").unknown("purpose", purpose, known);
    }
    let withheld = source.sensitive || source.personal;
    if withheld && source.feature == Some(true) {
        let kind = if source.sensitive { "sensitive" } else { "personal" };
        place.key("feature").error_hint(
            format!("`{path}` is {kind}: models must not learn from it"),
            "leave `feature` out",
        );
    }
    spec.feature = source.feature.unwrap_or(true) && !withheld;
    spec
}

/// Checks `values`, `min`, `max`, `unit` and `optional` of a declaration.
pub(super) fn check_values(place: &Place<'_>, source: &AttributeSource) {
    const VALUES_MAX: usize = 4096;
    let mut seen = BTreeSet::new();
    let values = place.key("values");
    for (index, value) in source.values.iter().enumerate() {
        if !seen.insert(value) {
            values.index(index).error(format!("`{value}` is listed twice"));
        }
    }
    if source.values.len() > VALUES_MAX {
        values.error_at_key(format!("more than {VALUES_MAX} values"), None);
    }
    if !source.values.is_empty() && source.ty != TypeSource::String {
        values.error_at_key("only a `string` has `values`", None);
    }
    let numeric = matches!(source.ty, TypeSource::Int | TypeSource::Double);
    for (key, bound) in [("min", source.min), ("max", source.max)] {
        if bound.is_some() && !numeric {
            let message = format!("only an `int` or a `double` has `{key}`");
            place.key(key).error_at_key(message, None);
        }
    }
    if source.unit.is_some() && !numeric {
        let message = "only an `int` or a `double` has a `unit`";
        place.key("unit").error_at_key(message, None);
    }
    if source.optional && source.default.is_some() {
        place.key("optional").error_hint(
            "what has a `default` is never missing",
            "leave `optional` or `default` out",
        );
    }
    if let (Some(min), Some(max)) = (source.min, source.max)
        && min > max
    {
        place.key("min").error(format!("`min` {min} is more than `max` {max}"));
    }
}

/// The typed default of a declaration.
pub(super) fn default_of(
    place: &Place<'_>,
    source: &AttributeSource,
) -> Option<crate::core::value::Value> {
    let literal = source.default.as_ref()?;
    let place = place.key("default");
    let checked = value_of(literal, &type_of(source)).and_then(|value| {
        in_range(&value, (source.min, source.max))?;
        Ok(value)
    });
    match checked {
        Ok(value) => Some(value),
        Err(error) => {
            match error.hint {
                Some(hint) => place.error_hint(error.message, hint),
                None => place.error(error.message),
            }
            None
        }
    }
}
