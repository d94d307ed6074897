//! What may be missing, and numbers with units.

use super::{check, errors, sound, with};

const GUARD: &str = "say what holds without it: `coalesce(customer.income, 0.0)`, or guard it: \
                     `has(customer.income) && ...`; or declare a `default` for it";

fn worth(expression: &str) -> String {
    with(
        "offers/cards.yaml",
        "value: customer.spend_30d * 0.1",
        &format!("value: \"{expression}\""),
    )
}

fn vip(expression: &str) -> String {
    format!("segments:\n  vip:\n    when: \"{expression}\"\n")
}

fn optional_income() -> String {
    with("schema.yaml", "income: { type: double }", "income: { type: double, optional: true }")
}

#[test]
fn a_score_says_what_holds_without_what_may_be_missing() {
    check(
        &[("offers/cards.yaml", &worth("customer.income * 0.1"))],
        &[&format!(
            "offers/cards.yaml:14:13: `customer.income` may be missing: without it the score would be \
             unknown ({GUARD})"
        )],
    );
    for guarded in [
        "coalesce(customer.income, 0.0) * 0.1",
        "has(customer.income) ? customer.income : 0.0",
        "has(customer.income) && customer.income > 10.0 ? 2.0 : 1.0",
        "!has(customer.income) || customer.income < 10.0 ? 2.0 : 1.0",
        "customer.spend_30d + coalesce(customer.spend_avg_30d, 1.0)",
        // Derived from what is always there; segments are always true or false.
        "customer.spender ? 1.0 : 2.0",
        "segment.vip ? 1.0 : 2.0",
    ] {
        sound(&[("offers/cards.yaml", &worth(guarded))]);
    }
    for unguarded in [
        "has(customer.income) || customer.income > 10.0 ? 2.0 : 1.0",
        "!has(customer.income) && customer.income > 10.0 ? 2.0 : 1.0",
        "has(customer.income) ? 0.0 : customer.income",
        "coalesce(1.0, customer.income)",
        "customer.spend_avg_30d",
        // Derived from what may be missing.
        "customer.rich ? 1.0 : 2.0",
    ] {
        assert_eq!(errors(&[("offers/cards.yaml", &worth(unguarded))]).len(), 1, "{unguarded}");
    }
}

#[test]
fn what_is_declared_optional_is_guarded_everywhere() {
    let schema = optional_income()
        .replace("rich: customer.income > 1000.0 || customer.spender", "rich: customer.spender");
    let found =
        |expression: &str| errors(&[("schema.yaml", &schema), ("segments.yaml", &vip(expression))]);
    assert_eq!(
        found("customer.income > 10.0"),
        [format!(
            "segments.yaml:3:12: `customer.income` is optional: without it the whole would be unknown \
             ({GUARD})"
        )],
    );
    assert_eq!(found("customer.age > 3 && customer.income > 10.0").len(), 1);
    for guarded in [
        "has(customer.income) && customer.income > 10.0",
        "customer.income > 10.0 && customer.age > 3 && has(customer.income)",
        "!has(customer.income) || customer.age > 3 || customer.income > 10.0",
        "!(has(customer.income) && customer.income > 10.0)",
        "[1.0, 2.0].exists(x, has(customer.income) && customer.income > x)",
        "coalesce(customer.income, 0.0) > 10.0",
        "has(customer.income)",
    ] {
        assert_eq!(found(guarded), Vec::<String>::new(), "{guarded}");
    }
    // A condition on what is merely expected stays readable; its gate closes when it is missing.
    sound(&[("segments.yaml", &vip("customer.income > 10.0"))]);
    let schema = with(
        "schema.yaml",
        "income: { type: double }",
        "income: { type: double, optional: true, default: 1 }",
    );
    assert!(errors(&[("schema.yaml", &schema)])[0].contains("is never missing"));
}

#[test]
fn numbers_of_two_units_do_not_mix() {
    let schema =
        with("schema.yaml", "income: { type: double }", "income: { type: double, unit: EUR }")
            .replace("age: { type: int, min", "age: { type: int, unit: years, min")
            .replace("amount: { type: double,", "amount: { type: double, unit: EUR,")
            .replace("derived:\n", "derived:\n  left: 67 - customer.age\n");
    let found =
        |expression: &str| errors(&[("schema.yaml", &schema), ("segments.yaml", &vip(expression))]);
    assert_eq!(
        found("customer.income > customer.age"),
        [
            "segments.yaml:3:12: EUR and years cannot be compared (bring both to one unit by multiplying \
          or dividing)"
        ],
    );
    for mixed in [
        "customer.spend_30d + double(customer.left) > 1.0",
        "max(customer.income, customer.age) > 3",
        "customer.age in [1, 2, customer.left + int(customer.income)]",
        "coalesce(customer.income, double(customer.age)) > 1.0",
    ] {
        assert_eq!(found(mixed).len(), 1, "{mixed}: {:?}", found(mixed));
    }
    for fine in [
        "customer.income + customer.spend_30d > 100.0",
        "customer.income / double(customer.age) > 10.0",
        "customer.age < customer.left",
        "customer.income * 12.0 > double(customer.age)",
    ] {
        assert_eq!(found(fine), Vec::<String>::new(), "{fine}");
    }
    let schema = with(
        "schema.yaml",
        "page: { type: string }\naggregates",
        "page: { type: string, unit: EUR }\naggregates",
    );
    assert!(errors(&[("schema.yaml", &schema)])[0].contains("has a `unit`"));
}
