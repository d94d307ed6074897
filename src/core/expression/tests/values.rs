//! What expressions evaluate to.

use super::{eval, known_frame};
use crate::core::expression::EvalError;
use crate::core::value::Value;

/// The expression and one that says the same more simply, or `error: message`.
fn check(source: &str, expect: &str) {
    let frame = known_frame();
    let got = eval(source, &frame);
    match expect.strip_prefix("error: ") {
        Some(message) => assert_eq!(got, Err(EvalError::Failed(message.to_owned())), "{source}"),
        None => assert_eq!(got, eval(expect, &frame), "{source}"),
    }
}

fn check_all(table: &[(&str, &str)]) {
    for (source, expect) in table {
        check(source, expect);
    }
}

#[test]
fn arithmetic_is_checked() {
    check_all(&[
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("-7 / 2", "-3"),
        ("-7 % 2", "-1"),
        ("7u / 2u", "3u"),
        ("1.5 + 2.0", "3.5"),
        ("1.0 / 0.0 > 1e308", "true"),
        ("9223372036854775807 + 1", "error: integer overflow"),
        ("-9223372036854775808 - 1", "error: integer overflow"),
        ("-(-9223372036854775808)", "error: integer overflow"),
        ("-9223372036854775808 / -1", "error: integer overflow"),
        ("1u - 2u", "error: integer overflow"),
        ("1 / 0", "error: division by zero"),
        ("1 % 0", "error: division by zero"),
        ("dyn(1) + 1.0", "error: no such operation: int + double"),
        ("'a' + 'b'", "'ab'"),
        ("b'a' + b'b'", "b'ab'"),
        ("[1] + [2, 3]", "[1, 2, 3]"),
        ("customer.age + 1", "43"),
        ("customer.income * 2.0", "3001.0"),
        ("offer.rate * 2.0", "7.0"),
    ]);
}

#[test]
fn comparison_is_by_mathematical_value() {
    check_all(&[
        ("1 == 1.0 && 1u == 1 && 1.0 == 1u", "true"),
        ("1 < 1.5 && 2u > 1.5 && -1 < 1u", "true"),
        ("9007199254740993 == 9007199254740992.0", "false"),
        ("9007199254740993 > 9007199254740992.0", "true"),
        ("9223372036854775807 < 9223372036854775808.0", "true"),
        ("18446744073709551615u > 9223372036854775807", "true"),
        ("dyn(1) == 'a'", "false"),
        ("dyn(1) < 'a'", "error: cannot order int and string"),
        ("double('NaN') == double('NaN')", "false"),
        ("double('NaN') != 1.0", "true"),
        ("double('NaN') < 1.0 || double('NaN') >= 1.0", "false"),
        ("[1, 2] == [1.0, 2u]", "true"),
        ("{'a': 1} == {'a': 1.0}", "true"),
        ("{'a': 1} == {'b': 1}", "false"),
        ("'a' < 'b' && 'Z' < 'a' && b'a' < b'b' && false < true", "true"),
        ("null == null", "true"),
        ("customer.age >= 18 && 18 <= customer.age && customer.age < 42.5", "true"),
        ("customer.income > 1500 && customer.income != 1500", "true"),
        ("customer.segment == 'gold' && 'mass' != customer.segment", "true"),
        ("customer.points == 7 && customer.points > 6u", "true"),
    ]);
}

#[test]
fn containers_are_searched_and_indexed() {
    check_all(&[
        ("2 in [1, 2, 3] && 2.0 in [1, 2] && !(4 in [1, 2])", "true"),
        ("customer.age in [1, 42] && customer.income in [1500.5]", "true"),
        ("customer.points in [7, 8] && customer.points in [7u]", "true"),
        ("customer.segment in ['gold', 'mass']", "true"),
        ("customer.name in ['x']", "false"),
        ("'a' in {'a': 1} && !('b' in {'a': 1}) && 1.0 in {1: 2}", "true"),
        ("'web' in customer.tags", "true"),
        ("customer.scores[0] + customer.scores[2]", "4"),
        ("[1, 2][2]", "error: index out of bounds"),
        ("[1, 2][-1]", "error: index out of bounds"),
        ("{'a': 1}['a'] + {'a': 1}.a", "2"),
        ("{'a': 1}.b", "error: no such key: `b`"),
        ("{1: 'x'}[1u] + {1: 'x'}[1.0]", "'xx'"),
        ("{'a': 1, 'a': 2}", "error: repeated map key"),
        ("context.extra.device + context.extra['device']", "'mobilemobile'"),
        ("context.extra.none", "error: no such key: `none`"),
        ("has(context.extra.device) && !has(context.extra.none)", "true"),
        ("has({'a': 1}.a) && has(customer.age) && has(offer.rate)", "true"),
        ("size('añ') + size(b'añ') + size([1]) + size({1: 2})", "7"),
        ("customer.tags.size()", "2"),
    ]);
}

