//! Loading a rules folder: read, validate, type-check, compile. The catalogs are those of the
//! budgets: start with 10,000 offers in at most a second.

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use std::hint::black_box;

use arbitra::cli::bench::catalog::{SEED, synthetic_rules};
use arbitra::core::catalog::load;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rules/load");
    group.sample_size(10);
    for offers in [100, 1_000, 10_000] {
        let files = synthetic_rules(offers, SEED);
        assert!(load(&files).is_ok(), "the synthetic rules are sound");
        group.bench_with_input(BenchmarkId::from_parameter(offers), &files, |bencher, files| {
            bencher.iter(|| black_box(load(files)));
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
