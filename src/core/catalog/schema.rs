//! The compiled schema: every name that rules, models and callers may use, and the slot of the
//! decision frame in which its value stands.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::core::expression::{Callee, Program, Slot, Type, Unit};
use crate::core::key::Key;
use crate::core::segment::{PopulationSpec, ScoreKind, ScoreSpec, Since};
use crate::core::table::Table;
use crate::core::value::Value;

/// Slots that exist in every catalog, at fixed places.
pub mod builtin {
    use crate::core::expression::Slot;

    /// `now`: timestamp of the decision.
    pub const NOW: Slot = Slot(0);
    /// `channel`: name of the channel being decided.
    pub const CHANNEL: Slot = Slot(1);
    /// `locale`: locale asked for, or the channel's default.
    pub const LOCALE: Slot = Slot(2);
    /// `placement`: name of the placement being decided (schemes only).
    pub const PLACEMENT: Slot = Slot(3);
    /// `propensity`: calibrated probability (schemes only).
    pub const PROPENSITY: Slot = Slot(4);
    /// `uncertainty`: standard deviation of the propensity's logit (schemes only).
    pub const UNCERTAINTY: Slot = Slot(5);
    /// `affinity`: 0..=1, 0 when nothing is known (schemes only).
    pub const AFFINITY: Slot = Slot(6);
    /// `value`: what a positive outcome is worth (schemes only).
    pub const VALUE: Slot = Slot(7);
    /// `lever`: offer's and group's together (schemes only).
    pub const LEVER: Slot = Slot(8);
    /// `context_weight` (schemes only).
    pub const CONTEXT_WEIGHT: Slot = Slot(9);
    /// `priority` (schemes only).
    pub const PRIORITY: Slot = Slot(10);
    /// `cost`: what the offer costs at the shadow prices (schemes only).
    pub const COST: Slot = Slot(11);
    /// `contact_value`: what the contact itself is worth (schemes only).
    pub const CONTACT_VALUE: Slot = Slot(12);
    /// `influence`: 1 + Σ percent of the customer's earlier answers (schemes only).
    pub const INFLUENCE: Slot = Slot(14);
    /// `objection`: 1 + Σ percent of objections within the interaction (schemes only).
    pub const OBJECTION: Slot = Slot(15);
    /// `state`: id of the customer state in effect, empty when none is.
    pub const STATE: Slot = Slot(16);
    /// `arm`: the customer's arm of the experiment.
    pub const ARM: Slot = Slot(17);
    /// `uplift`: what the contact adds to the probability (schemes only).
    pub const UPLIFT: Slot = Slot(18);
    /// `expected_amount`: what a positive outcome brings (schemes only).
    pub const EXPECTED_AMOUNT: Slot = Slot(19);
    /// `expected_days`: days from the decision to a positive outcome (schemes only).
    pub const EXPECTED_DAYS: Slot = Slot(20);
    /// The first slot that the schema itself assigns.
    pub const FIRST_FREE: u32 = 24;
}

/// Where the value of a slot comes from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// Set by the decision itself.
    Builtin,
    /// A stored attribute of the customer.
    Attribute(Key),
    /// An aggregate: index into [`Schema::aggregates`].
    Aggregate(usize),
    /// Computed from other slots; `Schema::computed` has the order.
    Computed(Program),
    /// Said by the caller.
    Context,
    /// `objective.NAME`: weighted contribution of the candidate (schemes only).
    Objective(u16),
    /// `score.NAME`: index into [`Schema::scores`].
    Score(usize),
}

/// A named slot.
#[derive(Clone, Debug)]
pub struct SlotSpec {
    /// Dotted path, as expressions write it.
    pub path: Arc<str>,
    /// The last part of the path.
    pub name: Arc<str>,
    /// Key of the path; the feature's name in models.
    pub key: Key,
    /// Its place in the frame.
    pub slot: Slot,
    /// Its type.
    pub ty: Type,
    /// Where its value comes from.
    pub origin: Origin,
    /// Value when none is known.
    pub default: Option<Value>,
    /// Smallest and largest number allowed.
    pub range: (Option<f64>, Option<f64>),
    /// Declared `optional`: whatever reads it must say what holds without it.
    pub must_guard: bool,
    /// For a computed one: whether what it reads may make it missing.
    pub may_be_missing: bool,
    /// What the number counts.
    pub unit: Unit,
    /// Never reaches a model, a scheme or a text.
    pub sensitive: bool,
    /// May reach a text, never a model, a log or a reason.
    pub personal: bool,
    /// Used only with the customer's consent to this purpose.
    pub purpose: Option<Key>,
    /// Whether models learn from it.
    pub feature: bool,
    /// What it means.
    pub description: Option<Arc<str>>,
}

/// A field of an event type; `slot` is its place in the event frame, which is the event type's own.
#[derive(Clone, Debug)]
pub struct FieldSpec {
    /// Name.
    pub name: Arc<str>,
    /// Place in the event frame.
    pub slot: Slot,
    /// Type.
    pub ty: Type,
    /// Smallest and largest number allowed.
    pub range: (Option<f64>, Option<f64>),
    /// Value when the event gives none; without one the field is optional.
    pub default: Option<Value>,
}

