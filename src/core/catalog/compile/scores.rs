//! Scores of `segments.yaml`: which state the profile keeps for them (shared with aggregates that
//! agree), which populations they are compared in, and the names that rules read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Build;
use super::aggregates::{self, Kept};
use super::literal::span;
use super::names::is_id;
use super::programs::Gives;
use super::schema::{SchemaBuilder, slot_spec};
use super::scope::Standing;
use crate::core::catalog::fault::Place;
use crate::core::catalog::kind::FileKind;
use crate::core::catalog::schema::{Origin, SeriesState};
use crate::core::catalog::source::{
    AbcSource, AggregateFunction, AggregateSource, FamilySource, LifecycleSource,
    PreferredChannelSource, RfmSource, SegmentsFile, TenureSource, TypeSource, ValueSource,
};
use crate::core::expression::{Slot, Type};
use crate::core::key::{Key, mix64};
use crate::core::segment::{Class, Measure, PopulationSpec, ScoreKind, ScoreSpec, Since, Stage};

/// Longest half-life and horizon, days.
const DAYS_MAX: i64 = 3650;
/// Most stages of a lifecycle, classes of a Pareto analysis, items of a family.
const PARTS_MAX: usize = 64;
const ITEMS_MAX: usize = 1024;

/// Compiles all scores but the lifecycle.
pub(super) fn compile(build: &Build<'_>, builder: &mut SchemaBuilder) {
    let Some(file) = &build.folder.segments else { return };
    let top = build.place(&file.document);
    let source: &SegmentsFile = &file.source;
    let mut scores = Scores { build, builder };
    if let Some(rfm) = &source.rfm {
        scores.rfm(&top.key("rfm"), rfm);
    }
    for (name, abc) in &source.abc {
        scores.abc(&top.key("abc").key(name), name, abc);
    }
    if let Some(tenure) = &source.tenure {
        scores.tenure(&top.key("tenure"), tenure);
    }
    if let Some(value) = &source.value {
        scores.value(&top.key("value"), value);
    }
    if let Some(preferred) = &source.preferred_channel {
        scores.preferred_channel(&top.key("preferred_channel"), preferred);
    }
    for (name, interest) in &source.interests {
        scores.interest(&top.key("interests").key(name), name, interest);
    }
}

/// Compiles the lifecycle, whose conditions read all other scores and the derived attributes.
pub(super) fn compile_lifecycle(build: &Build<'_>, builder: &mut SchemaBuilder) {
    let Some(file) = &build.folder.segments else { return };
    let Some(source) = &file.source.lifecycle else { return };
    let top = build.place(&file.document);
    Scores { build, builder }.lifecycle(&top.key("lifecycle"), source);
}

struct Scores<'b, 'a> {
    build: &'b Build<'a>,
    builder: &'b mut SchemaBuilder,
}

/// What is known of a score before it has its slot.
struct Draft<'d> {
    name: &'d str,
    ty: Type,
    kind: ScoreKind,
    withheld: (bool, bool),
    feature: bool,
    description: Option<&'d str>,
}

impl Scores<'_, '_> {
    fn add(&mut self, place: &Place<'_>, draft: Draft<'_>) -> Option<Slot> {
        let number = self.builder.schema.scores.len();
        let path = format!("score.{}", draft.name);
        let mut spec = slot_spec(&path, draft.ty, Origin::Score(number));
        (spec.sensitive, spec.personal) = draft.withheld;
        spec.feature = draft.feature && !spec.sensitive && !spec.personal;
        spec.description = draft.description.map(Into::into);
        let slot = self.builder.add(place, "a score", spec)?;
        self.builder.schema.scores.push(ScoreSpec { slot, kind: draft.kind });
        Some(slot)
    }

    /// Declares a score whose declaration had faults: of unknown type, so that its readers are not
    /// faulted too.
    fn lose(&mut self, place: &Place<'_>, name: &str) {
        let path = format!("score.{name}");
        self.builder.add(place, "a score", slot_spec(&path, Type::Dyn, Origin::Context));
    }

