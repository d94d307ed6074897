//! Hit policies, the text of cells, and the law that the index is the plain reading.

use std::borrow::Cow;
use std::sync::Arc;

use proptest::prelude::*;

use super::{Audit, Cell, Hit, Input, Row, Spec, Table, audit, read_cell};
use crate::core::expression::{Lookup as _, Type};
use crate::core::value::Value;

fn input(name: &str, ty: Type) -> Input {
    Input { name: name.into(), ty, range: (None, None) }
}

fn tiers() -> Type {
    Type::Enum(Arc::new(["basic", "gold", "vip"].map(Arc::from).into()))
}

fn table(inputs: Vec<Input>, hit: Hit, rows: &[(&[&str], i64)]) -> Table {
    let rows = rows.iter().map(|(cells, output)| {
        let cells = inputs.iter().zip(*cells).map(|(i, cell)| read_cell(cell, &i.ty).unwrap());
        Row { cells: cells.collect(), output: Value::Int(*output) }
    });
    let rows = rows.collect();
    let spec = Spec { name: "t".into(), inputs, output: Type::Int, hit, default: None, rows };
    Table::new(spec).unwrap()
}

fn call(table: &Table, args: &[Value]) -> Result<Value, String> {
    let args: Vec<_> = args.iter().map(Cow::Borrowed).collect();
    let (fast, slow) = (table.call(&args), table.reference(&args));
    assert_eq!(fast, slow, "{args:?}");
    fast
}

#[test]
fn a_hit_policy_says_what_of_the_matching_rows_is_given() {
    let rows: &[(&[&str], i64)] = &[(&["[18..65)"], 3), (&[">= 60"], 5), (&["60"], 1), (&["-"], 2)];
    let given =
        |hit, age| call(&table(vec![input("age", Type::Int)], hit, rows), &[Value::Int(age)]);
    let list = |values: &[i64]| Value::List(values.iter().copied().map(Value::Int).collect());
    assert_eq!(given(Hit::First, 60), Ok(Value::Int(3)));
    assert_eq!(given(Hit::First, 65), Ok(Value::Int(5)));
    assert_eq!(given(Hit::First, 17), Ok(Value::Int(2)));
    assert_eq!(given(Hit::Collect, 60), Ok(list(&[3, 5, 1, 2])));
    assert_eq!(given(Hit::Sum, 60), Ok(Value::Int(11)));
    assert_eq!(given(Hit::Min, 60), Ok(Value::Int(1)));
    assert_eq!(given(Hit::Max, 60), Ok(Value::Int(5)));
    assert_eq!(given(Hit::Count, 60), Ok(Value::Int(4)));

    let none =
        |hit| call(&table(vec![input("age", Type::Int)], hit, &[(&["1"], 7)]), &[Value::Int(2)]);
    assert_eq!(none(Hit::Collect), Ok(list(&[])));
    assert_eq!(none(Hit::Sum), Ok(Value::Int(0)));
    assert_eq!(none(Hit::Count), Ok(Value::Int(0)));
    assert_eq!(none(Hit::First), Err("table `t` has no row for these values".to_owned()));
}

