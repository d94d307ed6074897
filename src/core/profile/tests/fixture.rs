//! A schema and a customer, for tests and benchmarks.

use std::sync::Arc;

use crate::core::catalog::schema::{
    AggregateFunction, AggregateSpec, EventSpec, FieldSpec, Origin, Schema, SeriesSpec,
    SeriesState, SlotSpec, builtin,
};
use crate::core::expression::{Binding, Program, Scope, Slot, Type};
use crate::core::interaction::{Event, Outcome, OutcomeKind};
use crate::core::key::{Key, mix64};
use crate::core::profile::{ALL_CHANNELS, Consent, ConsentState, Profile};
use crate::core::time::{DAY_MS, HOUR_MS, MINUTE_MS, UnixMs};
use crate::core::value::Value;

/// 2026-03-01T09:00:00Z.
pub(crate) const NOW: UnixMs = UnixMs(1_772_355_600_000);
pub(crate) const HALF_LIFE_MS: i64 = 14 * DAY_MS;
pub(crate) const ATTRIBUTES: usize = 40;

const PURCHASE_FIELDS: [(&str, Type); 3] =
    [("amount", Type::Double), ("category", Type::String), ("quantity", Type::Int)];

struct PurchaseScope;

impl Scope for PurchaseScope {
    fn resolve(&self, path: &str) -> Option<Binding> {
        let name = path.strip_prefix("event.")?;
        let place = PURCHASE_FIELDS.iter().position(|f| f.0 == name)?;
        Some(Binding::Slot {
            slot: Slot(u32::try_from(place).ok()?),
            ty: PURCHASE_FIELDS[place].1.clone(),
            optional: true,
        })
    }

    fn paths(&self) -> Vec<String> {
        PURCHASE_FIELDS.map(|f| format!("event.{}", f.0)).to_vec()
    }
}

pub(crate) fn purchase_program(source: &str, ty: &Type) -> Program {
    Program::compile(source, &PurchaseScope, ty).unwrap()
}

/// The series, by index.
pub(crate) mod series {
    pub(crate) const PURCHASES_30D: usize = 0;
    pub(crate) const VIEWS_7D: usize = 1;
    pub(crate) const LOGINS: usize = 2;
    pub(crate) const VIEWS_DECAYED: usize = 3;
    pub(crate) const LAST_CATEGORY: usize = 4;
    pub(crate) const CATEGORIES: usize = 5;
    pub(crate) const LARGE_PURCHASES: usize = 6;
    pub(crate) const LAST_LOGIN: usize = 7;
}

/// The same with one aggregate of each kind: a 30-day sum, a 7-day count, a count of all time, a
/// decayed count, a last value, distinct values.
pub(crate) fn six_aggregates(mut schema: Schema) -> Schema {
    for event in schema.events.values_mut() {
        event.series.retain(|&index| index < series::LARGE_PURCHASES);
    }
    schema
}

fn all_series() -> Vec<SeriesSpec> {
    let spec = |name: &str, event: &str, field: Option<u32>, state| SeriesSpec {
        key: Key::of(name),
        event: Key::of(event),
        filter: None,
        field: field.map(Slot),
        state,
    };
    let buckets = |bucket_ms, buckets_max| SeriesState::Buckets { bucket_ms, buckets_max };
    let decayed = SeriesState::Decayed { half_life_ms: HALF_LIFE_MS };
    let mut all = vec![
        spec("purchases 30d", "purchase", Some(0), buckets(DAY_MS, 31)),
        spec("views 7d", "view", None, buckets(6 * HOUR_MS, 29)),
        spec("logins", "login", None, SeriesState::Total),
        spec("views decayed", "view", None, decayed),
        spec("last category", "purchase", Some(1), SeriesState::Last),
        spec("categories", "purchase", Some(1), SeriesState::Distinct { values_max: 64 }),
        spec("large purchases", "purchase", Some(0), SeriesState::Total),
        spec("last login", "login", None, SeriesState::Last),
        spec("spent decayed", "purchase", Some(0), decayed),
    ];
    all[series::LARGE_PURCHASES].filter =
        Some(purchase_program("event.amount > 50.0", &Type::Bool));
    all
}

