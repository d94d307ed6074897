//! Nothing is unbounded: size, depth, work.

use super::{compile, eval, known_frame};
use crate::core::expression::EvalError;

fn refused(source: &str, part: &str) {
    let faults = compile(source).expect_err("refused");
    assert!(faults[0].message.contains(part), "{faults:?}");
    assert!(faults.iter().all(|f| f.span.1 <= source.len()));
}

fn over_cost(source: &str) {
    match eval(source, &known_frame()) {
        Err(EvalError::Failed(why)) => assert!(why.starts_with("cost limit"), "{why}"),
        other => panic!("{source}: {other:?}"),
    }
}

#[test]
fn long_and_deep_texts_are_refused() {
    let (open, close) = ("(".repeat(10_000), ")".repeat(10_000));
    refused(&format!("{open}true{close}"), "bytes");
    refused(&vec!["customer.vip"; 5_000].join(" && "), "bytes");
    refused(&"(".repeat(4_000), "deeper");
    refused(&format!("{}true{}", "(".repeat(4_000), ")".repeat(4_000)), "deeper");
    refused(&"[".repeat(4_000), "deeper");
    refused(&"!".repeat(4_000), "deeper");
    refused(&"-".repeat(4_000), "deeper");
    refused(&vec!["1"; 4_000].join("+"), "deeper");
    refused(&vec!["a"; 4_000].join("."), "deeper");
    refused(&format!("{}1", "true?1:".repeat(1_000)), "deeper");
    refused(&format!("a{}", ".f()".repeat(2_000)), "deeper");
    refused(&format!("a{}", "[0]".repeat(2_000)), "deeper");
    refused(&format!("{}x{}", "f(".repeat(2_000), ")".repeat(2_000)), "deeper");
    refused(&format!("{}1{}", "{1:".repeat(2_000), "}".repeat(2_000)), "deeper");
    refused(&format!("{}true", "[1].all(x,".repeat(700)), "deeper");
}

#[test]
fn what_is_within_the_bounds_works() {
    let long = vec!["true"; 1_000].join("&&");
    assert!(compile(&long).is_ok());
    assert!(compile(&vec!["true||false&&true"; 400].join("||")).is_ok());
    let deep = format!("{}true{}", "(".repeat(90), ")".repeat(90));
    assert!(compile(&deep).is_ok());
    assert!(compile(&vec!["1"; 120].join("+")).is_ok());
    let list: Vec<String> = (0..1_500).map(|i| i.to_string()).collect();
    assert!(compile(&format!("customer.age in [{}]", list.join(","))).is_ok());
}

#[test]
fn work_is_bounded() {
    let ten = "[0,1,2,3,4,5,6,7,8,9]";
    let nested =
        |body: &str| (0..6).fold(body.to_owned(), |body, i| format!("{ten}.all(x{i}, {body})"));
    over_cost(&nested("customer.vip"));
    over_cost(&format!("[customer.name]{}", ".map(x, x + x + x + x)".repeat(20)));
    over_cost(&format!("customer.name{}", ".replace('', 'aaaaaaaa')".repeat(20)));
    // Lists that share their elements are small to build and huge to compare or print.
    let doubled = format!("[customer.age]{}", ".map(x, [x, x])".repeat(40));
    over_cost(&format!("{doubled} == {doubled}"));
    let constant = format!("[0]{}", ".map(x, [x, x])".repeat(40));
    assert!(compile(&constant).unwrap().constant().is_none());
    let program = compile(&doubled).unwrap();
    assert!(program.eval(&known_frame()).is_err());
}
