use proptest::prelude::*;

use super::bounds::{Op, ops, run};
use super::fixture::{NOW, customer, login, schema, six_aggregates};
use crate::core::key::Key;
use crate::core::profile::{Profile, ProfileError};
use crate::core::time::{DAY_MS, UnixMs};
use crate::core::value::Value;

#[test]
fn a_customer_with_100_events_takes_at_most_700_bytes() {
    let schema = six_aggregates(schema());
    let (profile, _) = customer(&schema);
    let bytes = profile.encode();
    println!("{} bytes, {} responses", bytes.len(), profile.responses().len());
    assert_eq!(profile.attributes().len(), 8);
    assert_eq!(profile.series().len(), 6);
    assert_eq!(profile.contacts().len(), 30);
    assert!(profile.responses().len() >= 16, "8 offers shown, some answered");
    assert_eq!(profile.interests().len(), 20);
    let mut reader = super::super::codec::Reader::new(&bytes);
    drop((reader.byte(), reader.clock(), reader.age(1_000)));
    while let Ok((tag, mut body)) = reader.section() {
        println!("section {tag}: {} bytes", body.rest().len());
    }
    assert!(bytes.len() <= 700, "{} bytes", bytes.len());
    assert_eq!(Profile::decode(&bytes), Ok(profile));
}

#[test]
fn an_empty_profile_takes_few_bytes() {
    let profile = Profile::new(NOW);
    let bytes = profile.encode();
    assert!(bytes.len() <= 10, "{} bytes", bytes.len());
    assert_eq!(Profile::decode(&bytes), Ok(profile));
}

#[test]
fn another_major_version_is_named() {
    let mut bytes = Profile::new(NOW).encode();
    bytes[0] = 9;
    let error = Profile::decode(&bytes).unwrap_err();
    assert_eq!(error, ProfileError::UnknownVersion(9));
    assert_eq!(error.to_string(), "stored profile has version 9, this build reads version 1");
}

#[test]
fn numbers_and_values_of_every_kind_come_back_exactly() {
    let numbers = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.1,
        45.99,
        -12.34,
        1e12,
        1e300,
        f64::MIN_POSITIVE,
        f64::MAX,
        1.5e-40,
        0.25,
        2_f64.powi(53),
    ];
    let mut values: Vec<Value> = numbers.into_iter().map(Value::Double).collect();
    values.extend([
        Value::Null,
        Value::Int(i64::MIN),
        Value::Int(i64::MAX),
        Value::Int(79),
        Value::Int(80),
        Value::Int(-1),
        Value::Uint(u64::MAX),
        "".into(),
        "x".repeat(31).as_str().into(),
        "x".repeat(32).as_str().into(),
        "ñ".repeat(512).as_str().into(),
        Value::Bytes(vec![0; 1024].into()),
        Value::Timestamp(jiff::Timestamp::MIN),
        Value::Timestamp(jiff::Timestamp::MAX),
        Value::Duration(jiff::SignedDuration::MIN),
        Value::Duration(jiff::SignedDuration::MAX),
        Value::Duration(jiff::SignedDuration::from_millis(-1_500)),
        Value::List(vec!["a".into(), "b".into()].into()),
    ]);
    let mut profile = Profile::new(NOW);
    for (i, value) in values.iter().enumerate() {
        let name = Key::of(&i.to_string());
        profile.set_attribute(name, Some(value.clone()), NOW).unwrap();
    }
    let decoded = Profile::decode(&profile.encode()).unwrap();
    for (i, value) in values.iter().enumerate() {
        let back = decoded.attribute(Key::of(&i.to_string())).unwrap();
        assert_eq!(back, value);
        if let (Value::Double(a), Value::Double(b)) = (back, value) {
            assert_eq!(a.to_bits(), b.to_bits());
        }
    }
}

#[test]
fn what_cannot_be_stored_is_refused() {
    let mut profile = Profile::new(NOW);
    let long = "x".repeat(1025);
    let nested = Value::List(vec![Value::List(Vec::new().into())].into());
    let many = Value::List(vec![Value::Null; 65].into());
    for value in [Value::Double(f64::NAN), long.as_str().into(), nested, many] {
        assert!(profile.set_attribute(Key::of("a"), Some(value), NOW).is_err());
    }
    assert_eq!(profile, Profile::new(NOW));
}

/// Sections as a newer version would append them.
fn newer_sections() -> impl Strategy<Value = Vec<u8>> {
    // Tags above those in use.
    let section = prop::collection::vec(any::<u8>(), 0..300);
    prop::collection::btree_map(64_u8..=255, section, 0..5).prop_map(|sections| {
        let mut bytes = Vec::new();
        for (tag, body) in sections {
            bytes.push(tag);
            if body.len() < 0x80 {
                bytes.push(body.len() as u8);
            } else {
                bytes.push((body.len() & 0x7f) as u8 | 0x80);
                bytes.push((body.len() >> 7) as u8);
            }
            bytes.extend(body);
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_stored_form_loses_nothing(ops in ops(0..150)) {
        let profile = run(&schema(), &ops);
        let decoded = Profile::decode(&profile.encode());
        prop_assert_eq!(decoded, Ok(profile));
    }

    #[test]
    fn sections_of_a_newer_version_are_kept(ops in ops(0..40), newer in newer_sections()) {
        let schema = schema();
        let mut bytes = run(&schema, &ops).encode();
        bytes.extend(&newer);
        let mut profile = Profile::decode(&bytes).unwrap();
        prop_assert_eq!(&profile.encode(), &bytes);
        let now = UnixMs(profile.updated_at().0 + DAY_MS);
        profile.apply_event(&schema, &login(1 << 60, now), now);
        prop_assert!(profile.encode().ends_with(&newer));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut framed = vec![1, 0, 0];
        framed.extend(&bytes);
        for bytes in [&bytes, &framed] {
            if let Ok(profile) = Profile::decode(bytes) {
                prop_assert_eq!(Profile::decode(&profile.encode()), Ok(profile));
            }
        }
    }

    #[test]
    fn damaged_profiles_are_read_or_refused(
        ops in ops(1..60),
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let schema = schema();
        let mut bytes = run(&schema, &ops).encode();
        for (place, byte) in hits {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let cut = cut.index(bytes.len());
        for bytes in [&bytes[..], &bytes[..cut]] {
            if let Ok(mut profile) = Profile::decode(bytes) {
                prop_assert_eq!(Profile::decode(&profile.encode()), Ok(profile.clone()));
                profile.apply_event(&schema, &login(9, NOW), NOW);
                for op in &ops {
                    Op::apply(op, &schema, &mut profile);
                }
                profile.fill_frame(&schema, NOW, &mut vec![None; schema.slots.len()]);
            }
        }
    }
}
