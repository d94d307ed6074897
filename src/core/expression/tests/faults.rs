//! Faults: where, what and what to do about it.

use super::{Bank, compile};
use crate::core::expression::{Program, Type};

/// The faults as `text at fault: message (hint)`, one a line.
fn faults(source: &str, expected: &Type) -> Vec<String> {
    match Program::compile(source, &Bank, expected) {
        Ok(program) => panic!("no fault in `{source}`: {}", program.ty()),
        Err(faults) => faults
            .iter()
            .map(|f| {
                let at = &source[f.span.0..f.span.1];
                let hint = f.hint.as_ref().map(|h| format!(" ({h})"));
                format!("{at}: {}{}", f.message, hint.unwrap_or_default())
            })
            .collect(),
    }
}

fn check(source: &str, expect: &[&str]) {
    assert_eq!(faults(source, &Type::Bool), expect, "{source}");
}

#[test]
fn unknown_names_come_with_a_suggestion() {
    check(
        "customer.incom > 1.0",
        &["incom: `customer.incom` is not known (did you mean `customer.income`?)"],
    );
    check(
        "custmer.age > 1",
        &["custmer: `custmer.age` is not known (did you mean `customer.age`?)"],
    );
    check(
        "customer == 1",
        &[
            "customer: `customer` is a group, not a value (name one of its attributes, as in `customer.age`)",
        ],
    );
    check(
        "has(customer.agee)",
        &["agee: `customer.agee` is not known (did you mean `customer.age`?)"],
    );
    check("zzz", &["zzz: `zzz` is not known"]);
    check("customer.age.years > 1", &["years: `customer.age` is int and has no field `years`"]);
}

#[test]
fn closed_sets_are_held_to() {
    let not_one = "is not one of enum(gold, mass, young)";
    check(
        "customer.segment == 'golld'",
        &[&format!("'golld': `golld` {not_one} (did you mean `gold`?)")],
    );
    check(
        "'platinum' != customer.segment",
        &[&format!("'platinum': `platinum` {not_one} (write one of `gold`, `mass`, `young`)")],
    );
    check(
        "customer.segment in ['gold', 'mas', 'yuong']",
        &[
            &format!("'mas': `mas` {not_one} (did you mean `mass`?)"),
            &format!("'yuong': `yuong` {not_one} (did you mean `young`?)"),
        ],
    );
}

#[test]
fn types_must_go_together() {
    check("customer.age == 'x'", &["customer.age == 'x': int is never equal to string"]);
    check("(customer.age) < ('x')", &["(customer.age) < ('x'): no `<` for int and string"]);
    check(
        "customer.age == null",
        &[
            "customer.age == null: int is never equal to null (to ask whether it is known, write `!has(customer.age)`)",
        ],
    );
    check(
        "'a' in 'abc'",
        &[
            "'abc': `in` wants a list or a map on its right, not string (for a part of a text, write `text.contains(part)`)",
        ],
    );
    check("1 in ['a']", &["1 in ['a']: int is never in list(string)"]);
    check(
        "customer.income * 2 > 1.0",
        &["customer.income * 2: no `*` for double and int (write `2.0`)"],
    );
    check(
        "customer.vip && customer.age",
        &["customer.age: `&&` and `||` need conditions; this is int"],
    );
    check("!customer.age", &["customer.age: `!` needs a condition; this is int"]);
    check("-customer.vip", &["customer.vip: cannot negate bool"]);
    check(
        "(customer.vip ? 1 : 'a') == 1",
        &["customer.vip ? 1 : 'a': the branches of `? :` are of different types: int and string"],
    );
    check("customer.scores['a'] > 1", &["'a': the index must be int, not string"]);
    check("customer.age.all(x, x)", &["customer.age: `all` goes over a list or a map, not int"]);
    check("customer.scores.all(x, x + 1)", &["x + 1: `all` needs a condition; this is int"]);
}

#[test]
fn the_whole_must_be_what_its_user_needs() {
    check(
        "customer.age",
        &[
            "customer.age: the expression is int, not bool (compare it with something, as in `... > 0`)",
        ],
    );
    check(
        "customer.segment",
        &[
            "customer.segment: the expression is enum(gold, mass, young), not bool (compare it with something, as in `... == 'text'`)",
        ],
    );
    assert_eq!(
        faults("customer.name", &Type::Double),
        ["customer.name: the expression is string, not double"]
    );
    let formula = Program::compile("customer.age", &Bank, &Type::Double).unwrap();
    assert_eq!(formula.ty(), &Type::Double);
}

#[test]
fn calls_are_held_to_the_table() {
    check(
        "customer.name.startWith('a')",
        &["startWith: unknown function `startWith` (did you mean `startsWith`?)"],
    );
    check(
        "contains(customer.name, 'a')",
        &[
            "contains(customer.name, 'a'): no `contains(string, string)` (there is `string.contains(string)`)",
        ],
    );
    check(
        "customer.age.contains('a')",
        &[
            "customer.age.contains('a'): no `int.contains(string)` (there is `string.contains(string)`)",
        ],
    );
    check("pow(1.0) > 1.0", &["pow(1.0): no `pow(double)` (there is `pow(number, number)`)"]);
    check(
        "customer.scores.all(true)",
        &["all: `all` is not used like this (it is a macro: `list.all(x, condition)`)"],
    );
    check("customer.name.matches('(')", &["'(': `(` is not a regular expression we take"]);
    check(
        "now > timestamp('today')",
        &["'today': `today` is not a timestamp (write it as `2026-01-31T09:00:00Z`)"],
    );
    check(
        "now - now > duration('7d')",
        &["'7d': `7d` is not a duration (write it as `1h30m` or `90s`; a day is `24h`)"],
    );
    check(
        "now.getHours('Madrid') > 1",
        &["'Madrid': `Madrid` is not a time zone (write it as `Europe/Madrid` or `+02:00`)"],
    );
    check(
        "coalesce(customer.name) == ''",
        &[
            "coalesce(customer.name): `coalesce` takes two arguments (there is `coalesce(value, default)`)",
        ],
    );
    check(
        "coalesce(customer.name, 1) == ''",
        &[
            "coalesce(customer.name, 1): `coalesce` wants a default of the same type: string and int",
        ],
    );
}

#[test]
fn all_faults_are_reported_in_order() {
    check(
        "customer.agee > 1 && customer.segment == 'x' && customer.name + 1 == ''",
        &[
            "agee: `customer.agee` is not known (did you mean `customer.age`?)",
            "'x': `x` is not one of enum(gold, mass, young) (write one of `gold`, `mass`, `young`)",
            "customer.name + 1: no `+` for string and int",
        ],
    );
}

#[test]
fn syntax_faults_have_places() {
    check("customer.age = 18", &["=: unexpected `=` (to compare, write `==`)"]);
    check("customer.vip and true", &["and: unexpected `and` (write `&&`)"]);
    check("customer.age >", &[": the expression ends too early"]);
    check("'abc", &["'abc: unterminated string literal"]);
    check("customer.age > 1 @", &["@: unexpected character"]);
    check("é == 1", &["é: unexpected character"]);
    check("Foo{a: 1}", &["Foo: messages like `Foo{}` are not part of rules"]);
    assert!(compile("").is_err());
    assert!(compile("[1].map(1, 2)").is_err());
    assert!(compile("has(1)").is_err());
}
