use proptest::prelude::*;

use super::*;
use crate::core::expression::{Binding, EvalError, Program, Scope, Slot, Type};
use crate::core::value::Value;

/// The last three are computed: of `PROGRAMS`, in that order.
fn names() -> Vec<(&'static str, Type)> {
    let tiers = ["gold", "none", "silver"].map(std::sync::Arc::from).into();
    vec![
        ("customer.age", Type::Int),
        ("customer.income", Type::Double),
        ("customer.tier", Type::Enum(std::sync::Arc::new(tiers))),
        ("customer.vip", Type::Bool),
        ("context.page", Type::String),
        ("customer.products", Type::List(std::sync::Arc::new(Type::String))),
        ("customer.since", Type::Duration),
        ("customer.adult", Type::Bool),
        ("customer.years", Type::Int),
        ("segment.rich", Type::Bool),
    ]
}

const STORED: usize = 7;
const PROGRAMS: [&str; 3] = [
    "customer.age >= 18 && customer.tier != 'none'",
    "67 - customer.age",
    "customer.income > 20.0 || customer.vip",
];

struct Names(Vec<(&'static str, Type)>);

impl Scope for Names {
    fn resolve(&self, path: &str) -> Option<Binding> {
        let index = self.0.iter().position(|(name, _)| *name == path)?;
        let optional = !path.starts_with("segment.");
        Some(Binding::Slot { slot: Slot(index as u32), ty: self.0[index].1.clone(), optional })
    }

    fn paths(&self) -> Vec<String> {
        Vec::new()
    }
}

struct Declared {
    programs: Vec<Program>,
    domains: Vec<Domain>,
}

impl Declared {
    fn new() -> Self {
        let names = Names(names());
        let compile = |text: &&str| Program::compile(text, &names, &Type::Dyn).unwrap();
        let mut declared =
            Self { programs: PROGRAMS.iter().map(compile).collect(), domains: vec![] };
        for (path, ty) in &names.0 {
            let values = match *path {
                "customer.age" => Values::Wholes(14, 26),
                "customer.income" => Values::Reals(0.0, 40.0, true),
                _ => Values::of(ty),
            };
            declared.domains.push(Domain { missing: !path.starts_with("segment."), values });
        }
        declared
    }

    fn frame(&self, stored: &[Option<Value>]) -> Vec<Option<Value>> {
        let mut frame = stored.to_vec();
        for (index, program) in self.programs.iter().enumerate() {
            let value = program.eval(&frame).ok();
            let segment = index == 2;
            frame.push(if segment && value.is_none() { Some(false.into()) } else { value });
        }
        frame
    }
}

impl Slots for Declared {
    fn domain(&self, slot: Slot) -> Domain {
        self.domains[slot.0 as usize].clone()
    }

    fn computed(&self, slot: Slot) -> Option<Computed<'_>> {
        let index = (slot.0 as usize).checked_sub(STORED)?;
        let program = self.programs.get(index)?;
        Some(if index == 2 { Computed::Holds(program) } else { Computed::Value(program) })
    }
}

fn program(text: &str) -> Program {
    Program::compile(text, &Names(names()), &Type::Bool).unwrap()
}

fn atom() -> impl Strategy<Value = String> {
    let operator = prop::sample::select(vec!["<", "<=", ">", ">=", "==", "!="]);
    let tier = prop::sample::select(vec!["gold", "silver", "none"]);
    prop_oneof![
        (operator.clone(), 13_i64..28).prop_map(|(o, n)| format!("customer.age {o} {n}")),
        (operator.clone(), 13_i64..28).prop_map(|(o, n)| format!("{n}.5 {o} customer.age")),
        (operator.clone(), 0_i64..42).prop_map(|(o, n)| format!("customer.income {o} {n}.0")),
        (operator.clone(), 0_i64..42).prop_map(|(o, n)| format!("customer.income {o} {n}")),
        (operator.clone(), 38_i64..56).prop_map(|(o, n)| format!("customer.years {o} {n}")),
        (operator.clone(), 0_i64..5)
            .prop_map(|(o, n)| format!("customer.since {o} duration('{n}h')")),
        (operator, 13_i64..28).prop_map(|(o, n)| format!("customer.age * 2 - 3 {o} {n}")),
        (13_i64..28).prop_map(|n| format!("customer.age in [{n}, {}]", n + 2)),
        tier.clone().prop_map(|t| format!("customer.tier == '{t}'")),
        tier.clone().prop_map(|t| format!("customer.tier != '{t}'")),
        tier.prop_map(|t| format!("customer.tier in ['{t}', 'gold']")),
        prop::sample::select(vec![
            "customer.vip",
            "customer.adult",
            "segment.rich",
            "has(customer.tier)",
            "has(customer.adult)",
            "'card' in customer.products",
            "'loan' in customer.products",
            "context.page.startsWith('h')",
            "context.page == 'home'",
            "10 / (customer.age - 18) > 2",
            "coalesce(customer.age, 14) < 16",
            "customer.income * 2.0 > 30.0",
            "customer.income - customer.income == 0.0",
            "(customer.vip ? customer.age : 20) >= 21",
        ])
        .prop_map(str::to_owned),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    atom().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4)
                .prop_map(|all| format!("({})", all.join(" && "))),
            prop::collection::vec(inner.clone(), 2..4)
                .prop_map(|any| format!("({})", any.join(" || "))),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            inner.prop_map(|a| format!("!({a})")),
        ]
    })
}