/// An event type.
#[derive(Clone, Debug)]
pub struct EventSpec {
    /// Name.
    pub name: Arc<str>,
    /// Key of the name.
    pub key: Key,
    /// Fields, sorted by name.
    pub fields: Vec<FieldSpec>,
    /// The field that names an item, and the weight of the interest it shows.
    pub item: Option<(Slot, f32)>,
    /// Attributes the event sets: key of the attribute's NAME (as in `Profile`), its type, and the
    /// program over the event frame.
    pub sets: Vec<(Key, Type, Program)>,
    /// Indices into [`Schema::series`] that this event feeds.
    pub series: Vec<usize>,
}

pub use super::source::AggregateFunction;

/// State that the profile keeps for one or more aggregates: one per distinct
/// (event, filter, field, half-life).
#[derive(Clone, Debug)]
pub struct SeriesSpec {
    /// Key of the canonical definition; names the state in the stored profile.
    pub key: Key,
    /// Event type.
    pub event: Key,
    /// Which events count.
    pub filter: Option<Program>,
    /// Which field, as a slot of the event frame.
    pub field: Option<Slot>,
    /// What the state is.
    pub state: SeriesState,
}

/// What a series keeps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SeriesState {
    /// A ring of time buckets with count, sum, min, max.
    Buckets {
        /// Width of a bucket, ms: window / 32 rounded to a civil width, so that a rolling window is
        /// exact to one bucket.
        bucket_ms: i64,
        /// Most buckets kept.
        buckets_max: u16,
    },
    /// Over all time: count, sum, min, max in one cell.
    Total,
    /// Exponentially decayed count and sum.
    Decayed {
        /// Half-life, ms.
        half_life_ms: i64,
    },
    /// The latest value and its time.
    Last,
    /// The time of the first event.
    First,
    /// Distinct values with the time each was last seen.
    Distinct {
        /// Most values kept.
        values_max: u16,
    },
}

/// A declared aggregate.
#[derive(Clone, Debug)]
pub struct AggregateSpec {
    /// What it computes.
    pub function: AggregateFunction,
    /// From which series (index).
    pub series: usize,
    /// Only within the last so many ms.
    pub window_ms: Option<i64>,
}

/// The compiled schema.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// Slots by index; the length is the frame's length.
    pub slots: Vec<SlotSpec>,
    /// Path → slot.
    pub by_path: BTreeMap<Arc<str>, Slot>,
    /// Stored attributes by NAME (`age`, not `customer.age`) → slot.
    pub attributes: BTreeMap<Arc<str>, Slot>,
    /// Key of an attribute's NAME → slot, sorted by key.
    pub attribute_keys: Vec<(Key, Slot)>,
    /// Context entries by NAME → slot.
    pub context: BTreeMap<Arc<str>, Slot>,
    /// Slots to compute, in order of dependency (derived attributes, then segments).
    pub computed: Vec<Slot>,
    /// Segments by name → slot (bool).
    pub segments: BTreeMap<Arc<str>, Slot>,
    /// Event types by name.
    pub events: BTreeMap<Arc<str>, EventSpec>,
    /// What profiles keep.
    pub series: Vec<SeriesSpec>,
    /// Declared aggregates.
    pub aggregates: Vec<AggregateSpec>,
    /// Declared scores.
    pub scores: Vec<ScoreSpec>,
    /// What scores compare of all customers.
    pub populations: Vec<PopulationSpec>,
    /// Purposes.
    pub purposes: BTreeSet<Arc<str>>,
    /// Decision tables by name; `None`: one with faults.
    pub tables: BTreeMap<Arc<str>, Option<Arc<Table>>>,
    /// Slots from which features are made, in order: (slot, key of the path).
    pub features: Vec<(Slot, Key)>,
    /// Slots of features that are probabilities from outside: models see their logits.
    pub logits: Vec<Slot>,
}

impl Schema {
    /// The slot spec at `slot`, if the schema has it.
    #[must_use]
    pub fn slot(&self, slot: Slot) -> Option<&SlotSpec> {
        self.slots.get(slot.0 as usize)
    }

    /// What `table.NAME(...)` calls in expressions.
    #[must_use]
    pub fn lookup(&self, name: &str) -> Option<Callee> {
        Some(match self.tables.get(name)? {
            Some(table) => Callee::Lookup(table.clone()),
            None => Callee::Faulty,
        })
    }

    /// Whether the value of `spec` may be missing: no default, not a count, or used only with
    /// consent.
    #[must_use]
    pub fn optional(&self, spec: &SlotSpec) -> bool {
        if spec.purpose.is_some() {
            return true;
        }
        match &spec.origin {
            Origin::Builtin | Origin::Objective(_) => false,
            Origin::Aggregate(index) => self.aggregates.get(*index).is_none_or(|aggregate| {
                !matches!(
                    aggregate.function,
                    AggregateFunction::Count | AggregateFunction::Sum | AggregateFunction::Distinct
                )
            }),
            Origin::Computed(_) => spec.may_be_missing,
            Origin::Attribute(_) | Origin::Context => spec.default.is_none(),
            Origin::Score(index) => self.scores.get(*index).is_none_or(|score| {
                !matches!(score.kind, ScoreKind::Stage(_) | ScoreKind::Tenure(Since::FirstSeen))
            }),
        }
    }
}
