//! Tests of the language, data-driven: one `check` an area. Here: the scope all share.

mod bounds;
mod faults;
mod programs;
mod properties;
mod truth;
mod values;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Binding, EvalError, ExpressionFault, Program, Scope, Slot, Type};
use crate::core::value::{MapKey, Value};

/// A bank's customer, a page, and one offer's own attributes.
pub(super) struct Bank;

pub(super) const FIELDS: [&str; 13] = [
    "customer.age",
    "customer.income",
    "customer.segment",
    "customer.name",
    "customer.vip",
    "customer.since",
    "customer.tags",
    "customer.scores",
    "customer.points",
    "context.page",
    "context.extra",
    "context.any",
    "now",
];

fn field_type(path: &str) -> Option<Type> {
    Some(match path {
        "customer.age" => Type::Int,
        "customer.income" => Type::Double,
        "customer.segment" => {
            let set = ["gold", "mass", "young"].map(Arc::from);
            Type::Enum(Arc::new(set.into_iter().collect()))
        }
        "customer.name" | "context.page" => Type::String,
        "customer.vip" => Type::Bool,
        "customer.since" | "now" => Type::Timestamp,
        "customer.tags" => Type::List(Type::String.into()),
        "customer.scores" => Type::List(Type::Int.into()),
        "customer.points" => Type::Uint,
        "context.extra" => Type::Map(Type::String.into(), Type::Dyn.into()),
        "context.any" => Type::Dyn,
        _ => return None,
    })
}

impl Scope for Bank {
    fn resolve(&self, path: &str) -> Option<Binding> {
        match path {
            "offer.rate" => return Some(Binding::Constant(Value::Double(3.5))),
            "offer.group" => return Some(Binding::Constant(Value::from("acquire"))),
            _ => {}
        }
        let index = FIELDS.iter().position(|f| *f == path)?;
        Some(Binding::Slot {
            slot: Slot(u32::try_from(index).ok()?),
            ty: field_type(path)?,
            optional: true,
        })
    }

    fn paths(&self) -> Vec<String> {
        let own = ["offer.rate", "offer.group"];
        FIELDS.iter().chain(&own).map(ToString::to_string).collect()
    }
}

pub(super) fn known_frame() -> Vec<Option<Value>> {
    let texts = |texts: &[&str]| Value::List(texts.iter().map(|t| Value::from(*t)).collect());
    let extra: BTreeMap<MapKey, Value> = [
        (MapKey::String("device".into()), Value::from("mobile")),
        (MapKey::String("visits".into()), Value::Int(3)),
    ]
    .into();
    vec![
        Some(Value::Int(42)),
        Some(Value::Double(1500.5)),
        Some(Value::from("gold")),
        Some(Value::from("Ana García")),
        Some(Value::Bool(true)),
        Some(Value::Timestamp("2020-02-29T10:30:00Z".parse().unwrap())),
        Some(texts(&["new", "web"])),
        Some(Value::List([1, 2, 3].map(Value::Int).into())),
        Some(Value::Uint(7)),
        Some(Value::from("/loans/car")),
        Some(Value::Map(Arc::new(extra))),
        Some(Value::Int(9)),
        Some(Value::Timestamp("2026-05-01T12:00:00Z".parse().unwrap())),
    ]
}

pub(super) fn compile(source: &str) -> Result<Program, Vec<ExpressionFault>> {
    Program::compile(source, &Bank, &Type::Dyn)
}

/// Evaluates both ways and holds them to the same answer.
pub(super) fn eval(source: &str, frame: &[Option<Value>]) -> Result<Value, EvalError> {
    let program = compile(source).unwrap_or_else(|faults| panic!("{source}: {faults:?}"));
    let fast = program.eval(frame);
    let slow = program.reference_eval(frame);
    assert!(same(&fast, &slow), "{source}: {fast:?}, reference {slow:?}");
    fast
}

/// Equal, NaN being equal to itself.
pub(super) fn same(a: &Result<Value, EvalError>, b: &Result<Value, EvalError>) -> bool {
    format!("{a:?}") == format!("{b:?}")
}