    fn rfm(&mut self, place: &Place<'_>, source: &RfmSource) {
        if !(2..=10).contains(&source.parts) {
            place.key("parts").error("the customers are divided into 2 to 10 parts");
        }
        let function = match source.field {
            Some(_) => AggregateFunction::Sum,
            None => AggregateFunction::Count,
        };
        let events = Events {
            function,
            event: &source.event,
            field: source.field.as_deref(),
            filter: source.filter.as_deref(),
            half_life: Some(&source.half_life),
        };
        let Some(kept) = self.keep(place, &events) else {
            for name in ["rfm_recency", "rfm_frequency", "rfm_monetary", "rfm"] {
                self.lose(place, name);
            }
            return;
        };
        let measures = [
            ("rfm_recency", Measure::Recency),
            ("rfm_frequency", Measure::Count),
            ("rfm_monetary", Measure::Sum),
        ];
        let counted = if source.field.is_some() { 3 } else { 2 };
        let mut slots = Vec::new();
        for (name, measure) in measures.into_iter().take(counted) {
            let Some(population) = self.population(&kept, measure) else { return };
            let (parts, population_min) = (source.parts, source.population_min.max(1));
            let draft = Draft {
                name,
                ty: Type::Int,
                kind: ScoreKind::Part { population, parts, population_min },
                withheld: (kept.sensitive, kept.personal),
                feature: true,
                description: source.description.as_deref(),
            };
            slots.extend(self.add(place, draft));
        }
        let draft = Draft {
            name: "rfm",
            ty: Type::String,
            kind: ScoreKind::Cell(slots),
            withheld: (kept.sensitive, kept.personal),
            feature: false,
            description: source.description.as_deref(),
        };
        self.add(place, draft);
    }

    fn abc(&mut self, place: &Place<'_>, name: &str, source: &AbcSource) {
        let classes = classes(&place.key("classes"), &source.classes);
        let events = Events {
            function: AggregateFunction::Sum,
            event: &source.event,
            field: Some(&source.field),
            filter: source.filter.as_deref(),
            half_life: Some(&source.half_life),
        };
        let path = format!("abc_{name}");
        let kept = self.keep(place, &events);
        let Some(kept) = kept else { return self.lose(place, &path) };
        let Some(population) = self.population(&kept, Measure::Sum) else { return };
        let names: BTreeSet<Arc<str>> = classes.iter().map(|class| class.name.clone()).collect();
        let population_min = source.population_min.max(1);
        let draft = Draft {
            name: &path,
            ty: Type::Enum(Arc::new(names)),
            kind: ScoreKind::Class { population, classes, population_min },
            withheld: (kept.sensitive, kept.personal),
            feature: true,
            description: source.description.as_deref(),
        };
        self.add(place, draft);
    }

    fn tenure(&mut self, place: &Place<'_>, source: &TenureSource) {
        let mut withheld = (false, false);
        let since = match (&source.attribute, &source.event) {
            (Some(_), Some(_)) => {
                let message = "tenure counts from an `attribute` or an `event`, not both";
                place.key("event").error_at_key(message, None);
                return;
            }
            (Some(name), None) => match self.timestamp(&place.key("attribute"), name) {
                Some((slot, kinds)) => {
                    withheld = kinds;
                    Since::Attribute(slot)
                }
                None => return self.lose(place, "tenure_days"),
            },
            (None, Some(event)) => {
                let events = Events {
                    function: AggregateFunction::Recency,
                    event,
                    field: None,
                    filter: source.filter.as_deref(),
                    half_life: None,
                };
                match self.keep(place, &events) {
                    Some(kept) => Since::Series(kept.series),
                    None => return self.lose(place, "tenure_days"),
                }
            }
            (None, None) => Since::FirstSeen,
        };
        let draft = Draft {
            name: "tenure_days",
            ty: Type::Int,
            kind: ScoreKind::Tenure(since),
            withheld,
            feature: true,
            description: source.description.as_deref(),
        };
        self.add(place, draft);
    }

