use super::*;

fn value(kind: Kind) -> v1::Value {
    v1::Value { kind: Some(kind) }
}

fn check(kind: Kind, ty: &Type) -> Result<Value, Wrong> {
    typed(&value(kind), Declared { ty, range: (Some(0.0), Some(120.0)) })
}

fn colours() -> Type {
    Type::Enum(Arc::new(["red", "green"].into_iter().map(Arc::from).collect()))
}

#[test]
fn what_is_declared_is_taken() {
    assert_eq!(check(Kind::IntValue(7), &Type::Int).unwrap(), Value::Int(7));
    assert_eq!(check(Kind::UintValue(7), &Type::Int).unwrap(), Value::Int(7));
    assert_eq!(check(Kind::IntValue(7), &Type::Double).unwrap(), Value::Double(7.0));
    assert_eq!(check(Kind::StringValue("red".into()), &colours()).unwrap(), "red".into());
    let list = v1::ValueList { values: vec![value(Kind::StringValue("a".into()))] };
    let texts = Type::List(Arc::new(Type::String));
    assert_eq!(check(Kind::ListValue(list), &texts).unwrap(), Value::List(vec!["a".into()].into()));
}

#[test]
fn what_is_not_says_what_was_given_and_what_is_expected() {
    let long = "x".repeat(TEXT_BYTES_MAX + 1);
    let many = v1::ValueList { values: vec![value(Kind::StringValue("a".into())); 65] };
    let mixed = v1::ValueList { values: vec![value(Kind::IntValue(1))] };
    let texts = Type::List(Arc::new(Type::String));
    for (kind, ty, reason, message) in [
        (
            Kind::StringValue("7".into()),
            &Type::Int,
            Reason::WrongType,
            "expected int, given string",
        ),
        (Kind::DoubleValue(7.0), &Type::Int, Reason::WrongType, "expected int, given double"),
        (Kind::UintValue(u64::MAX), &Type::Int, Reason::OutOfRange, "signed 64-bit"),
        (Kind::DoubleValue(f64::NAN), &Type::Double, Reason::OutOfRange, "finite"),
        (Kind::DoubleValue(f64::INFINITY), &Type::Double, Reason::OutOfRange, "finite"),
        (Kind::IntValue(-1), &Type::Int, Reason::OutOfRange, "at least 0"),
        (Kind::IntValue(121), &Type::Int, Reason::OutOfRange, "at most 120"),
        (
            Kind::StringValue("grene".into()),
            &colours(),
            Reason::OutOfRange,
            "did you mean `green`?",
        ),
        (Kind::StringValue(long), &Type::String, Reason::TooMuch, "1025 bytes are given"),
        (Kind::NullValue(0), &Type::Bool, Reason::WrongType, "leave it out"),
        (Kind::ListValue(many), &texts, Reason::TooMuch, "65 entries"),
        (Kind::ListValue(mixed), &texts, Reason::WrongType, "expected string, given int"),
    ] {
        let (found, words) = check(kind, ty).unwrap_err();
        assert_eq!(found, reason, "{words}");
        assert!(words.contains(message), "{words}");
    }
    let (reason, _) =
        typed(&v1::Value::default(), Declared { ty: &Type::Int, range: (None, None) }).unwrap_err();
    assert_eq!(reason, Reason::Required);
}

#[test]
fn open_values_come_back_as_they_were() {
    let inner = v1::ValueMap {
        entries: [
            (
                "at".to_owned(),
                value(Kind::TimestampValue(prost_types::Timestamp {
                    seconds: -1,
                    nanos: 500_000_000,
                })),
            ),
            (
                "for".to_owned(),
                value(Kind::DurationValue(prost_types::Duration { seconds: -1, nanos: -5 })),
            ),
            ("raw".to_owned(), value(Kind::BytesValue(bytes::Bytes::from_static(b"\0\xff")))),
        ]
        .into(),
    };
    let there = value(Kind::MapValue(inner));
    let back = typed(&there, Declared { ty: &Type::Dyn, range: (None, None) }).unwrap();
    assert_eq!(wire(&back), there);
}

#[test]
fn nesting_is_bounded() {
    let mut deep = value(Kind::BoolValue(true));
    for _ in 0..20 {
        deep = value(Kind::ListValue(v1::ValueList { values: vec![deep] }));
    }
    let (reason, _) = typed(&deep, Declared { ty: &Type::Dyn, range: (None, None) }).unwrap_err();
    assert_eq!(reason, Reason::TooMuch);
}
