//! Aggregates: which state the profile keeps for them, shared where definitions agree.

use super::Build;
use super::events::{event_program, reads};
use super::literal::span;
use super::schema::{SchemaBuilder, slot_spec};
use crate::core::catalog::fault::Place;
use crate::core::catalog::kind::FileKind;
use crate::core::catalog::schema::{
    AggregateSpec, EventSpec, FieldSpec, Origin, SeriesSpec, SeriesState,
};
use crate::core::catalog::source::{AggregateFunction, AggregateSource};
use crate::core::expression::{Program, Type, Unit};
use crate::core::key::Key;
use crate::core::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};

/// Longest window and half-life, days.
const WINDOW_DAYS_MAX: i64 = 3650;
/// Buckets a window is cut into, at most.
const BUCKETS: i64 = 32;
/// Most distinct values kept.
const DISTINCT_VALUES_MAX: u16 = 64;
/// Widths of buckets that people would name.
const CIVIL_WIDTHS_MS: [i64; 26] = [
    100,
    SECOND_MS,
    5 * SECOND_MS,
    10 * SECOND_MS,
    30 * SECOND_MS,
    MINUTE_MS,
    5 * MINUTE_MS,
    10 * MINUTE_MS,
    15 * MINUTE_MS,
    30 * MINUTE_MS,
    HOUR_MS,
    2 * HOUR_MS,
    3 * HOUR_MS,
    4 * HOUR_MS,
    6 * HOUR_MS,
    8 * HOUR_MS,
    12 * HOUR_MS,
    DAY_MS,
    2 * DAY_MS,
    3 * DAY_MS,
    5 * DAY_MS,
    7 * DAY_MS,
    14 * DAY_MS,
    30 * DAY_MS,
    60 * DAY_MS,
    120 * DAY_MS,
];

/// Compiles all aggregates.
pub(super) fn compile(build: &Build<'_>, top: &Place<'_>, builder: &mut SchemaBuilder) {
    let section = top.key("aggregates");
    for (name, source) in &build.schema().source.aggregates {
        let place = section.key(name);
        let Some(parts) = parts(build, &place, source, builder) else {
            continue;
        };
        let Some(series) = series(&place, &source.event, &parts, builder) else {
            continue;
        };
        let ty = type_of(source, parts.field.as_ref());
        let origin = Origin::Aggregate(builder.schema.aggregates.len());
        let mut spec = slot_spec(&format!("customer.{name}"), ty, origin);
        (spec.sensitive, spec.personal) = (parts.sensitive, parts.personal);
        spec.unit = unit(build, source);
        spec.feature = source.feature.unwrap_or(true) && !parts.sensitive && !parts.personal;
        spec.description = source.description.as_deref().map(Into::into);
        builder.schema.aggregates.push(AggregateSpec {
            function: source.function,
            series,
            window_ms: parts.window_ms,
        });
        builder.add(&place, "an aggregate", spec);
    }
}

/// The series of `parts`, shared with others that agree; `None` when a fault was reported.
fn series(
    place: &Place<'_>,
    event: &str,
    parts: &Parts,
    builder: &mut SchemaBuilder,
) -> Option<usize> {
    let key = Key::of(&parts.canonical);
    match builder.series.get(&key) {
        Some((canonical, series)) if *canonical == parts.canonical => return Some(*series),
        Some(_) => {
            let message = "this has the same internal key as another aggregate";
            place.error_at_key(message, Some("change its window a little".to_owned()));
            return None;
        }
        None => {}
    }
    let series = builder.schema.series.len();
    builder.schema.series.push(SeriesSpec {
        key,
        event: Key::of(event),
        filter: parts.filter.clone(),
        field: parts.field.as_ref().map(|field| field.slot),
        state: parts.state,
    });
    if let Some(event) = builder.schema.events.get_mut(event) {
        event.series.push(series);
    }
    builder.series.insert(key, (parts.canonical.clone(), series));
    Some(series)
}