#[test]
fn macros_go_over_lists_and_keys() {
    check_all(&[
        ("[1, 2].all(x, x > 0) && ![1, 2].all(x, x > 1)", "true"),
        ("[1, 2].exists(x, x > 1) && ![].exists(x, true)", "true"),
        ("[1, 2].exists_one(x, x > 1) && ![2, 2].exists_one(x, x > 1)", "true"),
        ("[1, 2, 3].map(x, x * 2)", "[2, 4, 6]"),
        ("[1, 2, 3].map(x, x > 1, x * 2)", "[4, 6]"),
        ("[1, 2, 3].map(x, x > 1, x)", "[2, 3]"),
        ("[1, 2, 3].filter(x, x != 2)", "[1, 3]"),
        ("{'a': 1, 'b': 2}.all(k, k < 'c')", "true"),
        ("[[1], [2, 3]].map(l, l.map(x, x + size(l)))", "[[2], [4, 5]]"),
        ("[1, 2].map(x, [3, 4].map(x, x))", "[[3, 4], [3, 4]]"),
        ("customer.scores.filter(s, s >= 2).map(s, s * customer.age)", "[84, 126]"),
        ("customer.tags.exists(t, t.startsWith('we'))", "true"),
        // An element that decides absorbs the errors of others.
        ("[1, 0].exists(x, 1 / x == 1)", "true"),
        ("[0, 1].exists(x, 1 / x == 1)", "true"),
        ("[0, 2].all(x, 1 / x == 1)", "false"),
        ("[0, 1].all(x, 1 / x == 1)", "error: division by zero"),
        ("[0, 1].exists_one(x, 1 / x == 1)", "error: division by zero"),
        ("[0, 1].filter(x, 1 / x == 1)", "error: division by zero"),
    ]);
}

#[test]
fn conversions_refuse_what_does_not_fit() {
    check_all(&[
        ("int(2.9) + int('-3') + int(4u)", "3"),
        ("int(1e30)", "error: cannot convert `1000000000000000000000000000000` to int"),
        ("int('x')", "error: cannot convert `x` to int"),
        ("uint(3) == 3u && uint(0.9) == 0u", "true"),
        ("uint(-1)", "error: cannot convert `-1` to uint"),
        ("double('1.5') + double(1)", "2.5"),
        ("string(1) + string(2u) + string(1.5) + string(true)", "'121.5true'"),
        ("string(timestamp('2026-01-01T00:00:00Z'))", "'2026-01-01T00:00:00Z'"),
        ("string(duration('90m')) + string(duration('-1.5s'))", "'5400s-1.5s'"),
        ("bool('true') && !bool('0')", "true"),
        ("string(bytes('é'))", "'é'"),
        ("string(b'\\xff')", "error: cannot convert this bytes to string"),
        ("timestamp(0) == timestamp('1970-01-01T00:00:00Z')", "true"),
        ("int(timestamp('1970-01-02T00:00:00Z'))", "86400"),
        ("type(1) == int && type(dyn('a')) == string", "true"),
    ]);
}

#[test]
fn time_has_parts_and_zones() {
    check_all(&[
        ("customer.since + duration('24h') == timestamp('2020-03-01T10:30:00Z')", "true"),
        ("now - customer.since > duration('48h') && now > customer.since", "true"),
        ("customer.since.getFullYear()", "2020"),
        ("customer.since.getMonth() + customer.since.getDate()", "30"),
        ("customer.since.getDayOfMonth()", "28"),
        ("customer.since.getDayOfWeek()", "6"),
        ("customer.since.getDayOfYear()", "59"),
        ("customer.since.getHours() * 100 + customer.since.getMinutes()", "1030"),
        ("customer.since.getHours('Europe/Madrid')", "11"),
        ("customer.since.getHours('-03:30')", "7"),
        ("duration('3h30m').getHours() + duration('2m').getSeconds()", "123"),
        ("duration('1.25s').getMilliseconds()", "250"),
        ("days_between(customer.since, timestamp('2020-03-02T10:29:00Z'))", "1"),
        ("timestamp(253402300799 * 2)", "error: cannot convert `506804601598` to timestamp"),
        ("timestamp(0) + duration('2562047h') == timestamp(0)", "false"),
    ]);
}

#[test]
fn functions_of_numbers_and_text() {
    check_all(&[
        ("min(3, 1, 2) + max(3, 1)", "4"),
        ("min(3, 1.5)", "1.5"),
        ("max(1, 0.5)", "1.0"),
        ("min(2.0, double('NaN')) == 2.0", "false"),
        ("clamp(5, 0, 3) + clamp(-5, 0, 3)", "3"),
        ("abs(-3) + abs(2)", "5"),
        ("round(2.5) + round(-2.5) + floor(1.7) + ceil(1.2)", "3.0"),
        ("round(2)", "2"),
        ("exp(0) + ln(1) + sqrt(9) + pow(2, 3)", "12.0"),
        ("abs(-9223372036854775808)", "error: integer overflow"),
        ("'abc'.contains('b') && 'abc'.startsWith('a') && 'abc'.endsWith('c')", "true"),
        ("customer.name.matches('^Ana .*a$') && matches('x1', '[0-9]')", "true"),
        ("'x'.matches('(' + '')", "error: pattern is not a regular expression"),
        ("' aB '.trim().lowerAscii() + 'é'.upperAscii()", "'abé'"),
        ("'a,b'.split(',').join('-')", "'a-b'"),
        ("'banana'.replace('an', 'o')", "'booa'"),
        ("'héllo'.substring(1, 3) + 'abc'.substring(2)", "'élc'"),
        ("'abc'.substring(4)", "error: substring out of range"),
    ]);
}

#[test]
fn a_slot_of_another_type_than_declared_fails() {
    let mut frame = known_frame();
    frame[0] = Some(Value::from("old"));
    frame[1] = Some(Value::Int(1500));
    let expect = "`customer.age` is declared int and holds string";
    for source in ["customer.age > 18", "customer.age in [1]", "customer.age + 1"] {
        assert_eq!(eval(source, &frame), Err(EvalError::Failed(expect.to_owned())), "{source}");
    }
    // A whole number is a double where a double is declared.
    assert_eq!(eval("customer.income / 1000.0", &frame), Ok(Value::Double(1.5)));
    assert_eq!(eval("customer.income == 1500", &frame), Ok(Value::Bool(true)));
}