/// The aggregates, by index; ten.
pub(crate) fn all_aggregates() -> Vec<(&'static str, AggregateSpec, Type)> {
    use AggregateFunction::{Avg, Count, Distinct, Last, Max, Recency, Sum};
    let spec = |function, series, days: Option<i64>| AggregateSpec {
        function,
        series,
        window_ms: days.map(|days| days * DAY_MS),
    };
    vec![
        ("spent_30d", spec(Sum, series::PURCHASES_30D, Some(30)), Type::Double),
        ("average_30d", spec(Avg, series::PURCHASES_30D, Some(30)), Type::Double),
        ("largest_30d", spec(Max, series::PURCHASES_30D, Some(30)), Type::Double),
        ("views_7d", spec(Count, series::VIEWS_7D, Some(7)), Type::Int),
        ("logins", spec(Count, series::LOGINS, None), Type::Int),
        ("views_decayed", spec(Count, series::VIEWS_DECAYED, None), Type::Double),
        ("last_category", spec(Last, series::LAST_CATEGORY, None), Type::String),
        ("categories_30d", spec(Distinct, series::CATEGORIES, Some(30)), Type::Int),
        ("large", spec(Count, series::LARGE_PURCHASES, None), Type::Int),
        ("since_login", spec(Recency, series::LAST_LOGIN, None), Type::Duration),
    ]
}

pub(crate) fn slot_spec(path: &str, slot: u32, ty: Type, origin: Origin) -> SlotSpec {
    SlotSpec {
        path: path.into(),
        name: path.rsplit('.').next().unwrap().into(),
        key: Key::of(path),
        slot: Slot(slot),
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
        feature: true,
        description: None,
    }
}

fn event(name: &str, fields: &[(&str, Type)], series: &[usize]) -> (Arc<str>, EventSpec) {
    let fields = fields.iter().zip(0..).map(|((name, ty), slot)| FieldSpec {
        name: (*name).into(),
        slot: Slot(slot),
        ty: ty.clone(),
        range: (None, None),
        default: None,
    });
    let spec = EventSpec {
        name: name.into(),
        key: Key::of(name),
        fields: fields.collect(),
        item: None,
        sets: Vec::new(),
        series: series.to_vec(),
    };
    (name.into(), spec)
}

/// Forty attributes `a0`..`a39`, ten aggregates, three event types.
pub(crate) fn schema() -> Schema {
    let mut schema = Schema { series: all_series(), ..Schema::default() };
    for slot in 0..builtin::FIRST_FREE {
        let path = format!("builtin{slot}");
        schema.slots.push(slot_spec(&path, slot, Type::Dyn, Origin::Builtin));
    }
    let mut slot = builtin::FIRST_FREE;
    for i in 0..ATTRIBUTES {
        let name = format!("a{i}");
        let ty = attribute_value(i, 1).1;
        let origin = Origin::Attribute(Key::of(&name));
        schema.slots.push(slot_spec(&format!("customer.{name}"), slot, ty, origin));
        schema.attributes.insert(name.as_str().into(), Slot(slot));
        slot += 1;
    }
    for (index, (name, spec, ty)) in all_aggregates().into_iter().enumerate() {
        let path = format!("customer.{name}");
        schema.slots.push(slot_spec(&path, slot, ty, Origin::Aggregate(index)));
        schema.aggregates.push(spec);
        slot += 1;
    }
    let (name, mut purchase) = event("purchase", &PURCHASE_FIELDS, &[0, 4, 5, 6, 8]);
    let program = purchase_program("event.category", &Type::String);
    purchase.sets = vec![(Key::of("a2"), Type::String, program)];
    schema.events.insert(name, purchase);
    let (name, mut view) = event("view", &[("item", Type::String)], &[1, 3]);
    view.item = Some((Slot(0), 1.0));
    schema.events.insert(name, view);
    let (name, login) = event("login", &[], &[2, 7]);
    schema.events.insert(name, login);
    schema
}

/// A value and its type for attribute `a{i}`.
pub(crate) fn attribute_value(i: usize, seed: u64) -> (Value, Type) {
    let n = i64::try_from(mix64(seed, i as u64) % 80).unwrap();
    match i % 5 {
        0 => (Value::Int(n), Type::Int),
        1 => (Value::Bool(n > 40), Type::Bool),
        2 => (["premium", "standard", "student"][n as usize % 3].into(), Type::String),
        3 => (Value::Double(n as f64 * 123.5), Type::Double),
        _ => {
            let at = jiff::Timestamp::from_second(1_600_000_000 + n * 86_400).unwrap();
            (Value::Timestamp(at), Type::Timestamp)
        }
    }
}