#[test]
fn cells_are_literals_ranges_lists_and_their_negation() {
    let takes = |cell: &str, ty: &Type, value: Value| read_cell(cell, ty).unwrap().takes(&value);
    let (int, double) = (Value::Int, Value::Double);
    for (cell, yes, no) in [
        ("18", 18, 17),
        ("< 10", 9, 10),
        ("<=10", 10, 11),
        ("> 10", 11, 10),
        (">= 10", 10, 9),
        ("[1..3)", 1, 3),
        ("(1..3]", 3, 1),
        ("[..3]", -5, 4),
        ("1, 5, [8..9]", 8, 7),
        ("not(1, > 5)", 2, 6),
    ] {
        assert!(takes(cell, &Type::Int, int(yes)) && !takes(cell, &Type::Int, int(no)), "{cell}");
    }
    assert!(takes("-", &Type::Int, int(3)) && takes("", &Type::Bool, Value::Bool(true)));
    assert!(takes("0", &Type::Double, double(-0.0)) && takes("[0..1]", &Type::Double, double(1.0)));
    for (cell, text, taken) in [
        ("gold", "gold", true),
        ("'gold', \"vip\"", "vip", true),
        ("not('gold')", "basic", true),
        ("not(gold)", "gold", false),
    ] {
        assert_eq!(takes(cell, &tiers(), Value::from(text)), taken, "{cell}");
    }
    assert!(takes("'a,b', '-'", &Type::String, Value::from("a,b")));
    assert!(takes("'-'", &Type::String, Value::from("-")));
    let hour = jiff::SignedDuration::from_hours(1);
    assert!(takes("< 2h", &Type::Duration, Value::Duration(hour)));
    let june = Value::Timestamp("2026-06-05T00:00:00Z".parse().unwrap());
    assert!(takes("[2026-06-01..2026-07-01)", &Type::Timestamp, june));

    for (cell, ty) in [
        ("x", Type::Int),
        ("1.5", Type::Int),
        ("[3..1]", Type::Int),
        ("(1..1)", Type::Int),
        ("[1..2", Type::Int),
        ("[12]", Type::Int),
        ("1,,2", Type::Int),
        ("< gold", tiers()),
        ("silver", tiers()),
        ("yes", Type::Bool),
        ("tomorrow", Type::Timestamp),
    ] {
        assert!(read_cell(cell, &ty).is_err(), "{cell}");
    }
}

fn found(hit: Hit, inputs: Vec<Input>, rows: &[(&[&str], i64)]) -> Audit {
    audit(&table(inputs, hit, rows))
}

#[test]
fn gaps_are_found_with_an_example() {
    let two = || vec![input("tier", tiers()), input("age", Type::Int)];
    let audit = found(
        Hit::Unique,
        two(),
        &[(&["gold", "< 18"], 1), (&["gold", "> 18"], 2), (&["not(gold)", "-"], 3)],
    );
    assert_eq!(audit.gaps, ["tier `gold`, age 18"]);
    assert!(audit.overlaps.is_empty() && audit.unreachable.is_empty() && audit.complete);

    // Between 17 and 18 there is no whole number, but there is a decimal.
    let rows: &[(&[&str], i64)] = &[(&["<= 17"], 1), (&[">= 18"], 2)];
    assert!(found(Hit::Unique, vec![input("age", Type::Int)], rows).gaps.is_empty());
    assert_eq!(found(Hit::Unique, vec![input("age", Type::Double)], rows).gaps, ["age 17.5"]);

    let bounded = Input { range: (Some(0.0), Some(10.0)), ..input("score", Type::Double) };
    assert!(found(Hit::Unique, vec![bounded], &[(&["[0..10]"], 1)]).gaps.is_empty());
    let all = [("bool", Type::Bool, "true"), ("text", Type::String, "'a'")];
    for (name, ty, cell) in all {
        assert_eq!(found(Hit::First, vec![input(name, ty)], &[(&[cell], 1)]).gaps.len(), 1);
    }
    assert_eq!(found(Hit::First, vec![input("x", Type::Int)], &[]).gaps, ["x 0"]);
}

#[test]
fn overlaps_and_rows_never_hit_are_found() {
    let one = || vec![input("age", Type::Int)];
    let audit = found(Hit::Unique, one(), &[(&["< 18"], 1), (&["[10..20]"], 2), (&["> 20"], 3)]);
    assert_eq!(audit.overlaps, [(0, 1, "age 10".to_owned())]);
    assert_eq!(audit.gaps, Vec::<String>::new());
    let rows: &[(&[&str], i64)] = &[(&["< 18"], 1), (&["-"], 2), (&["[0..5]"], 3), (&["7"], 4)];
    let audit = found(Hit::First, one(), rows);
    assert_eq!(audit.unreachable, [2, 3]);
    assert!(found(Hit::Collect, one(), rows).unreachable.is_empty());
}

