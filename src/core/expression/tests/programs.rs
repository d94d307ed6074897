//! What a program tells about itself.

use super::{Bank, compile, known_frame};
use crate::core::expression::{EvalError, Program, Slot, Type};
use crate::core::value::Value;

fn canonical(source: &str) -> String {
    compile(source).unwrap().canonical().to_owned()
}

#[test]
fn equal_meanings_have_one_normal_form() {
    let groups: &[&[&str]] = &[
        &[
            "customer.age >= 18",
            " ( customer.age>=18 ) ",
            "18 <= customer.age",
            "customer.age >= 0x12",
            "customer.age >= 9 + 9",
            "true && customer.age >= 18",
            "!!(customer.age >= 18)",
            "customer.age >= 18 // of age",
        ],
        &[
            "customer.segment == 'gold'",
            "\"gold\" == customer.segment",
            "!('gold' != customer.segment)",
        ],
        &[
            "customer.vip && customer.age > 1 && has(context.page)",
            "(has(context.page) && customer.age > 1) && customer.vip",
            "customer.vip && (customer.age > 1 && has(context.page)) && customer.vip",
        ],
        &["customer.segment in ['gold', 'mass']", "customer.segment in ['mass', 'gold', 'gold']"],
        &["customer.scores.all(x, x > 1)", "customer.scores.all(score, 1 < score)"],
        &["customer.income > offer.rate", "customer.income > 3.5"],
        &["false", "customer.vip && false", "1 > 2", "false && 1 / 0 == 1"],
    ];
    for group in groups {
        for source in *group {
            assert_eq!(canonical(source), canonical(group[0]), "{source}");
        }
    }
    let different: Vec<_> = groups.iter().map(|g| canonical(g[0])).collect();
    for (index, text) in different.iter().enumerate() {
        assert!(!different[..index].contains(text), "{text}");
    }
    assert_ne!(canonical("customer.age / 2 > 1"), canonical("customer.age / 3 > 1"));
    assert_ne!(canonical("1 / 0 == 1"), canonical("1 / 0 == 2"));
}

#[test]
fn slots_and_paths_are_those_read() {
    let program =
        compile("now > customer.since && (false ? customer.vip : has(customer.age))").unwrap();
    assert_eq!(program.slots(), [Slot(0), Slot(5), Slot(12)]);
    let paths: Vec<&str> = program.paths().iter().map(|p| &**p).collect();
    assert_eq!(paths, ["customer.age", "customer.since", "now"]);
}

#[test]
fn conditions_split_into_atoms_with_their_own_text() {
    let source = " customer.age >= 18 &&\n (customer.vip || has(context.page)) && (customer.tags[0] == 'a' && \
         (customer.name).startsWith('x')) && true && !(customer.vip) ";
    let program = Program::compile(source, &Bank, &Type::Bool).unwrap();
    assert_eq!(program.source(), source.trim());
    let atoms = program.conjuncts();
    let texts: Vec<&str> = atoms.iter().map(Program::source).collect();
    assert_eq!(
        texts,
        [
            "customer.age >= 18",
            "customer.vip || has(context.page)",
            "customer.tags[0] == 'a'",
            "(customer.name).startsWith('x')",
            "!(customer.vip)",
        ]
    );
    for atom in &atoms {
        let alone = compile(atom.source()).unwrap();
        assert_eq!(alone.canonical(), atom.canonical());
        assert_eq!(atom.conjuncts().len(), 1);
    }
    let one = compile("customer.vip || customer.age > 1").unwrap();
    assert_eq!(one.conjuncts()[0].source(), one.source());
    assert_eq!(compile("customer.vip && false").unwrap().conjuncts().len(), 1);
    assert_eq!(compile("size('&&') == 2 && customer.vip").unwrap().conjuncts().len(), 1);
}

#[test]
fn constants_fold() {
    let constant = |source: &str| compile(source).unwrap().constant().cloned();
    assert_eq!(constant("1 + 2"), Some(Value::Int(3)));
    assert_eq!(constant("[1, 2].map(x, x * 2).exists(x, x == 4)"), Some(Value::Bool(true)));
    assert_eq!(constant("customer.vip || offer.rate > 3.0"), Some(Value::Bool(true)));
    assert_eq!(constant("customer.age + 1"), None);
    assert_eq!(constant("1 / 0"), None);
}

#[test]
fn formulas_are_doubles() {
    let formula = |source: &str| Program::compile(source, &Bank, &Type::Double).unwrap();
    let frame = known_frame();
    assert_eq!(formula("customer.age").eval_f64(&frame), Ok(42.0));
    assert_eq!(formula("customer.age").eval(&frame), Ok(Value::Double(42.0)));
    assert_eq!(formula("customer.income * offer.rate / 100.0").eval_f64(&frame), Ok(52.5175));
    assert_eq!(formula("customer.vip ? 1 : 2").eval_f64(&frame), Ok(1.0));
    assert_eq!(formula("coalesce(customer.income, 0)").eval_f64(&[]), Ok(0.0));
    let missing = EvalError::Missing("customer.income".into());
    assert_eq!(formula("customer.income + 1.0").eval_f64(&[]), Err(missing));
    assert_eq!(formula("context.any").eval_f64(&frame), Ok(9.0));
}

#[test]
fn programs_are_shared_between_threads() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    shared::<Program>();
}
