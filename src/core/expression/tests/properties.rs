//! Laws, under random expressions and frames.

use proptest::prelude::*;

use super::{compile, known_frame, same};
use crate::core::expression::EvalError;
use crate::core::value::Value;

/// Random well-typed conditions, as text.
fn condition() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("customer.vip".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        (path(), Just(())).prop_map(|(p, ())| format!("has({p})")),
        (int_leaf(), comparison(), int_leaf()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        (double_leaf(), comparison(), double_leaf()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        (double_leaf(), comparison(), int_leaf()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        prop::sample::select(vec![
            "customer.segment == 'gold'",
            "'mass' != customer.segment",
            "customer.segment in ['gold', 'young']",
            "!(customer.name in ['Ana', 'x', ''])",
            "customer.age in [1, 42, 7.0]",
            "customer.income in [1, 2.5]",
            "customer.points in [1u, 7]",
            "context.any == 9",
            "context.any in [9, 'a', null]",
            "context.any",
            "context.extra.visits > 2",
            "has(context.extra.device)",
            "context.extra.device == 'mobile'",
            "customer.name.contains('a')",
            "customer.name.matches('^A')",
            "customer.tags.exists(t, t == customer.name)",
            "customer.scores.all(s, 6 / (s - 2) > -7)",
            "customer.scores.exists_one(s, s > customer.age)",
            "customer.scores.filter(s, s > 1).map(s, s + customer.age)[0] > 3",
            "now - customer.since > duration('1h')",
            "now.getHours('Asia/Tokyo') < 12",
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4)
                .prop_map(|v| format!("({})", v.join(" && "))),
            prop::collection::vec(inner.clone(), 2..4)
                .prop_map(|v| format!("({})", v.join(" || "))),
            inner.clone().prop_map(|a| format!("!({a})")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("(({a}) ? ({b}) : ({c}))")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("coalesce({a}, {b})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("(({a}) == ({b}))")),
        ]
    })
}

fn path() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&super::FIELDS[..12])
}

fn comparison() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="])
}

fn int_leaf() -> impl Strategy<Value = String> {
    let atom = prop_oneof![
        Just("customer.age".to_owned()),
        Just("size(customer.name)".to_owned()),
        Just("customer.scores[1]".to_owned()),
        (-50_i64..50).prop_map(|i| i.to_string()),
        Just("9223372036854775807".to_owned()),
    ];
    (atom.clone(), prop::option::of((prop::sample::select(vec!["+", "-", "*", "/", "%"]), atom)))
        .prop_map(|(a, rest)| match rest {
            Some((op, b)) => format!("({a} {op} {b})"),
            None => a,
        })
}

fn double_leaf() -> impl Strategy<Value = String> {
    let atom = prop_oneof![
        Just("customer.income".to_owned()),
        Just("offer.rate".to_owned()),
        Just("coalesce(customer.income, 0)".to_owned()),
        Just("double(customer.age)".to_owned()),
        Just("max(customer.income, 1)".to_owned()),
        Just("double('NaN')".to_owned()),
        (-50.0..50.0_f64).prop_map(|d| format!("{d:?}")),
    ];
    (atom.clone(), prop::option::of((prop::sample::select(vec!["+", "-", "*", "/"]), atom)))
        .prop_map(|(a, rest)| match rest {
            Some((op, b)) => format!("({a} {op} {b})"),
            None => a,
        })
}

/// The known frame with some slots empty and some of another type or value.
fn frame() -> impl Strategy<Value = Vec<Option<Value>>> {
    let other = prop_oneof![
        3 => Just(None),
        1 => Just(Some(Value::Null)),
        1 => any::<i64>().prop_map(|i| Some(Value::Int(i))),
        1 => any::<f64>().prop_map(|d| Some(Value::Double(d))),
        1 => any::<bool>().prop_map(|b| Some(Value::Bool(b))),
        1 => prop::sample::select(vec!["gold", "mass", "", "Ana"]).prop_map(|s| Some(s.into())),
    ];
    let changes = prop::collection::vec(prop::option::weighted(0.3, other), 13);
    changes.prop_map(|changes| {
        let mut frame = known_frame();
        for (slot, change) in frame.iter_mut().zip(changes) {
            if let Some(change) = change {
                *slot = change;
            }
        }
        frame
    })
}