    /// The slot of an attribute of type timestamp, and whether it is sensitive and personal.
    fn timestamp(&self, place: &Place<'_>, name: &str) -> Option<(Slot, (bool, bool))> {
        let schema = &self.builder.schema;
        let Some(slot) = schema.attributes.get(name) else {
            if !self.build.broken().excuses(FileKind::Schema, name) {
                place.unknown("attribute", name, schema.attributes.keys().map(AsRef::as_ref));
            }
            return None;
        };
        let spec = schema.slot(*slot)?;
        if self.build.schema().source.attributes.get(name)?.ty != TypeSource::Timestamp {
            place.error(format!("`{name}` is not of type timestamp: nothing counts from it"));
            return None;
        }
        self.build.programs.note_path(&spec.path);
        Some((*slot, (spec.sensitive, spec.personal)))
    }

    fn value(&mut self, place: &Place<'_>, source: &ValueSource) {
        let horizon_ms = time(&place.key("horizon"), &source.horizon);
        if !(0.0..=1.0).contains(&source.share) {
            place.key("share").error("a share lies in 0..=1");
        }
        let events = Events {
            function: AggregateFunction::Sum,
            event: &source.event,
            field: Some(&source.field),
            filter: source.filter.as_deref(),
            half_life: Some(&source.half_life),
        };
        let (Some(kept), Some(horizon_ms)) = (self.keep(place, &events), horizon_ms) else {
            return self.lose(place, "value");
        };
        let (series, half_life_ms, share) = (kept.series, kept.half_life_ms, source.share);
        let draft = Draft {
            name: "value",
            ty: Type::Double,
            kind: ScoreKind::Value { series, half_life_ms, horizon_ms, share },
            withheld: (kept.sensitive, kept.personal),
            feature: true,
            description: source.description.as_deref(),
        };
        self.add(place, draft);
    }

    fn preferred_channel(&mut self, place: &Place<'_>, source: &PreferredChannelSource) {
        let Some(half_life_ms) = time(&place.key("half_life"), &source.half_life) else { return };
        let names: Vec<Arc<str>> =
            self.build.channels().source.channels.keys().map(|name| name.as_str().into()).collect();
        let mut channels: Vec<(Key, Arc<str>)> =
            names.iter().map(|name| (Key::of(name), name.clone())).collect();
        channels.sort_unstable();
        let draft = Draft {
            name: "preferred_channel",
            ty: match self.build.broken().lost(FileKind::Channels) {
                true => Type::String,
                false => Type::Enum(Arc::new(names.into_iter().collect())),
            },
            kind: ScoreKind::PreferredChannel { half_life_ms, channels },
            withheld: (false, false),
            feature: true,
            description: source.description.as_deref(),
        };
        self.add(place, draft);
    }

    fn interest(&mut self, place: &Place<'_>, name: &str, source: &FamilySource) {
        if source.items.is_empty() || source.items.len() > ITEMS_MAX {
            place.key("items").error(format!("a family has 1 to {ITEMS_MAX} items"));
        }
        let draft = Draft {
            name: &format!("interest_{name}"),
            ty: Type::Double,
            kind: ScoreKind::Interest(source.items.iter().map(|item| Key::of(item)).collect()),
            withheld: (false, false),
            feature: true,
            description: source.description.as_deref(),
        };
        self.add(place, draft);
    }

