//! Three-valued logic: missing and failed values in conditions.

use super::{FIELDS, compile, eval, known_frame};
use crate::core::expression::EvalError;
use crate::core::value::Value;

const YES: &str = "customer.vip";
const NO: &str = "(customer.age == 0)";
const MISSING: &str = "(customer.income > 1.0)";
const FAILED: &str = "(1 / (customer.age - 42) == 1)";

fn frame() -> Vec<Option<Value>> {
    let mut frame = known_frame();
    frame[1] = None;
    frame[2] = None;
    frame
}

/// `t`, `f`, `m`issing or `e`rror.
fn letter(source: &str) -> char {
    match eval(source, &frame()) {
        Ok(Value::Bool(true)) => 't',
        Ok(Value::Bool(false)) => 'f',
        Err(EvalError::Missing(_)) => 'm',
        Err(EvalError::Failed(_)) => 'e',
        other => panic!("{source}: {other:?}"),
    }
}

#[test]
fn logic_absorbs_missing_and_failed_alike_and_in_any_order() {
    let operands = [YES, NO, MISSING, FAILED];
    let table =
        [("&&", ["tfme", "ffff", "mfme", "efee"]), ("||", ["tttt", "tfme", "tmme", "teee"])];
    for (operator, rows) in table {
        for (left, row) in operands.iter().zip(rows) {
            for (right, expect) in operands.iter().zip(row.chars()) {
                let source = format!("{left} {operator} {right}");
                assert_eq!(letter(&source), expect, "{source}");
            }
        }
    }
    assert_eq!(letter(&format!("!{MISSING}")), 'm');
    assert_eq!(letter(&format!("!{FAILED}")), 'e');
}

#[test]
fn the_fault_passed_on_does_not_depend_on_order() {
    let missing = |path: &str| Err(EvalError::Missing(path.into()));
    for source in [
        "customer.income > 1.0 && customer.segment == 'gold'",
        "customer.segment == 'gold' && customer.income > 1.0",
        "customer.segment == 'gold' || customer.income > 1.0",
    ] {
        assert_eq!(eval(source, &frame()), missing("customer.income"), "{source}");
    }
    let overflow = "(9223372036854775807 + customer.age > 0)";
    for source in [format!("{overflow} && {FAILED}"), format!("{FAILED} && {overflow}")] {
        let expect = EvalError::Failed("division by zero".to_owned());
        assert_eq!(eval(&source, &frame()), Err(expect), "{source}");
    }
}

#[test]
fn missing_passes_through_everything_else() {
    for source in [
        "customer.income",
        "customer.income * 2.0",
        "customer.income > 1.0 ? 1 : 2",
        "[customer.income]",
        "min(1.0, customer.income)",
        "customer.segment in ['gold']",
        "customer.segment != 'gold'",
        "[1].exists(x, customer.income > 1.0)",
    ] {
        let got = eval(source, &frame());
        assert!(matches!(got, Err(EvalError::Missing(_))), "{source}: {got:?}");
    }
}

#[test]
fn has_and_coalesce_never_pass_missing_on() {
    assert_eq!(letter("has(customer.income)"), 'f');
    assert_eq!(letter("has(customer.age)"), 't');
    assert_eq!(letter("!has(customer.income) || customer.income > 1.0"), 't');
    assert_eq!(letter("has(customer.income) && customer.income > 1.0"), 'f');
    assert_eq!(letter("coalesce(customer.income, 0) == 0"), 't');
    assert_eq!(letter("coalesce(customer.segment, 'none') == 'none'"), 't');
    assert_eq!(letter("coalesce(customer.age, 0) == 42"), 't');
    assert_eq!(letter(&format!("coalesce({FAILED}, true)")), 'e');
    let nothing = vec![None; FIELDS.len()];
    let source = "has(context.extra.device)";
    assert_eq!(eval(source, &nothing), Ok(Value::Bool(false)));
    assert_eq!(compile(source).unwrap().eval_bool(&[]), Ok(false));
}

#[test]
fn a_condition_that_is_not_bool_fails() {
    let frame = known_frame();
    for source in ["context.any && true", "context.any || false", "!context.any"] {
        let got = eval(source, &frame);
        assert!(matches!(got, Err(EvalError::Failed(_))), "{source}: {got:?}");
    }
    assert_eq!(letter("context.any || true"), 't');
}