/// What a profile keeps for a score.
pub(super) struct Kept {
    /// Index into the schema's series.
    pub(super) series: usize,
    /// Half-life, ms; 0 when nothing decays.
    pub(super) half_life_ms: i64,
    /// Whether it comes from sensitive fields.
    pub(super) sensitive: bool,
    /// Whether it comes from personal fields.
    pub(super) personal: bool,
}

/// The series that `source` asks for, in `state` where one is given; `None` when a fault was
/// reported.
pub(super) fn keep(
    build: &Build<'_>,
    place: &Place<'_>,
    source: &AggregateSource,
    state: Option<SeriesState>,
    builder: &mut SchemaBuilder,
) -> Option<Kept> {
    let mut parts = parts(build, place, source, builder)?;
    if let Some(state) = state {
        parts.canonical = format!("{}|{state:?}", parts.canonical);
        parts.state = state;
    }
    let half_life_ms = match parts.state {
        SeriesState::Decayed { half_life_ms } => half_life_ms,
        _ => 0,
    };
    let series = series(place, &source.event, &parts, builder)?;
    let (sensitive, personal) = (parts.sensitive, parts.personal);
    Some(Kept { series, half_life_ms, sensitive, personal })
}

struct Parts {
    canonical: String,
    filter: Option<Program>,
    field: Option<FieldSpec>,
    state: SeriesState,
    window_ms: Option<i64>,
    sensitive: bool,
    personal: bool,
}

fn parts(
    build: &Build<'_>,
    place: &Place<'_>,
    source: &AggregateSource,
    builder: &SchemaBuilder,
) -> Option<Parts> {
    let events = &builder.schema.events;
    let Some(event) = events.get(source.event.as_str()) else {
        if !build.broken().excuses(FileKind::Schema, &source.event) {
            let known = events.keys().map(AsRef::as_ref);
            place.key("event").unknown("event type", &source.event, known);
        }
        return None;
    };
    let field = field(build, place, source, event)?;
    let filter = match &source.filter {
        None => None,
        Some(text) => {
            let place = place.key("where");
            let program = event_program(build, &place, text, &event.fields, &Type::Bool)?;
            Some(program)
        }
    };
    let window_ms = time(place, "window", source.window.as_deref())?;
    let half_life_ms = time(place, "half_life", source.half_life.as_deref())?;
    let state = state(place, source, window_ms, half_life_ms)?;
    let declared = build.schema().source.events.get(&source.event)?;
    let withheld = |flag: fn(&crate::core::catalog::source::AttributeSource) -> bool| {
        let of_field = source.field.as_ref().and_then(|name| declared.fields.get(name));
        of_field.is_some_and(flag)
            || filter.as_ref().is_some_and(|program| reads(declared, program, flag))
    };
    Some(Parts {
        canonical: format!(
            "{}|{}|{}|{state:?}",
            source.event,
            filter.as_ref().map_or("", |program| program.canonical()),
            field.as_ref().map_or("", |field| &*field.name),
        ),
        sensitive: withheld(|field| field.sensitive),
        personal: withheld(|field| field.personal),
        filter,
        field,
        state,
        window_ms,
    })
}

/// The field, checked against the function: `None` when a fault was reported.
#[expect(clippy::option_option, reason = "a fault, no field, a field")]
fn field(
    build: &Build<'_>,
    place: &Place<'_>,
    source: &AggregateSource,
    event: &EventSpec,
) -> Option<Option<FieldSpec>> {
    use AggregateFunction::{Avg, Count, Distinct, Last, Max, Min, Recency, Sum};
    let function = function_name(source.function);
    let Some(name) = &source.field else {
        if matches!(source.function, Count | Recency) {
            return Some(None);
        }
        place.error_at_key(format!("`{function}` needs a `field`"), None);
        return None;
    };
    let place = place.key("field");
    let Some(field) = event.fields.iter().find(|field| *field.name == **name) else {
        if !build.broken().excuses(FileKind::Schema, name) {
            place.unknown("field", name, event.fields.iter().map(|field| &*field.name));
        }
        return None;
    };
    let numeric = matches!(field.ty, Type::Int | Type::Double | Type::Uint);
    match source.function {
        Count | Recency => {
            place.error_at_key(format!("`{function}` takes no `field`"), None);
            None
        }
        Sum | Avg | Min | Max if !numeric => {
            place.error(format!("`{function}` needs a numeric field, `{name}` is not"));
            None
        }
        Distinct if matches!(field.ty, Type::List(_)) => {
            place.error(format!("`{function}` cannot count lists"));
            None
        }
        Sum | Avg | Min | Max | Last | Distinct => Some(Some(field.clone())),
    }
}

