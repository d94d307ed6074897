use super::fixture::{NOW, login, purchase, purchase_program, schema, slot_spec};
use crate::core::catalog::schema::{Origin, Schema};
use crate::core::expression::{Slot, Type};
use crate::core::key::Key;
use crate::core::profile::{ALL_CHANNELS, Consent, ConsentState, Profile, fill_computed};
use crate::core::time::{DAY_MS, HOUR_MS, UnixMs};
use crate::core::value::Value;

fn frame(schema: &Schema, profile: &Profile, now: UnixMs) -> Vec<Option<Value>> {
    let mut frame = vec![None; schema.slots.len()];
    profile.fill_frame(schema, now, &mut frame);
    frame
}

fn slot(schema: &Schema, path: &str) -> usize {
    schema.slots.iter().position(|s| *s.path == *path).unwrap()
}

#[test]
fn stored_values_defaults_and_aggregates_fill_the_frame() {
    let mut schema = schema();
    let age = slot(&schema, "customer.a0");
    let other = slot(&schema, "customer.a5");
    schema.slots[other].default = Some(Value::Int(18));
    let mut profile = Profile::new(NOW);
    profile.set_attribute(Key::of("a0"), Some(Value::Int(41)), NOW).unwrap();
    profile.apply_event(&schema, &login(1, NOW), NOW);
    let frame = frame(&schema, &profile, UnixMs(NOW.0 + HOUR_MS));
    assert_eq!(frame[age], Some(Value::Int(41)));
    assert_eq!(frame[other], Some(Value::Int(18)));
    assert_eq!(frame[slot(&schema, "customer.logins")], Some(Value::Int(1)));
    let hour = jiff::SignedDuration::from_hours(1);
    assert_eq!(frame[slot(&schema, "customer.since_login")], Some(Value::Duration(hour)));
}

#[test]
fn without_consent_to_its_purpose_a_slot_is_missing() {
    let mut schema = schema();
    let purpose = Key::of("profiling");
    let (age, logins) = (slot(&schema, "customer.a0"), slot(&schema, "customer.logins"));
    for slot in [age, logins] {
        schema.slots[slot].purpose = Some(purpose);
        schema.slots[slot].default = Some(Value::Int(1));
    }
    let mut profile = Profile::new(NOW);
    profile.set_attribute(Key::of("a0"), Some(Value::Int(41)), NOW).unwrap();
    let both = |profile: &Profile| {
        let frame = frame(&schema, profile, NOW);
        [frame[age].clone(), frame[logins].clone()]
    };
    assert_eq!(both(&profile), [None, None]);
    let mut consent =
        Consent { purpose, channel: ALL_CHANNELS, state: ConsentState::Granted, at: NOW };
    profile.set_consent(consent, NOW).unwrap();
    assert_eq!(both(&profile), [Some(Value::Int(41)), Some(Value::Int(0))]);
    consent.state = ConsentState::Denied;
    profile.set_consent(consent, NOW).unwrap();
    assert_eq!(both(&profile), [None, None]);
}

#[test]
fn a_value_of_a_type_that_the_schema_left_is_missing() {
    let schema = schema();
    let mut profile = Profile::new(NOW);
    profile.set_attribute(Key::of("a0"), Some("forty".into()), NOW).unwrap();
    assert_eq!(frame(&schema, &profile, NOW)[slot(&schema, "customer.a0")], None);
}

#[test]
fn events_set_attributes_and_late_ones_do_not_undo_later_ones() {
    let schema = schema();
    let mut profile = Profile::new(NOW);
    let earlier = UnixMs(NOW.0 - DAY_MS);
    let a2 = Key::of("a2");
    profile.apply_event(&schema, &purchase(1, NOW, 1.0, "books"), NOW);
    profile.apply_event(&schema, &purchase(2, earlier, 1.0, "food"), NOW);
    assert_eq!(profile.attribute(a2), Some(&"books".into()));
    let long = "x".repeat(2_000);
    let applied = profile.apply_event(&schema, &purchase(3, NOW, 1.0, &long), NOW);
    assert_eq!(applied.left_out, 1);
    assert_eq!(profile.attribute(a2), Some(&"books".into()));
}

#[test]
fn computed_slots_follow_and_unknown_segments_are_false() {
    let mut schema = schema();
    // The programs read slots 0 (amount) and 2 (quantity), which stand in for customer slots.
    for (path, source, ty) in [
        ("customer.twice", "event.amount * 2.0", Type::Double),
        ("segment.big", "event.amount > 50.0", Type::Bool),
        ("segment.many", "event.quantity > 3", Type::Bool),
    ] {
        let slot = u32::try_from(schema.slots.len()).unwrap();
        let origin = Origin::Computed(purchase_program(source, &ty));
        let spec = slot_spec(path, slot, ty, origin);
        if path.starts_with("segment.") {
            schema.segments.insert(spec.name.clone(), Slot(slot));
        }
        schema.slots.push(spec);
        schema.computed.push(Slot(slot));
    }
    let mut frame = vec![None; schema.slots.len()];
    frame[0] = Some(Value::Double(60.0));
    assert_eq!(fill_computed(&schema, &mut frame), []);
    let at = |path| frame[slot(&schema, path)].clone();
    assert_eq!(at("customer.twice"), Some(Value::Double(120.0)));
    assert_eq!(at("segment.big"), Some(Value::Bool(true)));
    assert_eq!(at("segment.many"), Some(Value::Bool(false)));
    frame[0] = Some(Value::Double(f64::MAX));
    fill_computed(&schema, &mut frame);
    assert_eq!(frame[slot(&schema, "customer.twice")], None);
}