fn stored() -> impl Strategy<Value = Vec<Option<Value>>> {
    let product = prop::sample::select(vec!["card", "loan", "plan"]);
    let maybe = |value: BoxedStrategy<Value>| prop::option::weighted(0.8, value);
    (
        maybe((14_i64..=26).prop_map(Value::Int).boxed()),
        maybe(
            prop_oneof![
                (0.0..=40.0).prop_map(Value::Double),
                (0_i64..=40).prop_map(|whole| Value::Double(whole as f64)),
                (0_i64..=40).prop_map(Value::Int),
                Just(Value::Double(f64::NAN)),
            ]
            .boxed(),
        ),
        maybe(prop::sample::select(vec!["gold", "silver", "none"]).prop_map(Value::from).boxed()),
        maybe(any::<bool>().prop_map(Value::from).boxed()),
        maybe(prop::sample::select(vec!["home", "help", "cards"]).prop_map(Value::from).boxed()),
        maybe(
            prop::collection::vec(product.prop_map(Value::from), 0..3)
                .prop_map(|list| Value::List(list.into()))
                .boxed(),
        ),
        maybe(
            (0_i64..5).prop_map(|h| Value::Duration(jiff::SignedDuration::from_hours(h))).boxed(),
        ),
    )
        .prop_map(|(a, b, c, d, e, f, g)| vec![a, b, c, d, e, f, g])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// Whatever a condition comes to was called possible; and where conditions hold together, so
    /// they may, with every slot within what is then known of it.
    #[test]
    fn what_is_called_impossible_never_happens(
        texts in prop::collection::vec(condition(), 1..5),
        stored in stored(),
    ) {
        let declared = Declared::new();
        let frame = declared.frame(&stored);
        let programs: Vec<Program> = texts.iter().map(|text| program(text)).collect();
        let mut knowledge = Knowledge::new(&declared);
        let mut all_hold = true;
        for program in &programs {
            let outcomes = knowledge.outcomes(program);
            let result = program.reference_eval(&frame);
            match (&result, all_hold) {
                (Ok(Value::Bool(true)), true) => prop_assert!(outcomes.yes, "{}", program.source()),
                (Ok(_), true) => prop_assert!(outcomes.no, "{}", program.source()),
                (Err(EvalError::Missing(_) | EvalError::Failed(_)), true) => {
                    prop_assert!(outcomes.stops, "{}", program.source());
                }
                _ => {}
            }
            all_hold &= result == Ok(Value::Bool(true));
            let possible = knowledge.assume(program);
            if all_hold {
                prop_assert!(possible, "{texts:?}");
                for (slot, value) in (0..).zip(&frame) {
                    let domain = knowledge.domain(Slot(slot));
                    prop_assert!(domain.allows(value.as_ref()), "{slot}: {domain:?} in {texts:?}");
                }
            }
            if !possible {
                break;
            }
        }
    }
}

fn together(texts: &[&str]) -> bool {
    let declared = Declared::new();
    let mut knowledge = Knowledge::new(&declared);
    let programs: Vec<Program> = texts.iter().map(|text| program(text)).collect();
    // Twice: a later one may narrow what an earlier one reads.
    (0..2).all(|_| programs.iter().all(|program| knowledge.assume(program)))
}

#[test]
fn contradictions_are_seen() {
    for texts in [
        &["customer.age > 26"][..],
        &["customer.age >= 20", "customer.age < 20"],
        &["customer.age != 20", "customer.age == 20"],
        &["customer.age > 20", "customer.age < 20 || customer.age == 14"],
        &["customer.tier == 'gold'", "customer.tier in ['silver', 'none']"],
        &["customer.tier != 'gold'", "customer.tier != 'silver'", "customer.tier != 'none'"],
        &["!has(customer.tier)", "customer.tier == 'gold'"],
        &["'card' in customer.products", "!('card' in customer.products)"],
        &["segment.rich", "customer.income < 3.0", "!customer.vip"],
        &["customer.adult", "customer.age < 18"],
        &["customer.years >= 50", "customer.age >= 18"],
        &["context.page == 'home'", "context.page != 'home'"],
        &["customer.since > duration('3h')", "customer.since <= duration('180m')"],
        &["customer.income > 3.0 && customer.income < 3.0"],
        &["!(customer.income > 3.0)", "customer.income >= 4.0"],
        &["customer.vip ? customer.age > 26 : customer.age < 14"],
    ] {
        assert!(!together(texts), "{texts:?}");
    }
}

#[test]
fn what_can_hold_together_is_left_alone() {
    for texts in [
        &["customer.age >= 20", "customer.age <= 20"][..],
        &["!segment.rich", "customer.income > 3.0"],
        &["'card' in customer.products", "!('loan' in customer.products)"],
        &["!(customer.income > 3.0)", "!(customer.income < 3.0)"],
        &["customer.tier != 'gold'", "customer.tier != 'silver'"],
        &["!has(customer.tier) || customer.tier == 'gold'", "!has(customer.tier)"],
    ] {
        assert!(together(texts), "{texts:?}");
    }
}