#[test]
fn a_large_table_is_audited_in_bounded_work() {
    let inputs: Vec<Input> = (0..10).map(|i| input(&format!("x{i}"), Type::Int)).collect();
    let rows = (0..400_i64).map(|row| {
        let cells = (0..10).map(|c| {
            let low = (row * 7919 + c * 104_729) % 997;
            read_cell(&format!("[{low}..{}]", low + 300), &Type::Int).unwrap()
        });
        Row { cells: cells.collect(), output: Value::Int(row) }
    });
    let rows = rows.collect();
    let (output, hit) = (Type::Int, Hit::Unique);
    let spec = Spec { name: "t".into(), inputs, output, hit, default: None, rows };
    let audit = audit(&Table::new(spec).unwrap());
    assert!(!audit.complete && !audit.gaps.is_empty() && !audit.overlaps.is_empty());
}

fn cell() -> impl Strategy<Value = String> {
    let literal = || -3_i64..9;
    let range =
        (literal(), 0_i64..6, any::<bool>(), any::<bool>()).prop_map(|(low, width, a, b)| {
            let (open, close) = (if a { '[' } else { '(' }, if b { ']' } else { ')' });
            format!("{open}{low}..{}{close}", low + width + 1)
        });
    let test = prop_oneof![
        literal().prop_map(|x| x.to_string()),
        range,
        (prop::sample::select(vec!["<", "<=", ">", ">="]), literal())
            .prop_map(|(sign, x)| format!("{sign} {x}")),
    ];
    let tests = prop::collection::vec(test, 1..3).prop_map(|tests| tests.join(", "));
    prop_oneof![
        1 => Just("-".to_owned()),
        3 => tests.clone(),
        1 => tests.prop_map(|tests| format!("not({tests})")),
    ]
}

fn text_cell() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["-", "gold", "'basic','vip'", "not(gold)", "vip"])
        .prop_map(str::to_owned)
}

prop_compose! {
    fn any_table()(
        rows in prop::collection::vec((cell(), text_cell(), cell(), any::<bool>()), 0..90),
        hit in prop::sample::select(vec![Hit::First, Hit::Unique, Hit::Collect, Hit::Sum, Hit::Min, Hit::Max, Hit::Count]),
    ) -> Table {
        let inputs = vec![input("a", Type::Int), input("b", tiers()), input("c", Type::Double), input("d", Type::Bool)];
        let rows = rows.into_iter().zip(0..).map(|((a, b, c, d), number)| {
            let texts = [a, b, c, if d { "true".to_owned() } else { "-".to_owned() }];
            let cells = texts.iter().zip(&inputs).map(|(text, i)| read_cell(text, &i.ty).unwrap());
            Row { cells: cells.collect::<Vec<Cell>>(), output: Value::Int(number % 7) }
        }).collect();
        Table::new(Spec { name: "t".into(), inputs, output: Type::Int, hit, default: None, rows }).unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_index_is_the_plain_reading(
        table in any_table(),
        calls in prop::collection::vec((-5_i64..12, 0..4_usize, prop::sample::select(vec![-4.0, -0.0, 0.5, 1.0, 2.5, 3.0, 8.0, f64::NAN, f64::INFINITY]), any::<bool>()), 16),
    ) {
        for (a, b, c, d) in calls {
            let tier = ["basic", "gold", "vip", "other"][b];
            let args = [Value::Int(a), Value::from(tier), Value::Double(c), Value::Bool(d)].map(Cow::Owned);
            prop_assert_eq!(table.call(&args), table.reference(&args));
        }
    }

    #[test]
    fn a_table_without_gaps_has_a_row_for_everything(table in any_table(), a in -5_i64..12, b in 0..3_usize, c in -5.0..12.0, d in any::<bool>()) {
        let found = audit(&table);
        prop_assert!(found.complete);
        let tier = ["basic", "gold", "vip"][b];
        let args = [Value::Int(a), Value::from(tier), Value::Double(c), Value::Bool(d)].map(Cow::Owned);
        if table.spec().hit.needs_a_row() && found.gaps.is_empty() {
            prop_assert!(table.call(&args).is_ok());
        }
        let matching = super::scan::rows(table.spec(), &args);
        if table.spec().hit == Hit::Unique && found.overlaps.is_empty() {
            prop_assert!(matching.count() <= 1);
        }
    }
}