/// What the aggregate counts, where it counts what its field does.
fn unit(build: &Build<'_>, source: &AggregateSource) -> Unit {
    use AggregateFunction::{Avg, Last, Max, Min, Sum};
    if !matches!(source.function, Sum | Avg | Min | Max | Last) {
        return None;
    }
    let event = build.schema().source.events.get(&source.event)?;
    event.fields.get(source.field.as_ref()?)?.unit.as_deref().map(Into::into)
}

/// A span of time, checked: `None` when a fault was reported.
#[expect(clippy::option_option, reason = "a fault, none given, given")]
fn time(place: &Place<'_>, key: &str, text: Option<&str>) -> Option<Option<i64>> {
    let Some(text) = text else { return Some(None) };
    match span(text, WINDOW_DAYS_MAX) {
        Ok(ms) => Some(Some(ms)),
        Err(error) => {
            place.key(key).error_hint(error.message, error.hint.unwrap_or_default());
            None
        }
    }
}

fn state(
    place: &Place<'_>,
    source: &AggregateSource,
    window_ms: Option<i64>,
    half_life_ms: Option<i64>,
) -> Option<SeriesState> {
    use AggregateFunction::{Avg, Count, Distinct, Last, Max, Min, Recency, Sum};
    if let Some(half_life_ms) = half_life_ms {
        let place = place.key("half_life");
        if window_ms.is_some() {
            place.error_at_key("an aggregate has a `window` or a `half_life`, not both", None);
            return None;
        }
        if !matches!(source.function, Count | Sum) {
            place.error_at_key("only `count` and `sum` take a `half_life`", None);
            return None;
        }
        return Some(SeriesState::Decayed { half_life_ms });
    }
    Some(match (source.function, window_ms) {
        (Last | Recency, _) => SeriesState::Last,
        (Distinct, _) => SeriesState::Distinct { values_max: DISTINCT_VALUES_MAX },
        (Count | Sum | Avg | Min | Max, None) => SeriesState::Total,
        (Count | Sum | Avg | Min | Max, Some(window_ms)) => buckets(window_ms),
    })
}

/// Buckets of the narrowest civil width of which at most [`BUCKETS`] cover the window, and one
/// more for the part that leaves it.
fn buckets(window_ms: i64) -> SeriesState {
    let widths = CIVIL_WIDTHS_MS.into_iter();
    let bucket_ms = widths
        .filter(|width| width.saturating_mul(BUCKETS) >= window_ms)
        .min()
        .unwrap_or(120 * DAY_MS);
    let covering = (window_ms + bucket_ms - 1) / bucket_ms;
    SeriesState::Buckets { bucket_ms, buckets_max: u16::try_from(covering + 1).unwrap_or(u16::MAX) }
}

fn type_of(source: &AggregateSource, field: Option<&FieldSpec>) -> Type {
    use AggregateFunction::{Avg, Count, Distinct, Last, Max, Min, Recency, Sum};
    match source.function {
        // What decays is no whole number.
        Count if source.half_life.is_some() => Type::Double,
        Count | Distinct => Type::Int,
        Sum | Avg | Min | Max => Type::Double,
        Last => field.map_or(Type::Dyn, |field| field.ty.clone()),
        Recency => Type::Duration,
    }
}

fn function_name(function: AggregateFunction) -> &'static str {
    use AggregateFunction::{Avg, Count, Distinct, Last, Max, Min, Recency, Sum};
    match function {
        Count => "count",
        Sum => "sum",
        Avg => "avg",
        Min => "min",
        Max => "max",
        Last => "last",
        Distinct => "distinct",
        Recency => "recency",
    }
}
