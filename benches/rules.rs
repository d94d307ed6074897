//! Loading a rules folder: read, validate, type-check, compile. The catalog of the budget: offers
//! with five conditions each drawn from 200 distinct ones, 40 attributes of which 10 numeric, three
//! contact limits.

use std::fmt::Write as _;
use std::hint::black_box;

use arbitra::core::catalog::{fault, load};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

const OFFERS_A_FILE: usize = 1000;

fn folder(offers: usize) -> Vec<(String, Vec<u8>)> {
    let mut schema = String::from("attributes:\n");
    for number in 0..40 {
        let ty = if number < 10 { "double" } else { "string" };
        let _ = writeln!(schema, "  a{number}: {{ type: {ty} }}");
    }
    let channels =
        "channels:\n  web:\n    locales: [en, es]\n    placements:\n      home: { slots: 3 }\n";
    let limits = "contact_limits:\n  - { id: a, max: 3, window: 1d }\n  - { id: b, max: 9, window: 7d }\n  - { id: c, max: 30, window: 30d, per_offer: true }\n";
    let mut files = vec![
        ("schema.yaml".to_owned(), schema),
        ("channels.yaml".to_owned(), channels.to_owned()),
        ("arbitration.yaml".to_owned(), "default: expected_value\n".to_owned()),
        ("policies/limits.yaml".to_owned(), limits.to_owned()),
    ];
    for first in (0..offers).step_by(OFFERS_A_FILE) {
        let mut text = String::from("groups:\n");
        if first == 0 {
            text.push_str("  all: {}\n");
        } else {
            text = String::new();
        }
        text.push_str("offers:\n");
        for number in first..(first + OFFERS_A_FILE).min(offers) {
            offer(&mut text, number);
        }
        files.push((format!("offers/from_{first:05}.yaml"), text));
    }
    files.into_iter().map(|(path, text)| (path, text.into_bytes())).collect()
}

fn offer(text: &mut String, number: usize) {
    let _ = write!(
        text,
        "  - id: offer_{number:05}\n    name: {{ en: Offer {number}, es: Oferta {number} }}\n    \
         group: all\n    kind: sell\n    attributes: {{ margin: {margin}.5 }}\n    \
         value: {margin}\n    valid_from: 2026-01-01\n    eligibility:\n",
        margin = number % 97
    );
    for condition in 0..5 {
        let drawn = (number * 7 + condition * 41) % 200;
        let _ = match drawn % 2 {
            0 => writeln!(text, "      - customer.a{} > {}.0", drawn % 10, drawn),
            _ => writeln!(text, "      - customer.a{} == 'v{drawn}'", 10 + drawn % 30),
        };
    }
    let _ = write!(
        text,
        "    treatments:\n      - channel: web\n        content:\n          title:\n            \
         en: 'Offer {number} for you, {{{{ customer.a11|default(\"friend\") }}}}'\n            \
         es: 'Oferta {number}'\n          image: {{ type: image, content: 'https://x.example/{number}.png' }}\n",
    );
}

fn loading(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rules/load");
    group.sample_size(10);
    for offers in [100, 1_000, 10_000] {
        let files = folder(offers);
        if let Err(faults) = load(&files) {
            eprintln!("{}", fault::render(&faults));
            return;
        }
        let id = BenchmarkId::from_parameter(offers);
        group.bench_function(id, |bencher| bencher.iter(|| load(black_box(&files)).is_ok()));
    }
    group.finish();
}

criterion_group!(benches, loading);
criterion_main!(benches);