pub(crate) fn purchase(id: u64, at: UnixMs, amount: f64, category: &str) -> Event {
    let frame = vec![Some(Value::Double(amount)), Some(category.into()), Some(Value::Int(1))];
    Event { id, name: "purchase".into(), at, frame }
}

pub(crate) fn view(id: u64, at: UnixMs, item: &str) -> Event {
    Event { id, name: "view".into(), at, frame: vec![Some(item.into())] }
}

pub(crate) fn login(id: u64, at: UnixMs) -> Event {
    Event { id, name: "login".into(), at, frame: Vec::new() }
}

pub(crate) fn outcome(id: u64, offer: &str, kind: OutcomeKind, at: UnixMs) -> Outcome {
    Outcome {
        id,
        decision: None,
        offer: Key::of(offer),
        group: Key(0),
        treatment: Key::of(&format!("{offer}/web")),
        channel: Key::of("web"),
        kind,
        interaction: None,
        reason: Key(0),
        value: None,
        order: None,
        at,
    }
}

/// A customer with 100 events over 60 days (18 purchases, 52 views of 20 items in visits of four,
/// 30 logins), eight attributes, two consents, and 30 contacts from 15 decisions for two slots, over
/// two channels, with clicks, acceptances and rejections. Answers the time of the last change.
pub(crate) fn customer(schema: &Schema) -> (Profile, UnixMs) {
    let start = UnixMs(NOW.0 - 60 * DAY_MS);
    let mut profile = Profile::new(start);
    for i in 0..8 {
        let (value, _) = attribute_value(i, 7);
        let name = Key::of(&format!("a{i}"));
        profile.set_attribute(name, Some(value), start).unwrap();
    }
    for purpose in ["marketing", "profiling"] {
        let consent = Consent {
            purpose: Key::of(purpose),
            channel: ALL_CHANNELS,
            state: ConsentState::Granted,
            at: start,
        };
        profile.set_consent(consent, start).unwrap();
    }
    let mut now = start;
    for id in 0..100_u64 {
        // 1 in 4 events comes after some pause, the others within minutes.
        let random = mix64(id, 99);
        let pause_ms = if id % 4 == 0 {
            60 * DAY_MS / 25 - (random % 7_200_000) as i64
        } else {
            (random % 180_000) as i64
        };
        now = UnixMs((now.0 + pause_ms).min(NOW.0));
        let item = format!("item {}", (id + random % 2) % 20);
        let category = ["food", "travel", "books", "home", "fuel"][random as usize % 5];
        let amount = (random % 20_000) as f64 / 100.0;
        let event = match id % 11 {
            0 | 5 => purchase(id, now, amount, category),
            1 | 6 | 9 => login(id, now),
            _ => view(id, now, &item),
        };
        profile.apply_event(schema, &event, now);
        if id % 6 == 3 && id < 90 {
            decision(&mut profile, id, now);
        }
    }
    (profile, now)
}

/// Two offers shown; sometimes one of them is answered.
fn decision(profile: &mut Profile, id: u64, now: UnixMs) {
    let decision = mix64(id, 5);
    for slot in 0..2 {
        let offer = format!("offer {}", (decision % 5 + slot * 5) % 8);
        let mut shown = outcome(id * 10 + slot, &offer, OutcomeKind::Impression, now);
        if id.is_multiple_of(3) {
            shown.channel = Key::of("app");
            shown.treatment = Key::of(&format!("{offer}/app"));
        }
        shown.decision = Some(decision);
        profile.apply_outcome(&shown, true, now);
        let kind = match mix64(id, slot) % 6 {
            0 => OutcomeKind::Click,
            1 => OutcomeKind::Reject,
            2 if slot == 0 => OutcomeKind::Accept,
            _ => continue,
        };
        let mut answer = shown;
        answer.id += 5;
        answer.kind = kind;
        answer.interaction = Some(Key::of(&format!("visit {id}")));
        answer.at = UnixMs(now.0 + MINUTE_MS);
        if kind == OutcomeKind::Reject {
            answer.reason = Key::of(["too expensive", "no need"][slot as usize]);
        }
        profile.apply_outcome(&answer, false, answer.at);
    }
}
