//! Conditions and formulas: nanoseconds an evaluation, microseconds a compilation.
//!
//! A decision evaluates about 200 distinct conditions and has 10 µs for them.

use std::hint::black_box;
use std::sync::Arc;

use arbitra::core::expression::{Binding, Program, Scope, Slot, Type};
use arbitra::core::value::Value;
use criterion::{Criterion, criterion_group, criterion_main};

struct Bank;

const FIELDS: [&str; 7] = [
    "customer.age",
    "customer.income",
    "customer.segment",
    "customer.vip",
    "customer.tags",
    "customer.since",
    "now",
];

impl Scope for Bank {
    fn resolve(&self, path: &str) -> Option<Binding> {
        let index = FIELDS.iter().position(|f| *f == path)?;
        let ty = match index {
            0 => Type::Int,
            1 => Type::Double,
            2 => {
                let set = ["gold", "mass", "young"].map(Arc::from);
                Type::Enum(Arc::new(set.into_iter().collect()))
            }
            3 => Type::Bool,
            4 => Type::List(Type::String.into()),
            _ => Type::Timestamp,
        };
        let slot = Slot(u32::try_from(index).ok()?);
        Some(Binding::Slot { slot, ty, optional: true })
    }

    fn paths(&self) -> Vec<String> {
        FIELDS.map(str::to_owned).to_vec()
    }
}

fn frame() -> Vec<Option<Value>> {
    let at = |seconds| jiff::Timestamp::from_second(seconds).ok().map(Value::Timestamp);
    vec![
        Some(Value::Int(42)),
        Some(Value::Double(1500.5)),
        Some(Value::from("gold")),
        Some(Value::Bool(true)),
        Some(Value::List([Value::from("new"), Value::from("web")].into())),
        at(1_600_000_000),
        at(1_770_000_000),
    ]
}

fn compile(source: &str, ty: &Type) -> Option<Program> {
    Program::compile(source, &Bank, ty).ok()
}

fn conditions(c: &mut Criterion) {
    let frame = frame();
    for source in [
        "customer.age >= 18",
        "customer.segment == 'gold'",
        "customer.segment in ['mass', 'gold']",
        "has(customer.age) && !customer.vip",
        "'web' in customer.tags",
        "now - customer.since > duration('720h')",
        "customer.tags.exists(t, t == 'web')",
    ] {
        let Some(program) = compile(source, &Type::Bool) else {
            continue;
        };
        c.bench_function(source, |b| b.iter(|| program.eval_bool(black_box(&frame))));
    }
    let programs: Vec<Program> = (0..200)
        .filter_map(|i| {
            let source = match i % 4 {
                0 => format!("customer.age >= {i}"),
                1 => format!("customer.income > {i}.5"),
                2 => format!("customer.segment in ['mass', 'gold'] && customer.age != {i}"),
                _ => format!("has(customer.age) && customer.vip || customer.age < {i}"),
            };
            compile(&source, &Type::Bool)
        })
        .collect();
    c.bench_function("200 conditions", |b| {
        b.iter(|| {
            let held = programs.iter().filter(|p| p.eval_bool(&frame) == Ok(true));
            black_box(held.count())
        });
    });
}

fn formulas(c: &mut Criterion) {
    let frame = frame();
    for source in ["customer.income * 0.02 + 3.0", "min(customer.income, 1000) * 0.1"] {
        if let Some(program) = compile(source, &Type::Double) {
            c.bench_function(source, |b| b.iter(|| program.eval_f64(black_box(&frame))));
        }
    }
}

fn compilation(c: &mut Criterion) {
    let source = "customer.segment in ['mass', 'gold'] && customer.age >= 18";
    c.bench_function("compile", |b| {
        b.iter(|| compile(black_box(source), &Type::Bool));
    });
}

criterion_group!(benches, conditions, formulas, compilation);
criterion_main!(benches);
