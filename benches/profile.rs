//! The profile's costs on every decision and every event. Targets: decode ≤ 3 µs, encode ≤ 2 µs,
//! apply an event ≤ 1 µs, fill a frame of 40 attributes and 10 aggregates ≤ 2 µs.

use std::hint::black_box;

use arbitra::core;
use arbitra::core::key::Key;
use arbitra::core::profile::{Profile, fill_computed};
use arbitra::core::time::{SECOND_MS, UnixMs};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

#[expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "shared with the unit tests")]
#[path = "../src/core/profile/tests/fixture.rs"]
mod fixture;

fn profile(c: &mut Criterion) {
    let schema = fixture::six_aggregates(fixture::schema());
    let (profile, now) = fixture::customer(&schema);
    let bytes = profile.encode();
    println!("a customer with 100 events: {} bytes", bytes.len());
    c.bench_function("profile/encode", |b| b.iter(|| black_box(&profile).encode()));
    c.bench_function("profile/decode", |b| {
        b.iter(|| Profile::decode(black_box(&bytes)));
    });
    for (name, event) in [
        ("view", fixture::view(1 << 40, now, "item 3")),
        ("purchase", fixture::purchase(1 << 41, now, 12.5, "food")),
    ] {
        let event = core::interaction::Event { at: UnixMs(now.0 + SECOND_MS), ..event };
        c.bench_function(&format!("profile/apply_event/{name}"), |b| {
            b.iter_batched_ref(
                || profile.clone(),
                |profile| profile.apply_event(&schema, black_box(&event), event.at),
                BatchSize::SmallInput,
            );
        });
    }
    let outcome = fixture::outcome(1 << 42, "offer 3", core::interaction::OutcomeKind::Click, now);
    c.bench_function("profile/apply_outcome", |b| {
        b.iter_batched_ref(
            || profile.clone(),
            |profile| profile.apply_outcome(black_box(&outcome), false, now),
            BatchSize::SmallInput,
        );
    });
}

fn frame(c: &mut Criterion) {
    let schema = fixture::schema();
    let (mut profile, now) = fixture::customer(&schema);
    for i in 0..fixture::ATTRIBUTES {
        let name = Key::of(&format!("a{i}"));
        let (value, _) = fixture::attribute_value(i, 3);
        drop(profile.set_attribute(name, Some(value), now));
    }
    let mut frame = vec![None; schema.slots.len()];
    c.bench_function("profile/fill_frame", |b| {
        b.iter(|| {
            profile.fill_frame(&schema, now, black_box(&mut frame));
            fill_computed(&schema, &mut frame)
        });
    });
}

criterion_group!(benches, profile, frame);
criterion_main!(benches);