    fn lifecycle(&mut self, place: &Place<'_>, source: &LifecycleSource) {
        let section = place.key("stages");
        if source.stages.is_empty() || source.stages.len() > PARTS_MAX {
            section.error(format!("a lifecycle has 1 to {PARTS_MAX} stages"));
        }
        let mut stages = Vec::new();
        let mut names: BTreeSet<Arc<str>> = BTreeSet::new();
        let mut withheld = (false, false);
        for (number, stage) in source.stages.iter().enumerate().take(PARTS_MAX) {
            let place = section.index(number);
            let name: Arc<str> = stage.stage.as_str().into();
            if !is_id(&name) {
                place.key("stage").error(format!("`{name}` cannot be the name of a stage"));
            } else if !names.insert(name.clone()) {
                place.key("stage").error(format!("the stage `{name}` is listed twice"));
            }
            let when = match (&stage.when, number) {
                (None, 0) => None,
                (Some(_), 0) => {
                    let hint = "leave `when` out: it is where everybody begins";
                    place.key("when").error_hint("the first stage has no condition", hint);
                    continue;
                }
                (None, _) => {
                    let hint = "only the first stage has none".to_owned();
                    place.key("stage").error_hint("this stage needs a condition `when`", hint);
                    continue;
                }
                (Some(text), _) => {
                    let (place, want) = (place.key("when"), (Standing::Derived, Gives::Bool));
                    let schema = &self.builder.schema;
                    let compiled = self.build.programs.compile(schema, &place, text, want, None);
                    let Some(program) = compiled else { continue };
                    for spec in program.slots().iter().filter_map(|slot| schema.slot(*slot)) {
                        withheld = (withheld.0 || spec.sensitive, withheld.1 || spec.personal);
                    }
                    Some(program)
                }
            };
            stages.push(Stage { name, when });
        }
        let draft = Draft {
            name: "lifecycle",
            ty: Type::Enum(Arc::new(names)),
            kind: ScoreKind::Stage(stages),
            withheld,
            feature: true,
            description: source.description.as_deref(),
        };
        if let Some(slot) = self.add(place, draft) {
            self.builder.schema.computed.push(slot);
        }
    }

    /// The decayed state of the events, in the profile.
    fn keep(&mut self, place: &Place<'_>, events: &Events<'_>) -> Option<Kept> {
        let source = AggregateSource {
            function: events.function,
            event: events.event.to_owned(),
            field: events.field.map(str::to_owned),
            filter: events.filter.map(str::to_owned),
            window: None,
            half_life: events.half_life.map(str::to_owned),
            feature: None,
            description: None,
        };
        let state = events.half_life.is_none().then_some(SeriesState::First);
        aggregates::keep(self.build, place, &source, state, self.builder)
    }

    fn population(&mut self, kept: &Kept, measure: Measure) -> Option<usize> {
        let schema = &mut self.builder.schema;
        let series = schema.series.get(kept.series)?.key;
        #[expect(clippy::cast_possible_truncation, reason = "the low half of a hash")]
        let key = Key(mix64(u64::from(series.0), measure as u64) as u32);
        let spec =
            PopulationSpec { key, series: kept.series, measure, half_life_ms: kept.half_life_ms };
        let known = schema.populations.iter().position(|known| *known == spec);
        Some(known.unwrap_or_else(|| {
            schema.populations.push(spec);
            schema.populations.len() - 1
        }))
    }
}

/// Which events a score counts.
struct Events<'e> {
    function: AggregateFunction,
    event: &'e str,
    field: Option<&'e str>,
    filter: Option<&'e str>,
    half_life: Option<&'e str>,
}

fn time(place: &Place<'_>, text: &str) -> Option<i64> {
    match span(text, DAYS_MAX) {
        Ok(ms) => Some(ms),
        Err(error) => {
            place.error_hint(error.message, error.hint.unwrap_or_default());
            None
        }
    }
}

/// Classes by the share up to which they go; the last goes up to 1.
fn classes(place: &Place<'_>, source: &BTreeMap<String, f64>) -> Vec<Class> {
    let mut classes: Vec<Class> = source
        .iter()
        .map(|(name, share)| Class { name: name.as_str().into(), share_max: *share })
        .collect();
    classes.sort_by(|a, b| a.share_max.total_cmp(&b.share_max));
    for class in &classes {
        if !(class.share_max > 0.0 && class.share_max <= 1.0) {
            place.key(&class.name).error("a share lies above 0 and is at most 1");
        }
    }
    for pair in classes.windows(2) {
        if let [first, second] = pair
            && first.share_max == second.share_max
        {
            let message = format!("`{}` and `{}` end at the same share", first.name, second.name);
            place.key(&second.name).error(message);
        }
    }
    if classes.len() < 2 || classes.len() > PARTS_MAX {
        place.error(format!("there are 2 to {PARTS_MAX} classes"));
    } else if classes.last().is_none_or(|last| last.share_max < 1.0) {
        place.error_hint("the last class must take the rest", "give it the share 1");
    }
    classes
}