/// Words and signs of the language and things near it.
fn soup() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "customer",
        "customer.age",
        ".",
        "age",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "?",
        ":",
        ",",
        "&&",
        "||",
        "!",
        "-",
        "+",
        "*",
        "/",
        "%",
        "==",
        "<",
        ">=",
        "in",
        "1",
        "2.5",
        "3u",
        "0x",
        "'a'",
        "\"",
        "'",
        "r'\\d'",
        "b'\\xff'",
        "true",
        "null",
        "has(",
        "x",
        ".all(",
        ".map(x,",
        ".filter(",
        "size(",
        "timestamp(",
        "coalesce(",
        "é",
        "`",
        "`a-b`",
        "//",
        "\n",
        " ",
        "\\",
        "@",
        "1e9",
        "=",
        "''' '''",
        ".exists_one(x,",
        "-9223372036854775808",
        "type",
        "in [",
        "matches(",
    ]);
    prop::collection::vec(token, 0..40).prop_map(|tokens| tokens.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_fast_evaluator_is_the_reference(source in condition(), frames in prop::collection::vec(frame(), 8)) {
        let program = compile(&source).map_err(|f| TestCaseError::fail(format!("{source}: {f:?}")))?;
        for frame in frames {
            let fast = program.eval(&frame);
            let slow = program.reference_eval(&frame);
            prop_assert!(same(&fast, &slow), "{}: {:?}, reference {:?}", source, fast, slow);
            match (program.eval_bool(&frame), fast) {
                (Ok(bool), Ok(value)) => prop_assert_eq!(Value::Bool(bool), value),
                (Err(a), Err(b)) => prop_assert_eq!(a, b),
                (Err(EvalError::Failed(_)), Ok(value)) => prop_assert!(!matches!(value, Value::Bool(_))),
                (a, b) => prop_assert!(false, "{:?} {:?}", a, b),
            }
        }
    }

    #[test]
    fn atoms_together_are_the_whole(parts in prop::collection::vec(condition(), 1..5), frame in frame()) {
        let source = parts.join(" && ");
        let Ok(program) = compile(&source) else { return Ok(()) };
        let whole = program.eval_bool(&frame);
        let atoms = program.conjuncts();
        let mut results: Vec<_> = atoms.iter().map(|a| a.eval_bool(&frame)).collect();
        if results.contains(&Ok(false)) {
            prop_assert_eq!(whole, Ok(false));
        } else {
            results.retain(Result::is_err);
            if results.is_empty() {
                prop_assert_eq!(whole, Ok(true));
            } else {
                prop_assert!(results.contains(&whole), "{:?} not in {:?}", whole, results);
            }
        }
    }

    #[test]
    fn one_normal_form_means_one_result(mut parts in prop::collection::vec(condition(), 2..5), frame in frame()) {
        let forward = compile(&parts.join(" || ")).unwrap();
        parts.reverse();
        parts.push(parts[0].clone());
        let backward = compile(&format!("({}) || false", parts.join("  ||\n"))).unwrap();
        prop_assert_eq!(forward.canonical(), backward.canonical());
        let (forward, backward) = (forward.eval(&frame), backward.eval(&frame));
        prop_assert!(same(&forward, &backward), "{:?} {:?}", forward, backward);
    }

    #[test]
    fn no_text_makes_the_compiler_panic(source in prop_oneof![soup(), ".{0,60}"], frame in frame()) {
        match compile(&source) {
            Ok(program) => {
                let fast = program.eval(&frame);
                let slow = program.reference_eval(&frame);
                prop_assert!(same(&fast, &slow), "{}: {:?}, reference {:?}", source, fast, slow);
            }
            Err(faults) => {
                prop_assert!(!faults.is_empty());
                for fault in faults {
                    prop_assert!(source.get(fault.span.0..fault.span.1).is_some(), "{:?}", fault);
                }
            }
        }
    }
}
